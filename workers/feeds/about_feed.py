"""The alert about a feed: one that never worked, that fails for too long, that is gone, that gives nothing new. Pure.

It travels as any alert does; when the feed works again, it is retracted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import ValidationError

from topics.alerts import Alert, AlertCounts, Level, Window, alert_id
from workers.feeds.spans import AT_ONCE, NEVER, show_span
from workers.feeds.state import FeedState
from workers.feeds.subscriptions import Subscription

BROKEN_PATTERN = "tocsin-feed-broken"
SILENT_PATTERN = "tocsin-feed-silent"

NEVER_WORKED_AFTER = 2
"""Failures of a feed that never worked: most likely its address is wrong, which no patience mends."""

Kind = Literal["never-worked", "failing", "gone", "silent"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a feed, since when, and the words for it."""

    kind: Kind
    since: datetime
    title: str
    description: str
    level: Level = "medium"

    @property
    def pattern_id(self) -> str:
        """The pattern that its alert names."""
        return SILENT_PATTERN if self.kind == "silent" else BROKEN_PATTERN


def trouble_of(state: FeedState, feed: Subscription, now: datetime) -> Trouble | None:
    """What should be told of the feed now; None if nothing."""
    if state.failing_since is not None:
        return _broken(state, feed, state.failing_since, now)
    if feed.silent_after == NEVER:
        return None
    last = state.new_at or state.since
    if last is None or now - last < feed.silent_after:
        return None
    return Trouble(
        "silent",
        last,
        f"Feed {_name(feed)} gives nothing new",
        f"Its last new entry came at {last:%Y-%m-%d %H:%M}Z; it answers, but has had nothing new for longer than"
        f" {show_span(feed.silent_after)} (silent_after). Has it moved? `tocsin feeds check {feed.url}` shows it.",
        "low",
    )


def changes(state: FeedState, feed: Subscription, now: datetime) -> tuple[list[Alert], str | None]:
    """The alerts to be said now, and the one that stands from then on, as JSON."""
    trouble = trouble_of(state, feed, now)
    standing = _standing(state)
    fired = None if trouble is None else _alert(trouble, feed, now)
    if standing is not None and fired is not None and standing.id == fired.id:
        return [], state.alert
    said = [] if standing is None else [_ended(standing, feed, trouble)]
    if fired is not None:
        said.append(fired)
    return said, None if fired is None else fired.model_dump_json()


def ended(state: FeedState) -> Alert | None:
    """The end of the alert that stands about a feed which is subscribed to no more; None if none stands."""
    standing = _standing(state)
    if standing is None:
        return None
    told = "The feed is not subscribed to any more."
    return standing.model_copy(update={"state": "retracted", "sequence": standing.sequence + 1, "description": told})


def _broken(state: FeedState, feed: Subscription, since: datetime, now: datetime) -> Trouble | None:
    why = f"The last error: {state.error}."
    if feed.alert_after == NEVER:
        return None
    if state.gone:
        return Trouble(
            "gone",
            since,
            f"Feed {_name(feed)} is gone",
            f"{why} It is not asked again. Take it out of feeds.yaml, or `tocsin feeds retry {feed.url}`.",
        )
    tries = f"{state.failures} {'try' if state.failures == 1 else 'tries'}"
    if state.succeeded_at is None:
        if state.failures < NEVER_WORKED_AFTER and feed.alert_after != AT_ONCE:
            return None
        return Trouble("never-worked", since, f"Feed {_name(feed)} never worked", f"{tries}. {why} Tries go on.")
    if now - since < feed.alert_after:
        return None
    return Trouble(
        "failing",
        since,
        f"Feed {_name(feed)} is broken",
        f"It last worked at {state.succeeded_at:%Y-%m-%d %H:%M}Z; {tries} since. {why} Tries go on.",
    )


def _alert(trouble: Trouble, feed: Subscription, now: datetime) -> Alert:
    anchor = f"{trouble.kind} since {trouble.since.isoformat()}"
    return Alert(
        id=alert_id(trouble.pattern_id, (feed.url,), anchor),
        pattern_id=trouble.pattern_id,
        pattern_version="1",
        title=trouble.title,
        level=trouble.level,
        group={"feed": (feed.url,)},
        window=Window(start=trouble.since, end=now, timespan="0s"),
        evidence=(),
        counts=AlertCounts(articles=0, stories=0, sources=0),
        first_event_at=trouble.since,
        last_event_at=now,
        fired_at=now,
        tags=("tocsin", "feed"),
        description=trouble.description,
    )


def _ended(standing: Alert, feed: Subscription, trouble: Trouble | None) -> Alert:
    if trouble is not None:
        told = f"{trouble.title}: another alert tells of it."
    elif standing.pattern_id == SILENT_PATTERN:
        told = f"Feed {_name(feed)} gives new entries again, or is no longer expected to."
    else:
        told = f"Feed {_name(feed)} works again."
    return standing.model_copy(update={"state": "retracted", "sequence": standing.sequence + 1, "description": told})


def _standing(state: FeedState) -> Alert | None:
    try:
        return Alert.model_validate_json(state.alert) if state.alert else None
    except ValidationError:  # of another version: the alert that follows from the state is said anew, with its own id
        return None


def _name(feed: Subscription) -> str:
    return feed.source or feed.url
