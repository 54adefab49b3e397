"""Common nouns of the classes `human` and `site`, from `nouns.txt` (WordNet)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

NOUNS = Path(__file__).with_name("nouns.txt")


@cache
def nouns() -> Mapping[str, frozenset[str]]:
    """The nouns of each class, in small letters."""
    lines = (line.partition(": ") for line in NOUNS.read_text("utf-8").splitlines() if not line.startswith("#"))
    return {name: frozenset(words.split()) for name, _, words in lines}
