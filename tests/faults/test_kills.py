"""`kill -9` of each step in the middle of the sample archive: the same alerts, the same counts, each told once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.journeys.harness import (
    Disturb,
    Outcome,
    kill_but_not_its_reader_when,
    kill_readers_when,
    kill_when,
    new_namespace,
    play,
)
from tests.rig.kafka import KafkaServer
from workers.local.stack import Stack
from workers.settings import Settings


def fresh(kafka: KafkaServer, redis_url: str, **changes: object) -> Settings:
    return Settings.model_validate(
        {"namespace": new_namespace(), "kafka_bootstrap_servers": kafka.bootstrap, "redis_url": redis_url,
         "batch_size": 8, **changes}
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Outcome]:
    """Filled by the first test that needs it."""
    return {}


async def reference(kafka: KafkaServer, redis_url: str, folder: Path, known: dict[str, Outcome]) -> Outcome:
    if "outcome" not in known:
        known["outcome"] = await play(fresh(kafka, redis_url), folder)
    return known["outcome"]


def together(*disturbs: Disturb) -> Disturb:
    async def disturb(stack: Stack) -> None:
        await asyncio.gather(*(one(stack) for one in disturbs))

    return disturb


DISTURBANCES = {
    "annotate": kill_when("annotate", 30),
    "annotate's reader, three times": kill_readers_when(16, 40, 72),
    "annotate, but not its reader": kill_but_not_its_reader_when(30),
    "watch": kill_when("watch", 30),
    "notify": kill_when("notify", 3),
    "all of them": together(kill_when("annotate", 50), kill_when("watch", 50), kill_when("notify", 2)),
}


@pytest.mark.parametrize("victim", DISTURBANCES)
async def test_kill_minus_nine(
    kafka: KafkaServer, redis_url: str, tmp_path: Path, undisturbed: dict[str, Outcome], victim: str
) -> None:
    calm = await reference(kafka, redis_url, tmp_path, undisturbed)
    assert calm.ids
    stormy = await play(fresh(kafka, redis_url), tmp_path, DISTURBANCES[victim])
    assert stormy.ids == calm.ids
    assert stormy.alerts == calm.alerts
    assert stormy.counts == calm.counts
    assert stormy.received == calm.ids
