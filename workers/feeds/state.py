"""How a feed stands, and how that changes with each visit. Pure: time comes with the visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from topics.articles import Article
from topics.base import UtcDatetime
from workers.feeds.hints import Hints, max_age, retry_at
from workers.feeds.known import UNKNOWN, Validators
from workers.feeds.later import Later
from workers.feeds.schedule import ARRIVALS, JITTER, Spoken, after_answer, after_failure
from workers.feeds.spans import NEVER
from workers.feeds.subscriptions import Subscription

GONE = 410
VISITS_TO_MOVE = 3
"""So many good answers in a row by the same permanent redirect, and its end is asked directly."""

BACKLOG = timedelta(hours=24)
"""What is older when a feed is read for the first time is old news."""

FAILURES_TO_RETURN = 3
"""So many failures there, and the address of the subscription is asked again."""


class FeedState(BaseModel):
    """What is kept of a feed between visits; an empty one is of a feed that was never visited.

    `alert` is the alert that stands about it, as JSON. `produced` counts articles. `pages` are still to be had.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    moving_to: str | None = None
    moving: int = 0
    since: UtcDatetime | None = None
    next_at: UtcDatetime | None = None
    not_before: UtcDatetime | None = None
    visited_at: UtcDatetime | None = None
    succeeded_at: UtcDatetime | None = None
    new_at: UtcDatetime | None = None
    failing_since: UtcDatetime | None = None
    failures: int = 0
    error: str | None = None
    gone: bool = False
    pause_hint: float | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    arrivals: tuple[UtcDatetime, ...] = ()
    visits: int = 0
    produced: int = 0
    alert: str | None = None
    pages: tuple[Later, ...] = ()

    @property
    def validators(self) -> Validators:
        """For the next request."""
        return Validators(self.etag, self.last_modified)

    @property
    def hints(self) -> Hints:
        """What the last document asked for."""
        pause = None if self.pause_hint is None else timedelta(seconds=self.pause_hint)
        return Hints(pause, None, self.skip_hours, self.skip_days)


NEVER_VISITED = FeedState()


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of asking once, at `at`. `failed` is the reason if it went wrong; `status` is None if nobody answered.

    `fresh` are the articles to be produced, of which `document` holds those and the ones seen before. `whole` says
    that the document could be read to its end.
    """

    at: datetime
    status: int | None = None
    failed: str | None = None
    unchanged: bool = False
    whole: bool = True
    validators: Validators = UNKNOWN
    moved_to: str | None = None
    retry_after: str | None = None
    cache_control: str | None = None
    hints: Hints | None = None
    document: tuple[Article, ...] = ()
    fresh: tuple[Article, ...] = ()
    problems: tuple[str, ...] = ()


def with_backlog(fresh: Sequence[Article], state: FeedState, now: datetime) -> tuple[Article, ...]:
    """`fresh`, of which the older ones are marked as old news if they are all that a new feed brings: who subscribes to
    a feed tonight is not to be woken by what it said last week.
    """
    if state.succeeded_at is not None:
        return tuple(fresh)
    return tuple(
        article.model_copy(update={"backfill": True})
        if article.published_at is not None and article.published_at < now - BACKLOG
        else article
        for article in fresh
    )


def due_at(state: FeedState, feed: Subscription) -> datetime | None:
    """When to visit next; None: at once, it was never visited. A feed that is gone is never due: `state.gone`.

    A shorter `interval` in the subscription counts from the last visit.
    """
    due = state.next_at
    if due is not None and feed.interval is not None and state.visited_at is not None and not state.failures:
        due = min(due, state.visited_at + feed.interval * (1 + JITTER))
    if due is not None and state.not_before is not None:
        due = max(due, state.not_before)
    return due


def after(state: FeedState, visit: Visit, feed: Subscription, spread: float) -> FeedState:
    """The state after `visit`. `spread`, from 0 to 1, is this visit's place in the jitter."""
    common = {"visited_at": visit.at, "visits": state.visits + 1, "since": state.since or visit.at}
    base = state.model_copy(update=common)
    return _worse(base, visit, feed, spread) if visit.failed is not None else _better(base, visit, feed, spread)


def _worse(state: FeedState, visit: Visit, feed: Subscription, spread: float) -> FeedState:
    failures = state.failures + 1
    since = state.failing_since or visit.at
    moved_to = state.moved_to if failures < FAILURES_TO_RETURN else None
    plan = after_failure(visit.at, feed.interval, failures, retry_at(visit.retry_after, visit.at), spread)
    at = plan.at
    if feed.alert_after < NEVER and visit.at < since + feed.alert_after < at and plan.not_before is None:
        at = since + feed.alert_after  # so that an alert says what is true at its time
    return state.model_copy(
        update={
            "failures": failures,
            "failing_since": since,
            "error": visit.failed,
            "moved_to": moved_to,
            "moving_to": None,
            "moving": 0,
            # Gone at a place to which it had moved is not gone where the subscription looks for it.
            "gone": visit.status == GONE and state.moved_to is None,
            "next_at": at,
            "not_before": plan.not_before,
        }
    )


def _better(state: FeedState, visit: Visit, feed: Subscription, spread: float) -> FeedState:
    hints = state.hints if visit.hints is None else visit.hints
    arrivals = (*state.arrivals, *_arrivals(state, visit))[-ARRIVALS:]
    spoken = Spoken(retry_at(visit.retry_after, visit.at), max_age(visit.cache_control), hints)
    plan = after_answer(visit.at, feed.interval, arrivals, spoken, spread)
    validators = visit.validators if visit.whole else UNKNOWN
    changes: dict[str, object] = {
        "etag": validators.etag,
        "last_modified": validators.last_modified,
        "succeeded_at": visit.at,
        "failing_since": None,
        "failures": 0,
        "error": None,
        "gone": False,
        "pause_hint": hints.pause.total_seconds() if hints.pause else None,
        "skip_hours": hints.skip_hours,
        "skip_days": hints.skip_days,
        "arrivals": arrivals,
        "new_at": max((each for each in (state.new_at, *arrivals) if each is not None), default=None),
        "produced": state.produced + len(visit.fresh),
        "next_at": plan.at,
        "not_before": plan.not_before,
    }
    return state.model_copy(update=changes | _moves(state, visit))


def _moves(state: FeedState, visit: Visit) -> dict[str, object]:
    if visit.moved_to is None:
        return {"moving_to": None, "moving": 0}
    times = state.moving + 1 if visit.moved_to == state.moving_to else 1
    if times < VISITS_TO_MOVE:
        return {"moving_to": visit.moved_to, "moving": times}
    return {"moved_to": visit.moved_to, "moving_to": None, "moving": 0}


def _arrivals(state: FeedState, visit: Visit) -> list[datetime]:
    """When the fresh entries came: by their own dates, but not before the visit that did not see them yet.

    Of a first document only what is dated tells, for all of it was there before.
    """
    if state.succeeded_at is None:
        dated = (each.published_at for each in visit.fresh if each.published_at is not None)
        return sorted(min(each, visit.at) for each in dated)
    earliest = state.succeeded_at
    return sorted(min(visit.at, max(earliest, each.published_at or visit.at)) for each in visit.fresh)
