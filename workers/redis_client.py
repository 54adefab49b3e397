"""Connections to Redis, and what of its errors may pass."""

from __future__ import annotations

from urllib.parse import urlsplit

import redis.asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from workers.errors import Unreachable
from workers.redis_wire import PackedConnection
from workers.settings import Settings

Redis = aioredis.Redis
"""The client that all steps use: asyncio, answers decoded from UTF-8."""

TIMEOUT_SECONDS = 5.0


def connect(settings: Settings) -> Redis:
    """A client for the configured Redis; nothing is sent yet. Our writes are idempotent, so retries are safe."""
    url = settings.require_redis()
    retry = Retry(ExponentialBackoff(cap=1.0, base=0.05), 3)
    client: Redis = aioredis.Redis.from_url(
        url,
        connection_class=PackedConnection,  # TLS and sockets of files have classes of their own, which go before
        decode_responses=True,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        health_check_interval=30,
        retry=retry,
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )
    return client


def address(settings: Settings) -> str:
    """Host and port for messages; never the password."""
    parts = urlsplit(settings.require_redis())
    return f"{parts.hostname or 'localhost'}:{parts.port or 6379}{parts.path}"


async def check(settings: Settings) -> str:
    """The server's version. Raises Unreachable."""
    client = connect(settings)
    try:
        info = await client.info("server")
    except (RedisConnectionError, RedisTimeoutError, OSError) as error:
        raise Unreachable(
            f"Redis at {address(settings)} does not answer: {error}",
            hint="Is it running? TOCSIN_REDIS_URL names it; `redis-cli -u URL ping` should print PONG.",
        ) from error
    finally:
        await client.aclose()
    return str(info.get("redis_version", "unknown"))
