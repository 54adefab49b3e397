"""What an attempt means and when the next one is due. Pure: status codes, headers and times come as arguments."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from workers.notify.targets import RetryPolicy

Verdict = Literal["delivered", "retry", "permanent", "gone"]
"""`gone`: the receiver itself wants nothing more, ever."""

_PASSING_4XX = frozenset({408, 425, 429})
_GONE = 410
_MOVED_FOR_GOOD = frozenset({301, 308})


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one attempt. `reason` is for people and holds no secret; `retry_after` is in seconds.

    `memo`: what the channel wants to be given with the next message of the same incident, such as where the first is.
    """

    verdict: Verdict
    reason: str | None = None
    status_code: int | None = None
    retry_after: float | None = None
    latency_ms: float | None = None
    memo: str = ""


def of_status(status: int) -> Verdict:
    """2xx is delivered, 410 gone. Worth another try: 408, 425, 429, 5xx, a redirect that is not meant for ever."""
    if 200 <= status < 300:
        return "delivered"
    if status in _PASSING_4XX or status >= 500:
        return "retry"
    if 300 <= status < 400 and status not in _MOVED_FOR_GOOD:
        return "retry"
    return "gone" if status == _GONE else "permanent"


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds from `now` that a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or an HTTP date)."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:  # "-0000": UTC of an unknown zone
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def next_due(
    policy: RetryPolicy,
    *,
    attempt: int,
    now: float,
    give_up_at: float,
    asked: float | None,
    chance: random.Random,
) -> float | None:
    """When attempt number `attempt + 1` is due (epoch seconds); None if the schedule has ended.

    Capped exponential backoff with full jitter: a random pause between 0 and `first * 2 ** (attempt - 1)`, at most
    `longest` ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015). What a receiver asked for is waited in
    full, except that the last try is never later than `give_up_at`.
    """
    if now >= give_up_at or (policy.attempts is not None and attempt >= policy.attempts):
        return None
    ceiling = min(policy.longest, policy.first * 2.0 ** min(attempt - 1, 60))
    return min(give_up_at, now + max(chance.uniform(0.0, ceiling), asked or 0.0))
