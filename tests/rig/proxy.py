"""A TCP proxy on loopback that can refuse, cut, delay and swallow: the network between a step and its servers.

    with proxy_to(redis.port) as net:
        settings = Settings(redis_url=f"redis://127.0.0.1:{net.port}/0")
        net.swallow()    # packets vanish; connections stay open
        ...
        net.heal()

For Kafka, whose clients go where the broker tells them to: `real_kafka(advertise_proxy=net.port)`, then
`net.target = kafka.proxied_port`, and clients start at `net.address`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tests.rig.ports import LOOPBACK, free_port

_PIECE = 64 * 1024

T = TypeVar("T")


class _CutError(Exception):
    """This connection ends here."""


class Proxy:
    """Passes bytes on until told otherwise. All methods may be called from any thread; they return when it is done."""

    def __init__(self, target: int | None = None) -> None:
        self.target = target
        self.port = free_port()
        self.address = f"{LOOPBACK}:{self.port}"
        self.accepted = 0
        self._delay = 0.0
        self._left_to_send: int | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._open.set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._listen())

    # -- what a network can do --------------------------------------------------------------------------------------

    @property
    def connections(self) -> int:
        """Connections that are open now, as clients see them."""
        return self._do(self._count())

    def cut(self) -> None:
        """Reset every connection; new ones are taken as before."""
        self._do(self._reset_all())

    def refuse(self) -> None:
        """Reset every connection and refuse new ones, as if the server's process were gone."""
        self._do(self._refuse())

    def swallow(self) -> None:
        """Pass nothing on, in either direction, and keep every connection open, as a dead network does.

        New connections are taken and hang. What was sent meanwhile arrives after `heal`.
        """
        self._do(self._swallow())

    def delay(self, seconds: float) -> None:
        """Hold every piece (of at most 64 KiB) for so long, in both directions."""
        self._delay = seconds

    def cut_after(self, sent: int) -> None:
        """Let `sent` more bytes pass towards the server, over all connections, then cut; once.

        The last request has then been sent in part, or in whole with its answer lost.
        """
        self._left_to_send = sent

    def heal(self) -> None:
        """All faults end."""
        self._delay = 0.0
        self._left_to_send = None
        self._do(self._heal())

    def close(self) -> None:
        """End everything. May be called twice."""
        if self._loop.is_closed():
            return
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # -- on the loop ------------------------------------------------------------------------------------------------

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._connected, LOOPBACK, self.port)

    async def _count(self) -> int:
        return len(self._writers) // 2

    async def _reset_all(self) -> None:
        for writer in list(self._writers):
            _reset(writer)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._reset_all()

    async def _swallow(self) -> None:
        self._open.clear()

    async def _heal(self) -> None:
        self._open.set()
        await self._listen()

    async def _close(self) -> None:
        await self._refuse()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.accepted += 1
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            await self._pass_on(reader, writer)
            writer.close()
        except (asyncio.CancelledError, _CutError, OSError):
            # Cut by order, or either side went away: the client sees a reset.
            _reset(writer)
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        if self.target is None:
            raise _CutError
        from_server, to_server = await asyncio.open_connection(LOOPBACK, self.target)
        self._writers.add(to_server)
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(reader, to_server, towards_server=True))
                pumps.create_task(self._pump(from_server, writer, towards_server=False))
        except* (_CutError, OSError):
            raise _CutError from None
        finally:
            # In order: what was passed on has been passed on.
            self._writers.discard(to_server)
            to_server.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, towards_server: bool) -> None:
        while piece := await source.read(_PIECE):
            await self._open.wait()
            if self._delay:
                await asyncio.sleep(self._delay)
            if towards_server and self._left_to_send is not None:
                piece, rest = piece[: self._left_to_send], piece[self._left_to_send :]
                self._left_to_send -= len(piece)
                if rest or self._left_to_send == 0:
                    self._left_to_send = None
                    sink.write(piece)
                    raise _CutError
            sink.write(piece)
            await sink.drain()
        await self._open.wait()
        with contextlib.suppress(OSError):
            sink.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close at once, with a TCP reset: what lies in buffers is lost."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() != -1:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextmanager
def proxy_to(target: int | None = None) -> Iterator[Proxy]:
    """A proxy to the port `target`, which may also be set later."""
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
