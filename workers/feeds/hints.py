"""What a publisher says about when to come again: HTTP's headers, and what RSS keeps in the document. Pure.

Everything is read leniently: a hint that makes no sense is no hint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_HEAD_BYTES = 256 * 1024
"""The channel's own elements stand before its items, or after few of them."""

_TTL = re.compile(rb"<ttl>\s*(\d{1,7})\s*</ttl>", re.IGNORECASE)
_SKIP_HOURS = re.compile(rb"<skipHours>(.{0,4000}?)</skipHours>", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_SKIP_DAYS = re.compile(rb"<skipDays>(.{0,2000}?)</skipDays>", re.IGNORECASE | re.DOTALL)
_DAY = re.compile(rb"<day>\s*([A-Za-z]{6,9})\s*</day>", re.IGNORECASE)
_PERIOD = re.compile(rb"<(?:\w{1,20}:)?updatePeriod>\s*(hourly|daily|weekly|monthly|yearly)\s*</", re.IGNORECASE)
_FREQUENCY = re.compile(rb"<(?:\w{1,20}:)?updateFrequency>\s*(\d{1,5})\s*</", re.IGNORECASE)
_MAX_AGE = re.compile(r"(?:^|[,\s])(?:s-maxage|max-age)\s*=\s*\"?(\d{1,10})", re.IGNORECASE)

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 7 * 86_400, "monthly": 30 * 86_400, "yearly": 365 * 86_400}
_LONGEST = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Hints:
    """What a document asks of its readers. `skip_hours` count in GMT, `skip_days` from Monday, 0, also in GMT."""

    ttl: timedelta | None = None
    period: timedelta | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()

    @property
    def pause(self) -> timedelta | None:
        """The longest pause that it names."""
        return max((each for each in (self.ttl, self.period) if each is not None), default=None)


NONE = Hints()
"""Of a document that asks for nothing."""


def hints_of(body: bytes) -> Hints:
    """The hints of an RSS document: `ttl` in minutes, `skipHours`, `skipDays`, and the module Syndication's period.

    Read from the bytes, so that no parser need be trusted with them; only documents in an encoding like ASCII tell.
    """
    head = body[:_HEAD_BYTES]
    ttl = _TTL.search(head)
    hours = {int(each) % 24 for each in _inside(_SKIP_HOURS, _HOUR, head) if int(each) <= 24}
    days = {each.decode("ascii").lower() for each in _inside(_SKIP_DAYS, _DAY, head)}
    return Hints(
        ttl=timedelta(minutes=int(ttl[1])) if ttl and int(ttl[1]) else None,
        period=_period(head),
        # Who skips all hours, or all days, says nothing.
        skip_hours=tuple(sorted(hours)) if len(hours) < 24 else (),
        skip_days=tuple(sorted(_DAYS.index(day) for day in days if day in _DAYS)) if len(days) < 7 else (),
    )


def max_age(cache_control: str | None) -> timedelta | None:
    """How long the answer stays fresh by its `Cache-Control` (RFC 9111, 5.2.2); None if it does not say."""
    text = cache_control or ""
    if re.search(r"\bno-(?:store|cache)\b", text, re.IGNORECASE):
        return None
    seconds: int = max((int(found[1]) for found in _MAX_AGE.finditer(text)), default=0)
    return min(_LONGEST, timedelta(seconds=seconds)) if seconds else None


def retry_at(retry_after: str | None, now: datetime) -> datetime | None:
    """The moment that a `Retry-After` names, in seconds or as a date (RFC 9110, 10.2.3); None if it names none."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return now + timedelta(seconds=min(int(text[:12]), int(_LONGEST.total_seconds())))
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _inside(outer: re.Pattern[bytes], inner: re.Pattern[bytes], head: bytes) -> list[bytes]:
    found = outer.search(head)
    return [each[1] for each in inner.finditer(found[1])] if found else []


def _period(head: bytes) -> timedelta | None:
    named = _PERIOD.search(head)
    if named is None:
        return None
    frequency = _FREQUENCY.search(head)
    times = max(1, int(frequency[1])) if frequency else 1
    return timedelta(seconds=_PERIODS[named[1].decode("ascii").lower()] / times)
