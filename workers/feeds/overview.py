"""How the feeds stand, for people: a row each, from feeds.yaml and from what pollers keep in Redis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workers.feeds.keys import Keys
from workers.feeds.registry import read_state
from workers.feeds.schedule import per_day
from workers.feeds.state import NEVER_VISITED, FeedState, due_at
from workers.feeds.subscriptions import Subscription, Subscriptions
from workers.feeds.tally import standing
from workers.redis_client import Redis


@dataclass(frozen=True, slots=True)
class Row:
    """One feed. `standing` is ok, failing, gone, waiting (never asked) or unknown (no Redis)."""

    feed: Subscription
    state: FeedState
    standing: str
    rate: float | None = None
    due: datetime | None = None
    poller: str | None = None

    def cells(self) -> tuple[str, ...]:
        """Feed, standing, last success, entries a day, next poll, articles, last error."""
        return (
            f"{self.feed.source} {self.feed.url}" if self.feed.source else self.feed.url,
            self.standing,
            _moment(self.state.succeeded_at),
            "" if self.rate is None else f"{self.rate:.3g}",
            "" if self.state.gone else _moment(self.due) or ("now" if self.poller else ""),
            str(self.state.produced) if self.state.visits else "",
            self.state.error or "",
        )

    def as_json(self) -> dict[str, Any]:
        """All that is known, without secrets."""
        kept = self.state.model_dump(mode="json", exclude={"alert", "arrivals", "next_at", "etag", "last_modified"})
        return {
            "url": self.feed.url,
            "source": self.feed.source,
            "tags": list(self.feed.tags),
            "standing": self.standing,
            "per_day": self.rate,
            "next_poll": None if self.due is None or self.state.gone else self.due.isoformat(),
            "poller": self.poller,
            **kept,
        }


def unknown_rows(subscriptions: Subscriptions) -> list[Row]:
    """What feeds.yaml alone tells."""
    return [Row(feed, NEVER_VISITED, "unknown") for feed in subscriptions.feeds]


async def overview(client: Redis, namespace: str, subscriptions: Subscriptions, now: datetime) -> list[Row]:
    """All feeds in the order of the file."""
    keys = Keys(namespace)
    owners = await _owners(client, keys, list(subscriptions.by_host()), now)
    pipe = client.pipeline(transaction=False)
    for feed in subscriptions.feeds:
        pipe.hget(keys.feed(feed.host, feed.url), "state")
    texts = await pipe.execute() if subscriptions.feeds else []
    rows = []
    for feed, text in zip(subscriptions.feeds, texts, strict=True):
        state = read_state(text)
        rate = per_day(state.arrivals, now)
        rows.append(Row(feed, state, standing(state), rate, due_at(state, feed), owners[feed.host]))
    return rows


async def _owners(client: Redis, keys: Keys, hosts: Sequence[str], now: datetime) -> dict[str, str | None]:
    pipe = client.pipeline(transaction=False)
    for host in hosts:
        pipe.hmget(keys.lease(host), ["owner", "until"])
    found = await pipe.execute() if hosts else []
    alive = now.timestamp() * 1000
    leases = zip(hosts, found, strict=True)
    return {host: str(owner) if owner and float(until) > alive else None for host, (owner, until) in leases}


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}Z"
