"""A Redis client and running notify steps for the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio as aioredis

from tests.unit.notify.samples import Published, Start
from workers.notify.routing import Receivers
from workers.notify.step import Notify
from workers.notify.targets import Receiver
from workers.redis_client import Redis


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = aioredis.Redis.from_url(redis_url, decode_responses=True)
    yield client
    await client.aclose()


@pytest.fixture
async def start(redis: Redis) -> AsyncIterator[Start]:
    running: list[Notify] = []

    async def started(
        *receivers: Receiver, published: Published | None = None, **more: Any
    ) -> tuple[Notify, Published]:
        given: dict[str, Any] = {"namespace": "tocsin", "drain_seconds": 2.0, "poll_seconds": 0.02}
        step = Notify(Receivers(receivers, source=None), redis, **{**given, **more})
        running.append(step)
        out = published or Published()
        await step.start(out)
        return step, out

    yield started
    for step in running:
        await step.stop()
