"""Times that a text names, resolved against the moment of publication. Pure: the moment is an argument.

Only what news writes is read: weekdays, "today", "last month", "in 2019", "on March 3", "two years ago", "since May".
The arithmetic is in `calendars`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from workers.annotate.calendars import RESOLVERS, TWO_WAYS, Granularity
from workers.annotate.dateglance import may_refer_back, patterns_for
from workers.annotate.datewords import ANAPHORIC, LOOKS_AHEAD

NEWS_WINDOW = timedelta(days=7)
"""What happened within so long before publication is news (`actual`), what is older is background (`historical`)."""

Lies = Literal["past", "news", "future"]

_LONG = timedelta(days=366)
_STRETCH = timedelta(days=10)
"""A stretch of so many days up to now is still the news: "over the past eight days"."""
_SOON = timedelta(days=45)
"""A date without a year that lies so near ahead is meant to; one further ahead only in words that look ahead."""

_LASTING = frozenset({"over_past", "in_recent", "for_long"})
_DATED = frozenset({"day_month", "day_range"})
_VAGUE = frozenset({"long_past", "earlier", "war", "for_long"})
_SINCE = re.compile(
    r"\bsince\s+(?:(?:at\s+least|the|last|early|late|mid)\s+)*(?:(?:start|beginning|end|middle|spring|summer|autumn|fall"
    r"|winter|first\s+half|second\s+half|turn)\s*)?$",
    re.IGNORECASE,
)
_NEXT = re.compile(r"(?:next|following)\s", re.IGNORECASE)
_OF_A_DAY = frozenset({"day", "night", "morning", "evening"})
_JOINTS = frozenset({"", "on", "to", "from"})
_CUE = 60
"""Words that look ahead count so many characters before a date."""


@dataclass(frozen=True, slots=True)
class When:
    """A time named in a text: characters `start`-`end`, and the days it means, both inclusive.

    `other` is the same words read in the other direction ("on Friday": the coming one), where both are possible.
    """

    start: int
    end: int
    first: date
    last: date
    granularity: Granularity
    words: str
    lasting: bool = False  # "over the past few years", "since May": a stretch that reaches up to now
    vague: bool = False  # "long ago": where it lies is known, the days are not
    other: When | None = None

    @property
    def iso(self) -> str | None:
        """ISO 8601: a day, a month, a year, or an interval; None if the days are not known."""
        if self.vague:
            return None
        if self.granularity == "day" or self.first == self.last:
            return self.first.isoformat()
        if self.granularity == "month":
            return f"{self.first:%Y-%m}"
        if self.granularity == "year":
            return f"{self.first:%Y}"
        return f"{self.first.isoformat()}/{self.last.isoformat()}"

    def lies(self, published: date) -> Lies:
        """Where the time lies, seen from `published`: before the news window, in it, or after it."""
        if self.words.lower().startswith("later this"):
            return "future"
        if self.granularity == "year" and self.first.year == published.year and published - self.first > NEWS_WINDOW:
            return "past"  # "has fired five missiles this year" sums up
        if self.granularity == "span" and self.first < published < self.last and published - self.first > _LONG:
            return "past"  # "this century"
        if self.last < published - NEWS_WINDOW or (self.lasting and published - self.first > _STRETCH):
            return "past"
        begun = {"month": published.replace(day=1), "year": published.replace(month=1, day=1)}.get(self.granularity)
        if begun is not None and self.last < begun:
            return "past"  # "last month" is background even on the 2nd
        return "future" if self.first > published else "news"

    def nearest(self, published: date) -> When:
        """The reading that lies nearer to `published`, if the words leave the choice."""
        both = [self] if self.other is None else [self, self.other]
        return min(both, key=lambda when: abs(when.first - published))

    def turned(self, published: date, *, ahead: bool) -> When:
        """The reading that lies ahead of `published` (or not), if the words leave the choice."""
        if self.other is None:
            return self
        mine, other = self.first > published, self.other.first > published
        return self.other if mine != ahead and other == ahead else self


def find_times(text: str, published: date, before: When | None = None) -> list[When]:
    """All times named in `text`, left to right, without overlap. `before` is the one named last before this text."""
    found = _times_named(text, published)
    return _with_anaphora(text, found, published, before) if may_refer_back(text) else [*found]


@lru_cache(maxsize=64)
def _times_named(text: str, published: date) -> Sequence[When]:
    """The times that the text names by itself; a sentence is asked again for those that follow it."""
    found: list[When] = []
    for name, pattern in patterns_for(text):
        for match in pattern.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            when = _resolve(name, match, text, published)
            if when is not None:
                found.append(when)
    return _composed(text, sorted(found, key=lambda when: when.start))


def _composed(text: str, found: list[When]) -> list[When]:
    """ "One year ago this weekend", "a month ago on Friday": a time counted back from another one is one time."""
    made: list[When] = []
    for when in found:
        last = made[-1] if made else None
        between = text[last.end : when.start].strip().lower() if last is not None else "-"
        if last is None or not last.words.lower().endswith("ago") or between not in _JOINTS:
            made.append(when)
    return made


def _resolve(name: str, match: re.Match[str], text: str, published: date) -> When | None:
    looks_ahead = LOOKS_AHEAD.search(text[max(0, match.start() - _CUE) : match.start()]) is not None
    when = _read(name, match, published, text, ahead=looks_ahead)
    if name not in TWO_WAYS or when is None:
        return when
    other = _read(name, match, published, text, ahead=not looks_ahead)
    if name in _DATED and other is not None and not looks_ahead and other.first - published <= _SOON:
        when, other = other, when
    return replace(when, other=other)


def _read(name: str, match: re.Match[str], published: date, text: str, *, ahead: bool) -> When | None:
    try:
        days = RESOLVERS[name](match, published, ahead)
    except (ValueError, OverflowError):
        return None  # February 30, year 0
    if days is None:
        return None
    first, last, granularity = days
    before = text[max(0, match.start() - _CUE) : match.start()]
    since = _SINCE.search(before) is not None or match.group().lower().startswith("since")
    lasting = name in _LASTING or since
    if lasting:
        last, granularity = max(last, published) if since else published, "span"
    return When(match.start(), match.end(), first, last, granularity, match.group(), lasting, name in _VAGUE)


def _is_next_of(when: When, text: str, found: Sequence[When], published: date) -> bool:
    """ "Bought it in 2019 and fired it the next year": does it follow a past date, and not the day of publication?"""
    if not _NEXT.match(when.words) or not text[: when.start].lower().endswith("the "):
        return False
    before = [other for other in found if other.end <= when.start and not other.lasting]
    return bool(before) and before[-1].lies(published) == "past" and before[-1].granularity in {"year", "month", "day"}


def _with_anaphora(text: str, found: Sequence[When], published: date, before: When | None) -> list[When]:
    """Add "that year", "two days later": they lie where the time named before them lies, if that is past."""
    made: list[When] = []
    found = [when for when in found if not _is_next_of(when, text, found, published)]
    matches = [m for m in ANAPHORIC.finditer(text) if not any(m.start() < w.end and w.start < m.end() for w in found)]
    for match in matches:
        named = next((w for w in reversed(found) if w.end <= match.start()), before)
        if named is not None and named.lasting and match["unit"] and not named.vague:
            named = replace(named, last=min(named.last, named.first + timedelta(days=31)), lasting=False)  # "since May"
        if named is None or named.lasting or named.lies(published) != "past":
            continue
        if (match["unit"] or "").lower() in _OF_A_DAY and named.granularity != "day":
            continue  # "shut since October … arrived the same evening": the evening of a day that we don't know
        gap = {"month": 92, "year": 1100, "decade": 11000}.get((match["later"] or "").lower().rstrip("s"), 31)
        if match["later"] and published - named.last < NEWS_WINDOW + timedelta(days=gap):
            continue
        same = bool(match["unit"]) and named.granularity == match["unit"].lower()
        made.append(
            replace(named, start=match.start(), end=match.end(), words=match.group(), vague=not same, other=None)
        )
    return sorted([*found, *made], key=lambda when: when.start)
