"""Has a step begin with batches while what came of the ones before is being confirmed: no core waits for Kafka.

Only the handling is early. Records are sent, confirmed and acknowledged batch by batch, in order, as ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, runtime_checkable

from workers.steps import Outcome

Begun = asyncio.Task[Sequence[Outcome]]
"""The first try at a batch."""


@runtime_checkable
class WorksAhead(Protocol):
    """A handler of which `handle` has no effects: nobody minds if a batch is handled and then never sent.

    It is called again before it has returned, and takes the batches one by one.
    """

    works_ahead: bool


class Ahead:
    """Three batches at most: one whose records are sent, one that is handled, and one that lies ready for that."""

    def __init__(self) -> None:
        self._begun: Begun | None = None
        self._latest: asyncio.Task[None] | None = None
        self._earlier: asyncio.Task[None] | None = None

    async def take(
        self,
        handle: Callable[[], Coroutine[Any, Any, Sequence[Outcome]]],
        see_through: Callable[[Begun], Coroutine[Any, Any, None]],
    ) -> None:
        """Handle a batch; `see_through` does the rest, when the batch before is done with.

        Returns when the batch before is handled, well or not, and the one before that is done with.
        """
        before = [task for task in (self._begun, self._earlier) if task is not None]
        self._begun = asyncio.create_task(handle())
        self._begun.add_done_callback(_heard)
        self._earlier, self._latest = self._latest, asyncio.create_task(_after(self._latest, see_through, self._begun))
        if before:
            await asyncio.wait(before)


async def _after(
    earlier: asyncio.Task[None] | None, see_through: Callable[[Begun], Coroutine[Any, Any, None]], begun: Begun
) -> None:
    if earlier is not None:
        await asyncio.wait({earlier})
    await see_through(begun)


def _heard(begun: Begun) -> None:
    """If the step ends before, nobody asks how it went; asyncio should not complain of that."""
    if not begun.cancelled():
        begun.exception()
