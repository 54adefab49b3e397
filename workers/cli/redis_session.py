"""A Redis client for one command, whose silence ends in a message that says what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.redis_client import Redis
    from workers.settings import Settings


@asynccontextmanager
async def redis_session(settings: Settings) -> AsyncIterator[Redis]:
    """A client that is closed at the end. Raises Unreachable."""
    from redis.exceptions import ConnectionError as RedisConnectionError
    from redis.exceptions import TimeoutError as RedisTimeoutError

    from workers.errors import Unreachable
    from workers.redis_client import address, connect, greet

    client = connect(settings)
    hint = "Is it running? TOCSIN_REDIS_URL names it; `tocsin doctor` tells more."
    try:
        await greet(client, settings, hint)
        yield client
    except (RedisConnectionError, RedisTimeoutError, OSError) as error:
        raise Unreachable(
            f"Redis at {address(settings)} does not answer: {error}",
            hint=hint,
        ) from error
    finally:
        await client.aclose()
