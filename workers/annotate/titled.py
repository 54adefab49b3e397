"""Persons whom the model misses or takes for towns and firms: known statesmen by their full names, and whoever stands
behind a statesman's title ("Tanzania's President Samia Suluhu Hassan", "King Abdullah II").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from spacy.strings import get_string_id
from spacy.tokens import Doc

from workers.annotate.gazetteer import slug
from workers.annotate.leaders import full_names
from workers.annotate.lexicon import lexicon
from workers.annotate.mentions import Mention, Reading

_LONGEST = 6
_SHORT_TITLES = ("chief", "head", "boss")
_POLITE = ("mr", "mr.", "mrs", "mrs.", "ms", "ms.")
_HYPHENS = frozenset({"-", "–", "‑"})


def find_titled(readings: Sequence[Reading]) -> None:
    """Make persons of them, and lengthen names that the model has cut ("Ursula von")."""
    for reading in readings:
        known = _known(reading)
        titled = _titled(reading) if reading.part == "text" else iter(())
        for start, end in (*known, *titled):
            _claim(reading, start, end)


def _claim(reading: Reading, start: int, end: int) -> None:
    """Make a person of the tokens, unless a name that is sure says otherwise."""
    touched = [m for m in reading.mentions if m.start_token < end and start < m.end_token]
    if any(m.id or (m.kind != "person" and (m.start_token < start or m.end_token > end)) for m in touched):
        return
    start = min([start, *(m.start_token for m in touched)])
    end = max([end, *(m.end_token for m in touched)])
    if (
        len(touched) == 1
        and touched[0].kind == "person"
        and (touched[0].start_token, touched[0].end_token) == (start, end)
    ):
        return
    gone = {id(m) for m in touched}
    reading.mentions = [m for m in reading.mentions if id(m) not in gone]
    reading.mentions.append(reading.mention(start, end, "person"))


# --- by name -----------------------------------------------------------------------------------------------------


@cache
def _first_ids() -> frozenset[int]:
    return frozenset(get_string_id(word) for word in full_names())


def _known(reading: Reading) -> Iterator[tuple[int, int]]:
    """ "Xi Jinping": names of those who have held an office, at whatever time."""
    firsts = _first_ids()
    plainly = not reading.raw.isascii()
    if firsts.isdisjoint(reading.keys) and not plainly:
        return
    doc, names = reading.doc, full_names()
    for i, key in enumerate(reading.keys):
        if key not in firsts and (not plainly or doc[i].is_ascii):
            continue
        if not doc[i].text[:1].isupper():
            continue
        found = [end for words in names.get(_first_word(doc[i].text), ()) if (end := _spelled(doc, i, words))]
        if found and not (reading.part == "text" and _goes_on(doc, max(found))):
            yield i, max(found)


def _first_word(text: str) -> str:
    return slug(text).split("-")[0]


def _spelled(doc: Doc, start: int, words: Sequence[str]) -> int | None:
    """Where the name ends whose words begin at a token, hyphens left aside; None if they do not stand there."""
    at, left = start, list(words)
    while left and at < len(doc):
        if doc[at].text not in _HYPHENS or at == start:
            here = slug(doc[at].text).split("-")
            if left[: len(here)] != here:
                return None
            del left[: len(here)]
        at += 1
    return at if not left else None


def _goes_on(doc: Doc, at: int) -> bool:
    """Is a name part of a longer one: "Nelson Mandela Bay"?"""
    if at >= len(doc) or not doc[at].is_alpha or not doc[at].text[:1].isupper() or doc[at].is_sent_start:
        return False
    return not _is_date(doc[at].lower_) and doc[at].lower_ not in lexicon().words("names", "suffixes")


def _is_date(lower: str) -> bool:
    return lower in lexicon().words("names", "days")


# --- by title ----------------------------------------------------------------------------------------------------


@cache
def _title_ids() -> frozenset[int]:
    return frozenset(get_string_id(word) for word in (*lexicon().words("names", "offices"), *_SHORT_TITLES, *_POLITE))


def _is_short(title: str) -> bool:
    """Is it a word that headlines have for whoever leads a body? It counts behind initials: "OAS chief Ruiz"."""
    return title in _SHORT_TITLES


def _titled(reading: Reading) -> Iterator[tuple[int, int]]:
    """The capitalised words behind "President", "Prime Minister", "King"."""
    titles = _title_ids()
    if titles.isdisjoint(reading.keys):
        return
    doc = reading.doc
    at = {t: m for m in reading.mentions for t in range(m.start_token, m.end_token)}
    for i, key in enumerate(reading.keys):
        if key not in titles or i + 1 >= len(doc) or (_is_short(doc[i].text) and (not i or not doc[i - 1].is_upper)):
            continue
        start = i + 1
        while start < len(doc) and doc[start].lower_ in lexicon().words("names", "ranks"):
            start += 1
        end = _name_from(doc, start, at)
        if end > start and not _is_office(doc, start, end):
            regal = doc[i].lower_ in lexicon().words("names", "regal") and doc[i].text[:1].isupper() and start == i + 1
            yield (i if regal and end - start <= 2 else start), end


def _name_from(doc: Doc, start: int, at: dict[int, Mention]) -> int:
    """Where a name ends that begins at a token: words with a capital, and the small ones inside names."""
    particles = lexicon().words("names", "particles")
    end = here = start
    while here < len(doc) and here - start < _LONGEST:
        token = doc[here]
        mention = at.get(here)
        if mention is not None and mention.id:
            break
        if token.text in _HYPHENS and here > start and not doc[here - 1].whitespace_ and not token.whitespace_:
            here += 1
            continue
        small = token.text in particles and here + 1 < len(doc)
        if not small and not (token.text[:1].isupper() and token.text[:1].isalpha() and not _is_date(token.lower_)):
            break
        here += 1
        if not small:
            end = here
        if token.text.endswith(".") and len(token.text) > 2:
            break
    return end


def _is_office(doc: Doc, start: int, end: int) -> bool:
    """Are the words more of the title: "President of the Council", "Prime Minister Office"?"""
    names = lexicon()
    words = {doc[i].lower_ for i in range(start, end)}
    general = names.words("names", "titles") | names.words("names", "no_body") | names.words("names", "bodies_of_state")
    return bool(words & general) or doc[start].is_sent_start or len(doc[start].text) < 2
