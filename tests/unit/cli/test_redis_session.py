"""What a person is told, and how soon, if what is named as Redis does not answer as Redis does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from workers.cli.redis_session import redis_session
from workers.errors import Unreachable
from workers.redis_client import ANSWER_SECONDS
from workers.settings import Settings


@asynccontextmanager
async def answering(words: bytes) -> AsyncIterator[Settings]:
    """A server that says the same to everybody, and keeps the connection."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(words)
        await done.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Settings(redis_url=f"redis://127.0.0.1:{port}/0")
    finally:
        done.set()
        server.close()


@pytest.mark.parametrize(
    ("words", "told"), [(b"", "nothing came within 6 s"), (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is no Redis")]
)
async def test_it_is_told_in_words_before_a_person_loses_patience(words: bytes, told: str) -> None:
    began = time.monotonic()
    async with answering(words) as settings:
        with pytest.raises(Unreachable, match=told) as found:
            async with redis_session(settings):
                pass
    assert "TOCSIN_REDIS_URL" in str(found.value.hint)
    assert time.monotonic() - began < 3 * ANSWER_SECONDS
