"""Runs a poller in this process until a signal: the part that knows sockets, signals and the supervisor."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from redis.exceptions import RedisError

from workers.errors import ExitCode
from workers.feeds.clock import Clock, WallClock
from workers.feeds.fetch import Fetcher
from workers.feeds.keys import Keys
from workers.feeds.poller import LEASE, Poller
from workers.feeds.registry import Registry
from workers.feeds.sender import KafkaSender
from workers.feeds.source_file import SubscriptionsFile
from workers.feeds.visiting import Visitor
from workers.health import Health, serve_health
from workers.logs import get_logger
from workers.redis_client import connect
from workers.settings import Settings

log = get_logger("feeds")

FILE = "feeds.yaml"
"""In the folder where a command is run, if TOCSIN_FEEDS names no other."""

LOOK_SECONDS = 1.0
"""How often the file is looked at, and how long a signal may go unheard."""

CLOSE_SECONDS = 3.0


def feeds_path(settings: Settings) -> Path:
    """Where the subscriptions stand."""
    return settings.feeds or Path(FILE)


@asynccontextmanager
async def poller_of(
    settings: Settings, folder: Path, clock: Clock, *, lease: timedelta = LEASE
) -> AsyncIterator[Poller]:
    """A poller with its connections. `folder`: where a relative `password_file` lies."""
    me = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    client = connect(settings)
    try:
        registry = Registry(client, Keys(settings.namespace), me, clock, lease)
        fetcher = Fetcher(private=settings.private_hosts, contact=settings.feeds_contact)
        async with KafkaSender(settings) as sender, fetcher:
            yield Poller(registry, Visitor.make(fetcher, None, clock, folder), sender, clock, lease=lease)
    finally:
        await client.aclose()


def run_poller(settings: Settings, clock: Clock | None = None) -> int:
    """Poll until SIGTERM or Ctrl-C; the exit code. Raises ConfigurationError."""
    settings.require_kafka()
    settings.require_redis()
    return asyncio.run(_run(settings, clock or WallClock()))


async def _run(settings: Settings, clock: Clock) -> int:
    file = SubscriptionsFile(feeds_path(settings))
    first = file.load()
    health = Health()
    with _signalled() as stop:
        async with (
            serve_health(settings.metrics_port, health),
            poller_of(settings, file.path.absolute().parent, clock) as poller,
        ):
            poller.subscribe(first)
            log.info("feeds.started", feeds=len(first.feeds), hosts=len(first.by_host()))
            await _turns(poller, file, clock, stop, _Reporter(health, settings.ready_file))
            health.assigned = False
            await _leave(poller, settings.drain_seconds)
    log.info("feeds.stopped")
    return int(ExitCode.OK)


@dataclass
class _Reporter:
    """Says outside whether feeds are asked."""

    health: Health
    ready_file: Path | None

    def report(self, *, well: bool) -> None:
        self.health.started = True
        self.health.assigned = well
        if well and self.ready_file is not None:
            self.ready_file.touch()


async def _turns(
    poller: Poller, file: SubscriptionsFile, clock: Clock, stop: asyncio.Event, reporter: _Reporter
) -> None:
    while not stop.is_set():
        changed = file.changed()
        if changed is not None:
            poller.subscribe(changed)
        wake = await poller.turn(clock.now())
        reporter.report(well=poller.well)
        await _pause(poller, clock, wake, stop)


async def _pause(poller: Poller, clock: Clock, wake: datetime, stop: asyncio.Event) -> None:
    """Until `wake`, or a visit ends, or the file should be looked at, or the end."""
    seconds = max(0.0, min(LOOK_SECONDS, (wake - clock.now()).total_seconds()))
    waits = {asyncio.create_task(each) for each in (clock.sleep(seconds), poller.changed.wait(), stop.wait())}
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()
    await asyncio.wait(waits)
    poller.changed.clear()


async def _leave(poller: Poller, drain_seconds: float) -> None:
    try:
        async with asyncio.timeout(drain_seconds + CLOSE_SECONDS):
            await poller.leave(drain_seconds)
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("feeds.not_handed_over", error=repr(error), then="others take over when the leases end")


@contextmanager
def _signalled() -> Iterator[asyncio.Event]:
    """Set by SIGINT and SIGTERM while the block runs."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    try:
        yield stop
    finally:
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(signum)
