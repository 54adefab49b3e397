"""A file of JSON lines: one line a delivery, appended and on the disk before it counts."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from topics.alerts import Alert
from workers.notify.message import Group
from workers.notify.receivers.webhook import group_payload, message_id, payload


def render(alert: Alert, *, test: bool = False) -> bytes:
    """The line, with its line end: a webhook's payload and the `id` by which a repeat can be told."""
    line = {"id": message_id(alert, test=test), **payload(alert, test=test)}
    return _line(line)


def render_group(group: Group, *, test: bool = False) -> bytes:
    """The line of several alerts: a webhook's payload, which has its `id`."""
    return _line(group_payload(group, test=test))


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def append(path: Path, line: bytes) -> None:
    """Add `line` and wait for the disk. Raises OSError. Folders are made; a half-written last line is closed first.

    Several workers may share the file: a lock keeps their lines apart.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        is_new = os.fstat(descriptor).st_size == 0
        _write_all(descriptor, (b"\n" if _is_torn(descriptor) else b"") + line)
        os.fsync(descriptor)
        if is_new:
            _keep_name(path)
    finally:
        os.close(descriptor)


def _keep_name(path: Path) -> None:
    """A new file's name is on the disk only when its folder is."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _is_torn(descriptor: int) -> bool:
    """Whether a crash left the last line without its end. False for what has no size, such as a pipe."""
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
