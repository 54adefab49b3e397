"""Runs a poller in this process until a signal: the part that knows sockets, signals and the supervisor."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from redis.exceptions import RedisError

from workers.errors import ExitCode, Unreachable
from workers.feeds.clock import Clock, WallClock
from workers.feeds.fetch import Fetcher
from workers.feeds.fulltext import FullText
from workers.feeds.holdings import LEASE
from workers.feeds.keys import Keys
from workers.feeds.paths import feeds_path
from workers.feeds.poller import Poller
from workers.feeds.registry import Registry
from workers.feeds.sender import KafkaSender
from workers.feeds.source_file import SubscriptionsFile
from workers.feeds.subscriptions import Subscriptions, load_subscriptions
from workers.feeds.visiting import Visitor
from workers.health import Health, serve_health
from workers.logs import get_logger
from workers.redis_client import connect
from workers.settings import Settings

log = get_logger("feeds")

LOOK_SECONDS = 1.0
"""How often the file is looked at, and how long a signal may go unheard."""

CLOSE_SECONDS = 3.0
PATIENCE_SECONDS = 40.0
"""For one round: Kafka or Redis may be away for so long before the command gives up."""


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
        async with KafkaSender(settings) as sender, fetcher, FullText(fetcher, clock=clock.now) as full_text:
            yield Poller(registry, Visitor.make(fetcher, full_text, clock, folder), sender, clock, lease=lease)
    finally:
        await client.aclose()


def run_poller(settings: Settings, clock: Clock | None = None) -> int:
    """Poll until SIGTERM or Ctrl-C; the exit code. Raises ConfigurationError."""
    settings.require_kafka()
    settings.require_redis()
    return asyncio.run(_run(settings, clock or WallClock()))


@dataclass(slots=True)
class Round:
    """What came of asking once what was due. `elsewhere`: feeds that another poller has."""

    feeds: int = 0
    asked: int = 0
    broken: int = 0
    articles: int = 0
    waiting: int = 0
    elsewhere: int = 0


def run_once(settings: Settings) -> Round:
    """Ask the feeds of feeds.yaml that are due now, once. Raises ConfigurationError, InputError, Unreachable."""
    settings.require_kafka()
    settings.require_redis()
    return asyncio.run(_once(settings, load_subscriptions(feeds_path(settings))))


async def _once(settings: Settings, subscriptions: Subscriptions) -> Round:
    clock = WallClock()
    folder = feeds_path(settings).absolute().parent
    async with poller_of(settings, folder, clock) as poller:
        poller.subscribe(subscriptions)
        begun = clock.now()
        with _signalled() as stop:
            while not stop.is_set():
                wake = await poller.turn(clock.now())
                if poller.failure is not None:
                    raise poller.failure
                _raise_if_away(poller, (clock.now() - begun).total_seconds())
                if poller.well and not poller.due_by(begun):
                    break
                await _pause(poller, clock, wake, stop)
        done = _round(poller, subscriptions, begun)
        await _leave(poller, settings.drain_seconds)
    return done


def _raise_if_away(poller: Poller, seconds: float) -> None:
    if seconds > PATIENCE_SECONDS and (trouble := poller.why_unwell) is not None:
        raise Unreachable(trouble, hint="`tocsin doctor` tells more.")


def _round(poller: Poller, subscriptions: Subscriptions, begun: datetime) -> Round:
    done = Round(feeds=len(subscriptions.feeds), articles=poller.produced)
    here = 0
    for _, state in poller.standing():
        here += 1
        asked = state.visited_at is not None and state.visited_at >= begun
        done.asked += asked
        done.broken += asked and state.failures > 0
        done.waiting += not asked
    done.elsewhere = done.feeds - here
    return done


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
    log.info("step.stopped", exit_code=0)
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
            self.ready_file = None  # said once


async def _turns(
    poller: Poller, file: SubscriptionsFile, clock: Clock, stop: asyncio.Event, reporter: _Reporter
) -> None:
    while not stop.is_set():
        changed = file.changed(time.monotonic())
        if changed is not None:
            poller.subscribe(changed)
        wake = await poller.turn(clock.now())
        if poller.failure is not None:
            raise poller.failure
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
