"""Entities of one article: names found by the gazetteer and the model, repaired, linked, and given stable ids.

What a person or body stands for in an event (a leader for a country) is decided in `people` and `actors`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from spacy.tokens import Doc

from topics.annotations import Entity, EntityKind, Span, TextPart
from workers.annotate.gazetteer import Entry, Gazetteer, NameSort, slug
from workers.annotate.lexicon import lexicon

_KINDS: dict[str, EntityKind] = {
    "PERSON": "person", "ORG": "organisation", "GPE": "place", "LOC": "place", "FAC": "place", "NORP": "group",
    "PRODUCT": "weapon", "EVENT": "event",
}  # fmt: skip
_WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*\.?")
_COMPANY = re.compile(
    r"\b(?:Inc|Corp|Co|Ltd|PLC|Plc|plc|LLC|AG|SA|GmbH|Bank|Holdings?|Group|Industries|Airlines|Motors|Partners|Bancorp)\b\.?"
)


@dataclass(slots=True)
class Mention:
    """A name where it stands: tokens of one part's document, and characters of that part."""

    part: TextPart
    start_token: int
    end_token: int
    start: int
    end: int
    text: str
    kind: EntityKind
    sort: NameSort = "none"
    id: str = ""
    name: str = ""
    country: str | None = None

    @property
    def span(self) -> Span:
        """The mention as a record."""
        return Span(part=self.part, start=self.start, end=self.end, text=self.text)


@dataclass(slots=True)
class Reading:
    """One part as tokens: the document of the cheap pass, and the raw text that offsets point into."""

    part: TextPart
    doc: Doc
    raw: str
    mentions: list[Mention] = field(default_factory=list)
    at: dict[int, Mention] = field(default_factory=dict)

    def mention(self, start: int, end: int, kind: EntityKind) -> Mention:
        """A mention of tokens `start` to `end`, without its surroundings: articles, possessives, quotes."""
        doc = self.doc
        while start < end - 1 and (doc[start].lower_ in {"the", "a", "an"} or not doc[start].text[:1].isalnum()):
            start += 1
        while end - 1 > start and (doc[end - 1].lower_ in {"'s", "'"} or not _ends_well(doc[end - 1].text)):
            end -= 1
        first, last = doc[start].idx, doc[end - 1].idx + len(doc[end - 1].text)
        return Mention(self.part, start, end, first, last, self.raw[first:last], kind)


def _ends_well(text: str) -> bool:
    return text[-1:].isalnum() or text[-1:] in {".", ")", "+"}


def find_mentions(readings: Sequence[Reading], gazetteer: Gazetteer) -> None:
    """Fill `mentions` of every reading and link those that mean the same."""
    for reading in readings:
        _read_names(reading, gazetteer)
    _claim_towns(readings)
    _link_persons(readings)
    _name_others(readings)
    _resolve_halves(readings)
    for reading in readings:
        reading.mentions.sort(key=lambda mention: (mention.start, -mention.end))
        reading.at.clear()
        # A shorter name inside a longer one ("Russian" in "Russian Defence Ministry") gives way at its own tokens.
        for mention in sorted(reading.mentions, key=lambda mention: mention.end_token - mention.start_token):
            for token in range(mention.start_token, mention.end_token):
                reading.at[token] = mention


def _read_names(reading: Reading, gazetteer: Gazetteer) -> None:
    doc = reading.doc
    words = [token.text for token in doc]
    known = list(gazetteer.find(words))
    persons = [span for span in doc.ents if span.label_ == "PERSON"]
    taken: set[int] = set()
    for start, end, entry in known:
        inside = next((s for s in persons if s.start <= start and end <= s.end and s.end - s.start > end - start), None)
        if inside is not None and not _leads_a_person(inside.start, start, end, entry):
            continue
        mention = reading.mention(start, end, entry.kind)
        _fill(mention, entry, reading)
        reading.mentions.append(mention)
        taken.update(range(start, end))
    for span in doc.ents:
        kind = _KINDS.get(span.label_)
        if kind is None:
            continue
        start, end = span.start, span.end
        while start < end - 1 and doc[start].lower_ in {"the", "a", "an"}:
            start += 1
        if all(t in taken or doc[t].lower_ == "'s" for t in range(start, end)):
            continue
        while start < end and start in taken and (kind == "person" or all(t in taken for t in range(start, end))):
            start += 1
        if start < end and not _is_noise(doc, start, end, kind):
            reading.mentions.append(_model_mention(reading, start, end, kind, taken))


def _leads_a_person(person_start: int, start: int, end: int, entry: Entry) -> bool:
    """ "Russian Oleg Marin" is a Russian and a name; "Israel Katz" is a name."""
    return start == person_start and (entry.sort in {"demonym", "metonym", "igo"} or end - start > 1)


def _fill(mention: Mention, entry: Entry, reading: Reading) -> None:
    mention.sort, mention.id, mention.name, mention.country = entry.sort, entry.id, entry.name, entry.country
    if entry.sort == "capital" and _is_place(reading, mention):
        mention.kind, mention.id, mention.name = "place", f"place:{slug(mention.text)}", mention.text
    elif entry.sort == "capital" and entry.kind == "organisation":
        mention.sort = "igo"  # "Brussels" for the European Union


def _is_place(reading: Reading, mention: Mention) -> bool:
    """Is a capital meant as a town, and not as a government? Told by the words before it."""
    doc, i = reading.doc, mention.start_token - 1
    while i >= 0 and doc[i].lower_ in lexicon().words("names", "part_of_town"):
        i -= 1
    if i < 0:
        return False
    word = doc[i].lower_
    if word in lexicon().words("names", "locative"):
        return True
    if word in {"to", "from", "for", "into", "toward", "leaving", "visited", "visiting", "visit", "of"}:
        near = {doc[j].lower_ for j in range(max(0, i - 4), i + 1)}
        if word in {"visited", "visiting", "visit", "into", "leaving"}:
            return True
        if word == "of":
            return bool(near & lexicon().words("names", "of_a_town"))
        return bool(near & lexicon().words("names", "travel"))
    return False


def _is_noise(doc: Doc, start: int, end: int, kind: EntityKind) -> bool:
    text = doc[start:end].text.strip()
    if len(text) < 2 or len(text) > 100 or not any(c.isalpha() for c in text) or "\n" in text:
        return True
    if kind == "person" and (
        not text[0].isupper() or text.lower() in lexicon().words("names", "titles") or any(c.isdigit() for c in text)
    ):
        return True
    return kind in {"weapon", "event"} and text.islower()


def _model_mention(reading: Reading, start: int, end: int, kind: EntityKind, taken: set[int]) -> Mention:
    doc = reading.doc
    if kind == "person":
        while start < end - 1 and doc[start].lower_ in lexicon().words("names", "titles"):
            start += 1
        for i in range(start + 1, end):  # the model runs names together over a line or a possessive
            if doc[i].is_space or (doc[i].text == "'s" and i < end - 1):
                end = i
                break
    mention = reading.mention(start, end, kind)
    if kind == "organisation" and _is_body_of_state(mention.text):
        # "the Russian Defence Ministry", "China's Eastern Theatre Command"; but not "British Telecom".
        owner = start - 2 if start >= 2 and doc[start - 1].text == "'s" else start
        near = [m for m in reading.mentions if m.end_token > owner and m.start_token < end and m.kind == "country"]
        mention.country = near[0].country if near else None
    mention.sort = "body" if kind == "organisation" else "none"
    taken.update(range(mention.start_token, mention.end_token))
    return mention


def _is_body_of_state(name: str) -> bool:
    words = {word.lower() for word in name.split()}
    return not words.isdisjoint(lexicon().words("names", "bodies_of_state")) and not is_company(name)


def is_company(name: str) -> bool:
    """Does `name` carry a company's legal form?"""
    return bool(_COMPANY.search(name))


# --- persons -----------------------------------------------------------------------------------------------------


def name_words(text: str) -> tuple[str, ...]:
    """The words of a person's name in small letters, titles left out: "Kim Jong-un" gives kim, jong, un."""
    words = [
        word.lower().strip(".") for word in _WORD.findall(text.replace("-", " ").replace("’s", "").replace("'s", ""))
    ]
    return tuple(word for word in words if word not in lexicon().words("names", "titles")) or tuple(words)


@dataclass(slots=True)
class _Person:
    words: tuple[str, ...]
    name: str
    mentions: list[Mention] = field(default_factory=list)


def _link_persons(readings: Sequence[Reading]) -> None:
    _claim_surnames(readings)
    mentions = [m for reading in readings for m in reading.mentions if m.kind == "person"]
    persons: list[_Person] = []
    for mention in sorted(mentions, key=lambda m: (-len(name_words(m.text)), m.part != "text", m.start)):
        words = name_words(mention.text)
        person = _find_person(persons, words)
        if person is None:
            person = _Person(words, mention.text)
            persons.append(person)
        person.mentions.append(mention)
    for person in persons:
        identifier = f"person:{slug(person.name)}"
        for mention in person.mentions:
            mention.id, mention.name = identifier, person.name
    for reading in readings:
        _add_missed(reading, persons)


def _claim_surnames(readings: Sequence[Reading]) -> None:
    """The model takes bare surnames of headlines for towns or firms; what is a person's name elsewhere is a person."""
    parts = {
        word
        for reading in readings
        for m in reading.mentions
        if m.kind == "person" and len(words := name_words(m.text)) > 1
        for word in (words[0], words[-1])
    }
    for reading in readings:
        for mention in reading.mentions:
            if not mention.id and mention.kind in {"place", "organisation", "group"} and mention.text.lower() in parts:
                mention.kind, mention.sort, mention.country = "person", "none", None


def _find_person(persons: Iterable[_Person], words: tuple[str, ...]) -> _Person | None:
    """The person that `words` name: all words must be theirs, in order; of several, the one most often named."""
    fitting = [p for p in persons if p.words == words or (words and _is_part(words, p.words))]
    return max(fitting, key=lambda p: len(p.mentions)) if fitting else None


def _is_part(short: tuple[str, ...], full: tuple[str, ...]) -> bool:
    """Surname, first and surname with a middle name left out, or given name of a three-part Asian name."""
    if len(short) >= len(full):
        return False
    rest = iter(full)
    if not all(word in rest for word in short):
        return False
    return short[-1] == full[-1] or short[0] == full[0] or len(short) > 1


def _add_missed(reading: Reading, persons: Sequence[_Person]) -> None:
    """The model misses repeated surnames; a capitalised word that is a known person's surname is that person."""
    surnames: dict[str, _Person] = {}
    for person in persons:
        if len(person.words) < 2 and len(person.mentions) < 2:
            continue
        for word in {person.words[-1], person.words[0] if len(person.words) == 3 else person.words[-1]}:
            if len(word) > 2:
                surnames.setdefault(word, person)
    covered = {t for m in reading.mentions for t in range(m.start_token, m.end_token)}
    for token in reading.doc:
        if token.i in covered or not token.text[:1].isupper():
            continue
        person_found = surnames.get(token.lower_)
        if person_found is None or _inside_a_name(reading.doc, token.i):
            continue
        mention = reading.mention(token.i, token.i + 1, "person")
        mention.id, mention.name = person_found.mentions[0].id, person_found.name
        person_found.mentions.append(mention)
        reading.mentions.append(mention)


def _inside_a_name(doc: Doc, i: int) -> bool:
    """Is token `i` part of a longer capitalised name ("Putin Avenue", "Kim Il Sung Square")?"""
    after = doc[i + 1] if i + 1 < len(doc) else None
    return after is not None and after.text[:1].isupper() and after.is_alpha and not after.is_sent_start


# --- towns -------------------------------------------------------------------------------------------------------


def _claim_towns(readings: Sequence[Reading]) -> None:
    """The model takes little-known towns for people or firms: what the text is said to be *in* is a place.

    A bare name behind "in", "near" or "outside" is one if the article has it as a place elsewhere, or if the model is
    of two minds or sees a person there: nobody is in a person.
    """
    kinds: dict[str, set[EntityKind]] = {}
    persons: set[str] = set()
    for mention in (m for reading in readings for m in reading.mentions if not m.id):
        kinds.setdefault(mention.text, set()).add(mention.kind)
        if mention.kind == "person" and len(words := name_words(mention.text)) > 1:
            persons |= {words[0], words[-1]}
    for reading in readings:
        for mention in reading.mentions:
            if mention.id or mention.kind not in {"person", "organisation"} or mention.text.lower() in persons:
                continue
            seen_as = kinds[mention.text]
            doubtful = "place" in seen_as or "person" in seen_as or len(seen_as) > 1
            if doubtful and _stands_in(reading, mention) and not is_company(mention.text):
                mention.kind, mention.sort, mention.country = "place", "none", None


def _stands_in(reading: Reading, mention: Mention) -> bool:
    """Is the name right behind a word of place, and that word not part of "confidence in …"?"""
    doc, i = reading.doc, mention.start_token - 1
    if i < 0 or mention.start_token >= len(doc) or doc[i].lower_ not in lexicon().words("names", "inside"):
        return False
    return i == 0 or doc[i - 1].lower_ not in lexicon().words("names", "trust")


# --- other names -------------------------------------------------------------------------------------------------


def _name_others(readings: Sequence[Reading]) -> None:
    names: dict[EntityKind, dict[str, str]] = {}
    longest: dict[tuple[EntityKind, str], str] = {}
    mentions = [m for reading in readings for m in reading.mentions if not m.id]
    for mention in mentions:
        acronym = _acronym(mention.text)
        if acronym:
            longest.setdefault((mention.kind, acronym), mention.text)
    for mention in mentions:
        name = longest.get((mention.kind, mention.text), mention.text)
        key = slug(name)
        mention.name = names.setdefault(mention.kind, {}).setdefault(key, name)
        mention.id = f"{mention.kind}:{key}"


def _acronym(name: str) -> str | None:
    words = [word for word in name.split() if word[:1].isupper()]
    return "".join(word[0] for word in words) if 3 <= len(words) <= 7 else None


_HALVES = {"North": ("KP", "KR"), "South": ("KR", "KP")}


def _resolve_halves(readings: Sequence[Reading]) -> None:
    """ "The North" is North Korea where the article speaks of one of the Koreas by name."""
    spoken = Counter(m.country for reading in readings for m in reading.mentions if m.country)
    for reading in readings:
        covered = {t for m in reading.mentions if m.kind == "country" or m.end_token - m.start_token > 1
                   for t in range(m.start_token, m.end_token)}  # fmt: skip
        for token in reading.doc[1:]:
            halves = _HALVES.get(token.text)
            if halves is None or token.i in covered or token.nbor(-1).lower_ != "the":
                continue
            code, other = halves
            if not spoken[code] and not spoken[other]:
                continue
            if token.i + 1 < len(reading.doc) and token.nbor(1).text[:1].isupper():
                continue
            reading.mentions = [m for m in reading.mentions if m.start_token != token.i]
            mention = reading.mention(token.i, token.i + 1, "country")
            mention.sort, mention.id, mention.country = "name", code, code
            mention.name = "North Korea" if code == "KP" else "South Korea"
            reading.mentions.append(mention)


def entities_of(readings: Sequence[Reading]) -> tuple[Entity, ...]:
    """The entities of the article, in the order of their first mention."""
    found: dict[str, list[Mention]] = {}
    for mention in _all(readings):
        found.setdefault(mention.id, []).append(mention)
    return tuple(
        Entity(id=identifier, kind=ms[0].kind, name=ms[0].name, mentions=tuple(m.span for m in ms))
        for identifier, ms in found.items()
    )


def _all(readings: Sequence[Reading]) -> Iterator[Mention]:
    for reading in readings:
        yield from reading.mentions
