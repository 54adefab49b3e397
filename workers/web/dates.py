"""The dates of feeds, in all their wrong forms, to moments in UTC. Pure: nothing is filled in from the clock.

A date that can be read in two ways, or whose year is not written, is None: the article then counts from its fetching.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from workers.web.date_words import bare, month_anywhere, month_of, zone_of

EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
"""Feeds are younger; 1970-01-01 and 0001-01-01 are what a program writes that knows no date."""

MAX_CHARS = 100
_MAX_OFFSET = timedelta(hours=14, minutes=59)

_SECONDS = range(10**8, 10**10)
_MILLISECONDS = range(10**11, 10**13)

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)")
_RFC822 = re.compile(r"[A-Z][a-z]{2}, (\d\d?) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:GMT|([+-])(\d\d)(\d\d))")
_ENGLISH = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6,
    "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12,
}  # fmt: skip
_COMMENT = re.compile(r"\([^()]*\)")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})\s?[-/.]\s?(\d{1,2})\s?[-/.]\s?(\d{1,2})(?!\d)\.?t?")
_COMPACT = re.compile(r"(?<![\d+-])(\d{4})(\d{2})(\d{2})(?:[t ]?(\d{2})(\d{2})(\d{2})?(?:[.,]\d+)?)?(?=\D|$)")
_ORDINAL = re.compile(r"^(\d{4})-?(\d{3})(?=[^\d-]|$)")
_WEEK = re.compile(r"^\d{4}-?w\d{2}-?\d")
_NUMBERS = re.compile(r"(?<!\d)(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?!\d)")
_TIME = re.compile(
    r"(?<![\d+:-])(\d{1,2})\s?(?:[:h]\s?|\.(?=\d\d(?:\.\d\d)?(?!\d|\.)))(\d{2})"
    r"(?:\s?[:.]\s?(\d{1,2})(?:[.,]\d+)?)?(?!\d)\s*(am|pm|a\.\s?m\.|p\.\s?m\.)?"
)
_HOUR = re.compile(r"(?<![\d:+-])(\d{1,2})\s?(am|pm)\b")
_OFFSET = re.compile(r"(?:(?<=\d)|(?<=[a-z\s]))([+-])(\d{1,2}):?(\d{2})?(?::?\d{2})?(?![\d:/-])")
_REGION = re.compile(r"\b([a-z]+/[a-z_]+(?:/[a-z_]+)?)\b")
_WORDS = re.compile(r"\d+|[^\W\d_]+", re.UNICODE)
_HANGUL = re.compile("[\uac00-\ud7a3]")
_PLAINER = (
    (re.compile(r"(\d{1,2})-([^\W\d_]{3,})-(\d{2,4})"), r"\1 \2 \3 "),
    (re.compile(r"(\d{1,2})\s+(?:thg|tháng)\s+(\d{1,2}),?\s+(\d{4})"), r"\3-\2-\1 "),
    (re.compile(r"(\d)\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]"), r"\1-\2-\3 "),
    (re.compile(r"(\d{1,2})\s*[時时点시]\s*(\d{1,2})\s*[分분](?:\s*(\d{1,2})\s*[秒초])?"), r" \1:\2 "),
    (re.compile(r"(?:오전|午前|上午)\s*(\d{1,2}[:.]\d{2}(?:[:.]\d{2})?)"), r"\1 am"),
    (re.compile(r"(?:오후|午後|下午)\s*(\d{1,2}[:.]\d{2}(?:[:.]\d{2})?)"), r"\1 pm"),
)


def parse_date(written: str, *, language: str | None = None, now: datetime | None = None) -> datetime | None:
    """The moment that is written, in UTC; without a zone it counts as UTC. None if it cannot be told.

    `language` is that of the feed, such as `en-us`: for the names of months and the order of 03/04/2026. `now` decides
    that order if the language does not: only one of the two readings may lie in the past.

    >>> parse_date("dim., 1 mars 2026 10:00:00 +0100").isoformat()
    '2026-03-01T09:00:00+00:00'
    """
    if len(written) > MAX_CHARS:
        return None
    try:
        found = _well_written(written.strip()) or _parsed(written.strip(), (language or "").lower(), now)
        moment = found and found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment and moment >= EARLIEST else None


def _well_written(written: str) -> datetime | None:
    """The two forms that nearly all feeds use, without a detour; None for all others."""
    try:
        if _ISO.fullmatch(written):
            return datetime.fromisoformat(written)
        if (found := _RFC822.fullmatch(written)) and (month := _ENGLISH.get(found[2])):
            offset = timedelta(hours=int(found[8] or 0), minutes=int(found[9] or 0))
            if offset <= _MAX_OFFSET:
                day, year, hour, minute, second = (int(found[n]) for n in (1, 3, 4, 5, 6))
                zone = timezone(-offset if found[7] == "-" else offset)
                return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:  # a leap second, or midnight as 24:00
        pass
    return None


def _parsed(written: str, language: str, now: datetime | None) -> datetime | None:
    if written.isascii() and written.isdigit() and len(written) in (9, 10, 12, 13):
        return _epoch(int(written))
    if _HANGUL.search(written):
        written += " kst"  # Korean feeds write no zone
    words = _COMMENT.sub(" ", "".join(map(_western, unicodedata.normalize("NFKC", written).lower())))
    for pattern, plain in _PLAINER:
        words = pattern.sub(plain, words)
    if found := _COMPACT.search(words):
        hour, minute, second = (int(each or 0) for each in found.group(4, 5, 6))
        midnight = _date(int(found[1]), int(found[2]), int(found[3]))
        return _at(midnight, (hour, minute, second), words[found.end() :], language)
    day, rest = _day(words, language, now)
    return None if day is None else _at(day, *_time(rest), language)


def _western(each: str) -> str:
    return each if each.isascii() or not each.isdecimal() else str(unicodedata.decimal(each))


def _epoch(number: int) -> datetime | None:
    if number in _SECONDS:
        return datetime.fromtimestamp(number, UTC)
    return datetime.fromtimestamp(number / 1000, UTC) if number in _MILLISECONDS else None


def _day(words: str, language: str, now: datetime | None) -> tuple[datetime | None, str]:
    """The day, and what is left of the words."""
    if found := _YEAR_FIRST.search(words):
        return _date(int(found[1]), int(found[2]), int(found[3])), _without(words, found)
    if _WEEK.match(words):
        head = words[:10] if words[4] == "-" else words[:8]
        return datetime.fromisoformat(head.upper()).replace(tzinfo=UTC), words[len(head) :].removeprefix("t")
    if found := _ORDINAL.match(words):
        first = _date(int(found[1]), 1, 1)
        return first + timedelta(days=int(found[2]) - 1), _without(words, found).strip().removeprefix("t")
    if (day := _named(words, language)) is None and (found := _NUMBERS.search(words)):
        day = _in_order(found, language, now)
        words = _without(words, found)
    return day, words


def _without(words: str, found: re.Match[str]) -> str:
    return words[: found.start()] + " " + words[found.end() :]


def _in_order(found: re.Match[str], language: str, now: datetime | None) -> datetime | None:
    """Day and month, in the order that the separator, the numbers, the language or the calendar tell."""
    first, second, year, separator = int(found[1]), int(found[3]), _year(found[4]), found[2]
    if separator == "." or first > 12 or first == second:
        return _date(year, second, first)
    if second > 12:
        return _date(year, first, second)
    if language.startswith("en-us"):
        return _date(year, first, second)
    if (language and not language.startswith("en")) or language.startswith("en-"):
        return _date(year, second, first)
    if now is not None:
        past = [day for day in (_date(year, first, second), _date(year, second, first)) if day <= now]
        return past[0] if len(past) == 1 else None
    return None


def _named(words: str, language: str) -> datetime | None:
    """A day with the month in words: 1 March 2026, March 1st, 2026, 2026 March 1."""
    found = _WORDS.findall(bare(_OFFSET.sub(" ", _TIME.sub(" ", words))))
    # Numbers as they stand, months as their number. All languages are asked only if the likely ones do not know.
    tokens = _tokens(found, lambda word: month_of(word, language)) or _tokens(found, month_anywhere)
    months = [n for n, token in enumerate(tokens) if isinstance(token, int)]
    if not months:
        return None

    def number(n: int) -> str | None:
        token = tokens[n] if 0 <= n < len(tokens) else None
        return token if isinstance(token, str) else None

    # "mar" is Tuesday and March: the month stands beside most numbers.
    at = max(months, key=lambda n: (number(n - 1) is not None) + (number(n + 1) is not None))
    month = tokens[at]
    before, after, next_one = number(at - 1), number(at + 1), number(at + 2)
    day, year = _which(before, after, next_one)
    return None if day is None or year is None else _date(_year(year), int(month), int(day))


def _tokens(words: list[str], month: Callable[[str], int | None]) -> list[int | str]:
    """Numbers and months in their order; nothing if there is no month."""
    tokens = [word if word.isascii() and word.isdigit() else month(word) for word in words]
    known = [token for token in tokens if token is not None]
    return known if any(isinstance(token, int) for token in known) else []


def _which(before: str | None, after: str | None, next_one: str | None) -> tuple[str | None, str | None]:
    """Day and year, from the numbers around the month."""
    if before is not None and len(before) > 2:
        return after, before
    if before is not None:
        return before, after
    return after, next_one


def _date(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def _year(written: str) -> int:
    """Two digits as RFC 5322, 4.3 says, three (1900 plus) likewise; 0026 is a padded 26."""
    year = int(written)
    if len(written) == 3:
        return 1900 + year
    if year >= 100 or (len(written) == 4 and year < 2):
        return year
    return 2000 + year if year < 70 else 1900 + year


def _time(words: str) -> tuple[tuple[int, int, int], str]:
    """Hour, minute, second (midnight if none is written or it is none that exists), and what follows."""
    if found := _TIME.search(words):
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        half = (found[4] or "")[:1]
        rest = words[found.end() :]
    elif found := _HOUR.search(words):
        hour, minute, second, half = int(found[1]), 0, 0, found[2][:1]
        rest = words[found.end() :]
    else:
        return (0, 0, 0), words
    if half and hour <= 12:
        hour = hour % 12 + 12 * (half == "p")
    if hour > 24 or minute > 59 or second > 61 or (hour == 24 and (minute or second)):
        return (0, 0, 0), ""
    return (hour, minute, min(second, 59)), rest


def _at(day: datetime, time: tuple[int, int, int], rest: str, language: str) -> datetime:
    hour, minute, second = time
    local = day + timedelta(hours=hour, minutes=minute, seconds=second)
    return local.replace(tzinfo=_zone(rest, language))


def _zone(words: str, language: str) -> timezone | ZoneInfo:
    """The zone after the time: a number goes before a name, an unknown name is UTC."""
    if found := _OFFSET.search(" " + words):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        if offset <= _MAX_OFFSET and int(found[3] or 0) < 60:
            return timezone(offset if found[1] == "+" else -offset)
    if found := _REGION.search(words):
        try:
            return ZoneInfo("/".join(part.title() for part in found[1].split("/")))
        except (KeyError, ValueError, OSError):  # no such place, or a machine without the database
            return UTC
    for word in _WORDS.findall(words):
        if (named := zone_of(word, language)) is not None:
            return timezone(named)
    return UTC
