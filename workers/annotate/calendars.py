"""The calendar behind the patterns of `datewords`: what days a match means, seen from the day of publication."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal

from workers.annotate.datewords import HOLIDAYS, MONTHS, NUMBERS, WARS, WEEKDAYS

Granularity = Literal["day", "week", "month", "year", "span"]
Days = tuple[date, date, Granularity]
Resolver = Callable[[re.Match[str], date, bool], Days | None]
"""A match, the day of publication, and whether the coming such time is meant, where the words leave it open."""

_DAYS_OF = {"day": 1, "week": 7, "fortnight": 14, "month": 30, "year": 365, "decade": 3652, "century": 36525,
            "centurie": 36525, "generation": 9131}  # fmt: skip
_SEASONS = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "fall": (9, 11), "winter": (12, 12)}


def _month_of(year: int, month: int) -> Days:
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]), "month"


def _year_of(year: int) -> Days:
    return date(year, 1, 1), date(year, 12, 31), "year"


def _day(day: date) -> Days:
    return day, day, "day"


def _count(match: re.Match[str], default: str = "one") -> int:
    word = " ".join((match["count"] or default).lower().split())
    return int(word) if word.isdigit() else NUMBERS[word]


# --- days ----------------------------------------------------------------------------------------------------------


def _iso(match: re.Match[str], _published: date, _ahead: bool) -> Days:
    return _day(date(int(match["y"]), int(match["m"]), int(match["d"])))


def _slashed(match: re.Match[str], published: date, _ahead: bool) -> Days:
    """Day first or month first: what the calendar allows, and of both the one nearer to publication."""
    year, a, b = int(match["y"]), int(match["a"]), int(match["b"])
    pairs = [(d, m) for d, m in ((a, b), (b, a)) if m <= 12 and d <= calendar.monthrange(year, m)[1]]
    if not pairs:
        return None  # type: ignore[return-value]  # no such day; the caller drops it
    return _day(min((date(year, m, d) for d, m in pairs), key=lambda day: abs(day - published)))


def _nearest_day(month: int, day: int, published: date, *, ahead: bool) -> date:
    years = (published.year - 1, published.year, published.year + 1)
    days = [date(y, month, day) for y in years if day <= calendar.monthrange(y, month)[1]]
    return min((d for d in days if (d > published) == ahead), key=lambda d: abs(d - published))


def _day_of_month(match: re.Match[str], published: date, ahead: bool) -> Days:
    month, day = MONTHS[match["month"].lower().rstrip(".")], int(match["day"])
    if match["year"]:
        return _day(date(int(match["year"]), month, day))
    return _day(_nearest_day(month, day, published, ahead=ahead))


def _day_range(match: re.Match[str], published: date, ahead: bool) -> Days:
    last, _, _ = _day_of_month(match, published, ahead)
    first = int(match["d1"])
    if first > last.day:
        raise ValueError("a range that runs backwards")
    return last.replace(day=first), last, "span"


def _nth(match: re.Match[str], published: date, ahead: bool) -> Days:
    """ "on the 13th": of this month, or of the one before or after it."""
    step = {"last": -1, "next": 1}.get((match["dir"] or "").lower(), 0)
    day = int(match["day"])
    if not match["dir"] and (day > published.day) != ahead:
        step = 1 if ahead else -1
    first, _, _ = _month(published, step, False)
    return _day(first.replace(day=day))


def _weekday_number(match: re.Match[str]) -> int:
    groups = match.groupdict()
    return WEEKDAYS[(groups.get("weekday") or groups["short"]).lower()[:3]]


def _weekday(match: re.Match[str], published: date, ahead: bool) -> Days:
    """A bare weekday is the last one, or the coming one."""
    gap = (published.weekday() - _weekday_number(match)) % 7
    return _day(published + timedelta(days=7 - gap if ahead and gap else -gap))


def _relative_day(match: re.Match[str], published: date, _ahead: bool) -> Days:
    direction = match["dir"].lower()
    gap = (published.weekday() - _weekday_number(match)) % 7
    if direction in {"next", "this coming"}:
        return _day(published + timedelta(days=(7 - gap) or 7))
    if direction in {"last", "this past"}:
        return _day(published - timedelta(days=gap or 7))
    return _day(published - timedelta(days=published.weekday()) + timedelta(days=_weekday_number(match)))


def _day_of_week(match: re.Match[str], published: date, _ahead: bool) -> Days:
    """ "Thursday next week"."""
    step = {"last": -1, "this": 0, "next": 1}[match["dir"].lower()]
    monday, _, _ = _week(published, step, False)
    return _day(monday + timedelta(days=_weekday_number(match)))


def _near_day(match: re.Match[str], published: date, _ahead: bool) -> Days:
    word = match["word"].lower()
    shift = {"yesterday": -1, "tomorrow": 1, "day before yesterday": -2, "day after tomorrow": 2}.get(word, 0)
    return _day(published + timedelta(days=shift))


def _holiday(match: re.Match[str], published: date, ahead: bool) -> Days:
    month, day = HOLIDAYS[match["word"].lower()]
    days = [date(published.year + step, month, day) for step in (-1, 0, 1)]
    allowed = [d for d in days if (d > published) == ahead]
    return _day(min(allowed, key=lambda d: abs(d - published)))


# --- counted times -------------------------------------------------------------------------------------------------


def shifted(published: date, unit: str, count: int) -> Days:
    """The day, month or year that lies `count` units from `published`."""
    if unit in {"minute", "hour"}:
        return _day(published)
    day = published + timedelta(days=_DAYS_OF[unit] * count)
    if unit == "year":
        return _year_of(day.year)
    if unit in {"decade", "century", "centurie"}:
        return date(day.year - 5, 1, 1), date(day.year + 4, 12, 31), "span"
    if unit == "month":
        return _month_of(day.year, day.month)
    return _day(day)


def _ago(match: re.Match[str], published: date, _ahead: bool) -> Days:
    count = _count(match)
    if match.group().lower().startswith("half a"):
        day = published - timedelta(days=_DAYS_OF.get(match["unit"].lower(), 1) // 2)
        return _month_of(day.year, day.month)
    return shifted(published, match["unit"].lower(), count if match["dir"].lower() == "from now" else -count)


def _away(match: re.Match[str], published: date, _ahead: bool) -> Days:
    first, last, granularity = shifted(published, match["unit"].lower(), _count(match))
    return max(first, published + timedelta(days=1)), max(last, published + timedelta(days=1)), granularity


def _earlier(match: re.Match[str], published: date, _ahead: bool) -> Days | None:
    """ "three years earlier" lies that long before something else, which itself is not ahead; "hours earlier" says
    nothing of the day."""
    unit = match["unit"].lower()
    if unit in {"minute", "hour", "day"} or (unit == "week" and match["count"] in {"a", "one", None}):
        return None
    first, last, _ = shifted(published, unit, -_count(match, "three"))
    return first, min(last, published - timedelta(days=14)), "span"


def _many_ago(match: re.Match[str], published: date, _ahead: bool) -> Days:
    return shifted(published, match["unit"].lower(), -3)


def _over_past(match: re.Match[str], published: date, _ahead: bool) -> Days:
    count, unit = _count(match), match["unit"].lower()
    if unit in {"minute", "hour"}:
        return published - timedelta(days=min(7, count // 24)), published, "span"
    first, _, _ = shifted(published, unit, -count)
    return first, published, "span"


def _in_recent(match: re.Match[str], published: date, _ahead: bool) -> Days:
    first, _, _ = shifted(published, match["unit"].lower(), -3)
    return first, published, "span"


def _to_come(match: re.Match[str], published: date, _ahead: bool) -> Days:
    days = _DAYS_OF.get(match["unit"].lower(), 0) * _count(match, "few")
    first = published + timedelta(days=min(days, 1))
    return first, published + timedelta(days=max(days, 1)), "span"


def _in_so_long(match: re.Match[str], published: date, ahead: bool) -> Days | None:
    """ "in two weeks" is a date only of what is ahead; elsewhere it says how long a thing took."""
    return shifted(published, match["unit"].lower(), _count(match)) if ahead else None


# --- weeks, months, seasons, years ---------------------------------------------------------------------------------


def _relative(match: re.Match[str], published: date, _ahead: bool) -> Days:
    direction, unit = match["dir"].lower(), match["unit"].lower()
    step = -1 if direction in {"last", "past", "previous"} else 1 if direction in {"next", "coming", "following"} else 0
    if unit in _SEASONS:
        return _season(unit, step, published)
    return _UNITS[unit](published, step, direction.startswith("earlier"))


def _night(published: date, step: int, _earlier: bool) -> Days:
    return _day(published + timedelta(days=step))


def _week(published: date, step: int, _earlier: bool) -> Days:
    monday = published - timedelta(days=published.weekday()) + timedelta(weeks=step)
    return monday, monday + timedelta(days=6), "week"


def _weekend(published: date, step: int, _earlier: bool) -> Days:
    saturday = published - timedelta(days=published.weekday()) + timedelta(weeks=step, days=5)
    if step == -1 and published - saturday > timedelta(days=9):
        saturday += timedelta(days=7)
    return saturday, saturday + timedelta(days=1), "span"


def _at_weekend(_match: re.Match[str], published: date, ahead: bool) -> Days:
    """The weekend that is on or was last, or the coming one."""
    first, _, _ = _weekend(published, 0 if ahead or published.weekday() >= 5 else -1, False)
    return first, first + timedelta(days=1), "span"


def _month(published: date, step: int, earlier: bool) -> Days:
    months = published.year * 12 + published.month - 1 + step
    days = _month_of(months // 12, months % 12 + 1)
    return (days[0], published, "span") if earlier else days


def _this_year(published: date, step: int, earlier: bool) -> Days:
    if not earlier:
        return _year_of(published.year + step)
    # "Earlier this year" is news only in the year's first week.
    first = date(published.year, 1, 1)
    return first, max(first, published - timedelta(days=8)), "span"


def _years_of(published: date, step: int, length: int) -> Days:
    first = published.year // length * length + length * step
    return date(first, 1, 1), date(first + length - 1, 12, 31), "span"


def _season(name: str, step: int, published: date) -> Days:
    start, end = _SEASONS[name]
    year = published.year + step
    if step == -1 and date(published.year, end, 28) < published:
        year = published.year  # "last spring" said in autumn
    if step == 1 and date(published.year, start, 1) > published:
        year = published.year  # "next winter" said in summer
    return date(year, start, 1), date(year, end, 28), "span"


_UNITS: dict[str, Callable[[date, int, bool], Days]] = {
    "night": _night,
    "week": _week,
    "weekend": _weekend,
    "month": _month,
    "year": _this_year,
    "decade": lambda published, step, _: _years_of(published, step, 10),
    "century": lambda published, step, _: _years_of(published, step, 100),
}


def _bare_season(match: re.Match[str], published: date, ahead: bool) -> Days:
    """ "in the spring": the last one or the coming one; the one that is on counts as either."""
    first, last, _ = _season(match["unit"].lower(), 0, published)
    step = 1 if ahead and last < published else -1 if not ahead and first > published else 0
    return first.replace(year=first.year + step), last.replace(year=last.year + step), "span"


def _month_year(match: re.Match[str], _published: date, _ahead: bool) -> Days:
    return _month_of(int(match["year"]), MONTHS[match["month"].lower().rstrip(".")])


def _bare_month(match: re.Match[str], published: date, ahead: bool) -> Days:
    """The month that is on, or else the last or the coming one."""
    month = MONTHS[match["month"].lower().rstrip(".")]
    if ahead:
        return _month_of(published.year + (month < published.month), month)
    return _month_of(published.year - (month > published.month), month)


def _month_of_year(match: re.Match[str], published: date, _ahead: bool) -> Days:
    """ "March last year"."""
    step = {"last": -1, "this": 0, "next": 1}[match["dir"].lower()]
    return _month_of(published.year + step, MONTHS[match["month"].lower().rstrip(".")])


def _relative_month(match: re.Match[str], published: date, _ahead: bool) -> Days:
    month = MONTHS[match["month"].lower().rstrip(".")]
    direction, year = match["dir"].lower(), published.year
    if direction == "last" and month >= published.month:
        year -= 1
    if direction == "next" and month <= published.month:
        year += 1
    return _month_of(year, month)


def _decade(match: re.Match[str], _published: date, _ahead: bool) -> Days:
    year = int(match["year"])
    return date(year, 1, 1), date(year + 9, 12, 31), "span"


def _year_span(match: re.Match[str], _published: date, _ahead: bool) -> Days:
    first = int(match["y1"])
    last = int(match["y2"]) if len(match["y2"]) == 4 else first // 100 * 100 + int(match["y2"])
    if last < first:
        raise ValueError("a span that runs backwards")
    return date(first, 1, 1), date(last, 12, 31), "span"


def _year(match: re.Match[str], _published: date, _ahead: bool) -> Days:
    return _year_of(int(match["year"]))


def _war(match: re.Match[str], _published: date, _ahead: bool) -> Days:
    first, last = WARS[match["war"].lower()]
    return date(first, 1, 1), date(last, 12, 31), "span"


def _long_past(_match: re.Match[str], published: date, _ahead: bool) -> Days:
    return date(1, 1, 1), published - timedelta(days=365), "span"


def _since_new_year(_match: re.Match[str], published: date, _ahead: bool) -> Days:
    """ "since the start of the year"."""
    return published.replace(month=1, day=1), published, "span"


def _new_year(_match: re.Match[str], published: date, ahead: bool) -> Days:
    """ "in the new year": the one that is near."""
    return _month_of(published.year + (published.month > 2 or ahead), 1)


RESOLVERS: dict[str, Resolver] = {
    "iso": _iso, "slashed": _slashed, "day_range": _day_range, "day_month": _day_of_month, "month_year": _month_year,
    "ago": _ago, "earlier": _earlier, "many_ago": _many_ago, "over_past": _over_past, "in_recent": _in_recent,
    "for_long": _many_ago, "to_come": _to_come, "in_so_long": _in_so_long, "relative": _relative,
    "weekend": _at_weekend, "relative_month": _relative_month, "relative_day": _relative_day, "near_day": _near_day,
    "weekday": _weekday, "nth": _nth, "holiday": _holiday, "decade": _decade, "year_span": _year_span, "year": _year,
    "day_of_week": _day_of_week, "away": _away, "season": _bare_season, "possessive_year": _year,
    "month": _bare_month, "war": _war, "new_year": _new_year, "this_year": _since_new_year,
    "month_of_year": _month_of_year, "long_past": _long_past,
}  # fmt: skip
"""By the names of the patterns. A ValueError means that there is no such day."""

TWO_WAYS = frozenset(
    {"day_range", "day_month", "nth", "weekday", "weekend", "holiday", "month", "season", "in_so_long"}
)
"""Words that name a time behind or ahead alike; the tense of what they date decides."""
