"""Three pollers as processes, by Redis's own clock: one is killed, one is asked to end; who has which host meanwhile.

`pytest tests/faults/test_feeds_pollers.py -s` prints the figures.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.rig.feed_poller import ScaledClock
from tests.rig.kafka import KafkaServer
from tests.unit.feeds.simulation import START, Publication, every, publishers
from workers.feeds.holdings import LEASE
from workers.settings import Settings

HOSTS = 30
"""Each poller has some: of 12, one in forty times one of three has none."""
TOCSIN = [sys.executable, "-m", "workers.cli"]


async def owners(environment: dict[str, str]) -> dict[str, str | None]:
    """Which poller has each feed, by its process id."""
    listing = await asyncio.create_subprocess_exec(
        *TOCSIN, "feeds", "list", "--json", env=environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await listing.communicate()
    rows = [json.loads(line) for line in said.decode().splitlines()]
    return {row["url"]: row["poller"] and row["poller"].split("-")[-2] for row in rows}


async def seconds_until(
    environment: dict[str, str], settled: Callable[[dict[str, str | None]], bool], limit: float
) -> tuple[float, dict[str, str | None]]:
    begun = time.monotonic()
    while not settled(found := await owners(environment)):
        assert time.monotonic() - begun < limit, found
        await asyncio.sleep(0.1)
    return time.monotonic() - begun, found


async def test_a_dead_poller_is_replaced_and_a_leaving_one_hands_over(
    kafka: KafkaServer, redis_url: str, tmp_path: Path
) -> None:
    settings = Settings(
        namespace=f"t{uuid.uuid4().hex[:12]}", kafka_bootstrap_servers=kafka.bootstrap, redis_url=redis_url,
        feeds=tmp_path / "feeds.yaml",
    )  # fmt: skip
    environment = {**os.environ, **settings.environment()}
    async with publishers(ScaledClock(time.time(), START, 1)) as site:
        urls = [site.publish(f"127.0.0.{host}", "/rss", Publication(every(LEASE))) for host in range(2, 2 + HOSTS)]
        lines = "".join(f"  - {{url: '{url}', interval: 5m, allow_private: true}}\n" for url in urls)
        (tmp_path / "feeds.yaml").write_text(f"feeds:\n{lines}")
        with (tmp_path / "pollers.log").open("wb") as log:
            pollers = [
                subprocess.Popen([*TOCSIN, "worker", "feeds"], env=environment, stdout=log, stderr=log)
                for _ in range(3)
            ]
            try:
                everybody = {str(poller.pid) for poller in pollers}
                _, first = await seconds_until(environment, lambda found: set(found.values()) == everybody, 90)
                while len(site.log) < HOSTS:
                    await asyncio.sleep(0.1)
                pollers[0].kill()
                left = everybody - {str(pollers[0].pid)}
                killed, second = await seconds_until(environment, lambda found: set(found.values()) <= left, 120)
                pollers[1].terminate()
                assert await asyncio.to_thread(pollers[1].wait, 60) == 0
                last = {str(pollers[2].pid)}
                handed, _ = await seconds_until(environment, lambda found: set(found.values()) == last, 60)
            finally:
                for poller in pollers:
                    poller.kill()
    kept = [url for url in urls if first[url] in left]
    requests = Counter(asked.host for asked in site.log)
    print(
        f"\n{HOSTS} hosts on three pollers: {sorted(Counter(first.values()).values())}\n"
        f"killed: all its hosts are taken over after {killed:.1f} s (lease {LEASE.total_seconds():g} s);"
        f" {sum(first[url] != second[url] for url in kept)} of {len(kept)} others moved\n"
        f"asked to end: all its hosts have another poller {handed:.1f} s after its end\n"
        f"requests a feed: {dict(Counter(requests.values()))}"
    )
    assert set(requests.values()) == {1}, "a feed was asked by two pollers, or again before it was due"
    assert all(first[url] == second[url] for url in kept)
