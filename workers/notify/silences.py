"""Silences: made and checked, expired, and whether one holds. Pure; `mute_store` and `silence_log` keep them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from topics.silences import Matcher, Silence
from workers.notify.matchers import Labels, match_all, matches

SilenceState = Literal["pending", "active", "expired"]

LONGEST = timedelta(days=365)
"""So that no silence outlives its record on the topic `silences`."""

SHOWN_AFTER_END = timedelta(days=5)
"""As Alertmanager: so long an expired silence is still shown; then it is dropped from Redis."""

_LONGEST_TEXT = 1000


class SilenceError(ValueError):
    """A silence that cannot be; the message says why."""


def new_silence(
    identity: str,
    matchers: Sequence[Matcher],
    *,
    starts_at: datetime,
    ends_at: datetime,
    created_by: str,
    comment: str,
    now: datetime,
) -> Silence:
    """A silence that can be. Raises SilenceError."""
    if not matchers:
        raise SilenceError("a silence needs a matcher, such as actor=KP or pattern=launch-plus-summit")
    if all(matches(matcher, {}) for matcher in matchers):
        told = " ".join(map(str, matchers))
        raise SilenceError(
            f"{told}: it would match alerts that have none of these labels; at least one matcher must ask for a value"
        )
    if ends_at <= starts_at:
        raise SilenceError(f"it would end at {_shown(ends_at)}, before it begins at {_shown(starts_at)}")
    if ends_at <= now:
        raise SilenceError(f"it would have ended already, at {_shown(ends_at)}")
    if ends_at - starts_at > LONGEST:
        raise SilenceError(f"it would hold for {(ends_at - starts_at).days} days; at most {LONGEST.days}")
    for name, text in (("comment", comment), ("created by", created_by)):
        if not text.strip():
            raise SilenceError(f"{name}: expected a word or more; whoever is woken asks why this was silent")
        if len(text) > _LONGEST_TEXT:
            raise SilenceError(f"{name}: {len(text)} characters; at most {_LONGEST_TEXT}")
    return Silence(
        id=identity,
        matchers=tuple(matchers),
        starts_at=starts_at,
        ends_at=ends_at,
        created_by=created_by.strip(),
        comment=comment.strip(),
        changed_at=now,
    )


def expired(silence: Silence, now: datetime) -> Silence:
    """`silence`, ended now. Raises SilenceError if it has ended already."""
    if state_of(silence, now) == "expired":
        raise SilenceError(f"silence {silence.id} has ended already, at {_shown(silence.ends_at)}")
    return silence.model_copy(
        update={"ends_at": now, "starts_at": min(silence.starts_at, now), "changed_at": max(now, silence.changed_at)}
    )


def state_of(silence: Silence, now: datetime) -> SilenceState:
    """Whether it holds: from its start on, up to but not at its end."""
    if now >= silence.ends_at:
        return "expired"
    return "active" if now >= silence.starts_at else "pending"


def is_over(silence: Silence, now: datetime) -> bool:
    """Whether it need not be shown any more."""
    return now >= silence.ends_at + SHOWN_AFTER_END


def silencing(silences: Iterable[Silence], labels: Labels, now: datetime) -> Silence | None:
    """The silence that holds for an alert with `labels`, the one that ends last; None if none does."""
    found = [one for one in silences if state_of(one, now) == "active" and match_all(one.matchers, labels)]
    return max(found, key=lambda one: (one.ends_at, one.id), default=None)


def latest(silences: Iterable[Silence]) -> Mapping[str, Silence]:
    """The last word on each, by id."""
    found: dict[str, Silence] = {}
    for silence in silences:
        known = found.get(silence.id)
        if known is None or silence.changed_at >= known.changed_at:
            found[silence.id] = silence
    return found


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")
