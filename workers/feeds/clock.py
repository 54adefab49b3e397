"""The time as the poller sees it: a parameter, so that a simulated day runs in seconds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    shared: bool
    """Whether Redis's own clock may be asked instead, so that pollers on machines with other clocks agree."""

    def now(self) -> datetime:
        """The time, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait so long, by this clock."""


class WallClock:
    """The time of this machine."""

    shared = True

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        await asyncio.sleep(max(0.0, seconds))
