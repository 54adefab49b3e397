"""Times that a text names, resolved against the moment of publication. Pure: the moment is an argument.

Only what news writes is read: weekdays, "today", "last month", "in 2019", "on March 3", "two years ago", "since May".
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from workers.annotate.datewords import LOOKS_AHEAD, MAY_HOLD_A_DATE, MONTHS, NUMBERS, PATTERNS, WEEKDAYS

NEWS_WINDOW = timedelta(days=7)
"""What happened within so long before publication is news (`actual`), what is older is background (`historical`)."""

_SOON = timedelta(days=45)
"""A date without a year that lies so near ahead may be meant; one further ahead only in words that look ahead."""

Granularity = Literal["day", "week", "month", "year", "span"]


@dataclass(frozen=True, slots=True)
class When:
    """A time named in a text: characters `start`-`end`, and the days it means, both inclusive."""

    start: int
    end: int
    first: date
    last: date
    granularity: Granularity
    words: str
    lasting: bool = False  # "over the past few years", "since May": a stretch that reaches up to now

    @property
    def iso(self) -> str:
        """ISO 8601: a day, a month, a year, or an interval."""
        if self.granularity == "day":
            return self.first.isoformat()
        if self.granularity == "month":
            return f"{self.first:%Y-%m}"
        if self.granularity == "year":
            return f"{self.first:%Y}"
        return f"{self.first.isoformat()}/{self.last.isoformat()}"

    def lies(self, published: date) -> Literal["past", "news", "future"]:
        """Where the time lies, seen from `published`: before the news window, in it, or after it."""
        if self.granularity == "year" and self.first.year == published.year and published - self.first > NEWS_WINDOW:
            return "past"  # "has fired five missiles this year" sums up
        if self.lasting and published - self.first > NEWS_WINDOW:
            return "past"
        if self.last < published - NEWS_WINDOW:
            return "past"
        if self.granularity == "month" and self.last < published.replace(day=1):
            return "past"  # "last month" is background even on the 2nd
        return "future" if self.first > published else "news"


def find_times(text: str, published: date) -> list[When]:
    """All times named in `text`, left to right, without overlap."""
    found: list[When] = []
    if not MAY_HOLD_A_DATE.search(text):
        return found
    for name, pattern in PATTERNS:
        for match in pattern.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            when = _resolve(name, match, text, published)
            if when is not None:
                found.append(when)
    return sorted(found, key=lambda when: when.start)


def _resolve(name: str, match: re.Match[str], text: str, published: date) -> When | None:
    try:
        days = _RESOLVERS[name](match, published, text)
    except (ValueError, OverflowError):
        return None  # February 30, year 0
    if days is None:
        return None
    first, last, granularity = days
    before = text[max(0, match.start() - 6) : match.start()].lower()
    since = before.rstrip().endswith("since") or match.group().lower().startswith("since")
    lasting = name in {"over_past", "in_recent"} or since
    if lasting:
        last, granularity = max(last, published) if since else published, "span"
    return When(match.start(), match.end(), first, last, granularity, match.group(), lasting)


_Days = tuple[date, date, Granularity]


def _month_of(year: int, month: int) -> _Days:
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]), "month"


def _year_of(year: int) -> _Days:
    return date(year, 1, 1), date(year, 12, 31), "year"


def _nearest_month(month: int, published: date, text: str) -> int:
    """The year of a bare month: the coming one only if the words before look ahead, else the one last past."""
    if month <= published.month:
        if _looks_ahead(text) and month < published.month - 5:
            return published.year + 1
        return published.year
    return published.year if _looks_ahead(text) else published.year - 1


def _looks_ahead(text: str) -> bool:
    return LOOKS_AHEAD.search(text) is not None


def _iso(match: re.Match[str], _published: date, _text: str) -> _Days:
    day = date(int(match["y"]), int(match["m"]), int(match["d"]))
    return day, day, "day"


def _day_of_month(match: re.Match[str], published: date, text: str) -> _Days:
    month = MONTHS[match["month"].lower()]
    year = int(match["year"]) if match["year"] else _nearest_month(month, published, text)
    day = date(year, month, int(match["day"]))
    if not match["year"]:  # without a year the nearest such date is meant
        years = (published.year - 1, published.year, published.year + 1)
        days = [date(y, month, day.day) for y in years if day.day <= calendar.monthrange(y, month)[1]]
        soon = _looks_ahead(text) or min(abs(d - published) for d in days if d > published) <= _SOON
        day = min((d for d in days if soon or d <= published), key=lambda d: abs(d - published))
    return day, day, "day"


def _month_year(match: re.Match[str], _published: date, _text: str) -> _Days:
    return _month_of(int(match["year"]), MONTHS[match["month"].lower()])


def _bare_month(match: re.Match[str], published: date, text: str) -> _Days:
    month = MONTHS[match["month"].lower()]
    return _month_of(_nearest_month(month, published, text), month)


def _ago(match: re.Match[str], published: date, _text: str) -> _Days | None:
    if match["dir"].lower() in {"earlier", "before"}:
        return None  # relative to another event, not to now
    word = match["count"].lower()
    count = int(word) if word.isdigit() else NUMBERS[word]
    sign = 1 if match["dir"].lower() in {"later", "from now"} else -1
    if match["dir"].lower() == "later":
        return None
    return _shifted(published, match["unit"].lower(), sign * count)


def _shifted(published: date, unit: str, count: int) -> _Days:
    if unit in {"minute", "hour"}:
        return published, published, "day"
    days = {
        "day": 1,
        "week": 7,
        "fortnight": 14,
        "month": 30,
        "year": 365,
        "decade": 3652,
        "century": 36525,
        "centurie": 36525,
    }[unit]
    day = published + timedelta(days=days * count)
    if unit == "year":
        return _year_of(day.year)
    if unit in {"decade", "century", "centurie"}:
        return date(day.year - 5, 1, 1), date(day.year + 4, 12, 31), "span"
    if unit == "month":
        return _month_of(day.year, day.month)
    return day, day, "day"


def _many_ago(match: re.Match[str], published: date, _text: str) -> _Days:
    return _shifted(published, match["unit"].lower(), -3)


def _over_past(match: re.Match[str], published: date, _text: str) -> _Days:
    word = (match["count"] or "one").lower()
    count = int(word) if word.isdigit() else NUMBERS[word]
    unit = match["unit"].lower()
    if unit in {"minute", "hour"}:
        return published - timedelta(days=min(7, count // 24)), published, "span"
    first, _, _ = _shifted(published, unit, -count)
    return first, published, "span"


def _in_recent(match: re.Match[str], published: date, _text: str) -> _Days:
    first, _, _ = _shifted(published, match["unit"].lower(), -3)
    return first, published, "span"


_SEASONS = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "fall": (9, 11), "winter": (12, 12)}


def _relative(match: re.Match[str], published: date, _text: str) -> _Days:
    direction, unit = match["dir"].lower(), match["unit"].lower()
    step = -1 if direction in {"last", "past", "previous"} else 1 if direction in {"next", "coming", "following"} else 0
    if unit in _SEASONS:
        return _season(unit, step, published)
    return _UNITS[unit](published, step, direction.startswith("earlier"))


def _night(published: date, step: int, _earlier: bool) -> _Days:
    day = published + timedelta(days=step)
    return day, day, "day"


def _week(published: date, step: int, _earlier: bool) -> _Days:
    monday = published - timedelta(days=published.weekday()) + timedelta(weeks=step)
    return monday, monday + timedelta(days=6), "week"


def _weekend(published: date, step: int, _earlier: bool) -> _Days:
    saturday = published - timedelta(days=published.weekday()) + timedelta(weeks=step, days=5)
    if step == -1 and published - saturday > timedelta(days=9):
        saturday += timedelta(days=7)
    return saturday, saturday + timedelta(days=1), "span"


def _month(published: date, step: int, earlier: bool) -> _Days:
    months = published.year * 12 + published.month - 1 + step
    days = _month_of(months // 12, months % 12 + 1)
    return (days[0], published, "span") if earlier else days


def _this_year(published: date, step: int, earlier: bool) -> _Days:
    if not earlier:
        return _year_of(published.year + step)
    # "Earlier this year" is news only in the year's first week.
    first = date(published.year, 1, 1)
    return first, max(first, published - NEWS_WINDOW - timedelta(days=1)), "span"


def _years_of(published: date, step: int, length: int) -> _Days:
    first = published.year // length * length + length * step
    return date(first, 1, 1), date(first + length - 1, 12, 31), "span"


def _season(name: str, step: int, published: date) -> _Days:
    start, end = _SEASONS[name]
    year = published.year + step
    if step == -1 and date(published.year, end, 28) < published:
        year = published.year  # "last spring" said in autumn
    return date(year, start, 1), date(year, end, 28), "span"


_UNITS: dict[str, Callable[[date, int, bool], _Days]] = {
    "night": _night,
    "week": _week,
    "weekend": _weekend,
    "month": _month,
    "year": _this_year,
    "decade": lambda published, step, _: _years_of(published, step, 10),
    "century": lambda published, step, _: _years_of(published, step, 100),
}


def _relative_month(match: re.Match[str], published: date, _text: str) -> _Days:
    month = MONTHS[match["month"].lower()]
    direction = match["dir"].lower()
    year = published.year
    if direction == "last" and month >= published.month:
        year -= 1
    if direction == "next" and month <= published.month:
        year += 1
    return _month_of(year, month)


def _weekday_number(match: re.Match[str]) -> int:
    return WEEKDAYS[match["weekday"].lower()[:3]]


def _relative_day(match: re.Match[str], published: date, _text: str) -> _Days:
    direction = match["dir"].lower()
    gap = (published.weekday() - _weekday_number(match)) % 7
    if direction in {"next", "this coming"}:
        day = published + timedelta(days=(7 - gap) or 7)
    elif direction in {"last", "this past"}:
        day = published - timedelta(days=gap or 7)
    else:
        day = published - timedelta(days=published.weekday()) + timedelta(days=_weekday_number(match))
    return day, day, "day"


def _weekday(match: re.Match[str], published: date, text: str) -> _Days:
    """A bare weekday is the last one, or the coming one where the words before look ahead."""
    gap = (published.weekday() - _weekday_number(match)) % 7
    ahead = bool(gap) and _looks_ahead(text[max(0, match.start() - 60) : match.start()])
    day = published + timedelta(days=7 - gap if ahead else -gap)
    return day, day, "day"


def _near_day(match: re.Match[str], published: date, _text: str) -> _Days:
    word = match["word"].lower()
    shift = {"yesterday": -1, "tomorrow": 1, "day before yesterday": -2, "day after tomorrow": 2}.get(word, 0)
    day = published + timedelta(days=shift)
    return day, day, "day"


def _decade(match: re.Match[str], _published: date, _text: str) -> _Days:
    year = int(match["year"])
    return date(year, 1, 1), date(year + 9, 12, 31), "span"


def _year_span(match: re.Match[str], _published: date, _text: str) -> _Days:
    first = int(match["y1"])
    last = int(match["y2"]) if len(match["y2"]) == 4 else first // 100 * 100 + int(match["y2"])
    if last < first:
        raise ValueError("a span that runs backwards")
    return date(first, 1, 1), date(last, 12, 31), "span"


def _year(match: re.Match[str], _published: date, _text: str) -> _Days:
    return _year_of(int(match["year"]))


_RESOLVERS: dict[str, Callable[[re.Match[str], date, str], _Days | None]] = {
    "iso": _iso, "day_month": _day_of_month, "month_day": _day_of_month, "month_year": _month_year, "ago": _ago,
    "many_ago": _many_ago, "over_past": _over_past, "in_recent": _in_recent, "relative": _relative,
    "relative_month": _relative_month, "relative_day": _relative_day, "near_day": _near_day, "weekday": _weekday,
    "decade": _decade, "year_span": _year_span, "year": _year, "possessive_year": _year, "month": _bare_month,
}  # fmt: skip
