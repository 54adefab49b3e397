"""What a poller counts: hosts are labels only as long as they are few."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prometheus_client import REGISTRY

from workers.feeds.state import NEVER_VISITED, FeedState, Visit
from workers.feeds.subscriptions import Subscription
from workers.feeds.tally import MOST_HOSTS, OTHERS, Tally

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_the_hosts_with_most_feeds_have_names_and_the_others_count_together() -> None:
    tally = Tally()
    tally.name_hosts({f"h{n:04}.example": 1000 - n for n in range(MOST_HOSTS + 50)})
    before = value("tocsin_feed_visits_total", host=OTHERS, outcome="failed")
    for n in range(MOST_HOSTS + 50):
        tally.visited(Subscription(url=f"https://h{n:04}.example/"), Visit(NOW, failed="HTTP 500"), 0.1)
    assert value("tocsin_feed_visits_total", host="h0000.example", outcome="failed") == 1
    assert value("tocsin_feed_visits_total", host=f"h{MOST_HOSTS:04}.example", outcome="failed") == 0
    assert value("tocsin_feed_visits_total", host=OTHERS, outcome="failed") == before + 50


def test_how_the_feeds_stand_and_how_late_the_latest_is() -> None:
    feed = Subscription(url="https://a.example/")
    states = [
        NEVER_VISITED,
        FeedState(visited_at=NOW, next_at=NOW - timedelta(minutes=2)),
        FeedState(visited_at=NOW, next_at=NOW + timedelta(hours=2), failures=3),
        FeedState(visited_at=NOW, next_at=NOW - timedelta(days=2), gone=True),
    ]
    Tally().look([(feed, state) for state in states], NOW)
    assert [value("tocsin_feeds", standing=name) for name in ("waiting", "ok", "failing", "gone")] == [1, 1, 1, 1]
    assert value("tocsin_feeds_late_seconds") == 120
