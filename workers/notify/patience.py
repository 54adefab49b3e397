"""Waiting in loops that must not die: for how long after a failure, until when, and when to give up after all."""

from __future__ import annotations

import asyncio
import contextlib

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0


def pause_after(failures: int) -> float:
    """Seconds to wait after so many failures in a row (from 1): doubling, bounded."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures - 1, 10))


async def until(event: asyncio.Event, seconds: float) -> None:
    """Until `event` or for `seconds`, whichever is first."""
    # Not `wait_for`: before Python 3.12 it can swallow a cancellation.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def raise_if_cancelled() -> None:
    """Raises CancelledError if this task was cancelled.

    A client library may turn a cancellation into an error of its own, or lose it; so a loop that catches errors looks
    at every turn.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
