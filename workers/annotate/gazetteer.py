"""Names that the news uses for countries, governments and well-known bodies: one dictionary of token sequences.

Country names come from Unicode CLDR (through babel) and pycountry; `countries.yaml` and `organisations.yaml` add what
those lack. Which of the matches is meant, in an article, is decided in `entities`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import pycountry
from babel import Locale
from spacy.strings import get_string_id

from topics.annotations import EntityKind
from workers.yamlfile import read_shipped, texts

COUNTRIES = Path(__file__).with_name("countries.yaml")
ORGANISATIONS = Path(__file__).with_name("organisations.yaml")

NameSort = Literal[
    "name", "demonym", "capital", "metonym", "form", "body", "igo", "group", "place", "missile", "drone", "aircraft",
    "arms", "none",
]  # fmt: skip

_NOT_STATES = frozenset({"UN", "EU", "EZ", "QO", "XA", "XB", "ZZ"})  # CLDR territories that are something else


@dataclass(frozen=True, slots=True)
class Entry:
    """A name: what it stands for, and what sort of name it is.

    `id` is empty for a name that only looks like one. `once` is what the name stood for in news before a date. With
    `beside`, the name counts only next to a word of arms.
    """

    id: str
    kind: EntityKind
    name: str
    sort: NameSort
    country: str | None = None
    once: tuple[date, Entry] | None = None
    beside: bool = False

    def at(self, published: date | None) -> Entry:
        """What the name stood for on a day."""
        return self.once[1] if self.once is not None and published is not None and published < self.once[0] else self


@dataclass(slots=True)
class Gazetteer:
    """Token sequences, as spaCy's ids of their words, to entries."""

    entries: dict[tuple[int, ...], Entry] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    shared: dict[str, tuple[str, ...]] = field(default_factory=dict)
    nouns: frozenset[str] = frozenset()
    """Words that a capital at the start of a sentence does not make a name."""
    capitals: dict[str, str] = field(default_factory=dict)
    _longest: dict[int, int] = field(default_factory=dict)

    def add(self, words: Sequence[str], entry: Entry) -> None:
        """Add a name; the first entry of a name stays."""
        key = tuple(map(get_string_id, words))
        if key and key not in self.entries:
            self.entries[key] = entry
            self.names.append(" ".join(words))
            self._longest[key[0]] = max(self._longest.get(key[0], 0), len(key))

    def replace(self, words: Sequence[str], entry: Entry) -> None:
        """Put `entry` in the place of a name's."""
        self.add(words, entry)
        self.entries[tuple(map(get_string_id, words))] = entry

    def get(self, words: Sequence[str]) -> Entry | None:
        """The entry of a name."""
        return self.entries.get(tuple(map(get_string_id, words)))

    def find(self, ids: Sequence[int]) -> Iterator[tuple[int, int, Entry]]:
        """Matches in the words with these ids: start, end (exclusive) and entry.

        Goes from left to right without overlap and takes the longest match at each place.
        """
        longest, entries = self._longest, self.entries
        after = 0
        for i in [i for i, word in enumerate(ids) if word in longest]:
            if i < after:
                continue
            for length in range(min(longest[ids[i]], len(ids) - i), 0, -1):
                entry = entries.get(tuple(ids[i : i + length]))
                if entry is not None:
                    yield i, i + length, entry
                    after = i + length
                    break


_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "Æ": "Ae",
    "œ": "oe", "Œ": "Oe", "ı": "i", "þ": "th", "Þ": "Th", "ð": "d", "ə": "a", "Ə": "A", "ʻ": "'", "ʼ": "'", "‘": "'",
    "’": "'"})  # fmt: skip


def plain(name: str) -> str:
    """`name` without accents and other marks on its letters.

    >>> plain("Malmö, Łódź, Tromsø")
    'Malmo, Lodz, Tromso'
    """
    if name.isascii():
        return name
    marked = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    return "".join(c for c in marked if not unicodedata.combining(c))


@lru_cache(maxsize=20_000)
def slug(name: str) -> str:
    """`name` in small ASCII letters, digits and hyphens.

    >>> slug("Élysée Palace")
    'elysee-palace'
    """
    made = "".join(c if c.isalnum() else "-" for c in plain(name).lower())
    return "-".join(part for part in made.split("-") if part)[:80] or "unnamed"


@cache
def country_names() -> dict[str, str]:
    """ISO alpha-2 codes and their everyday English names."""
    names: dict[str, str] = {}
    for code, name in Locale("en").territories.items():
        if len(code) == 2 and code.isalpha() and code not in _NOT_STATES:
            names[str(code)] = str(name).split(" (")[0].removesuffix(" SAR China")
    return names


Tokenise = Callable[[str], list[str]]


def build_gazetteer(tokenise: Tokenise, nouns: frozenset[str] = frozenset()) -> Gazetteer:
    """The gazetteer, cut into tokens the way texts will be. `nouns` are common nouns of the language."""
    gazetteer = Gazetteer(nouns=nouns)
    names = country_names()
    _add_bodies(gazetteer, tokenise)
    for code, name in names.items():
        entry = Entry(code, "country", name, "name", code)
        for variant in _variants(name):
            gazetteer.add(tokenise(variant), entry)
    for country in pycountry.countries:
        name = names.get(country.alpha_2, country.name)
        entry = Entry(country.alpha_2, "country", name, "name", country.alpha_2)
        for official in {country.name, getattr(country, "common_name", ""), getattr(country, "official_name", "")}:
            if official and "," not in official:
                gazetteer.add(tokenise(official), entry)
    for code, value in read_shipped(COUNTRIES).value.items():
        _add_country(gazetteer, tokenise, code, names.get(code, code), value)
    return gazetteer


def _variants(name: str) -> Iterator[str]:
    yield name
    if " & " in name:
        yield name.replace(" & ", " and ")
    if name.startswith("St. "):
        yield "Saint " + name[4:]
        yield "St " + name[4:]
    if not name.isascii():
        yield name.replace("’", "'")
        yield plain(name)


_SORTS: dict[str, NameSort] = {
    "names": "name", "demonyms": "demonym", "capitals": "capital", "metonyms": "metonym", "forms": "form",
}  # fmt: skip


def _add_country(gazetteer: Gazetteer, tokenise: Tokenise, code: str, name: str, value: dict[str, Any]) -> None:
    fields = dict(value)
    name = fields.pop("former", name)
    once = fields.pop("once", None)
    for key, words in fields.items():
        entry = Entry(code, "country", name, _SORTS[key], code)
        for word in texts(words):
            tokens = tokenise(word)
            gazetteer.add([*tokens, "-"] if key == "forms" else tokens, entry)
            if key == "capitals":
                gazetteer.capitals.setdefault(code, word)
            if key == "demonyms" and not word.endswith(("ese", "ish", "ch", "s", "ss", "men", "man")):
                gazetteer.add(tokenise(word + "s"), entry)
    if once is not None:
        for town, until in once.items():
            then = Entry(code, "country", name, "capital", code)
            now = gazetteer.get(tokenise(town)) or Entry("", "place", town, "none")
            gazetteer.replace(
                tokenise(town),
                Entry(now.id, now.kind, now.name, now.sort, now.country, (date.fromisoformat(until), then)),
            )


def _add_bodies(gazetteer: Gazetteer, tokenise: Tokenise) -> None:
    document = read_shipped(ORGANISATIONS).value
    kinds: tuple[EntityKind, ...] = ("organisation", "group", "place")
    for kind in kinds:
        for key, value in document[kind].items():
            _add_body(gazetteer, tokenise, kind, key, value)
    for name in texts(document["none"]):
        gazetteer.add(tokenise(name), Entry("", "organisation", name, "none"))
    for sort, families in document["weapon"].items():
        beside = sort == "beside"
        for family in texts(families):
            named: NameSort = "arms" if beside else sort
            entry = Entry(f"weapon:{slug(family)}", "weapon", family, named, beside=beside)
            gazetteer.add(tokenise(family), entry)
            gazetteer.add(tokenise(family + "s"), entry)
    gazetteer.shared.update((name, texts(codes)) for name, codes in document["shared"].items())


def _add_body(gazetteer: Gazetteer, tokenise: Tokenise, kind: EntityKind, key: str, fields: dict[str, Any]) -> None:
    names = texts(fields["names"])
    full = names[0].replace("UN ", "United Nations ", 1) if names[0].startswith("UN ") else names[0]
    country = fields.get("country")
    sort: NameSort = (
        "place" if kind == "place" else "igo" if "igo" in fields else "group" if kind == "group" else "body"
    )
    if "seat" in fields:
        gazetteer.add(tokenise(fields["seat"]), Entry(f"{kind}:{key}", kind, full, "capital"))
    entry = Entry(f"{kind}:{key}", kind, full, sort, country)
    for name in names:
        for variant in _un_variants(name):
            gazetteer.add(tokenise(variant), entry)


def _un_variants(name: str) -> Iterator[str]:
    yield name
    if name.startswith("UN "):
        for written in ("U.N. ", "United Nations "):
            yield written + name[3:]
    if not name.isascii():
        yield plain(name)
