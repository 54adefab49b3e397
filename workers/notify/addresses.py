"""Which network addresses a receiver may have: the check, and a resolver for aiohttp that connects to what was checked.

One question to the name server per connection: the answer that was checked is the one that is used, so a name that
changes between check and connection gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from workers.notify.threads import in_daemon_thread

HOW_TO_ALLOW = "`allow_private: true` in the receiver allows it"

_METADATA = frozenset({"168.63.129.16", "100.100.100.200"})
"""Addresses of cloud metadata services that lie outside the link-local range."""

_PROTOCOLS = ipaddress.ip_network("192.0.0.0/24")
"""IETF protocol assignments: `is_global` takes some of them for public before Python 3.11.10."""

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is handed out for use on the internet."""

_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))

Lookup = Callable[[str, int, int], Awaitable[list[tuple[Any, ...]]]]
"""`getaddrinfo` without the thread: host, port, family to its tuples."""


class AddressRefused(OSError):
    """The address is one that a receiver may not have."""


def refusal(address: str) -> str | None:
    """Why the IP `address` is refused; None if it is a public one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (inner := _carried(ip)) is not None:
        return refusal(str(inner))
    if str(ip) in _METADATA:
        kind = "a metadata service"
    elif ip.is_loopback:
        kind = "a loopback address"
    elif ip.is_unspecified:
        kind = "an unspecified address"
    elif ip.is_link_local:
        kind = "a link-local address"
    elif ip.is_multicast:
        kind = "a multicast address"
    elif not ip.is_global or ip in _PROTOCOLS or (ip.version == 6 and ip not in _GLOBAL_UNICAST):
        kind = "a private address"
    else:
        return None
    return f"{address} is {kind}; {HOW_TO_ALLOW}"


def _carried(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64, compatible): where a packet ends up."""
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip.teredo is not None:
        return ip.teredo[1]
    compatible = int(ip) >> 32 == 0 and int(ip) > 1
    if compatible or any(ip in network for network in _NAT64):
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return None


def literal_refusal(host: str) -> str | None:
    """Why `host`, if it is written as a number, is refused. None for a name: that is checked when it is looked up."""
    try:
        return refusal(host.strip("[]"))
    except ValueError:
        pass
    try:
        socket.inet_aton(host)  # 2130706433, 0x7f000001, 127.1: old spellings that the system would understand
    except (OSError, UnicodeEncodeError):
        return None
    return f"{host} is an address in an unusual spelling; write it as four decimal numbers"


async def system_lookup(host: str, port: int, family: int) -> list[tuple[Any, ...]]:
    """The system's name service, asked in a thread of its own: a slow one holds up nobody else."""
    return await in_daemon_thread(
        lambda: list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)), name=f"lookup-{host}"
    )


class CheckedResolver(AbstractResolver):
    """Resolves for aiohttp. Raises AddressRefused if any answer is not public, unless private ones are allowed."""

    def __init__(self, *, allow_private: bool, lookup: Lookup = system_lookup) -> None:
        self._allow_private = allow_private
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host`, each checked."""
        found: list[ResolveResult] = []
        for kind, _, proto, _, address in await self._lookup(host, port, family):
            if kind not in (socket.AF_INET, socket.AF_INET6):
                continue
            if not self._allow_private and (why := refusal(str(address[0]))):
                raise AddressRefused(f"{host} resolves to {why}")
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
