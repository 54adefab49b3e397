"""A resolver for aiohttp that connects only to addresses that were checked.

One question to the name server per connection: the answer that was checked is the one that is used, so a name that
changes between check and connection gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from workers.addresses import PrivateHosts, refusal
from workers.threads import in_daemon_thread

Lookup = Callable[[str, int, int], Awaitable[list[tuple[Any, ...]]]]
"""`getaddrinfo` without the thread: host, port, family to its tuples."""


class AddressRefused(OSError):
    """The address is one that the service may not have."""


async def system_lookup(host: str, port: int, family: int) -> list[tuple[Any, ...]]:
    """The system's name service, asked in a thread of its own: a slow one holds up nobody else."""
    return await in_daemon_thread(
        lambda: list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)), name=f"lookup-{host}"
    )


class CheckedResolver(AbstractResolver):
    """Resolves for aiohttp. Raises AddressRefused if any answer is neither public nor permitted.

    `how_to_allow` ends the message, and tells what to do if the address was meant.
    """

    def __init__(self, permitted: PrivateHosts, *, how_to_allow: str, lookup: Lookup = system_lookup) -> None:
        self._permitted = permitted
        self._how_to_allow = how_to_allow
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host`, each checked."""
        found: list[ResolveResult] = []
        checked = not self._permitted.permits_name(host)
        for kind, _, proto, _, address in await self._lookup(host, port, family):
            if kind not in (socket.AF_INET, socket.AF_INET6):
                continue
            if checked and (why := refusal(str(address[0]), self._permitted)):
                raise AddressRefused(f"{host} resolves to {why}; {self._how_to_allow}")
            found.append(
                ResolveResult(
                    hostname=host,
                    host=str(address[0]),
                    port=port,
                    family=kind,
                    proto=proto,
                    flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                )
            )
        if not found:
            raise OSError(f"{host} has no address")
        return found

    async def close(self) -> None:
        """Nothing is held."""
        await asyncio.sleep(0)
