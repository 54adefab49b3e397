"""Temporary folders that do not stay for ever when their process is killed: the next start sweeps them."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NAME = re.compile(r"tocsin-run-(\d+)-")


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder with our process's number in its name, locked while we live, removed at the end.

    Those of our user's dead processes are removed first.
    """
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"tocsin-run-{os.getpid()}-"))
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep() -> None:
    """Remove the folders of our user whose process is gone."""
    for folder in Path(tempfile.gettempdir()).glob("tocsin-run-*"):
        found = _NAME.match(folder.name)
        if found is not None and not _alive(int(found[1])):
            with suppress(OSError):  # not ours, a link, locked, or swept by somebody else meanwhile
                _remove_if_free(folder)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _remove_if_free(folder: Path) -> None:
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(lock).st_uid != os.getuid():
            return
        # A container that shares this folder has process numbers of its own; its lock says that it lives.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
