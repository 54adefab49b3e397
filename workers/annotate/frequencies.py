"""How rare a word is in English, by which the terms of an article are weighed. The table is `frequencies.txt`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

TABLE = Path(__file__).with_name("frequencies.txt")

STEP = 0.25
"""Between two levels of the table."""

RAREST = 14.0
"""Words that are rarer than e^-14, or unknown, are all as rare as this."""

PLAIN = 8.0
"""Words that are more common than e^-8, some three hundred, say nothing of what an article is about."""


@cache
def _levels() -> dict[str, float]:
    text = (files("workers.annotate") / TABLE.name).read_text("utf-8")
    found: dict[str, float] = {}
    for line in text.splitlines():
        level, _, words = line.partition(": ")
        found.update(dict.fromkeys(words.split(), float(level)))
    return found


def rarity(word: str) -> float:
    """What a small-letter word tells, from 0 (everybody writes it) to 6: its idf above that of plain words."""
    return max(0.0, _levels().get(word, RAREST) - PLAIN)
