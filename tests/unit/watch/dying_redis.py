"""A Redis client that dies at a chosen command, before it is sent or after it has run, as a killed process does."""

from __future__ import annotations

from typing import Any

from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from workers.redis_client import Redis


class ProcessDied(BaseException):
    """Not an Exception: nothing in the step may catch it."""


class Fuse:
    """Counts round trips; burns at number `burns_at`. Every second one lets the command run first."""

    def __init__(self, burns_at: int | None) -> None:
        self.left = burns_at

    def before(self) -> None:
        """A command is about to be sent."""
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise ProcessDied

    after = before


class DyingPipeline(Pipeline):
    fuse: Fuse

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        self.fuse.before()
        answers = await super().execute(raise_on_error)
        self.fuse.after()
        return answers


class DyingRedis(Redis):
    """All round trips of the step go through `execute_command` or a pipeline."""

    fuse: Fuse

    @classmethod
    def at(cls, url: str, fuse: Fuse) -> DyingRedis:
        """A client that dies by `fuse`."""
        client: DyingRedis = cls.from_url(url, decode_responses=True, retry=Retry(NoBackoff(), 0))
        client.fuse = fuse
        return client

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self.fuse.before()
        answer = await super().execute_command(*args, **options)
        self.fuse.after()
        return answer

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        pipe = DyingPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        pipe.fuse = self.fuse
        return pipe
