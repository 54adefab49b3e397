"""How news writes times: patterns and the numbers behind month, weekday and number words. `dates` resolves them."""

from __future__ import annotations

import calendar
import re

MONTHS = {name.lower(): i for i, name in enumerate(calendar.month_name) if name}
MONTHS |= {name.lower(): i for i, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}
WEEKDAYS = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "several": 4, "few": 3, "couple": 2,
}  # fmt: skip

_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<weekday>mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)(?:day)?s?\b"
_COUNT = rf"(?P<count>\d{{1,3}}|{'|'.join(sorted(NUMBERS, key=len, reverse=True))})"
_UNIT = r"(?P<unit>minute|hour|day|week|fortnight|month|year|decade|century|centurie)s?"
_YEAR = r"(?P<year>(?:1[5-9]|20)\d\d)"
_NOT_A_COUNT = r"(?![\s-]*(?:people|dlrs|dollars|tonnes|troops|soldiers|missiles|km|miles|%|percent|million))"
_EVENT_OF_A_YEAR = (
    r"(?='s\b|\s+(?:war|summit|election|treaty|agreement|deal|attack|test|launch|coup|accord|invasion|meeting|visit"
    r"|pact|ceasefire))"
)

_SOURCES: tuple[tuple[str, str], ...] = (
    ("iso", r"\b(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)\b"),
    ("day_month", rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+{_MONTH}\b(?:,?\s+{_YEAR}\b)?"),
    ("month_day", rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b{_NOT_A_COUNT}(?:,?\s+{_YEAR}\b)?"),
    ("month_year", rf"\b{_MONTH}(?:\s+of)?,?\s+{_YEAR}\b"),
    ("ago", rf"\b{_COUNT}\s+{_UNIT}\s+(?P<dir>ago|earlier|before|later|from now)\b"),
    ("many_ago", r"\b(?:many |some )?(?P<unit>day|week|month|year|decade|centurie)s\s+ago\b"),
    (
        "over_past",
        (
            r"\b(?:over|in|during|within|for|throughout)\s+(?:the\s+)?(?:past|last|previous|recent)\s+"
            rf"(?:{_COUNT}\s+)?{_UNIT}\b"
        ),
    ),
    ("in_recent", r"\b(?:in\s+recent|recent)\s+(?P<unit>day|week|month|year|decade)s\b"),
    (
        "relative",
        (
            r"\b(?P<dir>last|this|next|past|previous|coming|earlier this|later this|following)\s+"
            r"(?P<unit>week(?:end)?|month|year|decade|century|night|spring|summer|autumn|fall|winter)\b"
        ),
    ),
    ("relative_month", rf"\b(?P<dir>last|this|next)\s+{_MONTH}\b"),
    ("relative_day", rf"\b(?P<dir>last|this|next|this coming|this past)\s+{_DAY}"),
    (
        "near_day",
        (
            r"\b(?P<word>today|yesterday|tomorrow|tonight|overnight|this (?:morning|afternoon|evening)"
            r"|day before yesterday|day after tomorrow)\b"
        ),
    ),
    ("weekday", rf"\b{_DAY}"),
    ("decade", r"\b(?:the\s+)?(?:early |late |mid-?)?(?P<year>(?:1[5-9]|20)\d0)s\b"),
    ("year_span", r"\b(?P<y1>(?:1[5-9]|20)\d\d)\s?[-–]\s?(?P<y2>(?:(?:1[5-9]|20)\d\d)|\d\d)\b(?!-)"),
    (
        "year",
        (
            r"\b(?:in|since|of|by|from|during|until|before|after|early|late|mid|the|to|for|summer|winter|spring|autumn"
            rf"|fall)[\s-]+{_YEAR}\b{_NOT_A_COUNT}"
        ),
    ),
    ("possessive_year", rf"\b{_YEAR}{_EVENT_OF_A_YEAR}"),
    ("month", rf"\b(?:in|since|of|by|from|during|until|early|late|mid|to|for)[\s-]+{_MONTH}\b(?!\s+(?:be|have)\b)"),
)

PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _SOURCES
)
"""In order of precedence: what an earlier pattern took, a later one leaves alone."""

LOOKS_AHEAD = re.compile(
    r"\b(?:will|shall|to be held|scheduled|planned|plans?|due|expected|next|set to|is to|are to|would)\b", re.IGNORECASE
)
"""Words before a bare month or weekday that make it the coming one."""

MAY_HOLD_A_DATE = re.compile(
    r"\d|day\b|days\b|week|month|year|ago\b|night|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|morning"
    r"|afternoon|evening|today|tomorrow|decade|centur|recent|spring|summer|autumn|winter|fall\b",
    re.IGNORECASE,
)
"""A cheap test that spares most sentences the patterns."""
