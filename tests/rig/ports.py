"""Free loopback ports, and waiting for somebody to listen on one."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"

_CHOICE = range(20_000, 32_000)
"""Below the range from which Linux takes ports for outgoing connections: a server that is killed and started again
must find its port still free."""


def free_port() -> int:
    """A port on which nobody listens now."""
    rng = random.SystemRandom()
    for _ in range(200):
        port = rng.choice(_CHOICE)
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no free port among 200 tried between {_CHOICE.start} and {_CHOICE.stop}")


def listens(port: int, *, timeout: float = 0.5) -> bool:
    """Whether a connection to `port` is accepted within `timeout` seconds."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=timeout).close()
    except OSError:
        return False
    return True
