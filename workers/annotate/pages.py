"""Which page of the paper an article is from: on those of sport, film and games, attacks and talks are seldom wars and
diplomacy; on that of crime, attacks are private. Word lists are in the lexicon.
"""

from __future__ import annotations

from collections.abc import Iterable

from workers.annotate.entities import Reading
from workers.annotate.lexicon import lexicon
from workers.annotate.words import Sentence

_DISTINCT = 4
_SHARE = 0.02
_OPENING = 12
_IN_SENTENCE = 2
"""So many different words of leisure, and one word in fifty: a war report seldom has two of them."""


def is_leisure(readings: Iterable[Reading]) -> bool:
    """Is the article one of the sports, film or games pages?"""
    words = lexicon().words("pages", "leisure")
    found: set[str] = set()
    hits = total = 0
    for reading in readings:
        total += len(reading.lower)
        there = list(filter(words.__contains__, reading.lower))
        hits += len(there)
        found.update(there)
    return len(found) >= _DISTINCT and hits >= _SHARE * total


def is_crime(readings: Iterable[Reading]) -> bool:
    """Is the article a report of police or court on a private crime, with no word of war or politics in it?"""
    found: set[str] = set()
    hits = total = 0
    for reading in readings:
        if not lexicon().words("pages", "warlike").isdisjoint(reading.lower):
            return False
        total += len(reading.lower)
        there = [word for word in reading.lower if word in lexicon().words("pages", "crime")]
        hits += len(there)
        found.update(there)
    return len(found) >= _DISTINCT and hits >= _SHARE * total


def is_crime_told(sentence: Sentence) -> bool:
    """Does a single sentence read like such a report?"""
    words = lexicon().words("pages", "crime")
    return len({token.lower_ for token in sentence if token.lower_ in words}) >= _IN_SENTENCE


def is_told_in_fiction(sentence: Sentence) -> bool:
    """Does a sentence open with "In the film," or "In “Title”,"? What follows is invented."""
    words = [token for token in sentence[:_OPENING] if not token.is_space]
    if len(words) < _OPENING // 2 or words[0].lower_ != "in":
        return False
    if words[1].text in {'"', "“", "‘", "'"}:
        closing = next((t for t in words[2:] if t.text in {'"', "”", "’", "'"}), None)
        return closing is not None and any(t.text == "," for t in sentence[closing.i - 1 : closing.i + 2])
    noun = next((t for t in words[1:5] if t.lemma_.lower() in lexicon().words("status", "invented")), None)
    return noun is not None and noun.i + 1 < len(sentence) and noun.nbor().lower_ != "of"


def speaks_of_war(sentence: Sentence) -> bool:
    """Does a sentence name an armed force, an armed group, or a public man?"""
    words = lexicon().words("pages", "warlike")
    return any(token.lower_ in words for token in sentence)


def speaks_of_state(sentence: Sentence) -> bool:
    """Does a sentence name a government, an army or the like?"""
    words = lexicon().words("pages", "state")
    return any(token.lower_ in words for token in sentence)
