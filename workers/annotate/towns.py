"""Towns and regions: in which country they lie. Ids are not given here; a place is named as the article names it.

Towns stand in `towns.txt`, which `generate_towns` writes; regions come from pycountry (ISO 3166-2).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import pycountry

from workers.annotate.gazetteer import plain

TABLE = Path(__file__).with_name("towns.txt")

_FOLDS = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"['’`]", ""),
        (r"[-.]", " "),
        (r"\b(?:al|el|an|ash|as|ad|ar|at|az) ", ""),
        (r"\b(?:saint|sankt|st) ", "st "),
        ("y", "i"),
        ("ou|w", "u"),
        ("ei", "ai"),
        ("q", "k"),
        (r"(.)\1+", r"\1"),
        (r"h\b", ""),
    )
)
"""What romanisations differ in: Mykolayiv and Mykolaiv, Khan Yunis and Khan Younis, Bayt Hanun and Beit Hanoun."""
_NO_NAMES = frozenset(
    {
        "gulf", "central", "western", "eastern", "northern", "southern", "north", "south", "east", "west", "capital",
        "centre", "center", "coast", "islands", "lakes", "delta", "metropolitan", "midlands", "border", "highlands",
    }
)  # fmt: skip
"""Regions of some country that are words everywhere else: the Gulf province of Papua New Guinea."""
_SHORTEST_FOLDED = 5
_COMMON_END = 5


@dataclass(frozen=True, slots=True)
class Towns:
    """Names to the countries in which such a town or region lies; one country if there is no doubt."""

    countries: dict[str, tuple[str, ...]]
    folded: dict[str, tuple[str, ...]]
    large: frozenset[str]

    def country(self, name: str, spoken: Collection[str] = ()) -> str | None:
        """The country of the place called `name`; of several, the only one that the article speaks of."""
        found = self.find(name)
        if len(found) > 1 or (spoken and self.is_by_sound(name)):
            found = tuple(country for country in found if country in spoken)
        return found[0] if len(found) == 1 else None

    def find(self, name: str) -> tuple[str, ...]:
        """All countries that have a place called `name`."""
        return _find(name)

    def look_up(self, name: str) -> tuple[str, ...]:
        """As `find`, without a memory."""
        name = plain(name).replace("St. ", "Saint ")
        found = self.countries.get(name)
        if found is None and len(name) >= _SHORTEST_FOLDED:
            found = self.folded.get(fold(name))
        return found or ()

    def is_by_sound(self, name: str) -> bool:
        """Is it only like the name of a town: "Deraa" in Syria, and not Dera in Ethiopia?"""
        return plain(name).replace("St. ", "Saint ") not in self.countries

    def is_large(self, name: str) -> bool:
        """Is `name` a large town's, and no English word?"""
        return plain(name) in self.large


@lru_cache(maxsize=8192)
def _find(name: str) -> tuple[str, ...]:
    return load_towns().look_up(name)


def fold(name: str) -> str:
    """`name` without what romanisations differ in.

    >>> fold("Beit Hanoun") == fold("Bayt Hanun")
    True
    """
    name = name.lower()
    for pattern, instead in _FOLDS:
        name = pattern.sub(instead, name)
    return name


@cache
def load_towns() -> Towns:
    """The towns and regions that ship with Tocsin, read once."""
    countries: dict[str, tuple[str, ...]] = {}
    large: set[str] = set()
    for line in TABLE.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        key, _, names = line.partition(": ")
        codes = tuple(key.split(","))
        for name in names.split(";"):
            if name[0] == "*":
                large.add(name[1:])
            countries[name.lstrip("*")] = codes
    for region, codes in _regions().items():
        countries.setdefault(region, codes)
    folded: dict[str, tuple[str, ...]] = {}
    for key, codes in zip(fold("\n".join(countries)).split("\n"), countries.values(), strict=True):
        folded[key] = codes if folded.get(key, codes) == codes else tuple(sorted({*folded[key], *codes}))
    return Towns(countries, folded, frozenset(large))


def _regions() -> dict[str, tuple[str, ...]]:
    """Names of ISO 3166-2, without the word for "province" (Guangdong Sheng) that many of a country's names share."""
    names = [(plain(region.name).partition(",")[0], region) for region in pycountry.subdivisions]
    ends = Counter((region.country_code, name.rpartition(" ")[2]) for name, region in names if " " in name)
    found: dict[str, tuple[str, ...]] = {}
    for written, region in names:
        start, _, end = written.rpartition(" ")
        name = start if ends[region.country_code, end] >= _COMMON_END else written
        if name.lower() in _NO_NAMES:
            continue
        if region.country_code not in found.get(name, ()):
            found[name] = (*found.get(name, ()), region.country_code)
    return found
