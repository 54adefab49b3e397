"""Lets a step's handler look at the time, now and again, while no batch is in hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Protocol, runtime_checkable

from workers.logs import get_logger

log = get_logger("ticker")

EVERY_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
SHORTEST_PAUSE_SECONDS = 0.1


@runtime_checkable
class Ticking(Protocol):
    """A handler that does something because time passes. `tick` may fail and be called again without harm."""

    async def tick(self) -> None:
        """Look at the time. It raises what `Handler.handle` raises."""

    def wakes(self, soon: Callable[[], None]) -> None:
        """Called before the first tick: `soon` brings the next one on, if no batch is in hand and none waits."""


@runtime_checkable
class Reloading(Protocol):
    """A handler whose configuration can be loaded anew while it runs: on SIGHUP."""

    def reload(self) -> None:
        """Do so soon."""


@runtime_checkable
class Reassigned(Protocol):
    """A handler that keeps account of the partitions which are its own."""

    def revoked(self, partitions: Collection[int]) -> None:
        """They are this worker's no more, until `applied` asks for them again."""

    async def reads_from(self, partition: int, offset: int) -> None:
        """The next record is that of `offset`, though the state is further, as after a topic was made anew."""


class Ticker:
    """Calls `tick` for ever. `turn` is held while a batch is in hand; `broken` is told why the step must end.

    A failure that may pass (`transient`) is tried again, ever more rarely: the batches tell whether the step is well.
    """

    def __init__(
        self,
        handler: Ticking,
        turn: asyncio.Lock,
        *,
        transient: tuple[type[Exception], ...],
        broken: Callable[[str], None],
    ) -> None:
        self._handler = handler
        self._turn = turn
        self._transient = transient
        self._broken = broken
        self._asked = asyncio.Event()
        self._rests = True

    def soon(self) -> None:
        """Nothing waits: what hangs on time need not wait for the next full second."""
        self._rests = True
        self._asked.set()

    def busy(self) -> None:
        """A batch is in hand. Until `soon`, ticks come once a second: each would hold up the batches that wait."""
        self._rests = False

    def _answered(self) -> None:
        if self._rests:
            self._asked.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        self._handler.wakes(self._answered)
        pause = EVERY_SECONDS
        while True:
            await self._sleep(pause)
            try:
                async with self._turn:
                    await self._handler.tick()
                pause = EVERY_SECONDS
            except self._transient as error:
                pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
                log.warning("tick.failed", error=repr(error), again_in=pause)
            except Exception as error:
                log.exception("tick.broken", error=repr(error))
                self._broken(f"looking at the time failed: {error!r}")
                return

    async def _sleep(self, pause: float) -> None:
        await asyncio.sleep(SHORTEST_PAUSE_SECONDS)
        if pause > EVERY_SECONDS:  # it failed: to be asked again is no reason to hope
            await asyncio.sleep(pause - SHORTEST_PAUSE_SECONDS)
        else:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), pause - SHORTEST_PAUSE_SECONDS)
        self._asked.clear()
