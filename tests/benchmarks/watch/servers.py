"""Kafka, Redis and processes to measure with: what each of them spends, and how far a process has come."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from confluent_kafka import Producer

from tests.rig.broker import embedded_broker
from tests.rig.kafka import real_kafka
from tests.rig.redis import RedisServer, real_redis
from topics.names import FLOW
from workers.kafka_client import ensure_topics
from workers.settings import Settings

PATIENCE_SECONDS = 600.0


@dataclass(frozen=True)
class Rig:
    """Servers, and the settings that name them."""

    settings: Settings
    redis: RedisServer

    @property
    def bootstrap(self) -> str:
        """Kafka's address."""
        return str(self.settings.kafka_bootstrap_servers)


@contextmanager
def rig(broker: str, folder: Path, **settings: object) -> Iterator[Rig]:
    """A Kafka (`kafka` or `embedded`) with our topics, and a Redis; all gone at the end."""
    with ExitStack() as stack:
        server = stack.enter_context(real_kafka() if broker == "kafka" else embedded_broker())
        redis = stack.enter_context(real_redis())
        changes = {"namespace": "bench", "kafka_bootstrap_servers": server.bootstrap, "redis_url": redis.url}
        found = Settings().with_changes(**changes, state_dir=folder, **settings)
        ensure_topics(found, FLOW)
        yield Rig(found, redis)


@contextmanager
def process(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[psutil.Process]:
    """A process that runs while it is measured."""
    with log.open("ab") as out:
        child = subprocess.Popen(command, env={**os.environ, **environment}, stdout=out, stderr=out)
    try:
        yield psutil.Process(child.pid)
    finally:
        child.kill()
        child.wait()


def worker(step: str) -> list[str]:
    """The command of one of our steps."""
    return [sys.executable, "-m", "workers.cli", "worker", step]


def produce(rig: Rig, lines: Sequence[bytes]) -> None:
    """All `lines` to `annotations`, keyed as the annotate step keys them."""
    producer = Producer({"bootstrap.servers": rig.bootstrap, "linger.ms": 20})
    topic = rig.settings.topics.of("annotations")
    for number, line in enumerate(lines):
        producer.produce(topic, line, key=str(number).encode())
        if number % 500 == 0:
            producer.poll(0)
    producer.flush()


def cpu_of(child: psutil.Process) -> float:
    """CPU seconds of a process and its children."""
    family = [child, *child.children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in family)


def wait_until(holds: Callable[[], bool], log: Path) -> None:
    """Raises TimeoutError with the end of the log."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(log.read_text("utf-8", "replace")[-3000:])
        time.sleep(0.005)
