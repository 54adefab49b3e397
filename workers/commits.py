"""How much is worked on before it is acknowledged, and when Faust is told to commit what is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import cast

import faust
from faust.transport.consumer import Consumer
from faust.types import EventT

from workers.logs import get_logger

log = get_logger("stream")

PORTION_BYTES = 1_000_000
"""Of a batch, worked on and acknowledged at once, so that giants do not look stuck."""


class Commits:
    """Commits at once when nothing waits: who looks how far a step is need not wait a second. One of them at a time."""

    def __init__(self, app: faust.App) -> None:
        self._app = app
        self._under_way: asyncio.Task[None] | None = None
        self._asked = False

    def soon(self) -> None:
        """Commit what is acknowledged, also if that is more than a commit that is under way knows of."""
        self._asked = True
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._commit())

    async def _commit(self) -> None:
        while self._asked:
            self._asked = False
            try:
                consumer = cast(Consumer, self._app.consumer)
                # Faust takes its own commit, which may know of less, for this one.
                await consumer.maybe_wait_for_commit_to_finish()
                await consumer.commit()
            except Exception as error:  # noqa: BLE001 - Faust commits again in a second, and the watchdog sees if it cannot
                log.warning("commit.failed", error=repr(error))


def portions(events: Sequence[EventT[bytes]]) -> Iterator[Sequence[EventT[bytes]]]:
    """`events` in order, cut where they come to more than PORTION_BYTES."""
    portion: list[EventT[bytes]] = []
    size = 0
    for event in events:
        length = len(event.message.value or b"")
        if portion and size + length > PORTION_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(event)
        size += length
    if portion:
        yield portion
