"""Kafka dies, freezes and comes back while a step works: nothing is lost, and the step goes on or ends non-zero."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.test_stream import Step, article, echoed, produce, waiting
from tests.rig.kafka import KafkaServer, real_kafka
from topics.names import FLOW
from workers.kafka_client import ensure_topics
from workers.settings import Settings


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[KafkaServer]:
    """One that may be killed."""
    with real_kafka() as server:
        yield server


def supervise(settings: Settings, folder: Path, ids: set[str], fault: Callable[[], None]) -> int:
    """Keep the step running as a supervisor would until all is acknowledged; how often it was started.

    `fault` strikes once, in the middle of the work, while the step lives.
    """
    starts = 0
    struck = False
    deadline = time.monotonic() + 240
    while True:
        step = Step(settings, folder)
        starts += 1
        try:
            while step.process.poll() is None:
                assert time.monotonic() < deadline, step.log.read_text()[-4000:]
                seen = {line.split()[-1] for line in step.lines("new")}
                if not struck and len(seen) > len(ids) / 10:
                    struck = True
                    fault()
                if len(seen) == len(ids) and waiting(settings) == 0:
                    assert struck
                    assert step.end() == 0
                    return starts
                time.sleep(0.05)
            assert step.process.returncode == 6, step.log.read_text()[-4000:]
        finally:
            step.process.kill()
            step.process.wait()


@pytest.mark.parametrize("fault", ["restart", "freeze"])
def test_a_broker_that_goes_and_comes_back(own_kafka: KafkaServer, tmp_path: Path, fault: str) -> None:
    settings = Settings(
        namespace=f"gone-{fault}", kafka_bootstrap_servers=own_kafka.bootstrap, kafka_session_timeout=6,
        retry_attempts=4, retry_max_wait=1, batch_size=8,
    )  # fmt: skip
    ensure_topics(settings, FLOW)
    ids = {f"a{n}" for n in range(3000)}
    produce(settings, *(article(name) for name in sorted(ids)))

    def strike() -> None:
        if fault == "restart":
            own_kafka.kill()
            time.sleep(3)
            own_kafka.restart()
        else:
            own_kafka.freeze()
            time.sleep(12)
            own_kafka.thaw()

    print("starts of the step:", supervise(settings, tmp_path, ids, strike))
    assert set(echoed(settings)) == ids


def test_a_broker_that_stays_away_ends_the_step(own_kafka: KafkaServer, tmp_path: Path) -> None:
    """A process that has said its last word must be gone, or no supervisor starts another."""
    settings = Settings(
        namespace="away", kafka_bootstrap_servers=own_kafka.bootstrap, kafka_session_timeout=6, retry_attempts=3,
        retry_max_wait=0.3, watchdog_seconds=20, drain_seconds=3,
    )  # fmt: skip
    ensure_topics(settings, FLOW)
    produce(settings, *(article(f"a{n}", "slow") for n in range(3)))
    step = Step(settings, tmp_path)
    try:
        while not step.lines("slow"):
            time.sleep(0.1)
        own_kafka.kill()
        assert step.process.wait(180) == 6
    finally:
        step.process.kill()
        step.process.wait()
        own_kafka.restart()
