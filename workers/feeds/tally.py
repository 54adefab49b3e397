"""What a poller counts for Prometheus. Hosts are labels only as long as they are few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from workers import metrics
from workers.feeds.state import FeedState, Visit, due_at
from workers.feeds.subscriptions import Subscription

MOST_HOSTS = 200
"""Hosts with a label of their own, those with most feeds first; the others count together."""

OTHERS = "other"
_LOOK_AGAIN = timedelta(seconds=5)
OUTCOMES = ("read", "unchanged", "failed")
STATES = ("ok", "failing", "gone", "waiting")


class Tally:
    """One poller's counters."""

    def __init__(self) -> None:
        self._named: frozenset[str] = frozenset()
        self._look_at: datetime | None = None

    def name_hosts(self, feeds: Mapping[str, int]) -> None:
        """`feeds` of each host."""
        ranked = sorted(feeds, key=lambda host: (-feeds[host], host))
        self._named = frozenset(ranked[:MOST_HOSTS])
        self._look_at = None

    def visited(self, feed: Subscription, visit: Visit, seconds: float) -> None:
        """A visit ended."""
        host = feed.host if feed.host in self._named else OTHERS
        read, unchanged, failed = OUTCOMES
        outcome = failed if visit.failed is not None else unchanged if visit.unchanged else read
        metrics.FEED_VISITS.labels(host, outcome).inc()
        metrics.FEED_ARTICLES.labels(host).inc(len(visit.fresh))
        metrics.FEED_VISIT_SECONDS.observe(seconds)

    def look(self, feeds: Iterable[tuple[Subscription, FeedState]], now: datetime) -> None:
        """How the feeds of this poller stand; looked at now and then."""
        if self._look_at is not None and now < self._look_at:
            return
        self._look_at = now + _LOOK_AGAIN
        counts = dict.fromkeys(STATES, 0)
        late = timedelta(0)
        for feed, state in feeds:
            counts[standing(state)] += 1
            due = due_at(state, feed)
            if due is not None and not state.gone:
                late = max(late, now - due)
        for name, count in counts.items():
            metrics.FEEDS.labels(name).set(count)
        metrics.FEEDS_LATE.set(late.total_seconds())


def standing(state: FeedState) -> str:
    """One word for how a feed stands."""
    if state.gone:
        return "gone"
    if state.visited_at is None:
        return "waiting"
    return "failing" if state.failures else "ok"
