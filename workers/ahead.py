"""Has a step begin with a batch while what came of the one before is being confirmed: no core waits for Kafka.

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
    """A handler of which `handle` has no effects: nobody minds if a batch is handled and then never sent."""

    works_ahead: bool


class Ahead:
    """Two batches at most: one that is handled, and the one before."""

    def __init__(self) -> None:
        self._latest: asyncio.Task[None] | None = None

    async def take(
        self,
        handle: Callable[[], Coroutine[Any, Any, Sequence[Outcome]]],
        see_through: Callable[[Begun], Coroutine[Any, Any, None]],
    ) -> None:
        """Handle a batch; `see_through` does the rest, when the batch before is done with.

        Returns when the batch is handled, well or not, and the one before is done with.
        """
        earlier = self._latest
        begun = asyncio.create_task(handle())
        begun.add_done_callback(_heard)
        self._latest = asyncio.create_task(_after(earlier, see_through, begun))
        await asyncio.wait({begun} if earlier is None else {begun, earlier})


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
