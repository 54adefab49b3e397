"""Which mentions of persons mean the same one: full names, surnames, given names, spellings, titles.

Within one article only. Where two persons could be meant and nothing tells which, the mention stays on its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from spacy.strings import get_string_id
from spacy.tokens import Doc

from workers.annotate.gazetteer import country_names, plain, slug
from workers.annotate.leaders import Holder, holder_of, quoted_on
from workers.annotate.lexicon import lexicon
from workers.annotate.mentions import Mention, Reading, is_company

_WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*\.?")
_ENDING = re.compile(r"(?:yy|iy|ii|ij|yi|i)$")
_ELSEWHERE = frozenset({"mrs", "mrs.", "ms", "ms.", "lady", "dr", "dr.", "judge", "coach", "sir", "justice"})
"""Titles of other people than leaders."""
_HYPHENS = frozenset({"-", "–", "‑"})
_PAIR = 3
_AHEAD = 3
"""Words before a name in which a title is looked for."""


@lru_cache(maxsize=8192)
def name_words(text: str) -> tuple[str, ...]:
    """The words of a person's name in small letters, titles left out: "Kim Jong-un" gives kim, jong, un."""
    plainly = plain(text).replace("-", " ").replace("'s", "")
    words = [word.lower().strip(".") for word in _WORD.findall(plainly)]
    names = lexicon()
    titles, suffixes = names.words("names", "titles"), names.words("names", "suffixes")
    own = tuple(word for word in words if word not in titles)
    while len(own) > 1 and own[-1] in suffixes:
        own = own[:-1]
    return own or tuple(words)


@dataclass(slots=True)
class _Person:
    """`words` identify; `name` is the fullest form that the article has."""

    words: tuple[str, ...]
    name: str
    mentions: list[Mention] = field(default_factory=list)
    titles: set[str] = field(default_factory=set)


def link_persons(readings: Sequence[Reading], published: date | None = None) -> None:
    """Give every mention of a person its id, and find those that the model missed.

    A leader of the day whom the article calls by the surname only has the full name of `leaders`.
    """
    _claim_surnames(readings, published)
    if published is not None:
        for reading in readings:
            _add_leaders(reading, published)
    found = [(m, reading) for reading in readings for m in reading.mentions if m.kind == "person"]
    if not found:
        return
    words = {id(m): _key(name_words(m.text)) for m, _ in found}
    persons: list[_Person] = []
    for mention, reading in sorted(found, key=lambda f: (-len(words[id(f[0])]), f[0].part != "text", f[0].start)):
        own = words[id(mention)]
        person = _find_person(persons, own, mention, reading)
        if person is None:
            person = _Person(own, _full_name(mention.text))
            persons.append(person)
        person.mentions.append(mention)
        person.titles |= _titles_before(reading, mention)
    if published is not None:
        _name_leaders(persons, readings, published)
    for person in persons:
        identifier = f"person:{slug(person.name)}"
        for mention in person.mentions:
            mention.id, mention.name = identifier, person.name
    for reading in readings:
        _add_missed(reading, persons)


def _name_leaders(persons: Sequence[_Person], readings: Sequence[Reading], published: date) -> None:
    """Holders of an office get the one name that they have in all articles."""
    spoken = frozenset(m.country for reading in readings for m in reading.mentions if m.kind == "country" and m.country)
    leading = lexicon().words("roles", "leader")
    for person in persons:
        if person.titles & _ELSEWHERE:
            continue
        holder = holder_of(person.name, published, named=spoken, called_leader=bool(person.titles & leading))
        if holder is None:
            continue
        if len(holder.words) >= len(name_words(person.name)):
            person.name = holder.name
        _part_governments(person, readings, holder)


def _part_governments(person: _Person, readings: Sequence[Reading], holder: Holder) -> None:
    """ "The Trump administration" is the country's government, and no act of the person."""
    governments = lexicon().words("names", "governments")
    docs = {reading.part: reading.doc for reading in readings}
    for mention in list(person.mentions):
        doc = docs[mention.part]
        if mention.end_token < len(doc) and doc[mention.end_token].lower_ in governments and len(holder.country) == 2:
            mention.kind, mention.sort = "country", "metonym"
            mention.id, mention.country = holder.country, holder.country
            mention.name = country_names().get(holder.country, holder.country)
            person.mentions.remove(mention)


def _key(words: tuple[str, ...]) -> tuple[str, ...]:
    """Words by which spellings of one name agree: Zelenskyy, Zelenskiy and Zelensky."""
    return tuple(_ENDING.sub("y", word) if len(word) > 4 else word for word in words)


def _full_name(text: str) -> str:
    """The name without titles; with one that belongs to it: "President Xi" is Xi, "Pope Leo" is Pope Leo."""
    words = text.split()
    names = lexicon()
    titles, regal = names.words("names", "titles"), names.words("names", "regal")
    while len(words) > 1 and words[0].lower() in titles:
        if words[0].lower() in regal and len(name_words(text)) == 1:
            break
        words.pop(0)
    return " ".join(words).strip(" ,")


def _titles_before(reading: Reading, mention: Mention) -> set[str]:
    titles = lexicon().words("names", "titles")
    start = mention.start_token
    return {word.lower_ for word in reading.doc[max(0, start - _AHEAD) : start] if word.lower_ in titles}


# --- which person ------------------------------------------------------------------------------------------------


def _find_person(
    persons: Iterable[_Person], words: tuple[str, ...], mention: Mention, reading: Reading
) -> _Person | None:
    """The person that `words` name: all words must be theirs, in order. Nobody, if two are as likely."""
    fitting = []
    for person in persons:
        if person.words == words:
            return person
        if is_part(words, person.words):
            fitting.append(person)
    if len(fitting) < 2:
        return fitting[0] if fitting else None
    return _likeliest(fitting, mention, reading)


def _likeliest(fitting: list[_Person], mention: Mention, reading: Reading) -> _Person | None:
    titles = _titles_before(reading, mention)
    titled = [person for person in fitting if person.titles & titles] if titles else []
    if len(titled) == 1:
        return titled[0]
    before = [p for p in fitting if any(m.part == mention.part and m.start < mention.start for m in p.mentions)]
    if len(before) == 1 and mention.part == "text":
        return before[0]
    by_count = sorted(fitting, key=lambda person: -_full_mentions(person))
    if _full_mentions(by_count[0]) >= 2 * _full_mentions(by_count[1]):
        return by_count[0]
    leaders = lexicon().words("roles", "leader")
    leading = [person for person in fitting if person.titles & leaders]
    return leading[0] if len(leading) == 1 else None


def _full_mentions(person: _Person) -> int:
    return sum(len(name_words(mention.text)) == len(person.words) for mention in person.mentions)


def is_part(short: tuple[str, ...], full: tuple[str, ...]) -> bool:
    """Surname, first and surname with a middle name left out, or given name of a three-part Asian name."""
    if not short or len(short) >= len(full):
        return False
    rest = iter(full)
    if not all(word in rest for word in short):
        return False
    return short[-1] == full[-1] or short[0] == full[0] or len(short) > 1


# --- what the model missed ---------------------------------------------------------------------------------------


def _claim_surnames(readings: Sequence[Reading], published: date | None) -> None:
    """The model takes bare surnames for towns, firms or states; what is a person's name elsewhere is a person."""
    persons = [name_words(m.text) for reading in readings for m in reading.mentions if m.kind == "person"]
    parts = {word for words in persons if len(words) > 1 for word in (words[0], words[-1])}
    alone = {_key(words) for words in persons if len(words) == 1}
    nations = {m.country for reading in readings for m in reading.mentions if m.sort in {"demonym", "capital"}}
    for reading in readings:
        for mention in reading.mentions:
            if not mention.id and mention.kind in {"place", "organisation", "group"}:
                claimed = _is_name_of(mention.text, parts, alone) or _is_leader(mention.text, published)
            else:
                # "Jordan" may be the man whom the article calls Michael Jordan, if nothing in it is Jordanian.
                bare = mention.sort == "name" and mention.end_token - mention.start_token == 1
                claimed = bare and mention.text.lower() in parts and mention.country not in nations
                claimed = claimed and not _is_in(reading, mention)
            if claimed:
                mention.kind, mention.sort, mention.country, mention.id = "person", "none", None, ""


def _is_name_of(name: str, parts: set[str], alone: set[tuple[str, ...]]) -> bool:
    """Is `name` a known person's surname, or two words with a surname that stands alone elsewhere?"""
    if name.lower() in parts:
        return True
    if not alone:
        return False
    words = name_words(name)
    return len(words) in {2, 3} and name.istitle() and _key(words[-1:]) in alone and not is_company(name)


def _is_leader(name: str, published: date | None) -> bool:
    return (
        published is not None
        and " " not in name
        and None is not holder_of(name, published, named=frozenset(), called_leader=False)
    )


def _is_in(reading: Reading, mention: Mention) -> bool:
    i = mention.start_token - 1
    return i >= 0 and reading.doc[i].lower_ in lexicon().words("names", "locative")


def _add_missed(reading: Reading, persons: Sequence[_Person]) -> None:
    """The model misses repeated surnames; a capitalised word that is a known person's surname is that person."""
    surnames: dict[int, list[_Person]] = {}
    for person in persons:
        words = name_words(person.name)
        if len(words) < 2 and len(person.mentions) < 2:
            continue
        for word in {words[-1], words[0] if len(words) == 3 else words[-1]}:
            for written in (word.capitalize(), word.upper()) if len(word) > 2 else ():
                surnames.setdefault(get_string_id(written), []).append(person)
    places = [i for i, word in enumerate(reading.ids) if word in surnames]
    if not places:
        return
    covered = reading.covered()
    for i in places:
        if i in covered or _inside_a_name(reading.doc, i):
            continue
        mention = reading.mention(_with_particles(reading.doc, i), i + 1, "person")
        fitting = surnames[reading.ids[i]]
        person_found = fitting[0] if len(fitting) == 1 else _likeliest(fitting, mention, reading)
        if person_found is None:
            continue
        mention.id, mention.name = person_found.mentions[0].id, person_found.name
        person_found.mentions.append(mention)
        reading.mentions.append(mention)


def _add_leaders(reading: Reading, published: date) -> None:
    """The model misses "Trump" and "Modi" where they stand alone."""
    quoted = _ids_of_quoted(published)
    if quoted.isdisjoint(reading.ids):
        return
    doc = reading.doc
    places = [i for i, word in enumerate(reading.ids) if word in quoted]
    paired = {i for i in places if i + 2 in places and doc[i + 1].text in _HYPHENS}
    if paired:  # "the Trump-Xi summit" names two
        reading.mentions = [
            m for m in reading.mentions if m.kind != "person" or m.end_token - m.start_token != _PAIR
            or m.start_token not in paired
        ]  # fmt: skip
    # "Lee to meet Takaichi": the model takes a name that it does not know for an event or a firm.
    unsure = [m for m in reading.mentions if not m.id and m.kind != "person" and m.end_token - 1 in places]
    misread = {
        id(m) for m in unsure if m.end_token - m.start_token == 1 or doc[m.end_token - 2].lower_ == "'s"
    }  # "Armenia's Pashinyan" as well
    if misread:
        reading.mentions = [m for m in reading.mentions if id(m) not in misread]
    covered = reading.covered()
    for i in places:
        first = i == 0 or doc[i].is_sent_start or not doc[i - 1].is_alpha or doc[i - 1].lower_ == "the"
        before = doc[i - 1]
        longer = not first and before.text[:1].isupper() and before.lower_ not in lexicon().words("names", "titles")
        if i not in covered and not longer and not _inside_a_name(doc, i):
            reading.mentions.append(reading.mention(i, i + 1, "person"))


@lru_cache(maxsize=64)
def _ids_of_quoted(published: date) -> frozenset[int]:
    return frozenset(get_string_id(form) for word in quoted_on(published) for form in (word, word.upper()))


def _with_particles(doc: Doc, i: int) -> int:
    """Where a surname begins: at "von der" of "von der Leyen"."""
    particles = lexicon().words("names", "particles")
    while i > 0 and doc[i - 1].text in particles:
        i -= 1
    return i


def _inside_a_name(doc: Doc, i: int) -> bool:
    """Is token `i` part of a longer capitalised name ("Putin Avenue", "Kim Il Sung Square")?"""
    after = doc[i + 1] if i + 1 < len(doc) else None
    return after is not None and after.text[:1].isupper() and after.is_alpha and not after.is_sent_start
