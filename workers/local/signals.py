"""How a command of this machine ends on a signal, and work that must come to its end whatever is cancelled."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_until_signalled(main: Coroutine[Any, Any, int], *, signalled: int | None = None) -> int:
    """Run `main` to its end; its exit code, or `signalled` if a signal ended it (None: 128 and the signal's number).

    Ctrl-C, SIGTERM and SIGHUP cancel it, and cancel it again each time they come: `unbroken` work takes the second
    as "hurry".
    """
    return asyncio.run(_until_signalled(main, signalled))


async def _until_signalled(main: Coroutine[Any, Any, int], signalled: int | None) -> int:
    task = asyncio.create_task(main)
    came: list[int] = []

    def end(signum: int) -> None:
        came.append(signum)
        task.cancel()

    loop = asyncio.get_running_loop()
    for signum in ENDING:
        # Who starts a command with nohup wants it to outlive the terminal.
        if signum != signal.SIGHUP or signal.getsignal(signum) is not signal.SIG_IGN:
            loop.add_signal_handler(signum, end, signum)
    try:
        return await task
    except asyncio.CancelledError:
        if not came:
            raise
        return 128 + came[0] if signalled is None else signalled
    finally:
        if came:
            _be_deaf(loop)


def _be_deaf(loop: asyncio.AbstractEventLoop) -> None:
    """All has ended in order; one Ctrl-C more must not change the exit code while Python takes itself apart."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    for signum in ENDING:
        loop.remove_signal_handler(signum)
        signal.signal(signum, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


async def unbroken(work: Coroutine[Any, Any, T], on_cancel: Callable[[], None] | None = None) -> T:
    """Bring `work` to its end even when this is cancelled; `on_cancel` is called each time it is.

    Raises CancelledError only after the end, else returns or raises what `work` does.
    """
    task = asyncio.create_task(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})  # unlike `await task`, this does not pass the cancellation on
        except asyncio.CancelledError:
            cancelled = True
            if on_cancel is not None:
                on_cancel()
    if cancelled:
        raise asyncio.CancelledError from (None if task.cancelled() else task.exception())
    return task.result()


def in_daemon_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """As `asyncio.to_thread`, but a `work` that never returns, such as reading a terminal, does not keep us alive."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(settler: Callable[[Any], None], value: object) -> None:
        with suppress(RuntimeError):  # the loop has ended, nobody waits any more
            loop.call_soon_threadsafe(lambda: None if future.done() else settler(value))

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            settle(future.set_exception, error)
        else:
            settle(future.set_result, result)

    threading.Thread(target=run, daemon=True).start()
    return future
