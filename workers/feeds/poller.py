"""Visits the feeds of the hosts that are this poller's, when they are due, and lets go of them in time.

`turn` does what is due at a moment and says when to come again; it knows no clock of its own, so that a test plays a
day in seconds. What it begins goes on in tasks; `settle` waits for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from redis.exceptions import RedisError

from topics.alerts import Alert
from topics.articles import Article
from topics.base import digest
from workers.feeds.about_feed import changes
from workers.feeds.access import NoAccess
from workers.feeds.clock import Clock
from workers.feeds.hints import retry_at
from workers.feeds.registry import Known, LeaseEnded, Registry
from workers.feeds.schedule import LONGEST_DEMAND
from workers.feeds.sender import Sender
from workers.feeds.sharding import host_of, share
from workers.feeds.state import FeedState, Visit, after, due_at
from workers.feeds.subscriptions import Subscription, Subscriptions
from workers.feeds.tally import Tally
from workers.feeds.visiting import Visitor, address
from workers.logs import get_logger

log = get_logger("feeds")

LEASE = timedelta(seconds=30)
"""A host whose poller died is taken over after so long."""

BEATS = 6
"""A lease is renewed so often in its length."""

REDIS_SECONDS = 5.0
"""How long a beat may wait for Redis."""

AT_ONCE = 16
"""Visits under way at a time: bounds memory to so many documents."""

BACK_OFF = timedelta(minutes=1)
LONGEST_BACK_OFF = timedelta(hours=1)
"""For how long a host is left alone after 429 Too Many Requests without `Retry-After`; doubled each time."""

MOST_PROBLEMS = 5
"""Of a document that are logged."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_LATER = timedelta(milliseconds=250)


@dataclass
class _Host:
    """A host that is ours until `until`, by our clock. `token` tells its lease from earlier and later ones.

    `first`: which of its feeds is due first, and when; None: to be found anew. `refusals`: 429 in a row.
    """

    token: int
    until: datetime
    known: dict[str, Known] = field(default_factory=dict)
    free_at: datetime | None = None
    visit: asyncio.Task[None] | None = None
    first: tuple[datetime, Subscription] | None = None
    refusals: int = 0


class Poller:
    """One of the pollers of a namespace. `lease` is how long its hosts stay its own without a word from it."""

    def __init__(
        self,
        registry: Registry,
        visitor: Visitor,
        sender: Sender,
        clock: Clock,
        *,
        lease: timedelta = LEASE,
        at_once: int = AT_ONCE,
    ) -> None:
        self._registry = registry
        self._visitor = visitor
        self._sender = sender
        self._clock = clock
        self._lease = lease
        self._at_once = at_once
        self._subscriptions = Subscriptions()
        self._feeds: Mapping[str, tuple[Subscription, ...]] = {}
        self._hosts: dict[str, _Host] = {}
        self._mine: frozenset[str] = frozenset()
        self._beat_at: datetime | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.tally = Tally()
        self.changed = asyncio.Event()
        self.trouble: str | None = "Redis was not asked yet"
        self._away = False
        self.produced = 0

    # -- from outside -------------------------------------------------------------------------------------------------

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that are ours now."""
        return frozenset(self._hosts)

    @property
    def busy(self) -> int:
        """Visits under way."""
        return len(self._tasks)

    @property
    def well(self) -> bool:
        """Whether Redis and Kafka answer, so that feeds are asked."""
        return self.why_unwell is None

    @property
    def why_unwell(self) -> str | None:
        """Why no feed is asked; None if they are."""
        return self.trouble or self._sender.trouble

    def due_by(self, moment: datetime) -> bool:
        """Whether a visit is under way, or a feed that is ours was due at `moment`."""
        firsts = (self._first(name, host) for name, host in self._hosts.items())
        return bool(self._tasks) or any(first is not None and first[0] <= moment for first in firsts)

    def standing(self) -> Iterator[tuple[Subscription, FeedState]]:
        """How the feeds stand that are ours."""
        for name, host in self._hosts.items():
            for feed in self._feeds.get(name, ()):
                if feed.url in host.known:
                    yield feed, host.known[feed.url].state

    def subscribe(self, subscriptions: Subscriptions) -> None:
        """These are the feeds from now on; looked at with the next turn."""
        self._subscriptions = subscriptions
        self._feeds = subscriptions.by_host()
        self.tally.name_hosts({host: len(feeds) for host, feeds in self._feeds.items()})
        self._beat_at = None

    async def turn(self, now: datetime) -> datetime:
        """Do what is due; when to come again at the latest."""
        self._let_go_of_the_expired(now)
        if self._beat_at is None or now >= self._beat_at:
            await self._beat(now)
        if self.well:
            self._begin(now)
        self.tally.look(self.standing(), now)
        return self._wake(now)

    async def settle(self) -> None:
        """Wait until no visit is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def leave(self, within: float) -> None:
        """Finish the visits under way, for at most `within` seconds, and hand over all hosts. Raises RedisError."""
        self._subscriptions, self._feeds, self._mine = Subscriptions(), {}, frozenset()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)
        for task in self._tasks:
            task.cancel()
        await self.settle()
        hosts, self._hosts = sorted(self._hosts), {}
        await self._registry.leave(hosts)

    async def kill(self) -> None:
        """Be gone without a word to anybody, as a process that dies."""
        for task in self._tasks:
            task.cancel()
        await self.settle()

    # -- whose host is it ---------------------------------------------------------------------------------------------

    async def _beat(self, now: datetime) -> None:
        """Say that we live; take, renew and give back hosts."""
        beat = self._lease / BEATS
        self._beat_at = now + beat
        try:
            # A Redis that hangs must not keep us from noticing that our leases end.
            left = min((host.until - now for host in self._hosts.values()), default=self._lease)
            async with asyncio.timeout(min(REDIS_SECONDS, max(0.5, left.total_seconds()))):
                live = await self._registry.live()
                self._mine = share(self._registry.poller, frozenset(live), self._feeds)
                await self._hand_over()
                await self._take(now)
                await self._ask_again()
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_is_away(error)
            return
        if self._away:
            log.info("feeds.redis_back", hosts=len(self._hosts))
        self.trouble, self._away = None, False
        # One that dies is replaced the moment it is due to be dead, not a beat later.
        others = [left for poller, left in live.items() if poller != self._registry.poller]
        self._beat_at = now + min([beat, *(left + _LATER for left in others)])

    def _redis_is_away(self, error: Exception) -> None:
        if not self._away:
            log.warning("feeds.redis_away", error=repr(error), action="nothing is fetched until it answers")
        self.trouble, self._away = f"Redis does not answer: {error!r}", True

    async def _hand_over(self) -> None:
        for name in sorted(self._hosts.keys() - self._mine):
            if self._hosts[name].visit is None:
                del self._hosts[name]
                await self._registry.give_back(name)

    async def _take(self, now: datetime) -> None:
        wanted = sorted(self._mine | self._hosts.keys())  # of the others a visit is still under way
        tokens = await self._registry.take(wanted)
        for name in self._hosts.keys() - tokens.keys():
            self._lose(name, "another poller has it")
        fresh = []
        for name, token in tokens.items():
            host = self._hosts.get(name)
            if host is not None and host.token != token:
                self._lose(name, "its lease had ended meanwhile")
                host = None
            if host is None:
                host = self._hosts[name] = _Host(token, now)
            host.until = now + self._lease
            host.known = {url: host.known[url] for url in host.known.keys() & self._urls(name)}
            fresh += [feed for feed in self._feeds.get(name, ()) if feed.url not in host.known]
        for feed, known in zip(fresh, await self._registry.load(fresh), strict=True):
            self._hosts[feed.host].known[feed.url] = known
        for host in self._hosts.values():
            host.first = None

    async def _ask_again(self) -> None:
        """What people want to be asked again, and nobody visits just now."""
        for url in await self._registry.wanted_again():
            feed = self._subscriptions.find(url)
            host = None if feed is None else self._hosts.get(feed.host)
            if feed is None or host is None or host.visit is not None:
                continue
            known = host.known[url]
            state = known.state.model_copy(update={"gone": False, "next_at": None, "not_before": None})
            if await self._registry.save(feed, host.token, state, None):
                host.known[url], host.first = Known(state, known.seen), None
                await self._registry.done_again(url)

    def _urls(self, host: str) -> frozenset[str]:
        return frozenset(feed.url for feed in self._feeds.get(host, ()))

    def _let_go_of_the_expired(self, now: datetime) -> None:
        for name in [name for name, host in self._hosts.items() if host.until <= now]:
            self._lose(name, "its lease could not be renewed")

    def _lose(self, name: str, why: str) -> None:
        host = self._hosts.pop(name)
        log.warning("feeds.host_lost", host=name, why=why)
        if host.visit is not None:
            host.visit.cancel()

    # -- visits -------------------------------------------------------------------------------------------------------

    def _begin(self, now: datetime) -> None:
        due = sorted(self._due(now), key=lambda found: (found[0], found[2].url))
        for _, name, feed in due[: max(0, self._at_once - len(self._tasks))]:
            host = self._hosts[name]
            host.visit = asyncio.create_task(self._run(name, host, feed))
            self._tasks.add(host.visit)

    def _due(self, now: datetime) -> Iterator[tuple[datetime, str, Subscription]]:
        """Of each host that may be asked now, the feed that has waited longest."""
        for name, host in self._hosts.items():
            if host.visit is not None or host.until <= now or (host.free_at is not None and host.free_at > now):
                continue
            first = self._first(name, host)
            if first is not None and first[0] <= now:
                yield first[0], name, first[1]

    def _first(self, name: str, host: _Host) -> tuple[datetime, Subscription] | None:
        if host.first is None:
            host.first = min(self._calls(name, host), key=lambda call: (call[0], call[1].url), default=None)
        return host.first

    def _calls(self, name: str, host: _Host) -> Iterator[tuple[datetime, Subscription]]:
        """When each feed of a host is due; one that was never visited, since for ever."""
        for feed in self._feeds.get(name, ()):
            known = host.known.get(feed.url)
            if known is not None and not known.state.gone:
                yield due_at(known.state, feed) or _LONG_AGO, feed

    def _wake(self, now: datetime) -> datetime:
        wake = self._beat_at or now
        if not self.well:
            return min(wake, now + timedelta(seconds=1))
        for name, host in self._hosts.items():
            wake = min(wake, host.until)
            if host.visit is None:
                first = self._first(name, host)
                if first is not None and len(self._tasks) < self._at_once:
                    wake = min(wake, max(first[0], host.free_at or first[0]))
        return max(wake, now)

    async def _run(self, name: str, host: _Host, feed: Subscription) -> None:
        try:
            await self._visit(host, feed)
        except LeaseEnded:
            pass
        except (RedisError, OSError) as error:
            # What was produced is produced again, as the same; what is known is read again with the next beat.
            log.warning("feeds.not_saved", feed=feed.url, error=repr(error))
            if self._hosts.get(name) is host:
                del self._hosts[name]
            self._redis_is_away(error)
            self._beat_at = None
        except Exception as error:
            log.exception("feeds.poll_failed", feed=feed.url, error=repr(error))
            host.free_at = self._clock.now() + BACK_OFF
        finally:
            if host.visit is not None:
                self._tasks.discard(host.visit)
                host.visit = None
            if name not in self._mine:
                self._beat_at = None
            self.changed.set()

    async def _visit(self, host: _Host, feed: Subscription) -> None:
        known = host.known[feed.url]
        asked = self._asked(feed, known.state)
        wait = await self._registry.may_ask(asked, self._subscriptions.gap_of(asked))
        if wait:
            host.free_at = self._clock.now() + wait
            return
        begun = self._clock.now()
        visit = await self._visitor.visit(feed, known, lambda url: self._pace(host, url))
        await self._finish(host, feed, known, visit, asked)
        self.produced += len(visit.fresh)
        self.tally.visited(feed, visit, (self._clock.now() - begun).total_seconds())

    async def _finish(self, host: _Host, feed: Subscription, known: Known, visit: Visit, asked: str) -> None:
        spread = int(digest("spread", feed.url, str(known.state.visits), length=4), 16) / 0xFFFF
        state = after(known.state, visit, feed, spread)
        alerts, standing = changes(state, feed, visit.at)
        state = state.model_copy(update={"alert": standing})
        await self._produce(host, feed, visit, alerts)
        if visit.failed is None and not visit.unchanged:
            seen = known.seen.with_these(visit.document)
            saved = await self._registry.save(feed, host.token, state, seen)
        else:
            seen, saved = known.seen, await self._registry.save(feed, host.token, state, None)
        if not saved:
            raise LeaseEnded
        host.known[feed.url], host.first = Known(state, seen), None
        if visit.status == 429:
            await self._back_off(host, visit, asked)
        elif visit.failed is None:
            host.refusals = 0

    async def _produce(self, host: _Host, feed: Subscription, visit: Visit, alerts: Sequence[Alert]) -> None:
        """All of it confirmed by Kafka. Pages are fetched one by one, and no entry waits for the page of another."""
        for problem in ([] if visit.failed is None else [visit.failed], visit.problems):
            for words in problem[:MOST_PROBLEMS]:
                log.warning("feeds.problem", feed=feed.url, problem=words)
        lots: Iterable[Sequence[Article]] = [[each] for each in visit.fresh] if feed.full_text else [visit.fresh]
        told: Sequence[Alert] = alerts
        for lot in lots or [[]]:
            whole = [await self._completed(host, feed, article) for article in lot]
            for refusal in await self._sender.send(whole, told):
                log.error("feeds.article_refused", feed=feed.url, reason=refusal)
            told = ()

    async def _completed(self, host: _Host, feed: Subscription, article: Article) -> Article:
        done, reason = await self._visitor.complete(feed, article, lambda url: self._pace(host, url))
        if reason is not None:
            log.info("feeds.summary_only", feed=feed.url, page=article.url, reason=reason)
        return done

    async def _back_off(self, host: _Host, visit: Visit, asked: str) -> None:
        told = retry_at(visit.retry_after, visit.at)
        span = min(LONGEST_BACK_OFF, BACK_OFF * 2 ** min(host.refusals, 20))
        host.refusals += 1
        if told is not None:
            span = min(LONGEST_DEMAND, max(told - visit.at, timedelta(0)))
        await self._registry.leave_alone(asked, span)
        host.free_at = visit.at + span
        log.warning("feeds.host_backs_off", host=asked, seconds=round(span.total_seconds()))

    def _asked(self, feed: Subscription, state: FeedState) -> str:
        try:
            return host_of(address(self._visitor.access(feed), state))
        except NoAccess:
            return feed.host

    async def _pace(self, host: _Host, url: str) -> None:
        """Wait for the turn of a further request: of a redirect, of a page, of robots.txt."""
        name = host_of(url)
        while True:
            if self._clock.now() >= host.until:
                raise LeaseEnded
            wait = await self._registry.may_ask(name, self._subscriptions.gap_of(name))
            if not wait:
                return
            await self._clock.sleep(wait.total_seconds())
