"""Which patterns for times may match in a text, told by a glance at its words: most sentences name no time.

A pattern that is listed here needs a word of each of its sets; one that is not is always tried.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from workers.annotate.datewords import MONTHS, NUMBERS, PATTERNS, PLAIN_MONTHS, WEEKDAYS

_LETTERS = re.compile(r"[A-Za-z]+")
_DIGIT = re.compile(r"\d")

DIGIT, MONTH, WEEKDAY, SHORT_DAY = "0", "Month", "Weekday", "Short"
"""Among the small-letter words of a text these stand for any digit, and for names in capitals."""

_WEEKDAYS = frozenset({"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"})
_SHORT_DAYS = frozenset({*WEEKDAYS, "tues", "thur", "thurs"})
_NAMES = frozenset({*MONTHS, *_WEEKDAYS, *_SHORT_DAYS})
_NAMED = ((MONTH, frozenset(MONTHS)), (WEEKDAY, _WEEKDAYS), (SHORT_DAY, _SHORT_DAYS))


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _units(words: str) -> frozenset[str]:
    return frozenset(form for word in words.split() for form in (word, f"{word}s"))


_UNITS = _units("minute hour day week fortnight month year decade century centurie")
_COUNTS = frozenset({DIGIT, *(word.split()[0] for number in NUMBERS for word in [number.replace("-", " ")])})
_PAST = _words("past last previous recent preceding")
_SEASONS = _words("spring summer autumn winter")
_TURN = _words("last this next")
_NEEDS: dict[str, tuple[frozenset[str], ...]] = {
    "iso": (_words(DIGIT),),
    "slashed": (_words(DIGIT),),
    "day_range": (_words(DIGIT), _words(MONTH)),
    "day_month": (_words(DIGIT), _words(MONTH)),
    "month_year": (_words(DIGIT), _words(MONTH)),
    "ago": (_words("ago now"), _UNITS, _COUNTS),
    "away": (_words("away off"), _UNITS, _COUNTS),
    "earlier": (_words("earlier before previously"), _UNITS),
    "many_ago": (_words("ago"), _UNITS),
    "over_past": (_PAST, _UNITS),
    "in_recent": (_words("recent"), _UNITS),
    "for_long": (_words("for over through"), _UNITS | {"generations"}),
    "to_come": (_words("coming next following within"), _UNITS),
    "in_so_long": (_words("in"), _UNITS, _COUNTS),
    "month_of_year": (_words(MONTH), _words("year")),
    "day_of_week": (_words(WEEKDAY), _words("week")),
    "relative": (
        _words("last this next past previous coming following"),
        _words("week weekend month year decade century night fall") | _SEASONS,
    ),
    "weekend": (_words("weekend"),),
    "season": (_SEASONS, _words("in during over throughout through all since")),
    "relative_month": (_words(MONTH), _TURN),
    "relative_day": (_words(WEEKDAY), _TURN),
    "near_day": (_words("today yesterday tomorrow tonight overnight morning afternoon evening"),),
    "weekday": (_words(f"{WEEKDAY} {SHORT_DAY}"),),
    "nth": (_words(DIGIT), _words("on"), _words("st nd rd th")),
    "this_year": (_words("since"), _words("year")),
    "new_year": (_words("new"), _words("year")),
    "holiday": (_words("christmas new boxing"),),
    "decade": (_words(DIGIT), _words("s")),
    "year_span": (_words(DIGIT),),
    "year": (_words(DIGIT),),
    "possessive_year": (_words(DIGIT),),
    "month": (_words(MONTH),),
    "war": (_words("war"),),
    "long_past": (
        _words(
            "then those past ago back days upon war conflict invasion siege last year season decade century campaign"
        ),
    ),
}
_SETS = {need: 1 << i for i, need in enumerate({need for needs in _NEEDS.values() for need in needs})}
"""Each set of words as a bit."""
_BITS = {word: sum(bit for need, bit in _SETS.items() if word in need) for need in _SETS for word in need}
_CUES = frozenset(_BITS)
_PATTERNS = tuple((name, pattern, sum(_SETS[need] for need in _NEEDS.get(name, ()))) for name, pattern in PATTERNS)
_LATER = _words("later after time then")
_SAME = _words("that same following next")
_OF_ANAPHORA = _words("day night morning evening week month year") | _SEASONS


@lru_cache(maxsize=64)
def glance(text: str) -> frozenset[str]:
    """The words of `text` in small letters, and what stands for digits and names."""
    words = _LETTERS.findall(text)
    found = set(map(str.lower, words))
    if not found.isdisjoint(_NAMES):
        named = {word.lower() for word in words if word[0].isupper() or word in PLAIN_MONTHS}
        found.update(name for name, forms in _NAMED if not forms.isdisjoint(named))
    if _DIGIT.search(text) is not None:
        found.add(DIGIT)
    return frozenset(found)


def patterns_for(text: str) -> Sequence[tuple[str, re.Pattern[str]]]:
    """The patterns that may match in `text`, in order of precedence."""
    there = 0
    for word in _CUES & glance(text):
        there |= _BITS[word]
    return _with_words_of(there)


@lru_cache(maxsize=256)
def _with_words_of(there: int) -> Sequence[tuple[str, re.Pattern[str]]]:
    """The patterns that need words of no other sets than these."""
    return [(name, pattern) for name, pattern, needs in _PATTERNS if needs & there == needs]


def may_refer_back(text: str) -> bool:
    """May `ANAPHORIC` match in `text`?"""
    words = glance(text)
    return not _LATER.isdisjoint(words) or not (_SAME.isdisjoint(words) or _OF_ANAPHORA.isdisjoint(words))
