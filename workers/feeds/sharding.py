"""Which poller has which host: rendezvous hashing, so that a poller that comes or goes moves only its own share. Pure.

The unit is a host and not a feed: a host is asked one thing at a time with a pause between, so that two pollers could
not fetch its feeds faster than one, but could be impolite together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from topics.base import digest

NO_HOST = "-"
"""For an address that has none: it is somebody's to tell that it is broken."""


def host_of(url: str) -> str:
    """The host that an address names, in lower case and without its port; NO_HOST if there is none."""
    try:
        return (urlsplit(url).hostname or NO_HOST).rstrip(".") or NO_HOST
    except ValueError:
        return NO_HOST


def owner(host: str, pollers: Collection[str]) -> str | None:
    """The poller that should have `host` (highest random weight); None without pollers."""
    return max(pollers, key=lambda poller: (digest("shard", poller, host), poller), default=None)


def share(poller: str, pollers: Collection[str], hosts: Iterable[str]) -> frozenset[str]:
    """The hosts that `poller` should have."""
    return frozenset(host for host in hosts if owner(host, pollers) == poller)
