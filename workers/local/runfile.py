"""The run file of `tocsin up`: by it, other commands on this machine find the servers that it started."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

from workers.settings import Settings, state_dir

SHARED = (
    "namespace",
    "kafka_bootstrap_servers",
    "kafka_session_timeout",
    "redis_url",
    "clock",
    "patterns",
    "receivers",
)


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
        path.unlink(missing_ok=True)
