"""When a feed is asked next: from its own rhythm, from what its publisher asks for, and from what came last. Pure.

A publisher's *demand* (`Retry-After`) is always kept, up to a week. His *hints* (`max-age`, `ttl`, `updatePeriod`,
`skipHours`, `skipDays`) are kept unless the subscription names an `interval` of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from workers.feeds.hints import NONE, Hints

SHORTEST = timedelta(minutes=5)
LONGEST = timedelta(hours=1)
"""The bounds of what a feed's own rhythm may ask for."""

UNKNOWN = timedelta(minutes=30)
"""For a feed whose rhythm is not known."""

LONGEST_HINT = timedelta(hours=6)
"""A `ttl` of a day on a news feed is a slip of its software; who means it writes `interval: 1d`."""

LONGEST_DEMAND = timedelta(days=7)
"""A `Retry-After` beyond this is no longer believed; an alert about the broken feed has told of it by then."""

FIRST_RETRY = timedelta(minutes=15)
LONGEST_RETRY = timedelta(hours=4)
JITTER = 0.1
"""Polls come up to so much of their pause later, never earlier, so that feeds do not march in step."""

QUIET = 10
"""A feed that has been silent for a time is asked after a tenth of it."""

ARRIVALS = 16
"""So many of the last arrivals make the rhythm."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the publisher said last: a demand not to come before a moment, how long the answer stays fresh, hints."""

    retry_at: datetime | None = None
    max_age: timedelta | None = None
    hints: Hints = NONE


@dataclass(frozen=True, slots=True)
class Next:
    """When to ask: at `at`; and on no account before `not_before`, whatever changes in the subscription."""

    at: datetime
    not_before: datetime | None = None


def after_answer(
    now: datetime, interval: timedelta | None, arrivals: Sequence[datetime], spoken: Spoken, spread: float
) -> Next:
    """After a good answer. `interval` is the subscription's own; `spread`, 0 to 1, picks the place in the jitter."""
    pause = interval if interval is not None else max(rhythm(arrivals, now), _wished(spoken))
    at = now + pause * (1 + JITTER * spread)
    if interval is None:
        at = _awake(at, spoken.hints)
    return _kept(at, spoken.retry_at, now)


def after_failure(
    now: datetime, interval: timedelta | None, failures: int, retry_at: datetime | None, spread: float
) -> Next:
    """After the `failures`th failure in a row: ever more rarely, and never for the last time."""
    first = min(interval, FIRST_RETRY) if interval is not None else FIRST_RETRY
    pause = min(LONGEST_RETRY, first * 2 ** min(failures - 1, 20))
    return _kept(now + pause * (1 + JITTER * spread), retry_at, now)


def rhythm(arrivals: Sequence[datetime], now: datetime) -> timedelta:
    """Half of the usual gap between arrivals, or a tenth of the silence since the last, whichever is longer.

    Between SHORTEST and LONGEST; UNKNOWN for fewer than two arrivals.
    """
    known = sorted(each for each in arrivals if each <= now)[-ARRIVALS:]
    if len(known) < 2:
        return UNKNOWN
    usual = median((later - earlier).total_seconds() for earlier, later in pairwise(known))
    silence = (now - known[-1]).total_seconds()
    return min(LONGEST, max(SHORTEST, timedelta(seconds=max(usual / 2, silence / QUIET))))


def per_day(arrivals: Sequence[datetime], now: datetime) -> float | None:
    """Entries a day, as the last arrivals and the silence since them say; None for fewer than two."""
    known = sorted(each for each in arrivals if each <= now)
    if len(known) < 2 or now <= known[0]:
        return None
    return len(known) * 86_400 / (now - known[0]).total_seconds()


def _wished(spoken: Spoken) -> timedelta:
    wishes = [each for each in (spoken.max_age, spoken.hints.pause) if each is not None]
    return min(LONGEST_HINT, max(wishes, default=timedelta(0)))


def _kept(at: datetime, retry_at: datetime | None, now: datetime) -> Next:
    if retry_at is None or retry_at <= now:
        return Next(at)
    demand = min(retry_at, now + LONGEST_DEMAND)
    return Next(max(at, demand), demand)


def _awake(at: datetime, hints: Hints) -> datetime:
    """`at`, moved out of the hours and days in which the publisher wants no readers."""
    for _ in range(24 * 8):
        if at.hour not in hints.skip_hours and at.weekday() not in hints.skip_days:
            return at
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return at  # every hour of the week is skipped: a wish that cannot be kept
