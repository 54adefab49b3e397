"""The hosts that are a poller's: taken, renewed, handed over and lost by leases in Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from redis.exceptions import RedisError

from workers.feeds.clock import Clock
from workers.feeds.farewell import left_behind
from workers.feeds.registry import Registry
from workers.feeds.sharding import share
from workers.feeds.state import FeedState
from workers.feeds.subscriptions import Subscription, Subscriptions
from workers.logs import get_logger

log = get_logger("feeds")

T = TypeVar("T")

LEASE = timedelta(seconds=30)
"""A host whose poller died is taken over after so long."""

BEATS = 6
"""A lease is renewed so often in its length."""

REDIS_SECONDS = 5.0
"""How long a beat may wait for an answer of Redis."""

LOT = 500
"""Hosts that Redis is asked about at once."""

_LATER = timedelta(milliseconds=250)


@dataclass
class Host:
    """A host that is ours until `until`, by our clock. `token` tells its lease from earlier and later ones.

    `first`: which of its feeds is due first, and when; None: to be found anew. `refusals`: 429 in a row.
    """

    token: int
    until: datetime
    known: dict[str, FeedState] = field(default_factory=dict)
    free_at: datetime | None = None
    visit: asyncio.Task[None] | None = None
    first: tuple[datetime, Subscription] | None = None
    refusals: int = 0


class Holdings:
    """What is ours. `trouble` is why nothing may be asked; `next_beat` when Redis is to be spoken to, None: now.

    `left_behind` are feeds that are subscribed to no more, though an alert about them stands.
    """

    def __init__(self, registry: Registry, clock: Clock, lease: timedelta) -> None:
        self._registry = registry
        self._clock = clock
        self._lease = lease
        self._mine: frozenset[str] = frozenset()
        self._live: frozenset[str] = frozenset()
        self._away = False
        self.subscriptions = Subscriptions()
        self.feeds: Mapping[str, tuple[Subscription, ...]] = {}
        self.hosts: dict[str, Host] = {}
        self.next_beat: datetime | None = None
        self.trouble: str | None = "Redis was not asked yet"
        self.left_behind: list[Subscription] = []

    def subscribe(self, subscriptions: Subscriptions) -> None:
        """These are the feeds from now on; seen to by the next beat."""
        self.subscriptions = subscriptions
        self.feeds = subscriptions.by_host()
        self.next_beat = None

    def visit_ended(self, name: str) -> None:
        """A host on which nothing is under way any more may have to be handed over."""
        if name not in self._mine:
            self.next_beat = None

    def drop(self, name: str, host: Host, error: Exception) -> None:
        """What is known of a host could not be kept: it is taken anew, and read anew."""
        if self.hosts.get(name) is host:
            del self.hosts[name]
        self._redis_is_away(error)
        self.next_beat = None

    async def leave(self) -> None:
        """Hand over all."""
        hosts, self.hosts = sorted(self.hosts), {}
        await self._registry.leave(hosts)

    async def beat(self, now: datetime) -> None:
        """Say that we live; take, renew and give back hosts."""
        beat = self._lease / BEATS
        self.next_beat = now + beat
        try:
            live = await self._soon(self._registry.live())
            self._live = frozenset(live)
            self._mine = share(self._registry.poller, self._live, self.feeds)
            await self._hand_over()
            await self._take()
            await self._ask_again()
            self.left_behind = await self._soon(left_behind(self._registry, self.subscriptions, self._live))
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_is_away(error)
            return
        if self._away:
            log.info("feeds.redis_back", hosts=len(self.hosts))
        self.trouble, self._away = None, False
        # One that dies is replaced the moment it is due to be dead, not a beat later.
        others = [left for poller, left in live.items() if poller != self._registry.poller]
        self.next_beat = now + min([beat, *(left + _LATER for left in others)])

    async def _soon(self, answer: Awaitable[T]) -> T:
        """What Redis answers. One that hangs must not keep us from noticing that our leases end."""
        now = self._clock.now()
        left = min((host.until - now for host in self.hosts.values()), default=self._lease)
        async with asyncio.timeout(min(REDIS_SECONDS, max(0.5, left.total_seconds()))):
            return await answer

    def _redis_is_away(self, error: Exception) -> None:
        if not self._away:
            log.warning("feeds.redis_away", error=repr(error), action="nothing is fetched until it answers")
        self.trouble, self._away = f"Redis does not answer: {error!r}", True

    async def _hand_over(self) -> None:
        for name in sorted(self.hosts.keys() - self._mine):
            if self.hosts[name].visit is None:
                del self.hosts[name]
                await self._soon(self._registry.give_back(name))

    async def _take(self) -> None:
        wanted = sorted(self._mine | self.hosts.keys())  # of the others a visit is still under way
        for lot in (wanted[at : at + LOT] for at in range(0, len(wanted), LOT)):
            sent = self._clock.now()
            tokens = await self._soon(self._registry.take(lot))
            for name in self.hosts.keys() & set(lot) - tokens.keys():
                self._lose(name, "another poller has it")
            for name, token in tokens.items():
                self._hold(name, token, sent + self._lease)
            fresh = [feed for name in tokens for feed in self.feeds.get(name, ()) if feed.url not in self._known(name)]
            for feed, state in zip(fresh, await self._soon(self._registry.load(fresh)), strict=True):
                self._known(feed.host)[feed.url] = state

    def _hold(self, name: str, token: int, until: datetime) -> None:
        """The host is ours, newly or still."""
        host = self.hosts.get(name)
        if host is not None and host.token != token:
            self._lose(name, "its lease had ended meanwhile")
            host = None
        if host is None:
            host = self.hosts[name] = Host(token, until)
        host.until, host.first = until, None
        host.known = {url: host.known[url] for url in host.known.keys() & self._urls(name)}

    def _known(self, host: str) -> dict[str, FeedState]:
        return self.hosts[host].known

    async def _ask_again(self) -> None:
        """What people want to be asked again, and nobody visits just now."""
        for url in await self._soon(self._registry.wanted_again()):
            feed = self.subscriptions.find(url)
            host = None if feed is None else self.hosts.get(feed.host)
            if feed is None or host is None or host.visit is not None:
                continue
            state = host.known[url].model_copy(update={"gone": False, "next_at": None, "not_before": None})
            if await self._soon(self._registry.save(feed, host.token, state, None)):
                host.known[url], host.first = state, None
                await self._soon(self._registry.done_again(url))

    def _urls(self, host: str) -> frozenset[str]:
        return frozenset(feed.url for feed in self.feeds.get(host, ()))

    def let_go_of_the_expired(self, now: datetime) -> None:
        for name in [name for name, host in self.hosts.items() if host.until <= now]:
            self._lose(name, "its lease could not be renewed")

    def _lose(self, name: str, why: str) -> None:
        host = self.hosts.pop(name)
        log.warning("feeds.host_lost", host=name, why=why)
        if host.visit is not None:
            host.visit.cancel()
