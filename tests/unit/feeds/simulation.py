"""A simulated world of feeds: publishers on many loopback addresses, pollers, real Redis and Kafka, and a clock.

The clock stands still while anything works.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from aiohttp import web

from workers.feeds.fetch import Fetcher
from workers.feeds.fulltext import FullText
from workers.feeds.holdings import LEASE
from workers.feeds.keys import Keys
from workers.feeds.poller import Poller
from workers.feeds.registry import Registry
from workers.feeds.sender import KafkaSender
from workers.feeds.subscriptions import Subscription, Subscriptions
from workers.feeds.visiting import Visitor
from workers.redis_client import connect
from workers.settings import Settings

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday


class SteppedClock:
    """A clock that somebody sets. Who sleeps by it waits until it has been set far enough."""

    shared = False

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._sleepers: dict[asyncio.Future[None], datetime] = {}

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers[future] = self._now + timedelta(seconds=max(0.0, seconds))
        try:
            await future
        finally:
            self._sleepers.pop(future, None)

    @property
    def sleeping(self) -> int:
        return sum(not future.done() for future in self._sleepers)

    @property
    def next_waking(self) -> datetime:
        return min(at for future, at in self._sleepers.items() if not future.done())

    def set(self, moment: datetime) -> None:
        self._now = max(self._now, moment)
        for future, at in self._sleepers.items():
            if at <= self._now and not future.done():
                future.set_result(None)


@dataclass(frozen=True)
class Asked:
    """One request as the publisher logged it, and his answer."""

    at: datetime
    host: str
    path: str
    status: int
    poller: str
    known: bool
    retry_at: datetime | None = None


@dataclass
class Publication:
    """One feed of a publisher: what it holds at a moment, and how it answers."""

    items: Callable[[datetime], Sequence[tuple[str, str, datetime]]] = lambda _now: ()
    headers: dict[str, str] = field(default_factory=dict)
    channel: str = ""
    etag: bool = True
    answer: Callable[[datetime], web.Response | None] = lambda _now: None

    def body(self, now: datetime) -> bytes:
        items = "".join(
            f"<item><guid isPermaLink='false'>{guid}</guid><title>{title}</title><link>/{guid}</link>"
            f"<pubDate>{format_datetime(at)}</pubDate></item>"
            for guid, title, at in reversed(self.items(now))
        )
        return f"<rss version='2.0'><channel><title>C</title>{self.channel}{items}</channel></rss>".encode()


class Publishers:
    """All publishers, on one port of every loopback address. They read the time from `clock`."""

    def __init__(self, clock: SteppedClock) -> None:
        self.clock = clock
        self.feeds: dict[tuple[str, str], Publication] = {}
        self.pages: dict[tuple[str, str], str] = {}
        self.log: list[Asked] = []
        self.port = 0

    def url(self, host: str, path: str) -> str:
        return f"http://{host}:{self.port}{path}"

    def publish(self, host: str, path: str, feed: Publication) -> str:
        self.feeds[host, path] = feed
        return self.url(host, path)

    async def serve(self, request: web.Request) -> web.Response:
        now, host = self.clock.now(), (request.host or "").partition(":")[0]
        feed = self.feeds.get((host, request.path))
        if page := self.pages.get((host, request.path)):
            answer = web.Response(text=page, content_type="text/html")
        else:
            answer = self._answer(request, feed, now) if feed else web.Response(status=404)
        retry = answer.headers.get("Retry-After", "")
        self.log.append(
            Asked(
                now,
                host,
                request.path,
                answer.status,
                request.headers["User-Agent"],
                "If-None-Match" in request.headers or "If-Modified-Since" in request.headers,
                now + timedelta(seconds=int(retry)) if retry.isdigit() else None,
            )
        )
        return answer

    def _answer(self, request: web.Request, feed: Publication, now: datetime) -> web.Response:
        programmed = feed.answer(now)
        if programmed is not None:
            return programmed
        body = feed.body(now)
        headers = {"Content-Type": "application/rss+xml; charset=utf-8", **feed.headers}
        if feed.etag:
            headers["ETag"] = f'W/"{hashlib.sha256(body).hexdigest()[:16]}"'
            if request.headers.get("If-None-Match") == headers["ETag"]:
                return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers)


@asynccontextmanager
async def publishers(clock: SteppedClock) -> AsyncIterator[Publishers]:
    found = Publishers(clock)
    app = web.Application()
    app.router.add_route("GET", "/{rest:.*}", found.serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "0.0.0.0", 0)
    await site.start()
    found.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]  # aiohttp tells it in no other way
    try:
        yield found
    finally:
        await runner.cleanup()


@dataclass
class World:
    """Pollers that share Redis and Kafka, and the clock by which they live."""

    settings: Settings
    clock: SteppedClock
    lease: timedelta = LEASE
    pollers: dict[str, Poller] = field(default_factory=dict)
    _closing: dict[str, list[Callable[[], Awaitable[object]]]] = field(default_factory=dict)

    async def join(self, name: str, feeds: Subscriptions, **changes: object) -> Poller:
        client = connect(self.settings.with_changes(**changes))
        sender = await KafkaSender(self.settings).__aenter__()
        while sender.trouble is not None:
            await asyncio.sleep(0.01)
        # The publishers tell the pollers apart by the contact in the user agent.
        fetcher = Fetcher(private=self.settings.private_hosts, contact=f"https://{name}.example")
        registry = Registry(client, Keys(self.settings.namespace), name, self.clock, self.lease)
        full_text = FullText(fetcher, clock=self.clock.now)
        visitor = Visitor.make(fetcher, full_text, self.clock, Path())
        poller = Poller(registry, visitor, sender, self.clock, lease=self.lease)
        poller.subscribe(feeds)
        self.pollers[name] = poller
        self._closing[name] = [
            lambda: sender.__aexit__(None, None, None),
            lambda: full_text.__aexit__(None, None, None),
            lambda: fetcher.__aexit__(None, None, None),
            client.aclose,
        ]
        return poller

    async def kill(self, name: str) -> None:
        await self.pollers.pop(name).kill()
        await self._close(name)

    async def leave(self, name: str) -> None:
        await self.pollers.pop(name).leave(60)
        await self._close(name)

    async def _close(self, name: str) -> None:
        for close in self._closing.pop(name):
            await close()

    async def close(self) -> None:
        for name in list(self.pollers):
            await self.kill(name)

    async def play(self, until: datetime) -> None:
        """Let time pass until `until`."""
        while True:
            wakes = [await poller.turn(self.clock.now()) for poller in self.pollers.values()]
            await self._settle()
            if any(poller.changed.is_set() for poller in self.pollers.values()):
                for poller in self.pollers.values():
                    poller.changed.clear()
                continue
            wake = min(wakes)
            if wake > until:
                self.clock.set(until)
                return
            # Nothing is asked for the same moment twice: what is due now has been begun.
            self.clock.set(max(wake, self.clock.now() + timedelta(milliseconds=1)))

    async def _settle(self) -> None:
        """Wait for all visits; when all of those under way wait for time to pass, it passes."""
        while busy := sum(poller.busy for poller in self.pollers.values()):
            if self.clock.sleeping == busy:
                self.clock.set(self.clock.next_waking)
            await asyncio.sleep(0.0005)


def subscriptions(*urls: str, gap: float = 2.0, **options: object) -> Subscriptions:
    feeds = [Subscription.model_validate({"url": url, "allow_private": True, **options}) for url in urls]
    return Subscriptions(tuple(feeds), gap=timedelta(seconds=gap))


def every(
    pause: timedelta, *, start: datetime = START, kept: int = 30, name: str = "e"
) -> Callable[[datetime], list[tuple[str, str, datetime]]]:
    """An entry each `pause` since `start`; the last `kept` are in the document."""

    def items(now: datetime) -> list[tuple[str, str, datetime]]:
        count = int((now - start) / pause) + 1
        return [(f"{name}-{n}", f"Story {name} {n}", start + n * pause) for n in range(max(0, count - kept), count)]

    return items


def requests_by(log: Sequence[Asked]) -> Counter[tuple[str, str]]:
    return Counter((asked.host, asked.path) for asked in log)
