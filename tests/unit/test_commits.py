"""A commit that was asked for covers what was acknowledged before, also beside Faust's own."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import faust
from faust.transport.consumer import Consumer

from workers.commits import Commits


class _Broker:
    """Who commits and who waits is Faust's own code; what it would tell Kafka is noted."""

    commit = Consumer.commit
    maybe_wait_for_commit_to_finish = Consumer.maybe_wait_for_commit_to_finish

    def __init__(self) -> None:
        self.app = SimpleNamespace(client_only=False)
        self.loop = asyncio.get_running_loop()
        self._commit_fut: asyncio.Future[None] | None = None
        self.acknowledged = 0
        self.committed: list[int] = []
        self.answers = asyncio.Event()

    async def force_commit(self, *_args: Any, **_kwargs: Any) -> bool:
        offset = self.acknowledged
        await self.answers.wait()
        self.committed.append(offset)
        return True


async def test_what_was_acknowledged_during_fausts_own_commit_is_committed_too() -> None:
    consumer: Any = _Broker()
    commits = Commits(cast(faust.App, SimpleNamespace(consumer=consumer)))
    own = asyncio.create_task(consumer.commit())
    await asyncio.sleep(0)
    consumer.acknowledged = 7
    commits.soon()
    await asyncio.sleep(0)
    consumer.answers.set()
    await own
    async with asyncio.timeout(10):
        while consumer.committed[-1] != 7:  # nobody is told when Faust has committed
            await asyncio.sleep(0.01)
