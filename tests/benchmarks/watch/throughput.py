"""Annotations a second through Kafka and Redis, one process: our step, a bare loop, and Quix Streams, side by side."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.benchmarks.watch import samples, servers
from tests.benchmarks.watch.servers import Rig
from workers.settings import examples_dir

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Subject:
    """What is measured. `counted` says how many annotations its state holds."""

    name: str
    command: list[str]
    environment: dict[str, str]
    counted: Callable[[redis.Redis], int]


def measure(articles: int, broker: str, quix: str | None, rounds: int) -> int:
    """Print a table and the ratios; subjects take turns, so that they share whatever else the machine does."""
    lines = samples.stretched(samples.read_sample(), articles)
    print(f"{articles:,} annotations through {broker}, one process each, best of {rounds}")
    print(f"{'subject':30} {'annotations/s':>14} {'us CPU, process':>16} {'us CPU, Redis':>14}")
    best: dict[str, tuple[float, float, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(rounds):
            with servers.rig(broker, folder, patterns=examples_dir() / "patterns") as rig:
                servers.produce(rig, lines)
                for subject in _subjects(rig, quix, folder):
                    found = _run(rig, subject, articles, folder / "log")
                    best[subject.name] = max(found, best.get(subject.name, (0.0, 0.0, 0.0)))
    for subject_name, (speed, cpu, in_redis) in best.items():
        print(f"{subject_name:30} {speed:14,.0f} {cpu:16,.0f} {in_redis:14,.0f}")
    ours = best["tocsin worker watch"][0]
    for subject_name, (speed, _, _) in best.items():
        if speed != ours:
            print(f"tocsin / {subject_name}: {ours / speed:.2f}")
    return 0


def _subjects(rig: Rig, quix: str | None, folder: Path) -> list[Subject]:
    topic = rig.settings.topics.of("annotations")
    place = [rig.bootstrap, topic, rig.redis.url]
    bare = ["-m", "tests.benchmarks.watch.bare_loop", *place]
    found = [
        Subject("tocsin worker watch", servers.worker("watch"), rig.settings.environment(), _done_by_us),
        Subject("bare loop, counting only", [servers.worker("watch")[0], *bare], {}, _done_by("bare")),
    ]
    if quix is not None:
        state = folder / "quix"
        shutil.rmtree(state, ignore_errors=True)
        command = [quix, str(HERE / "quix_loop.py"), *place, str(state)]
        found.append(Subject("Quix Streams, counting only", command, {}, _done_by("quix")))
    return found


def _done_by_us(client: redis.Redis) -> int:
    offsets = [client.hget(key, "done") for key in client.scan_iter(match="{bench:counts:*}:meta")]
    return sum(int(offset) for offset in offsets if offset)


def _done_by(name: str) -> Callable[[redis.Redis], int]:
    return lambda client: int(client.hget(name, "done") or 0)


def _run(rig: Rig, subject: Subject, articles: int, log: Path) -> tuple[float, float, float]:
    """Annotations a second from the first tenth on, and CPU microseconds of the process and of Redis for each."""
    rig.redis.flush()
    with rig.redis.client() as client, servers.process(subject.command, subject.environment, log) as child:
        servers.wait_until(lambda: subject.counted(client) >= articles // 10, log)
        first, started = subject.counted(client), time.perf_counter()
        cpu, in_redis = servers.cpu_of(child), _cpu_of_redis(client)
        servers.wait_until(lambda: subject.counted(client) >= articles, log)
        seconds = time.perf_counter() - started
        number = articles - first
        spent = servers.cpu_of(child) - cpu, _cpu_of_redis(client) - in_redis
    return number / seconds, spent[0] / number * 1e6, spent[1] / number * 1e6


def _cpu_of_redis(client: redis.Redis) -> float:
    info = client.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])
