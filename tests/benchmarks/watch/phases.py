"""What the watch step spends its time on, without Kafka: records straight into the handler, on a real Redis."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from tests.benchmarks.watch import samples
from tests.rig.redis import RedisServer, real_redis
from workers.garbage import keep_what_is_loaded
from workers.logs import configure_logging
from workers.redis_client import connect
from workers.settings import Settings
from workers.steps import Incoming
from workers.watch.event_types import DEFAULT_EVENT_TYPES
from workers.watch.pattern_file import PatternSet
from workers.watch.step import Watch

PARTITIONS = 4
_PHASES = (
    ("stories", "_stories", "assign"),
    ("counts", "_counts", "apply"),
    ("days", "_time", "note"),
    ("clock", "_time", "read"),
    ("windows", "_engine", "apply"),
    ("done", "_counts", "done"),
)


def measure(articles: int, numbers: Sequence[int], size: int) -> int:
    """Print annotations a second in batches of `size`, and the shares of the phases; with ever more patterns."""
    configure_logging("error")
    lines = samples.stretched(samples.read_sample(), articles)
    keep_what_is_loaded()
    names = [name for name, _, _ in _PHASES]
    print(f"{articles:,} annotations, batches of {size}; wall time on a Redis of its own, and CPU of both")
    heads = "".join(f" {name:>8}" for name in (*names, "other"))
    print(f"{'patterns':>8} {'annotations/s':>14} {'us, step':>9} {'us, Redis':>10}{heads}")
    for number in numbers:
        with real_redis() as server:
            spent = asyncio.run(_run(server, lines, number, size))
        shares = "".join(f" {spent[name] / spent['all']:8.0%}" for name in names)
        rest = 1 - sum(spent[name] for name in names) / spent["all"]
        each = 1e6 / articles
        print(
            f"{number:8,} {articles / spent['all']:14,.0f} {spent['cpu'] * each:9.0f} {spent['redis'] * each:10.0f}"
            f"{shares} {rest:8.0%}"
        )
    return 0


async def _run(server: RedisServer, lines: Sequence[bytes], number: int, size: int) -> dict[str, float]:
    client = connect(Settings(redis_url=server.url))
    step = Watch(PatternSet(tuple(samples.patterns(number))), DEFAULT_EVENT_TYPES, client, "bench")
    spent: dict[str, float] = defaultdict(float)
    for name, part, method in _PHASES:
        owner = getattr(step, part)
        setattr(owner, method, _timed(getattr(owner, method), name, spent))
    records = [Incoming("annotations", n % PARTITIONS, n // PARTITIONS, None, line, {}) for n, line in enumerate(lines)]
    redis, cpu, started = await _cpu_of(client), time.process_time(), time.perf_counter()
    for at in range(0, len(records), size):
        batch = records[at : at + size]
        await step.handle(batch)
        await step.confirmed(batch)
    spent["all"] = time.perf_counter() - started
    spent["cpu"] = time.process_time() - cpu
    spent["redis"] = await _cpu_of(client) - redis
    await step.stop()
    return spent


def _timed(
    method: Callable[..., Coroutine[Any, Any, Any]], name: str, spent: dict[str, float]
) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def timed(*arguments: Any) -> Any:
        started = time.perf_counter()
        try:
            return await method(*arguments)
        finally:
            spent[name] += time.perf_counter() - started

    return timed


async def _cpu_of(client: Any) -> float:
    info = await client.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])
