"""Times that a text names, resolved against the moment of publication. Pure: the moment is an argument.

Only what news writes is read: weekdays, "today", "last month", "in 2019", "on March 3", "two years ago", "since May".
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

NEWS_WINDOW = timedelta(days=7)
"""What happened within so long before publication is news (`actual`), what is older is background (`historical`)."""

Granularity = Literal["day", "week", "month", "year", "span"]

_MONTHS = {name.lower(): i for i, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): i for i, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}
_DAYS = {name.lower(): i for i, name in enumerate(calendar.day_name)}
_DAYS |= {"mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5, "sun": 6}
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
            "ten": 10, "eleven": 11, "twelve": 12, "several": 4, "few": 3, "couple": 2}  # fmt: skip
_MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_DAY = r"(?P<weekday>mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)(?:day)?s?\b"
_COUNT = r"(?P<count>\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|several|few|couple)"
_UNIT = r"(?P<unit>minute|hour|day|week|fortnight|month|year|decade|century|centurie)s?"

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("iso", r"\b(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)\b"),
        ("day_month", rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+{_MONTH}\b(?:,?\s+(?P<year>(?:1[5-9]|20)\d\d)\b)?"),
        ("month_day", rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*(?:%|percent|million|people))(?:,?\s+(?P<year>(?:1[5-9]|20)\d\d)\b)?"),
        ("month_year", rf"\b{_MONTH}(?:\s+of)?,?\s+(?P<year>(?:1[5-9]|20)\d\d)\b"),
        ("ago", rf"\b{_COUNT}\s+{_UNIT}\s+(?P<dir>ago|earlier|before|later|from now)\b"),
        ("many_ago", r"\b(?:many |some )?(?P<unit>day|week|month|year|decade|centurie)s\s+ago\b"),
        ("over_past", rf"\b(?:over|in|during|within|for|throughout)\s+(?:the\s+)?(?:past|last|previous|recent)\s+(?:{_COUNT}\s+)?{_UNIT}\b"),
        ("in_recent", r"\b(?:in\s+recent|recent)\s+(?P<unit>day|week|month|year|decade)s\b"),
        ("relative", r"\b(?P<dir>last|this|next|past|previous|coming|earlier this|later this|following)\s+(?P<unit>week(?:end)?|month|year|decade|century|night|spring|summer|autumn|fall|winter)\b"),
        ("relative_month", rf"\b(?P<dir>last|this|next)\s+{_MONTH}\b"),
        ("relative_day", rf"\b(?P<dir>last|this|next|this coming|this past)\s+{_DAY}"),
        ("yesterday", r"\b(?P<word>today|yesterday|tomorrow|tonight|overnight|this (?:morning|afternoon|evening)|day before yesterday|day after tomorrow)\b"),
        ("weekday", rf"\b{_DAY}"),
        ("decade", r"\b(?:the\s+)?(?:early |late |mid-?)?(?P<year>(?:1[5-9]|20)\d0)s\b"),
        ("year_span", r"\b(?P<y1>(?:1[5-9]|20)\d\d)\s?[-–]\s?(?P<y2>(?:(?:1[5-9]|20)\d\d)|\d\d)\b(?!-)"),
        ("year", r"\b(?:in|since|of|by|from|during|until|before|after|early|late|mid|the|to|for|summer|winter|spring|autumn|fall)[\s-]+(?P<year>(?:1[5-9]|20)\d\d)\b(?![\s-]*(?:people|dlrs|dollars|tonnes|troops|soldiers|missiles|km|miles|%))"),
        ("possessive_year", r"\b(?P<year>(?:19|20)\d\d)(?='s\b|\s+(?:war|summit|election|treaty|agreement|deal|attack|test|launch|coup|accord|invasion|meeting|visit|pact|ceasefire))"),
        ("month", rf"\b(?:in|since|of|by|from|during|until|early|late|mid|to|for)[\s-]+{_MONTH}\b(?!\s+(?:be|have)\b)"),
    )
)  # fmt: skip


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
    for name, pattern in _PATTERNS:
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
    return bool(
        re.search(
            r"\b(will|shall|to be held|scheduled|planned|plans?|due|expected|next|set to|is to|are to|would)\b",
            text,
            re.I,
        )
    )


def _iso(match: re.Match[str], _published: date, _text: str) -> _Days:
    day = date(int(match["y"]), int(match["m"]), int(match["d"]))
    return day, day, "day"


def _day_of_month(match: re.Match[str], published: date, text: str) -> _Days:
    month = _MONTHS[match["month"].lower()]
    year = int(match["year"]) if match["year"] else _nearest_month(month, published, text)
    day = date(year, month, int(match["day"]))
    if not match["year"]:  # without a year the nearest such date is meant
        years = (published.year - 1, published.year, published.year + 1)
        days = [date(y, month, day.day) for y in years if day.day <= calendar.monthrange(y, month)[1]]
        day = min(days, key=lambda d: abs(d - published))
    return day, day, "day"


def _month_year(match: re.Match[str], _published: date, _text: str) -> _Days:
    return _month_of(int(match["year"]), _MONTHS[match["month"].lower()])


def _bare_month(match: re.Match[str], published: date, text: str) -> _Days:
    month = _MONTHS[match["month"].lower()]
    return _month_of(_nearest_month(month, published, text), month)


def _ago(match: re.Match[str], published: date, _text: str) -> _Days | None:
    if match["dir"].lower() in {"earlier", "before"}:
        return None  # relative to another event, not to now
    word = match["count"].lower()
    count = int(word) if word.isdigit() else _NUMBERS[word]
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
    count = int(word) if word.isdigit() else _NUMBERS[word]
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
    if unit == "night":
        day = published + timedelta(days=step)
        return day, day, "day"
    if unit in {"week", "weekend"}:
        monday = published - timedelta(days=published.weekday()) + timedelta(weeks=step)
        if unit == "weekend":
            saturday = monday + timedelta(days=5)
            if step == -1 and published - saturday > timedelta(days=9):
                saturday += timedelta(days=7)
            return saturday, saturday + timedelta(days=1), "span"
        return monday, monday + timedelta(days=6), "week"
    if unit == "month":
        months = published.year * 12 + published.month - 1 + step
        first, last, kind = _month_of(months // 12, months % 12 + 1)
        return (first, published, "span") if direction == "earlier this" else (first, last, kind)
    if unit in _SEASONS:
        start, end = _SEASONS[unit]
        year = published.year + step
        if step == -1 and date(published.year, end, 28) < published:
            year = published.year
        return date(year, start, 1), date(year, end, 28), "span"
    if unit == "decade":
        start_year = published.year // 10 * 10 + 10 * step
        return date(start_year, 1, 1), date(start_year + 9, 12, 31), "span"
    if unit == "century":
        start_year = published.year // 100 * 100 + 100 * step
        return date(start_year, 1, 1), date(start_year + 99, 12, 31), "span"
    if direction == "earlier this":
        # Seen from the year's first week it may be news; later it is background.
        return date(published.year, 1, 1), max(date(published.year, 1, 1), published - timedelta(days=8)), "span"
    return _year_of(published.year + step)


def _relative_month(match: re.Match[str], published: date, _text: str) -> _Days:
    month = _MONTHS[match["month"].lower()]
    direction = match["dir"].lower()
    year = published.year
    if direction == "last" and month >= published.month:
        year -= 1
    if direction == "next" and month <= published.month:
        year += 1
    return _month_of(year, month)


def _weekday_number(match: re.Match[str]) -> int:
    return _DAYS[match["weekday"].lower()[:3]]


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
    """A bare weekday is the last one, or the coming one where the words around look ahead."""
    gap = (published.weekday() - _weekday_number(match)) % 7
    back = published - timedelta(days=gap)
    if gap and _looks_ahead(text[max(0, match.start() - 60) : match.start()]):
        day = back + timedelta(days=7)
    else:
        day = back
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


_RESOLVERS = {
    "iso": _iso, "day_month": _day_of_month, "month_day": _day_of_month, "month_year": _month_year, "ago": _ago,
    "many_ago": _many_ago, "over_past": _over_past, "in_recent": _in_recent, "relative": _relative,
    "relative_month": _relative_month, "relative_day": _relative_day, "yesterday": _near_day, "weekday": _weekday,
    "decade": _decade, "year_span": _year_span, "year": _year, "possessive_year": _year, "month": _bare_month,
}  # fmt: skip
