"""One blocking call in a thread of its own.

Not asyncio's shared pool: a name server or a disk that hangs would take its few threads from everybody else, and
the process could not end before they return.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_daemon_thread(call: Callable[[], T], *, name: str) -> T:
    """What `call` returns or raises. If the awaiting task is cancelled, the thread goes on; its result is dropped."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(set_it: Callable[[], None]) -> None:
        def now() -> None:
            if not future.done():
                set_it()

        try:
            loop.call_soon_threadsafe(now)
        except RuntimeError:  # the loop has been closed meanwhile: nobody waits any more
            return

    def work() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - whatever it is belongs to the one who awaits
            problem = error
            settle(lambda: future.set_exception(problem))
        else:
            settle(lambda: future.set_result(result))

    threading.Thread(target=work, name=name, daemon=True).start()
    return await future
