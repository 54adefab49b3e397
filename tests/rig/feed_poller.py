"""A poller of feeds as a process of its own, by a clock that runs faster than the wall's; and that clock.

`python -m tests.rig.feed_poller` takes settings from the environment, and the clock from TEST_CLOCK.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from workers.feeds.running import run_poller
from workers.logs import configure_logging
from workers.settings import load_settings

VARIABLE = "TEST_CLOCK"


@dataclass(frozen=True)
class ScaledClock:
    """At the wall's `begun` (epoch seconds) it showed `shown`; it runs `speed` times as fast. Processes share it."""

    begun: float
    shown: datetime
    speed: float
    shared: bool = False

    def now(self) -> datetime:
        return self.shown + timedelta(seconds=(time.time() - self.begun) * self.speed)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    def dump(self) -> str:
        return f"{self.begun} {self.shown.isoformat()} {self.speed}"

    @classmethod
    def parse(cls, text: str) -> ScaledClock:
        begun, shown, speed = text.split()
        return cls(float(begun), datetime.fromisoformat(shown).astimezone(UTC), float(speed))


if __name__ == "__main__":
    configure_logging("info", "json", step="feeds")
    sys.exit(run_poller(load_settings(discover=False), ScaledClock.parse(os.environ[VARIABLE])))
