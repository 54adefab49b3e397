"""Connections to Redis, and what of its errors may pass."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import redis.asyncio as aioredis
from redis.asyncio.connection import SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse
from redis.exceptions import TimeoutError as RedisTimeoutError

from workers.errors import Unreachable
from workers.redis_wire import FollowingTls, PackedConnection
from workers.settings import Settings

Redis = aioredis.Redis
"""The client that all steps use: asyncio, answers decoded from UTF-8."""

TIMEOUT_SECONDS = 5.0
ANSWER_SECONDS = 6.0
"""For the first answer to a command of a person's."""


def connect(settings: Settings) -> Redis:
    """A client for the configured Redis; nothing is sent yet. Our writes are idempotent, so retries are safe."""
    url = settings.require_redis()
    retry = Retry(ExponentialBackoff(cap=1.0, base=0.05), 3)
    client: Redis = aioredis.Redis.from_url(
        url,
        connection_class=PackedConnection,  # TLS has a class of its own, which goes before
        decode_responses=True,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        health_check_interval=30,
        retry=retry,
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )
    pool = client.connection_pool
    if pool.connection_class is SSLConnection:
        pool.connection_class = FollowingTls
    return client


def address(settings: Settings) -> str:
    """Host and port for messages; never the password."""
    parts = urlsplit(settings.require_redis())
    return f"{parts.hostname or 'localhost'}:{parts.port or 6379}{parts.path}"


async def greet(client: Redis, settings: Settings, hint: str) -> None:
    """Have an answer within `ANSWER_SECONDS`: a person waits, whom the retries of a step would keep for minutes.

    Raises Unreachable with `hint`.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await client.ping()
    except InvalidResponse as error:
        raise Unreachable(f"What answers at {address(settings)} is no Redis: {error}", hint=hint) from error
    except (RedisConnectionError, RedisTimeoutError, OSError) as error:
        why = str(error) or f"nothing came within {ANSWER_SECONDS:.0f} s"
        raise Unreachable(f"Redis at {address(settings)} does not answer: {why}", hint=hint) from error


async def check(settings: Settings) -> str:
    """The server's version. Raises Unreachable."""
    client = connect(settings)
    try:
        hint = "Is it running? TOCSIN_REDIS_URL names it; `redis-cli -u URL ping` should print PONG."
        await greet(client, settings, hint)
        info = await client.info("server")
    finally:
        await client.aclose()
    return str(info.get("redis_version", "unknown"))
