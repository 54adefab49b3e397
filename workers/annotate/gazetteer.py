"""Names that the news uses for countries, governments and well-known bodies: one dictionary of token sequences.

Country names come from Unicode CLDR (through babel) and pycountry; `countries.yaml` adds what those lack. Which of the
matches is meant, in an article, is decided in `entities`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pycountry
from babel import Locale

from topics.annotations import EntityKind
from workers.yamlfile import read_shipped, texts

COUNTRIES = Path(__file__).with_name("countries.yaml")
ORGANISATIONS = Path(__file__).with_name("organisations.yaml")

NameSort = Literal["name", "demonym", "capital", "metonym", "body", "igo", "group", "none"]

_NOT_STATES = frozenset({"UN", "EU", "EZ", "QO", "XA", "XB", "ZZ"})  # CLDR territories that are something else


@dataclass(frozen=True, slots=True)
class Entry:
    """A name: what it stands for, and what sort of name it is. `id` is empty for a name that only looks like one."""

    id: str
    kind: EntityKind
    name: str
    sort: NameSort
    country: str | None = None


@dataclass(slots=True)
class Gazetteer:
    """Token sequences to entries; `find` walks a text once and takes the longest match at each place."""

    entries: dict[tuple[str, ...], Entry] = field(default_factory=dict)
    _longest: dict[str, int] = field(default_factory=dict)

    def add(self, words: Sequence[str], entry: Entry) -> None:
        """Add a name; the first entry of a name stays."""
        key = tuple(words)
        if key and key not in self.entries:
            self.entries[key] = entry
            self._longest[key[0]] = max(self._longest.get(key[0], 0), len(key))

    def find(self, words: Sequence[str]) -> Iterator[tuple[int, int, Entry]]:
        """Matches in `words`: start, end (exclusive) and entry, left to right, without overlap."""
        i, n = 0, len(words)
        longest = self._longest
        while i < n:
            limit = longest.get(words[i])
            if limit is not None:
                for length in range(min(limit, n - i), 0, -1):
                    entry = self.entries.get(tuple(words[i : i + length]))
                    if entry is not None:
                        if entry.id:
                            yield i, i + length, entry
                        i += length - 1
                        break
            i += 1


def slug(name: str) -> str:
    """`name` in small ASCII letters, digits and hyphens.

    >>> slug("Élysée Palace")
    'elysee-palace'
    """
    plain = unicodedata.normalize("NFKD", name)
    letters = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    made = "".join(c if c.isalnum() else "-" for c in letters)
    return "-".join(part for part in made.split("-") if part)[:80] or "unnamed"


def country_names() -> dict[str, str]:
    """ISO alpha-2 codes and their everyday English names."""
    names: dict[str, str] = {}
    for code, name in Locale("en").territories.items():
        if len(code) == 2 and code.isalpha() and code not in _NOT_STATES:
            names[str(code)] = str(name).split(" (")[0].removesuffix(" SAR China")
    return names


def build_gazetteer(tokenise: Callable[[str], list[str]]) -> Gazetteer:
    """The gazetteer, cut into tokens the way texts will be."""
    gazetteer = Gazetteer()
    _add_organisations(gazetteer, tokenise)
    names = country_names()
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
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    if plain != name:
        yield plain


_SORTS: dict[str, NameSort] = {"names": "name", "demonyms": "demonym", "capitals": "capital", "metonyms": "metonym"}


def _add_country(
    gazetteer: Gazetteer, tokenise: Callable[[str], list[str]], code: str, name: str, value: dict[str, Any]
) -> None:
    for key, words in value.items():
        entry = Entry(code, "country", name, _SORTS[key], code)
        for word in texts(words):
            gazetteer.add(tokenise(word), entry)
            if key == "demonyms" and not word.endswith(("ese", "ish", "ch", "s", "ss")):
                gazetteer.add(tokenise(word + "s"), entry)


def _add_organisations(gazetteer: Gazetteer, tokenise: Callable[[str], list[str]]) -> None:
    document = read_shipped(ORGANISATIONS).value
    for name in texts(document["none"]):
        gazetteer.add(tokenise(name), Entry("", "organisation", name, "none"))
    kinds: tuple[EntityKind, ...] = ("organisation", "group")
    for kind in kinds:
        for key, fields in document[kind].items():
            sort: NameSort = "igo" if "igo" in fields else "group" if kind == "group" else "body"
            country = fields.get("country")
            names = texts(fields["names"])
            if "seat" in fields:
                seat = Entry(f"{kind}:{key}", kind, names[0], "capital")
                gazetteer.add(tokenise(fields["seat"]), seat)
            entry = Entry(f"{kind}:{key}", kind, names[0], sort, country)
            for name in names:
                gazetteer.add(tokenise(name), entry)
