"""A clock that is stepped, and publishers that live by it. Files with others of these names use their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.feeds.simulation import Publishers, SteppedClock, publishers


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
async def site(clock: SteppedClock) -> AsyncIterator[Publishers]:
    async with publishers(clock) as found:
        yield found
