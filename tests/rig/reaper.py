"""Cleaning up even when the test run itself is killed: a small process that outlives it for a moment.

It reads orders from a pipe. When the pipe closes, for whatever reason, it kills the process groups and removes the
folders that were registered and not yet released. Run as a file of its own, so it imports nothing of the project.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from typing import IO


class Reaper:
    """The test run's side of the pipe. One for the whole run; started by the first registration."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pipe: IO[bytes] | None = None

    def watch_group(self, pgid: int) -> None:
        """Kill the process group `pgid` if the test run ends before `forget_group`."""
        self._order(f"+group {pgid}")

    def forget_group(self, pgid: int) -> None:
        """The group has ended; its number may come to belong to somebody else."""
        self._order(f"-group {pgid}")

    def watch_folder(self, folder: str) -> None:
        """Remove `folder` if the test run ends before `forget_folder`."""
        self._order(f"+folder {folder}")

    def forget_folder(self, folder: str) -> None:
        """The folder is gone."""
        self._order(f"-folder {folder}")

    def _order(self, line: str) -> None:
        with self._lock:
            if self._pipe is None:
                self._pipe = _start()
            self._pipe.write(line.encode() + b"\n")
            self._pipe.flush()


REAPER = Reaper()


def _start() -> IO[bytes]:
    # A session of its own: Ctrl-C at the terminal must not reach it before it has done its work.
    process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, start_new_session=True)
    assert process.stdin is not None
    return process.stdin


def _main() -> None:
    watched: dict[str, list[str]] = {"group": [], "folder": []}
    for line in sys.stdin:
        kind, _, value = line.rstrip("\n").partition(" ")
        members = watched[kind[1:]]
        if kind.startswith("+"):
            members.append(value)
        elif value in members:
            members.remove(value)
    for pgid in watched["group"]:
        try:
            os.killpg(int(pgid), signal.SIGKILL)
        except ProcessLookupError:
            continue
    for folder in watched["folder"]:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _main()
