"""Redis dies and comes back, or comes back empty: counts and alerts rebuild themselves, and nobody is told twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.journeys.harness import Disturb, new_namespace, play, until_done
from tests.rig.kafka import KafkaServer
from tests.rig.redis import RedisServer, real_redis
from topics.articles import Article
from workers.kafka_client import ArticleProducer
from workers.local.progress import ProgressMeter
from workers.local.stack import Stack
from workers.redis_client import connect
from workers.redis_keys import Keys
from workers.settings import Settings


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """One that may be killed; with an append-only file, as in production."""
    with real_redis() as server:
        yield server


def fresh(kafka: KafkaServer, redis: RedisServer) -> Settings:
    return Settings(
        namespace=new_namespace(), kafka_bootstrap_servers=kafka.bootstrap, redis_url=redis.url, batch_size=8
    )


def restarted(redis: RedisServer) -> Disturb:
    async def disturb(stack: Stack) -> None:
        await until_done(stack, "watch", 30)
        await asyncio.to_thread(redis.kill)
        await asyncio.sleep(2)
        await asyncio.to_thread(redis.restart)

    return disturb


def emptied(redis: RedisServer) -> Disturb:
    """All state is lost when all is done; one article more, of no interest, makes the step look."""

    async def disturb(stack: Stack) -> None:
        await until_done(stack, "watch", 100)
        await stack.wait_until_idle()
        await asyncio.sleep(2)  # the last deliveries
        await asyncio.to_thread(redis.lose_everything)
        now = datetime.now(UTC)
        with ArticleProducer(stack.settings) as producer:
            for number in range(8):  # enough to reach every partition
                text = f"The library of ward {number} opens at nine."
                producer.send_article(Article(id=f"late{number}", revision="1", text=text, fetched_at=now))
        while stack.children["watch"].restarts == 0:
            await asyncio.sleep(0.1)
        while not await caught_up(stack):
            await asyncio.sleep(0.2)

    return disturb


async def caught_up(stack: Stack) -> bool:
    """Whether the watch step's own state has reached what it had acknowledged."""
    client = connect(stack.settings)
    try:
        keys = Keys(stack.settings.namespace)
        done = [int(await client.hget(keys.counts(p).meta, "done") or 0) for p in range(stack.settings.partitions)]
    finally:
        await client.aclose()
    meter = ProgressMeter(stack.settings, ["watch"])
    try:
        progress = await asyncio.to_thread(meter.measure, "watch")
    finally:
        meter.close()
    return sum(done) == progress.total


async def test_redis_dies_and_comes_back(kafka: KafkaServer, own_redis: RedisServer, tmp_path: Path) -> None:
    calm = await play(fresh(kafka, own_redis), tmp_path)
    stormy = await play(fresh(kafka, own_redis), tmp_path, restarted(own_redis))
    assert stormy.ids == calm.ids
    assert stormy.alerts == calm.alerts
    assert stormy.counts == calm.counts
    assert stormy.received == calm.ids


async def test_redis_comes_back_empty(kafka: KafkaServer, own_redis: RedisServer, tmp_path: Path) -> None:
    calm = await play(fresh(kafka, own_redis), tmp_path)
    rebuilt = await play(fresh(kafka, own_redis), tmp_path, emptied(own_redis))
    assert rebuilt.ids == calm.ids
    assert rebuilt.alerts == calm.alerts
    assert rebuilt.counts["pair", "7d"] == calm.counts["pair", "7d"]
    assert rebuilt.counts["event", "7d"] == calm.counts["event", "7d"]
    assert set(rebuilt.told.values()) == {1}, "somebody was told twice"
