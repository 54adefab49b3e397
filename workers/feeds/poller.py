"""Visits the feeds of the hosts that are this poller's, when they are due, and lets go of them in time.

`turn` does what is due at a moment and says when to come again; it knows no clock of its own, so that a test plays a
day in seconds. What it begins goes on in tasks; `settle` waits for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from redis.exceptions import RedisError

from topics.alerts import Alert
from topics.articles import Article
from topics.base import digest
from workers.feeds.about_feed import changes
from workers.feeds.access import NoAccess
from workers.feeds.clock import Clock
from workers.feeds.failures import NotYet
from workers.feeds.farewell import say_farewell
from workers.feeds.hints import retry_at
from workers.feeds.holdings import LEASE, Holdings, Host
from workers.feeds.later import NO_WAIT, Later, first_due, kept, put_off
from workers.feeds.registry import LeaseEnded, Registry
from workers.feeds.schedule import LONGEST_DEMAND
from workers.feeds.seen import Seen
from workers.feeds.sender import Sender
from workers.feeds.sharding import host_of
from workers.feeds.state import FeedState, Visit, after, due_at, with_backlog
from workers.feeds.subscriptions import Subscription, Subscriptions
from workers.feeds.tally import Tally
from workers.feeds.visiting import Visitor, address
from workers.logs import get_logger

log = get_logger("feeds")

AT_ONCE = 16
"""Visits under way at a time: bounds memory to so many documents."""

BACK_OFF = timedelta(minutes=1)
LONGEST_BACK_OFF = timedelta(hours=1)
"""For how long a host is left alone after 429 Too Many Requests without `Retry-After`; doubled each time."""

MOST_PROBLEMS = 5
"""Of a document that are logged."""

PATIENCE = timedelta(seconds=10)
"""So long an article waits for the turn of its page; then it goes as a summary, and its page follows."""

_NEVER = datetime.max.replace(tzinfo=UTC)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


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
        self._at_once = at_once
        self._held = Holdings(registry, clock, lease)
        self._tasks: set[asyncio.Task[None]] = set()
        self.tally = Tally()
        self.changed = asyncio.Event()
        self.produced = 0

    # -- from outside -------------------------------------------------------------------------------------------------

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that are ours now."""
        return frozenset(self._held.hosts)

    @property
    def busy(self) -> int:
        """Visits under way."""
        return len(self._tasks)

    @property
    def failure(self) -> Exception | None:
        """Why it can never go on as it is; None as long as it can."""
        return self._sender.failure

    @property
    def well(self) -> bool:
        """Whether Redis and Kafka answer, so that feeds are asked."""
        return self.why_unwell is None

    @property
    def why_unwell(self) -> str | None:
        """Why no feed is asked; None if they are."""
        return self._held.trouble or self._sender.trouble

    def due_by(self, moment: datetime) -> bool:
        """Whether a visit is under way, or a feed that is ours was due at `moment`."""
        firsts = (self._first(name, host) for name, host in self._held.hosts.items())
        return bool(self._tasks) or any(first is not None and first[0] <= moment for first in firsts)

    def standing(self) -> Iterator[tuple[Subscription, FeedState]]:
        """How the feeds stand that are ours."""
        for name, host in self._held.hosts.items():
            for feed in self._held.feeds.get(name, ()):
                if feed.url in host.known:
                    yield feed, host.known[feed.url]

    def subscribe(self, subscriptions: Subscriptions) -> None:
        """These are the feeds from now on; looked at with the next turn."""
        self._held.subscribe(subscriptions)
        self.tally.name_hosts({host: len(feeds) for host, feeds in self._held.feeds.items()})

    async def turn(self, now: datetime) -> datetime:
        """Do what is due; when to come again at the latest."""
        self._held.let_go_of_the_expired(now)
        if self._held.next_beat is None or now >= self._held.next_beat:
            await self._held.beat(now)
        if self.well:
            self._begin(now)
            self._say_farewells()
        self.tally.look(self.standing(), now)
        return self._wake(now)

    async def settle(self) -> None:
        """Wait until no visit is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def leave(self, within: float) -> None:
        """Finish the visits under way, for at most `within` seconds, and hand over all hosts. Raises RedisError."""
        self._held.subscribe(Subscriptions())
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)
        for task in self._tasks:
            task.cancel()
        await self.settle()
        await self._held.leave()

    async def kill(self) -> None:
        """Be gone without a word to anybody, as a process that dies."""
        for task in self._tasks:
            task.cancel()
        await self.settle()

    def _say_farewells(self) -> None:
        feeds, self._held.left_behind = self._held.left_behind, []
        for feed in feeds:
            host = self._held.hosts.get(feed.host)
            task = asyncio.create_task(self._say_farewell(feed, None if host is None else host.token))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _say_farewell(self, feed: Subscription, token: int | None) -> None:
        try:
            await say_farewell(self._registry, self._sender, feed, token)
        except (RedisError, OSError) as error:  # the next beat tries again
            log.warning("feeds.alert_not_ended", feed=feed.url, error=repr(error))

    # -- visits -------------------------------------------------------------------------------------------------------

    def _begin(self, now: datetime) -> None:
        due = sorted(self._due(now), key=lambda found: (found[0], found[2].url))
        for _, name, feed in due[: max(0, self._at_once - len(self._tasks))]:
            host = self._held.hosts[name]
            host.visit = asyncio.create_task(self._run(name, host, feed))
            self._tasks.add(host.visit)

    def _due(self, now: datetime) -> Iterator[tuple[datetime, str, Subscription]]:
        """Of each host that may be asked now, the feed that has waited longest."""
        for name, host in self._held.hosts.items():
            if host.visit is not None or host.until <= now or (host.free_at is not None and host.free_at > now):
                continue
            first = self._first(name, host)
            if first is not None and first[0] <= now:
                yield first[0], name, first[1]

    def _first(self, name: str, host: Host) -> tuple[datetime, Subscription] | None:
        if host.first is None:
            host.first = min(self._calls(name, host), key=lambda call: (call[0], call[1].url), default=None)
        return host.first

    def _calls(self, name: str, host: Host) -> Iterator[tuple[datetime, Subscription]]:
        """When each feed of a host is due; one that was never visited, since for ever."""
        for feed in self._held.feeds.get(name, ()):
            state = host.known.get(feed.url)
            if state is not None and not state.gone:
                page = first_due(state.pages)
                yield min(due_at(state, feed) or _LONG_AGO, _NEVER if page is None else page.at), feed

    def _wake(self, now: datetime) -> datetime:
        wake = self._held.next_beat or now
        if not self.well:
            return min(wake, now + timedelta(seconds=1))
        for name, host in self._held.hosts.items():
            wake = min(wake, host.until)
            if host.visit is None:
                first = self._first(name, host)
                if first is not None and len(self._tasks) < self._at_once:
                    wake = min(wake, max(first[0], host.free_at or first[0]))
        return max(wake, now)

    async def _run(self, name: str, host: Host, feed: Subscription) -> None:
        try:
            await self._visit(host, feed)
        except LeaseEnded:
            pass
        except (RedisError, OSError) as error:
            # What was produced is produced again, as the same; what is known is read again with the next beat.
            log.warning("feeds.not_saved", feed=feed.url, error=repr(error))
            self._held.drop(name, host, error)
        except Exception as error:
            log.exception("feeds.poll_failed", feed=feed.url, error=repr(error))
            host.free_at = self._clock.now() + BACK_OFF
        finally:
            if host.visit is not None:
                self._tasks.discard(host.visit)
                host.visit = None
            self._held.visit_ended(name)
            self.changed.set()

    async def _visit(self, host: Host, feed: Subscription) -> None:
        state = host.known[feed.url]
        due = due_at(state, feed)
        if due is not None and due > self._clock.now() and (page := first_due(state.pages)) is not None:
            await self._ask_again(host, feed, state, page)
            return
        asked = self._asked(feed, state)
        wait = await self._registry.may_ask(asked, self._held.subscriptions.gap_of(asked))
        if wait:
            host.free_at = self._clock.now() + wait
            return
        begun = self._clock.now()
        visit = await self._visitor.visit(feed, state, lambda url: self._pace(host, url))
        seen = None
        if visit.document:
            known = await self._registry.seen(feed)
            document = known.recognised(visit.document)
            fresh = with_backlog(known.unseen(document), state, visit.at)
            visit, seen = replace(visit, document=document, fresh=fresh), known.with_these(document)
        await self._finish(host, feed, (state, visit), seen)
        if visit.status == 429:
            await self._back_off(host, visit, asked)
        elif visit.failed is None:
            host.refusals = 0
        self.produced += len(visit.fresh)
        self.tally.visited(feed, visit, (self._clock.now() - begun).total_seconds())

    async def _finish(self, host: Host, feed: Subscription, change: tuple[FeedState, Visit], seen: Seen | None) -> None:
        """Produce what is new, then remember it."""
        before, visit = change
        spread = int(digest("spread", feed.url, str(before.visits), length=4), 16) / 0xFFFF
        state = after(before, visit, feed, spread)
        alerts, standing = changes(state, feed, visit.at)
        state = state.model_copy(update={"alert": standing})
        later = await self._produce(host, feed, visit, alerts)
        await self._save(host, feed, state.model_copy(update={"pages": kept(state.pages, visit.fresh, later)}), seen)

    async def _save(self, host: Host, feed: Subscription, state: FeedState, seen: Seen | None) -> None:
        if not await self._registry.save(feed, host.token, state, seen):
            raise LeaseEnded
        host.known[feed.url], host.first = state, None

    async def _produce(self, host: Host, feed: Subscription, visit: Visit, alerts: Sequence[Alert]) -> list[Later]:
        """All of it confirmed by Kafka. Pages are fetched one by one, and no entry waits for the page of another.

        Returns the pages that could not be had and are worth another try.
        """
        later: list[Later] = []
        for problem in (visit.failed, *visit.problems[:MOST_PROBLEMS]):
            if problem is not None:
                log.warning("feeds.problem", feed=feed.url, problem=problem)
        lots: Iterable[Sequence[Article]] = [[each] for each in visit.fresh] if feed.full_text else [visit.fresh]
        told: Sequence[Alert] = alerts
        for lot in lots or [[]]:
            whole = []
            for article in lot:
                done, again = await self._completed(host, feed, article, tries=0)
                whole.append(done)
                later += [] if again is None else [again]
            for refusal in await self._sender.send(whole, told):
                log.error("feeds.article_refused", feed=feed.url, reason=refusal)
            told = ()
        return later

    async def _completed(
        self, host: Host, feed: Subscription, article: Article, *, tries: int
    ) -> tuple[Article, Later | None]:
        """The article with its page's text; or as it is, and when the page is asked for again, if it is."""

        async def pace(url: str, least: timedelta = NO_WAIT) -> None:
            await self._pace(host, url, least, patience=PATIENCE)

        done, short = await self._visitor.complete(feed, article, pace)
        if short is None:
            return done, None
        again = put_off(article, tries, short, self._clock.now())
        log.info(
            "feeds.summary_only", feed=feed.url, page=article.url, reason=short.reason, again_at=again and str(again.at)
        )
        return done, again

    async def _ask_again(self, host: Host, feed: Subscription, state: FeedState, page: Later) -> None:
        """Ask for one page that could not be had before; with its text the article is a revision."""
        left = [each for each in state.pages if each is not page]
        if feed.full_text:
            done, again = await self._completed(host, feed, page.article, tries=page.tries)
            left += [] if again is None else [again]
            if not done.summary_only:
                await self._sender.send([done.model_copy(update={"fetched_at": self._clock.now()})], ())
                self.produced += 1
        await self._save(host, feed, state.model_copy(update={"pages": tuple(left)}), None)

    async def _back_off(self, host: Host, visit: Visit, asked: str) -> None:
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

    async def _pace(
        self, host: Host, url: str, least: timedelta = NO_WAIT, *, patience: timedelta | None = None
    ) -> None:
        """Wait for the turn of a further request: of a redirect, of a page, of robots.txt.

        After it the host is left alone for `least` or its gap, whichever is longer. Raises NotYet if it would have to
        wait for longer than `patience`.
        """
        name = host_of(url)
        while True:
            if self._clock.now() >= host.until:
                raise LeaseEnded
            wait = await self._registry.may_ask(name, max(least, self._held.subscriptions.gap_of(name)))
            if not wait:
                return
            if patience is not None and wait > patience:
                raise NotYet(wait)
            await self._clock.sleep(wait.total_seconds())
