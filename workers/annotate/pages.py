"""Which page of the paper an article is from: on those of sport, film and games, attacks and talks are seldom wars and
diplomacy. Word lists are in the lexicon.
"""

from __future__ import annotations

from collections.abc import Iterable

from spacy.tokens import Doc

from workers.annotate.entities import Reading
from workers.annotate.lexicon import lexicon

_DISTINCT = 4
_SHARE = 0.02
"""So many different words of leisure, and one word in fifty: a war report seldom has two of them."""


def is_leisure(readings: Iterable[Reading]) -> bool:
    """Is the article one of the sports, film or games pages?"""
    words = lexicon().words("pages", "leisure")
    found: set[str] = set()
    hits = total = 0
    for reading in readings:
        for token in reading.doc:
            total += 1
            if token.lower_ in words:
                hits += 1
                found.add(token.lower_)
    return len(found) >= _DISTINCT and hits >= _SHARE * total


def speaks_of_state(sentence: Doc) -> bool:
    """Does a sentence name a government, an army or the like?"""
    words = lexicon().words("pages", "state")
    return any(token.lower_ in words for token in sentence)
