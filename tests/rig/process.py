"""A server as a child process: start, wait until ready, kill, freeze, restart, and always clean up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.rig.reaper import REAPER

STOP_SECONDS = 30.0
"""How long a server may take to end when asked; after that it is killed."""


def ended(process: psutil.Process) -> bool:
    """Whether it runs no more, though its parent may not have taken note of that."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class CannotStart(AssertionError):
    """A real server that a test needs cannot be started. The message says what to do."""


@contextmanager
def temporary_folder(name: str) -> Iterator[Path]:
    """A folder that is removed at the end, also when the test run is killed."""
    folder = Path(tempfile.mkdtemp(prefix=f"tocsin-{name}-"))
    REAPER.watch_folder(str(folder))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        REAPER.forget_folder(str(folder))


class ServerProcess:
    """One server. Its port, folder and command stay the same over `restart`, as on a real machine."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        ready: Callable[[], bool],
        ready_seconds: float = 60.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.command = tuple(command)
        self.folder = folder
        self.log_path = folder / f"{name}.log"
        self._ready = ready
        self._ready_seconds = ready_seconds
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running child; a new one after every restart."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process

    @property
    def running(self) -> bool:
        """Whether the child lives (a frozen one does)."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start and wait until the server answers. Raises CannotStart with the end of its log."""
        if self.running:
            raise RuntimeError(f"{self.name} is running already")
        with self.log_path.open("ab") as log:
            # A group of its own, so that Ctrl-C reaches the test run first and the children are stopped in order.
            self._process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        REAPER.watch_group(self._process.pid)
        deadline = time.monotonic() + self._ready_seconds
        while not self._ready():
            if (code := self._process.poll()) is not None:
                self._gone()
                raise CannotStart(f"{self.name} ended with code {code} while starting:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise CannotStart(f"{self.name} did not answer in {self._ready_seconds:.0f} s:\n{self.log_tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it in order (SIGTERM), by force if it does not obey. Nothing happens if it is down."""
        if self.running:
            self._signal(signal.SIGCONT)
            self._signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                return
        self._gone()

    def kill(self) -> None:
        """`kill -9`: no goodbye, nothing flushed. Nothing happens if it is down."""
        if self.running:
            self._signal(signal.SIGKILL)
            self.process.wait(STOP_SECONDS)
        self._gone()

    def freeze(self) -> None:
        """Stop the process where it stands: connections stay open, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """End it in order if it runs, then start it again on the same port with the same data."""
        self.stop()
        self.start()

    def log_tail(self, lines: int = 40) -> str:
        """The end of what the server printed."""
        try:
            return "\n".join(self.log_path.read_text("utf-8", "replace").splitlines()[-lines:])
        except FileNotFoundError:
            return "(it printed nothing)"

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            # It ended between the look and the signal: what was asked for has happened.
            return

    def _gone(self) -> None:
        if self._process is not None:
            REAPER.forget_group(self._process.pid)
