"""5,000 entries over a simulated hour while the poller is killed twenty times and Kafka is cut off twice.

`pytest tests/faults/test_feeds_killed.py -s` prints the figures.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.rig.feed_poller import VARIABLE, ScaledClock
from tests.rig.kafka import KafkaServer, real_kafka
from tests.rig.proxy import Proxy, proxy_to
from tests.unit.feeds.simulation import START, Publication, Publishers, publishers
from topics.articles import Article
from topics.names import FLOW
from workers.kafka_client import ensure_topics
from workers.local.topic_reader import read_records
from workers.settings import Settings

FEEDS = 20
ENTRIES = 250
"""Of each feed."""

KEPT = 120
"""The last so many stand in its document."""

HOUR = timedelta(hours=1)
EDITED_AFTER = timedelta(minutes=5)
SPEED = 20
KILLS = 20
CUTS = 2


@pytest.fixture
def cut_kafka() -> Iterator[tuple[KafkaServer, Proxy]]:
    with proxy_to() as net, real_kafka(advertise_proxy=net.port) as server:
        net.target = server.proxied_port
        yield server, net


def title(feed: int, number: int, now: datetime, at: datetime) -> str:
    """One entry in ten is edited after a while."""
    edited = number % 10 == 0 and now >= at + EDITED_AFTER
    return f"Story {feed}-{number}{' (updated)' if edited else ''}"


def appearing(feed: int) -> Publication:
    pause = HOUR / ENTRIES

    def items(now: datetime) -> Sequence[tuple[str, str, datetime]]:
        count = min(ENTRIES, max(0, int((now - START) / pause)))
        times = [(number, START + (number + 1) * pause) for number in range(max(0, count - KEPT), count)]
        return [(f"f{feed}-{number}", title(feed, number, now, at), at) for number, at in times]

    return Publication(items)


class Supervised:
    """The poller as a supervisor keeps it: killed and started again."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log.open("wb")
        self._process: asyncio.subprocess.Process | None = None
        self.starts = 0

    async def start(self) -> None:
        self.starts += 1
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.rig.feed_poller", env=self._environment, stderr=self._log, stdout=self._log
        )

    async def kill(self) -> None:
        assert self._process is not None
        assert self._process.returncode is None, "it ended by itself"
        self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def supervised(environment: dict[str, str], log: Path) -> AsyncIterator[Supervised]:
    found = Supervised(environment, log)
    await found.start()
    try:
        yield found
    finally:
        await found.kill()


async def until_it_asks(site: Publishers, asked: int) -> None:
    deadline = time.monotonic() + 120
    while len(site.log) <= asked:
        assert time.monotonic() < deadline, "the poller asks nobody"
        await asyncio.sleep(0.02)


async def test_nothing_lost_and_nothing_twice(
    cut_kafka: tuple[KafkaServer, Proxy], redis_url: str, tmp_path: Path
) -> None:
    server, net = cut_kafka
    chance = random.Random(5)
    settings = Settings(
        namespace=f"t{uuid.uuid4().hex[:12]}", kafka_bootstrap_servers=net.address, redis_url=redis_url,
        feeds=tmp_path / "feeds.yaml",
    )  # fmt: skip
    ensure_topics(settings, FLOW)
    # The hour begins when the first poller has had time to start.
    clock = ScaledClock(time.time() + 5, START, SPEED)
    async with publishers(clock) as site:
        urls = [site.publish(f"127.0.0.{2 + n // 2}", f"/{n}", appearing(n)) for n in range(FEEDS)]
        lines = "".join(f"  - {{url: '{url}', interval: 1m, allow_private: true}}\n" for url in urls)
        (tmp_path / "feeds.yaml").write_text(f"gap: 1s\nfeeds:\n{lines}")
        environment = {**os.environ, **settings.environment(), VARIABLE: clock.dump()}
        async with supervised(environment, tmp_path / "poller.log") as poller:
            pause = HOUR / SPEED / (KILLS + CUTS + 1)
            cuts = {7: net.refuse, 15: net.swallow}
            for number in range(KILLS + CUTS):
                await asyncio.sleep(pause.total_seconds() * 0.3 + chance.random() * pause.total_seconds())
                if strike := cuts.get(number):
                    await asyncio.to_thread(strike)
                    await asyncio.sleep(6)
                    await asyncio.to_thread(net.heal)
                    continue
                await poller.kill()
                asked = len(site.log)
                await poller.start()
                await until_it_asks(site, asked)
            ended = clock.now()
            while clock.now() < max(START + HOUR + EDITED_AFTER, ended) + timedelta(minutes=5):
                await asyncio.sleep(0.5)
        requests, starts = len(site.log), poller.starts

    direct = settings.with_changes(kafka_bootstrap_servers=server.bootstrap)
    produced = await asyncio.to_thread(lambda: list(read_records(direct, "articles", Article)))
    revisions: dict[str, set[str]] = defaultdict(set)
    for article in produced:
        revisions[article.title.removesuffix(" (updated)")].add(article.revision)
    ids = {article.id for article in produced}
    once = {(article.id, article.revision) for article in produced}
    wanted = {f"Story {feed}-{number}" for feed in range(FEEDS) for number in range(ENTRIES)}
    edited = {name for name in wanted if int(name.partition("-")[2]) % 10 == 0}
    last = {article.title for article in produced if article.title.endswith("(updated)")}
    print(
        f"\n{len(wanted):,} entries of {FEEDS} feeds in a simulated hour, {len(edited)} of them edited\n"
        f"poller started {starts} times ({KILLS} kill -9), Kafka cut off {CUTS} times; {requests:,} requests\n"
        f"on the topic: {len(produced):,} records, {len(ids):,} ids, {len(once):,} revisions;"
        f" {len(produced) - len(once):,} repeats for the guard to drop\n"
        f"lost: {len(wanted - revisions.keys())}; never published: {len(revisions.keys() - wanted)};"
        f" edits lost: {len(edited) - len(last)};"
        f" revisions of an entry: {dict(Counter(len(each) for each in revisions.values()))}"
    )
    assert revisions.keys() == wanted
    assert len(ids) == len(wanted)
    assert last == {f"{name} (updated)" for name in edited}
    assert all(len(each) <= (2 if name in edited else 1) for name, each in revisions.items())
    assert starts == KILLS + 1
