"""Ends a step that has lag and makes no progress: a stuck process is worse than a dead one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

import faust
from faust.types import TP

from topics.rejects import Step
from workers import metrics
from workers.logs import get_logger

log = get_logger("watchdog")

ROUND_SECONDS = 5.0
ANSWER_SECONDS = 30.0


def committed_offsets(app: faust.App) -> dict[TP, int | None]:
    """What the consumer knows to be committed; Faust keeps it to itself."""
    offsets: dict[TP, int | None] = vars(app.consumer)["_committed_offset"]
    return offsets


class Watchdog:
    """Watches one step. `idle` is set while no batch is in hand; `broken` is told why the step must end."""

    def __init__(
        self, app: faust.App, step: Step, limit_seconds: float, *, idle: asyncio.Event, broken: Callable[[str], None]
    ) -> None:
        self._app = app
        self._step = step
        self._limit = limit_seconds
        self._idle = idle
        self._broken = broken
        self._acked: dict[TP, int] = {}
        self._last_progress = time.monotonic()

    def assigned(self, partitions: Iterable[TP]) -> None:
        """The group was rebalanced: that counts as progress, and other partitions are for others to count."""
        kept = set(partitions)
        self._acked = {tp: offset for tp, offset in self._acked.items() if tp in kept}
        self._last_progress = time.monotonic()
        metrics.LAG.clear()

    def acknowledged(self, tp: TP, offset: int) -> None:
        """A record was finished."""
        self._acked[tp] = offset
        self.progressed()

    def progressed(self) -> None:
        """The step gets on, though nothing is acknowledged yet."""
        self._last_progress = time.monotonic()

    async def run(self) -> None:
        """Look again and again, for ever."""
        while True:
            await asyncio.sleep(min(ROUND_SECONDS, self._limit / 4))
            await self._look()

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                lag = await self.lag()
        except Exception as error:  # noqa: BLE001 - a rebalance in between; the next round tells
            log.debug("watchdog.blind", error=repr(error))
            lag = None
        for tp, waiting in (lag or {}).items():
            metrics.LAG.labels(self._step, tp.topic, tp.partition).set(waiting)
        silent = time.monotonic() - self._last_progress
        if self._idle.is_set() and lag is not None and not any(lag.values()):
            self._last_progress = time.monotonic()
        elif silent > self._limit and (lag is not None or not self._idle.is_set()):
            waits = f"{sum(lag.values())} records wait" if lag else "a batch is in hand"
            self._broken(f"watchdog: {waits} and none was finished for {silent:.0f} s")

    async def lag(self) -> dict[TP, int]:
        """Records not yet acknowledged, per assigned partition, as far as the consumer has heard.

        What Kafka deleted by retention, or keeps for itself, between our commit and the end does not wait for us: a
        partition that was read to its end and of which nothing is in hand has no lag.
        """
        consumer = self._app.consumer
        committed_offset = committed_offsets(self._app)
        found = {}
        for tp in consumer.assignment():
            newest: int | None = consumer.highwater(tp)  # typed int, but None before the first answer to a fetch
            position = await consumer.position(tp)
            if newest is None:
                continue
            committed = committed_offset.get(tp) or 0
            in_hand = any(m.tp == tp and m.offset >= committed for m in consumer.unacked)
            if position is not None and position >= newest and not in_hand:
                found[tp] = 0
            else:
                found[tp] = max(0, newest - max(self._acked.get(tp, -1) + 1, committed))
        return found
