"""How news writes times: patterns and the numbers behind month, weekday and number words. `dates` resolves them."""

from __future__ import annotations

import calendar
import re

MONTHS = {name.lower(): i for i, name in enumerate(calendar.month_name) if name}
MONTHS |= {name.lower(): i for i, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}
WEEKDAYS = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "several": 4,
    "few": 3, "couple": 2, "couple of": 2, "half a": 1, "half-a": 1, "half an": 1,
}  # fmt: skip
HOLIDAYS = {"christmas eve": (12, 24), "christmas day": (12, 25), "christmas": (12, 25), "boxing day": (12, 26),
            "new year's eve": (12, 31), "new year's day": (1, 1)}  # fmt: skip
WARS = {
    "cold war": (1947, 1991), "korean war": (1950, 1953), "vietnam war": (1955, 1975), "first world war": (1914, 1918),
    "gulf war": (1990, 1991), "iran-iraq war": (1980, 1988), "falklands war": (1982, 1982), "bosnian war": (1992, 1995),
    "yom kippur war": (1973, 1973), "winter war": (1939, 1940), "kargil war": (1999, 1999), "great war": (1914, 1918),
    "second world war": (1939, 1945), "world war i": (1914, 1918), "world war one": (1914, 1918),
    "world war ii": (1939, 1945), "world war two": (1939, 1945),
}  # fmt: skip

# Names of months and days begin with a capital: "may", "march", "sat" and "sun" are words.
_CAPITAL = r"(?-i:(?=[A-Z]))"
PLAIN_MONTHS = ("january", "february", "april", "june", "july", "september", "october", "november", "december")
"""These are nothing else, and old wires wrote them in small letters, too."""
_NAMED = rf"(?-i:(?=[A-Z]|(?:{'|'.join(PLAIN_MONTHS)})\b))"
_MONTH = _NAMED + (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_PLAIN_DAY = _CAPITAL + r"(?P<weekday>mon|tues|wednes|thurs|fri|satur|sun)day\b"
_SHORT_DAY = _CAPITAL + r"(?P<short>mon|tues?|wed|thur?s?|fri|sat|sun)(?:\.|(?=,?\s\d))"
_COUNT = rf"(?P<count>\d{{1,3}}|{'|'.join(sorted(NUMBERS, key=len, reverse=True))})"
_UNIT = r"(?P<unit>minute|hour|day|week|fortnight|month|year|decade|century|centurie)s?"
_LONG_UNIT = r"(?P<unit>week|month|year|decade|centurie|generation)s"
_YEAR = r"(?P<year>(?:1[5-9]|20)\d\d)"
_NTH = r"(?:st|nd|rd|th)?"
_TO = r"\s?(?:-|–|to|and|until|through)\s?"
_NOT_A_COUNT = (
    r"(?![\s-]*(?:people|met(?:re|er)|feet|foot|km|kg|mile|acre|euro|pound|page|word|seat|strong|bed|room|dlrs|dollars|tonnes|troops|soldiers|missiles|km|miles|%|percent|million|billion|drones))"
    r"(?![.,:]\d)"
)
_EVENT_OF_A_YEAR = (
    r"(?='s\b|\s+(?:[A-Z][\w-]+\s+|\w+-\w+\s+|nuclear\s+|peace\s+|presidential\s+|military\s+|missile\s+){0,2}"
    r"(?:war|summit|election|treaty|agreement|deal|attack|attacks|test|tests|launch|coup|accord|accords|invasion"
    r"|meeting|visit|pact|ceasefire|truce|bombing|massacre|earthquake|referendum|revolution|uprising|talks)\b)"
)

_SOURCES: tuple[tuple[str, str], ...] = (
    ("iso", r"\b(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)\b"),
    ("slashed", r"\b(?P<a>\d{1,2})[/.](?P<b>\d{1,2})[/.](?P<y>(?:19|20)\d\d)\b"),
    ("day_range", rf"\b(?P<d1>\d{{1,2}}){_NTH}{_TO}(?P<day>\d{{1,2}}){_NTH}(?:\s+of)?\s+{_MONTH}(?:,?\s+{_YEAR}\b)?"),
    (
        "day_range",
        rf"\b{_MONTH}\s+(?P<d1>\d{{1,2}}){_NTH}{_TO}(?P<day>\d{{1,2}}){_NTH}\b{_NOT_A_COUNT}(?:,?\s+{_YEAR}\b)?",
    ),
    ("day_month", rf"\b(?P<day>\d{{1,2}}){_NTH}(?:\s+of)?\s+{_MONTH}(?:,?\s+{_YEAR}\b)?"),
    ("day_month", rf"\b{_MONTH}(?:\s+|(?<=\.))(?P<day>\d{{1,2}}){_NTH}\b{_NOT_A_COUNT}(?:,?\s*{_YEAR}\b)?"),
    ("month_year", rf"\b{_MONTH}(?:\s+of)?,?\s+{_YEAR}\b"),
    ("ago", rf"\b{_COUNT}(?:\s+and\s+a\s+half)?\s+{_UNIT}(?:\s+and\s+a\s+half)?\s+(?P<dir>ago|from now)\b"),
    ("away", rf"\b{_COUNT}\s+{_UNIT}\s+(?:away|off)\b"),
    (
        "earlier",
        rf"\b(?:{_COUNT}\s+)?{_UNIT}\s+(?:earlier|before|previously)\b(?!\s+(?:the|he|she|it|they|its|his|a)\b)",
    ),
    ("many_ago", r"\b(?:many |some )?(?P<unit>day|week|month|year|decade|centurie)s\s+ago\b"),
    (
        "over_past",
        (
            r"\b(?:over|in|during|within|for|throughout)\s+(?:the\s+)?(?:past|last|previous|recent|preceding)\s+"
            rf"(?:{_COUNT}\s+)?{_UNIT}\b"
        ),
    ),
    ("in_recent", r"\b(?:in\s+recent|recent)\s+(?P<unit>day|week|month|year|decade)s\b"),
    ("for_long", rf"\b(?:for|over|through)\s+(?:the\s+|many\s+|several\s+|some\s+)?{_LONG_UNIT}\b(?!\s+(?:in|of)\b)"),
    (
        "to_come",
        rf"\b(?:(?:in|over|within|during)\s+the\s+(?:coming|next|following)|within)\s+(?:{_COUNT}\s+)?{_UNIT}\b",
    ),
    ("in_so_long", rf"\bin\s+{_COUNT}\s+{_UNIT}(?:'s?\s+time)?\b"),
    ("month_of_year", rf"\b{_MONTH}\s+(?:of\s+)?(?P<dir>last|this|next)\s+year\b"),
    ("day_of_week", rf"\b{_PLAIN_DAY}\s+(?:of\s+)?(?P<dir>this|next|last)\s+week\b"),
    (
        "relative",
        (
            r"\b(?P<dir>last|this|next|past|previous|coming|earlier this|later this|following)\s+"
            r"(?P<unit>week(?:end)?|month|year|decade|century|night|spring|summer|autumn|fall|winter)\b"
        ),
    ),
    ("weekend", r"\b(?:at|on|over|during)\s+the\s+(?P<unit>weekend)\b"),
    (
        "season",
        (
            r"\b(?:in|during|over|throughout|through|all|since)\s+(?:the\s+)?(?:early\s+|late\s+)?"
            r"(?P<unit>spring|summer|autumn|winter)\b(?!\s+of\b)"
        ),
    ),
    ("relative_month", rf"\b(?P<dir>last|this|next)\s+{_MONTH}"),
    ("relative_day", rf"\b(?P<dir>last|this|next|this coming|this past)\s+{_PLAIN_DAY}"),
    (
        "near_day",
        (
            r"\b(?P<word>today|yesterday|tomorrow|tonight|overnight|this (?:morning|afternoon|evening)"
            r"|day before yesterday|day after tomorrow)\b"
        ),
    ),
    ("weekday", rf"\b(?:{_PLAIN_DAY}|{_SHORT_DAY})"),
    (
        "nth",
        (
            r"\bon\s+the\s+(?P<day>\d{1,2})(?:st|nd|rd|th)\b"
            r"(?:\s+of\s+(?P<dir>this|last|next)\s+month|(?=[.,;:)]|$|\s+(?:and|at|in|when|after|before|to|by|for|the)\b))"
        ),
    ),
    ("this_year", r"\bsince\s+the\s+(?:start|beginning|turn)\s+of\s+the\s+year\b(?!\s+\d)"),
    ("new_year", r"\bin\s+the\s+new\s+year\b"),
    ("holiday", r"\b(?P<word>christmas (?:eve|day)|new year's (?:eve|day)|boxing day|(?<=at )christmas)\b"),
    ("decade", r"\b(?:the\s+)?(?:early |late |mid-?)?(?P<year>(?:1[5-9]|20)\d0)s\b"),
    ("year_span", r"\b(?:between|from)\s+(?P<y1>(?:1[5-9]|20)\d\d)\s+(?:and|to|until)\s+(?P<y2>(?:1[5-9]|20)\d\d)\b"),
    ("year_span", r"\b(?P<y1>(?:1[5-9]|20)\d\d)\s?[-–]\s?(?P<y2>(?:(?:1[5-9]|20)\d\d)|\d\d)\b(?!-)"),
    (
        "year",
        (
            r"\b(?:in|since|of|by|from|during|until|before|after|early|late|mid|the|to|for|summer|winter|spring|autumn"
            rf"|fall|back in|a|an|his|her|its|their)[\s-]+{_YEAR}\b{_NOT_A_COUNT}"
        ),
    ),
    ("year", rf"(?:^|(?<=[.;!?]\s)|(?<=[-•*–]\s)){_YEAR}(?=\s?[:–—]\s)"),  # a time-line's "1985: Chad fires a missile"
    ("possessive_year", rf"\b{_YEAR}{_EVENT_OF_A_YEAR}"),
    (
        "month",
        rf"\b(?:in|since|of|by|from|during|until|early|late|mid|to|for|through|before|after|than)[\s-]+{_MONTH}(?!\s+(?:be|have)\b)",
    ),
    (
        "month",
        (
            rf"\b(?:a|an|the|its|their|his|her|that)\s+{_MONTH}"
            r"(?=\s+(?!(?:on|of|in|for|to|at|by|and|or|as|is|was|has|had|will|would|through|against)\b)[a-z])"
        ),
    ),
    ("month", rf"\b{_MONTH}(?='s\s+[a-z])"),
    ("year", rf"(?:^|(?<=[.;]\s)){_YEAR}(?=:\s)"),
    ("month", rf"(?:^|(?<=[.;]\s)){_MONTH}(?=:\s)"),
    ("war", rf"\b(?:in|during|of|since|after)\s+(?:the\s+)?(?P<war>{'|'.join(WARS)})\b(?!-)"),
    (
        "long_past",
        (
            r"\b(?:back then|in those days|in the past|in years past|long ago|in the old days|once upon a time)\b"
            r"|\b[\w-]+\s+(?:summers|winters|springs|autumns|(?:mon|tues|wednes|thurs|fri|satur|sun)days|weekends)\s+ago\b"
            r"|\b(?:a\s+(?:long\s+|good\s+|little\s+)?while|some\s+time)\s+(?:ago|back)\b|\bthe\s+week(?:end)?\s+before\s+last\b"
            r"|\bearl(?:y|ier)\s+in\s+the\s+(?:year|season|decade|century|war|conflict|campaign)\b"
            # A war whose first days are told of has gone on since, and one that is named by its length is over.
            r"|\b(?:in|on|during|from)\s+the\s+(?:(?:very\s+)?(?:first|opening|early|earliest|initial|final|closing))\s+(?:\w+\s+)?"
            r"(?:minutes|hours?|days?|night|morning|weeks?|months?|year)\s+of\s+(?:[\w’'-]+\s+){1,3}?(?:war|invasion|siege|conflict)\b"
            r"|\b(?:in|during|since|of)\s+(?:the|last\s+\w+'s|that|an?)\s+[\w-]+-(?:day|week|month|year)(?:-long)?\s+"
            r"(?:war|conflict)\b"
        ),
    ),
)

PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _SOURCES
)
"""In order of precedence: what an earlier pattern took, a later one leaves alone."""

ANAPHORIC = re.compile(
    r"\b(?:that(?:\s+same)?|the same|the following|the next)\s+(?P<unit>day|night|morning|evening|week|month|year"
    r"|summer|spring|autumn|winter)\b"
    r"|\b(?:\w+\s+)?(?P<later>days?|weeks?|months?|years?|decades?)\s+(?:later|after that)\b"
    r"|\b(?:at the time|since then)\b|^then\b",
    re.IGNORECASE,
)
"""Words that date an event by the date named before it."""

LOOKS_AHEAD = re.compile(
    r"\b(?:will|shall|to be held|scheduled|planned|plans?|planning|due|expected|next|set to|is to|are to|would|intends?"
    r"|vow(?:s|ed)|promised|agreed to|preparing|upcoming|coming|ahead of|until)\b",
    re.IGNORECASE,
)
"""Words before a date without a year that make it the coming one."""
