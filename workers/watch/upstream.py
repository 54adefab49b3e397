"""What the watch step asks about the stages before it: at most one question at a time, and never in a batch's way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from workers.watch.durations import Micros

PATIENCE_SECONDS = 0.2
"""So long a tick waits for an answer; after that it looks again at the next one, and batches go on meanwhile."""

FIRST_PAUSE_SECONDS = 0.1
"""Until it is asked again where something still waited; doubled until this worker has done something."""


class Upstream(Protocol):
    """Kafka, as far as this step asks it. Both raise TransientError or Unreachable."""

    async def partitions(self) -> Collection[int]:
        """All partitions of `annotations`; none if that is not known."""

    async def drained(self, done: Mapping[int, int]) -> Collection[int]:
        """On which partitions of `annotations` nothing follows the offset in `done` (absent: the beginning).

        None at all while an article still waits before the annotate step.
        """

    def close(self) -> None:
        """Ask no more. It may block for a moment."""


class NothingUpstream:
    """Nobody to ask: no partition is known, and nobody can say that nothing waits."""

    async def partitions(self) -> Collection[int]:
        """See Upstream."""
        return ()

    async def drained(self, done: Mapping[int, int]) -> Collection[int]:
        """See Upstream."""
        del done
        return ()

    def close(self) -> None:
        """See Upstream."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Nothing of before `moment` waited on `partitions`, whose state had come to `done`."""

    partitions: frozenset[int]
    done: Mapping[int, int]
    moment: Micros

    def still_true(self, done: Mapping[int, int]) -> frozenset[int]:
        """The partitions whose state, now at `done`, has lost nothing since the question."""
        return frozenset(p for p in self.partitions if done.get(p, 0) >= self.done.get(p, 0))


class Inquiry:
    """One question after the other. The answer has the moment of its question: what comes meanwhile is later."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._asked: asyncio.Task[Answer] | None = None
        self._late = False
        self._pause = FIRST_PAUSE_SECONDS
        self.soon: Callable[[], None] = _nobody
        """Called when asking again is worth while: an answer that nobody waited for has come, or was of too early."""

    async def ask(self, done: Mapping[int, int], moment: Micros) -> Answer | None:
        """The answer to this question or to one that was still open; None if it has not come yet.

        Raises what the question raised.
        """
        if self._asked is None:
            self._asked, self._late = asyncio.create_task(self._answer(done, moment)), False
        await asyncio.wait({self._asked}, timeout=PATIENCE_SECONDS)
        if not self._asked.done():
            if not self._late:
                self._late = True
                self._asked.add_done_callback(lambda _: self.soon())
            return None
        asked, self._asked = self._asked, None
        answer = asked.result()
        if answer.partitions:
            self._pause = FIRST_PAUSE_SECONDS
        else:
            # What waited then may be done by now, or is just being committed.
            asyncio.get_running_loop().call_later(self._pause, self.soon)
            self._pause = min(1.0, 2 * self._pause)
        return answer

    def moved(self) -> None:
        """This worker's own state has moved: what it did may have been the last that waited."""
        self._pause = FIRST_PAUSE_SECONDS

    async def _answer(self, done: Mapping[int, int], moment: Micros) -> Answer:
        return Answer(frozenset(await self._upstream.drained(done)), done, moment)

    def stop(self) -> None:
        """Ask no more."""
        if self._asked is not None:
            self._asked.cancel()


def _nobody() -> None:
    """Nobody waits for answers."""
