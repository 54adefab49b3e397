"""Partitions of a running step are taken away and come back, while it reads: the same alerts and counts as in peace."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.faults.test_kills import fresh
from tests.journeys.harness import play, until_done
from tests.rig.kafka import KafkaServer
from workers.local.stack import Stack

ROUNDS = (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM)
"""How the second worker ends, each time after it had its share for a while."""


class Second:
    """Another worker of the watch step, that joins and leaves. `shares` counts how often it was given partitions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shares = 0

    async def __call__(self, stack: Stack) -> None:
        for number, end in enumerate(ROUNDS):
            await until_done(stack, "watch", 10 + 20 * number)
            ready = self.folder / f"ready-{number}"
            changes = {"TOCSIN_READY_FILE": str(ready), "TOCSIN_METRICS_PORT": "0"}
            worker = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "workers.cli", "worker", "watch",
                env={**os.environ, **stack.settings.environment(), **changes},
                stderr=(self.folder / "second.log").open("a"),
            )  # fmt: skip
            try:
                while not ready.exists():
                    assert worker.returncode is None, (self.folder / "second.log").read_text()[-2000:]
                    await asyncio.sleep(0.1)
                self.shares += 1
                await asyncio.sleep(1)
            finally:
                worker.send_signal(end)
                await worker.wait()


@pytest.mark.parametrize("server", ["broker", "kafka"])
async def test_a_second_worker_that_joins_and_leaves_changes_nothing(
    request: pytest.FixtureRequest, redis_url: str, tmp_path: Path, server: str
) -> None:
    where: KafkaServer = request.getfixturevalue(server)
    calm = await play(fresh(where, redis_url), tmp_path)
    second = Second(tmp_path)
    stirred = await play(fresh(where, redis_url), tmp_path, second)
    assert second.shares == len(ROUNDS)
    assert calm.ids
    assert (stirred.ids, stirred.alerts, stirred.counts) == (calm.ids, calm.alerts, calm.counts)
    assert stirred.received == calm.ids
    taken_away = (tmp_path / "steps.log").read_text("utf-8").count("partitions.revoked")
    assert taken_away >= len(ROUNDS)
