"""A client of the tests' Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from workers.redis_client import Redis, connect
from workers.settings import Settings


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    """Connected to an empty Redis."""
    found = connect(Settings(redis_url=redis_url))
    yield found
    await found.aclose()
