"""Spans of time as people write them: `90s`, `15m`, `6h`, `2d`, and the words `at once` and `never`. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta

NEVER = timedelta.max
AT_ONCE = timedelta(0)

_WORDS = {"never": NEVER, "at once": AT_ONCE}
_SPAN = re.compile(r"^(\d{1,9}(?:\.\d+)?)\s*(ms|s|m|h|d)$")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def parse_span(text: str, words: Collection[str] = ()) -> timedelta:
    """The span that `text` names; of the words only those in `words`. Raises ValueError saying what is expected."""
    plain = text.strip()
    if plain in words:
        return _WORDS[plain]
    found = _SPAN.match(plain)
    if found is None:
        raise ValueError(", ".join([*words, "a span such as 90s, 15m, 6h or 2d"]))
    try:
        return timedelta(seconds=float(found[1]) * _UNITS[found[2]])
    except OverflowError:
        raise ValueError("a span of at most 365d") from None


def show_span(span: timedelta) -> str:
    """As `parse_span` reads it, in the largest unit that is exact."""
    if span in (NEVER, AT_ONCE):
        return "never" if span == NEVER else "at once"
    seconds = span.total_seconds()
    for unit in ("d", "h", "m", "s"):
        if seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:.0f}{unit}"
    return f"{seconds * 1000:.0f}ms"
