"""Entities of one article: names found by the gazetteer and the model, repaired, linked, and given stable ids.

A byline, a dateline and boilerplate are no part of the story (`text` leaves them out), so whom they name is no entity.
What a person or body stands for in an event (a leader for a country) is decided in `people` and `actors`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from spacy.strings import get_string_id
from spacy.tokens import Doc

from topics.annotations import Entity, EntityKind, Event, Span
from workers.annotate.bodies import is_body_of_state, is_nobody, link_bodies
from workers.annotate.gazetteer import Entry, Gazetteer, country_names, slug
from workers.annotate.lexicon import lexicon
from workers.annotate.linking import link_persons
from workers.annotate.locations import is_town, locate, resolve_shared
from workers.annotate.mentions import Mention, Reading, is_company
from workers.annotate.repairs import is_trade, repair
from workers.annotate.titled import find_titled
from workers.annotate.unnamed import find_towns

__all__ = ["Mention", "Reading", "entities_of", "find_mentions", "is_company"]

_KINDS: dict[str, EntityKind] = {
    "PERSON": "person", "ORG": "organisation", "GPE": "place", "LOC": "place", "FAC": "place", "NORP": "group",
    "PRODUCT": "weapon", "EVENT": "event",
}  # fmt: skip
_MODEL = re.compile(r"\b([A-Z][A-Za-z]+)[- ](\d{1,4}[A-Z]{0,3})\b")
_ADDRESS = re.compile(r"https?:|www\.|[@#<>{}|\\]|\.com/")
_COMPASS = frozenset({"north", "south", "east", "west", "northern", "southern", "eastern", "western"})


def find_mentions(readings: Sequence[Reading], gazetteer: Gazetteer, published: date | None = None) -> None:
    """Fill `mentions` of every reading and link those that mean the same.

    `published` tells which state a town stood for: Moscow is the Soviet Union's in 1987.
    """
    body_ids = {word for reading in readings if reading.part == "text" for word in reading.ids}
    for reading in readings:
        _read_names(reading, gazetteer, published, body_ids)
    resolve_shared(readings, gazetteer)
    repair(readings, gazetteer.nouns)
    find_towns(readings)
    find_titled(readings)
    link_persons(readings, published)
    link_bodies(readings)
    locate(readings)
    _resolve_halves(readings)
    for reading in readings:
        reading.mentions.sort(key=lambda mention: (mention.start, -mention.end))
        reading.at.clear()
        # A shorter name inside a longer one ("Russian" in "Russian Defence Ministry") gives way at its own tokens.
        for mention in sorted(reading.mentions, key=lambda mention: mention.end_token - mention.start_token):
            for token in range(mention.start_token, mention.end_token):
                reading.at[token] = mention


# --- the gazetteer's names ---------------------------------------------------------------------------------------


def _read_names(reading: Reading, gazetteer: Gazetteer, published: date | None, body_ids: set[int]) -> None:
    spans = [name for name in reading.named() if name[2] in _KINDS]
    persons = [(start, end) for start, end, label in spans if label == "PERSON"]
    taken: set[int] = set()
    doc = reading.doc
    for start, end, listed in gazetteer.find(reading.ids):
        entry = listed.at(published)
        if not entry.id or not _is_meant(reading, start, end, entry):
            continue
        if entry.sort == "form" and not _goes_on(gazetteer, reading.doc, end):
            continue
        inside = next((p for p in persons if p[0] <= start and end <= p[1] and p[1] - p[0] > end - start), None)
        pair = entry.sort == "demonym" and "-" in {
            doc[start - 1].text if start else "",
            doc[end].text if end < len(doc) else "",
        }
        if inside is not None and not pair and not _leads_a_person(inside[0], start, end, entry):
            continue
        mention = reading.mention(start, end, entry.kind)
        _fill(mention, entry, reading)
        reading.mentions.append(mention)
        taken.update(range(start, end))
    _add_models(reading, gazetteer, taken)
    _read_model(reading, spans, taken, body_ids)


def _is_meant(reading: Reading, start: int, end: int, entry: Entry) -> bool:
    if entry.beside:
        return _among_arms(reading.doc, start, end)
    if entry.sort == "demonym" and start and reading.doc[start - 1].lower_ in {"in", "speaking", "speaks", "spoke"}:
        # "He spoke in Russian." names a language.
        return end < len(reading.doc) and reading.doc[end].text[:1].isalnum()
    return True


def _goes_on(gazetteer: Gazetteer, doc: Doc, at: int) -> bool:
    """Does a country's name follow, as in "Sino-Russian"? The Indo-Pacific is not India's."""
    entry = gazetteer.get([doc[at].text]) if at < len(doc) else None
    return entry is not None and entry.kind == "country"


def _among_arms(doc: Doc, start: int, end: int) -> bool:
    arms = lexicon().words("names", "arms")
    near = doc[max(0, start - 2) : min(len(doc), end + 3)]
    return any(token.lower_ in arms for token in near)


def _leads_a_person(person_start: int, start: int, end: int, entry: Entry) -> bool:
    """ "Russian Oleg Marin" is a Russian and a name; "Israel Katz" is a name."""
    return start == person_start and (entry.sort in {"demonym", "metonym", "igo"} or end - start > 1)


def _fill(mention: Mention, entry: Entry, reading: Reading) -> None:
    mention.sort, mention.id, mention.name, mention.country = entry.sort, entry.id, entry.name, entry.country
    if entry.sort == "form":
        mention.sort = "demonym"
    elif entry.sort == "capital" and is_town(reading, mention):
        mention.kind, mention.id, mention.name = "place", f"place:{slug(mention.text)}", mention.text
    elif entry.sort == "capital" and entry.kind == "organisation":
        mention.sort = "igo"  # "Brussels" for the European Union


def _add_models(reading: Reading, gazetteer: Gazetteer, taken: set[int]) -> None:
    """Models of known families of weapons: "Hwasong-18"."""
    for match in _MODEL.finditer(reading.raw):
        family = gazetteer.get([match[1]])
        span = reading.doc.char_span(*match.span()) if family is not None and family.kind == "weapon" else None
        if family is None or span is None:
            continue
        reading.mentions = [m for m in reading.mentions if not span.start <= m.start_token < span.end]
        mention = reading.mention(span.start, span.end, "weapon")
        mention.sort, mention.name = family.sort, f"{match[1]}-{match[2]}"
        mention.id = f"weapon:{slug(mention.name)}"
        reading.mentions.append(mention)
        taken.update(range(span.start, span.end))


# --- the model's names -------------------------------------------------------------------------------------------


def _read_model(reading: Reading, spans: Sequence[tuple[int, int, str]], taken: set[int], body_ids: set[int]) -> None:
    doc, lower = reading.doc, reading.lower
    for first, last, label in spans:
        kind = _KINDS[label]
        start, end = _whole_name(doc, first, last, kind)
        if reading.part == "title":
            start, end = _without_words(doc, start, end, body_ids)
        while start < end and lower[start] in {"the", "a", "an", "'s"}:
            start += 1
        if all(t in taken or lower[t] in _BETWEEN for t in range(start, end)):
            continue
        if kind == "person" and any(lower[t] == "-" and {t - 1, t + 1} <= taken for t in range(start, end)):
            continue  # "joint Indian-French exercises"
        while start < end and start in taken and (kind == "person" or all(t in taken for t in range(start, end))):
            start += 1
        if start >= end:
            continue
        if _joins(reading, start, end, kind):
            continue
        for begin, close in _pair(doc, start, end, kind):
            mention = _model_mention(reading, begin, close, kind if close - begin == end - start else "place")
            if mention is not None:
                taken.update(range(mention.start_token, mention.end_token))
                reading.mentions.append(mention)


def _pair(doc: Doc, start: int, end: int, kind: EntityKind) -> list[tuple[int, int]]:
    """ "The bombing of Fordow and Natanz" names two places and no firm."""
    if kind != "organisation" or end - start != 3 or doc[start + 1].lower_ != "and" or not start:
        return [(start, end)]
    locative = doc[start - 1].lower_ in lexicon().words("names", "anywhere")
    return [(start, start + 1), (start + 2, end)] if locative else [(start, end)]


def _joins(reading: Reading, start: int, end: int, kind: EntityKind) -> bool:
    """The model cuts names in two: "Lockheed", a firm, and "Martin", a person; the second half joins the first."""
    if kind not in {"person", "weapon"} or end - start > 1 or not reading.mentions:
        return False
    last = reading.mentions[-1]
    if last.id or last.kind != "organisation" or last.end_token != start:
        return False
    longer = reading.mention(last.start_token, end, "organisation")
    last.end_token, last.end, last.text = longer.end_token, longer.end, longer.text
    return True


def _whole_name(doc: Doc, start: int, end: int, kind: EntityKind) -> tuple[int, int]:
    """The model's span, cut at the end of a line, without a trade before it, with both halves of a hyphened name."""
    for i in range(start, end):
        if doc[i].is_space and "\n" in doc[i].text:
            return start, i
    words = lexicon()
    if end - start > 1 and is_trade(doc[start].lower_):
        start += 1
    if end + 1 < len(doc) and doc[end].lower_ == "news" and doc[end + 1].lower_ == "agency":
        end += 2
    if kind == "person":
        while end < len(doc) and doc[end - 1].text in words.words("names", "particles") and doc[end].text[:1].isupper():
            end += 1
        if end < len(doc) and doc[end].text in {"Jr", "Jr.", "Sr", "Sr.", "II", "III"}:
            end += 1
        while end + 1 < len(doc) and doc[end].text == "-" and not doc[end - 1].whitespace_ and not doc[end].whitespace_:
            if not doc[end + 1].is_alpha or doc[end + 1].lower_ in words.words("names", "after_hyphen"):
                break
            end += 2
        while (
            start > 1
            and doc[start - 1].text == "-"
            and not doc[start - 2].whitespace_
            and not doc[start - 1].whitespace_
        ):
            if not (doc[start - 2].text[:1].isupper() or doc[start - 2].text in words.words("names", "particles")):
                break
            start -= 2
    return start, end


def _without_words(doc: Doc, start: int, end: int, body_ids: set[int]) -> tuple[int, int]:
    """A headline's name without words that the text writes small: "Kills Karim" is Karim."""

    def is_word(i: int) -> bool:
        return get_string_id(doc[i].lower_) in body_ids and doc[i].orth not in body_ids and not doc[i].text.isupper()

    def is_said(i: int) -> bool:
        return get_string_id(doc[i].lower_) in body_ids or doc[i].orth in body_ids

    first, last = start, end
    while first < last and is_word(first):
        first += 1
    while last > first and is_word(last - 1):
        last -= 1
    if last - first > 1 and doc[last - 1].lower_.endswith("s") and not is_said(last - 1):
        last -= all(doc[i].orth in body_ids for i in range(first, last - 1))  # "Luis Marn Sends", of whom it tells
    # "Bank of England" keeps its first word, though the text says "the bank".
    return (start, end) if first < last and not doc[first].text[:1].isupper() else (first, last)


def _is_noise(text: str, kind: EntityKind) -> bool:
    if len(text) < 2 or len(text) > 100 or not any(c.isalpha() for c in text) or "\n" in text or _ADDRESS.search(text):
        return True
    if text.lower().rstrip(".") in lexicon().words("names", "not_names"):
        return True
    if kind == "person":
        return (
            not text[0].isupper()
            or text.lower() in lexicon().words("names", "titles")
            or any(c.isdigit() for c in text)
        )
    return kind in {"weapon", "event", "organisation", "place"} and text.islower()


def _model_mention(reading: Reading, start: int, end: int, kind: EntityKind) -> Mention | None:
    doc = reading.doc
    if kind == "person":
        start, end = _bare_person(doc, start, end)
    if kind == "organisation":
        for i in range(start + 1, end):
            if doc[i].text == "(":  # the acronym in brackets is found by itself
                end = i
                break
    if start >= end:
        return None
    mention = reading.mention(start, end, kind)
    if _is_noise(mention.text, kind):
        return None
    if kind == "place" and mention.text.lower() in _COMPASS:
        return None
    if kind == "organisation":
        return _organisation(reading, mention)
    return mention


def _bare_person(doc: Doc, start: int, end: int) -> tuple[int, int]:
    titles = lexicon().words("names", "titles")
    regal = lexicon().words("names", "regal")
    while start < end - 1 and doc[start].lower_ in titles:
        if doc[start].lower_ in regal and end - start == 2:
            break
        start += 1
    if start > 0 and end - start == 1 and doc[start - 1].lower_ in regal and doc[start - 1].text[:1].isupper():
        start -= 1  # "Pope" and "Leo", of which the model saw the second
    for i in range(start + 1, end):  # the model runs names together over a line or a possessive
        if doc[i].is_space or (doc[i].text == "'s" and i < end - 1):
            return start, i
    return start, end


def _organisation(reading: Reading, mention: Mention) -> Mention | None:
    """An organisation, its country where it is a body of state; one that could be any state's stands for its state."""
    mention.sort = "body"
    if is_body_of_state(mention.text):
        # "the Russian Defence Ministry", "China's Eastern Theatre Command"; but not "British Telecom".
        start, doc = mention.start_token, reading.doc
        owner = start - 2 if start >= 2 and doc[start - 1].text == "'s" else start
        near = [
            m for m in reading.mentions
            if m.end_token > owner and m.start_token < mention.end_token and m.kind == "country"
        ]  # fmt: skip
        mention.country = near[0].country if near else None
    inner = [m for m in reading.mentions if mention.start_token <= m.start_token < mention.end_token]
    rest = mention.text
    for m in inner:
        rest = rest.replace(m.text, "")
    if not is_nobody(rest):
        return mention
    if mention.country is None:
        return None
    owner_mention = next(m for m in reading.mentions if m.country == mention.country)
    mention.id, mention.name = mention.country, owner_mention.name
    return mention


# --- "the North" -------------------------------------------------------------------------------------------------

_BETWEEN = frozenset({"'s", "-", "–", "--", "—"})
_HALVES = {"North": ("KP", "KR"), "South": ("KR", "KP")}
_HALF_IDS = {get_string_id(word): codes for word, codes in _HALVES.items()}


def _resolve_halves(readings: Sequence[Reading]) -> None:
    """ "The North" is North Korea where the article speaks of one of the Koreas by name."""
    spoken = Counter(m.country for reading in readings for m in reading.mentions if m.country)
    if not spoken["KP"] and not spoken["KR"]:
        return
    for reading in readings:
        places = [i for i, word in enumerate(reading.ids) if i and word in _HALF_IDS]
        if not places:
            continue
        doc = reading.doc
        covered = {t for m in reading.mentions if m.kind == "country" or m.end_token - m.start_token > 1
                   for t in range(m.start_token, m.end_token)}  # fmt: skip
        for i in places:
            if i in covered or doc[i - 1].lower_ != "the" or (i + 1 < len(doc) and doc[i + 1].text[:1].isupper()):
                continue
            code = _HALF_IDS[reading.ids[i]][0]
            reading.mentions = [m for m in reading.mentions if m.start_token != i]
            mention = reading.mention(i, i + 1, "country")
            mention.sort, mention.id, mention.country = "name", code, code
            mention.name = "North Korea" if code == "KP" else "South Korea"
            reading.mentions.append(mention)


def entities_of(readings: Sequence[Reading], events: Iterable[Event] = ()) -> tuple[Entity, ...]:
    """The entities of the article, in the order of their first mention.

    Whom an event names is one of them: in "Putin will visit India" the name of the leader stands for Russia too.
    """
    kinds: dict[str, EntityKind] = {}
    names: dict[str, str] = {}
    found: dict[str, list[Span]] = {}
    for mention in (mention for reading in readings for mention in reading.mentions):
        kinds.setdefault(mention.id, mention.kind if ":" in mention.id else "country")
        names.setdefault(mention.id, mention.name)
        found.setdefault(mention.id, []).append(mention.span)
    for event in events:
        for one in (*event.actor, *event.target):
            if ":" not in one.id and one.id not in names:
                kinds[one.id], names[one.id] = "country", country_names().get(one.id, one.id)
                found[one.id] = [Span(part=one.part, start=one.start, end=one.end, text=one.text)]
    return tuple(
        Entity(id=identifier, kind=kinds[identifier], name=names[identifier], mentions=tuple(spans))
        for identifier, spans in found.items()
    )
