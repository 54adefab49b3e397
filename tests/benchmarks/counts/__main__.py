"""`python -m tests.benchmarks.counts`: memory and time of the rolling counts, an article, and what a big stream takes.

Articles name 30 entities each, drawn by Zipf's law from a million names, a million articles a day. Memory is what Redis
says it uses; its slope is taken over the second half, when the usual names are known.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from tests.rig.redis import real_redis
from topics.annotations import Annotation, Entity, Fingerprint
from workers.redis_client import Redis, connect
from workers.redis_keys import Keys
from workers.settings import Settings
from workers.watch.count_reader import MEASURES, CountReader
from workers.watch.counts import Countable, Counts
from workers.watch.durations import to_micros
from workers.watch.sightings import stamp_of

START = datetime(2026, 3, 1, tzinfo=UTC)
A_DAY = 1_000_000
BATCH = 64
KEPT_DAYS = 9
NAMES = 1_000_000


def articles(number: int, entities: int, per_day: int) -> Iterator[Annotation]:
    """Articles in order of time, with the names that Zipf's law gives them."""
    dice = np.random.default_rng(1)
    weights = 1 / np.arange(3, NAMES + 3)
    edges = np.cumsum(weights / weights.sum())
    for at in range(number):
        picked = np.searchsorted(edges, dice.random(entities))
        when = START + timedelta(days=1) * (at / per_day)
        yield Annotation.model_construct(
            article_id=f"u{at:020}", revision="r", published_at=when, fetched_at=when, event_time=when,
            event_time_source="published", source=f"outlet-{at % 500}.example", title="", tags=(),
            entities=tuple(Entity.model_construct(id=f"person:some-name-{n:06}", mentions=()) for n in set(picked)),
            events=(), fingerprint=Fingerprint.model_construct(minhash="", terms={}),
        )  # fmt: skip


async def measure(url: str, number: int, entities: int, per_day: int) -> None:
    """Write and read them, and print what it took."""
    client = connect(Settings(redis_url=url))
    counts = Counts(client, Keys("bench"), frozenset())
    first = await used(client)
    marks: list[tuple[int, int]] = []
    own = theirs = wall = 0.0
    batch: list[Countable] = []
    for at, article in enumerate(articles(number, entities, per_day)):
        batch.append(Countable(0, at, stamp_of(article, at), article))
        if len(batch) == BATCH or at == number - 1:
            began, cpu, server = time.perf_counter(), time.process_time(), await server_cpu(client)
            await counts.apply(batch)
            wall, own = wall + time.perf_counter() - began, own + time.process_time() - cpu
            theirs += await server_cpu(client) - server
            batch = []
        if (at + 1) % max(1, number // 10) == 0:
            marks.append((at + 1, await used(client) - first))
            print(f"{at + 1:>9,} articles  {marks[-1][1] / 1e6:8.1f} MB  {marks[-1][1] / (at + 1):7.0f} bytes each")
    await counts.done({0: number})
    print(f"\nwriting: {wall / number * 1e6:.0f} µs an article, of which CPU {own / number * 1e6:.0f} in the worker,"
          f" {theirs / number * 1e6:.0f} in Redis")  # fmt: skip
    await print_parts(client, number)
    (half, low), (whole, high) = marks[len(marks) // 2 - 1], marks[-1]
    slope = (high - low) / (whole - half)
    print(f"\nslope over the second half: {slope:.0f} bytes an article")
    print(f"a million articles a day, kept {KEPT_DAYS} days for windows of 7: {slope * A_DAY * KEPT_DAYS / 1e9:.1f} GB")
    await print_reading(client, START + timedelta(days=1) * (number / per_day))
    await client.aclose()


async def print_parts(client: Redis, number: int) -> None:
    """Which kinds of key take it."""
    sizes: Counter[str] = Counter()
    keys = 0
    sampled = 0
    async for key in client.scan_iter(count=1000):
        kind = {"a": "guards", "l": "logs", "n": "numbers of names", "i": "names"}.get(
            key.partition("}:")[2][:1], "other"
        )
        if kind == "guards":
            keys += 1
            if keys % 200:
                continue
            sampled += 1
        sizes[kind] += await client.memory_usage(key, samples=0) or 0
    sizes["guards"] = round(sizes["guards"] * keys / max(1, sampled))
    print("by key, bytes an article: " + ", ".join(f"{kind} {size / number:.0f}" for kind, size in sizes.most_common()))


async def print_reading(client: Redis, end: datetime) -> None:
    """What it takes to look at them."""
    reader = CountReader(client, Keys("bench"))
    for window in ("1h", "24h"):
        for by in MEASURES:
            began = time.perf_counter()
            ranked = await reader.top("entity", window, to_micros(end), by=by)
            print(f"top of {window:>3} by {by:8}: {time.perf_counter() - began:6.2f} s, {len(ranked):,} names")


async def used(client: Redis) -> int:
    """Bytes that Redis uses."""
    return int((await client.info("memory"))["used_memory"])


async def server_cpu(client: Redis) -> float:
    """Seconds of CPU that Redis has used."""
    found = await client.info("cpu")
    return float(found["used_cpu_user"]) + float(found["used_cpu_sys"])


def main(arguments: list[str]) -> int:
    """Measure on a Redis of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.counts", description=__doc__)
    parser.add_argument("--articles", type=int, default=200_000)
    parser.add_argument("--entities", type=int, default=30)
    parser.add_argument("--per-day", type=int, default=A_DAY, help="articles a day, by their dates")
    chosen = parser.parse_args(arguments)
    with real_redis("--appendonly", "no") as server:
        asyncio.run(measure(server.url, chosen.articles, chosen.entities, chosen.per_day))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
