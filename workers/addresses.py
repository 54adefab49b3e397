"""Which network addresses a service that others name may have (a webhook, a feed). Pure: looks no name up."""

from __future__ import annotations

import ipaddress
import socket
import unicodedata
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_METADATA = frozenset({"168.63.129.16", "100.100.100.200"})
"""Addresses of cloud metadata services that lie outside the link-local range."""

_PROTOCOLS = ipaddress.ip_network("192.0.0.0/24")
"""IETF protocol assignments: `is_global` takes some of them for public before Python 3.11.10."""

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is handed out for use on the internet."""

_DOTS = dict.fromkeys(map(ord, "\u3002\uff0e\uff61"), ".")
"""What may stand for a dot in the name of a host."""

_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


@dataclass(frozen=True, slots=True)
class PrivateHosts:
    """What may be had though it is not public: networks, and names whatever they resolve to."""

    networks: tuple[IpNetwork, ...] = ()
    names: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, words: str) -> Self:
        """From "127.0.0.1, 10.1.0.0/16, wiki.intranet". Raises ValueError for what is neither a network nor a name."""
        networks: list[IpNetwork] = []
        names: set[str] = set()
        for word in (each.strip() for each in words.split(",")):
            if not word:
                continue
            try:
                networks.append(ipaddress.ip_network(word.strip("[]"), strict=False))
            except ValueError:
                if "/" in word or ":" in word or " " in word:
                    raise ValueError(f"expected an address, a network or a host name, found {word!r}") from None
                names.add(_name(word))
        return cls(tuple(networks), frozenset(names))

    def permits(self, ip: IpAddress) -> bool:
        """Whether the address lies in one of the networks."""
        return any(ip.version == network.version and ip in network for network in self.networks)

    def permits_name(self, host: str) -> bool:
        """Whether the host is named."""
        return _name(host) in self.names


NO_PRIVATE_HOSTS = PrivateHosts()
ALL_PRIVATE_HOSTS = PrivateHosts((ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")))


def refusal(address: str, permitted: PrivateHosts = NO_PRIVATE_HOSTS) -> str | None:
    """Why the IP `address` is refused; None if it is a public or a permitted one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if permitted.permits(ip):
        return None
    if isinstance(ip, ipaddress.IPv6Address) and (inner := _carried(ip)) is not None:
        return refusal(str(inner), permitted)
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
    return f"{address} is {kind}"


def literal_refusal(host: str, permitted: PrivateHosts = NO_PRIVATE_HOSTS) -> str | None:
    """Why `host`, if it is written as a number, is refused. None for a name: that is checked when it is looked up."""
    try:
        return refusal(host.strip("[]"), permitted)
    except ValueError:
        pass
    # What names are turned into before they are asked for (UTS 46): full-width digits become digits.
    plain = unicodedata.normalize("NFKC", unquote(host)).translate(_DOTS).rstrip(".")
    try:
        socket.inet_aton(plain)  # 2130706433, 0x7f000001, 127.1: old spellings that the system would understand
    except (OSError, UnicodeEncodeError):
        return None
    return f"{host} is an address in an unusual spelling; write it as four decimal numbers"


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


def _name(host: str) -> str:
    return host.lower().rstrip(".")
