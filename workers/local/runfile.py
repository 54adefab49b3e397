"""The run file of `tocsin up`: by it, other commands on this machine find the servers that it started."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.errors import ConfigurationError
from workers.settings import Settings, read_run_file, state_dir

SHARED = (
    "namespace",
    "kafka_bootstrap_servers",
    "kafka_session_timeout",
    "redis_url",
    "clock",
    "patterns",
    "receivers",
    "feeds",
)


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the lock of the state folder, so that two that start at once do not both run. Raises ConfigurationError.

    The kernel frees it when we end, however that happens; the file itself stays, as removing it would free it early.
    """
    folder = state_dir()
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            address = read_run_file().get("kafka_bootstrap_servers")
            state = f"Kafka at {address}" if address else "it is starting"
            raise ConfigurationError(
                f"A `tocsin up` is running on this machine already ({state}).",
                hint="End that one first, or set TOCSIN_STATE_DIR to another folder for a second one.",
            ) from None
        yield
    finally:
        os.close(lock)


@contextmanager
def run_file(settings: Settings) -> Iterator[None]:
    """Write the file, readable by its owner only (a Redis URL may hold a password); remove it at the end."""
    environment = settings.environment()
    shared = {name: environment[key] for name in SHARED if (key := f"TOCSIN_{name.upper()}") in environment}
    folder = state_dir()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "up.json"
    fresh = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"pid": os.getpid(), "settings": shared}, file)
    fresh.replace(path)
    try:
        yield
    finally:
        if _owner(path) == os.getpid():
            path.unlink(missing_ok=True)


def _owner(path: Path) -> int | None:
    try:
        return int(json.loads(path.read_text("utf-8"))["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
