"""Child processes that never outlive their parent: started in a session of their own, ended politely, then firmly."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from workers.errors import TocsinError
from workers.logs import get_logger
from workers.orphans import die_with_parent

log = get_logger("local")

LineSink = Callable[[str, str], None]
"""Takes a child's name and one line that it wrote."""

LAST_LINES_SECONDS = 1.0
"""How long what a child has written is still read when it has ended: a grandchild may hold its pipe open."""


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass(frozen=True)
class ChildSpec:
    """What to run. `restart` says whether a child that ends by itself is started again.

    `env` is added to our own environment, less the variables in `hidden` (names in capitals). `orphaned` is the signal
    that it gets when we are killed.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    restart: bool = False
    hidden: frozenset[str] = frozenset()
    orphaned: int = signal.SIGTERM

    def environment(self) -> dict[str, str]:
        """All that the child sees."""
        inherited = {name: value for name, value in os.environ.items() if name.upper() not in self.hidden}
        return {**inherited, **self.env}


class Child:
    """One supervised process; its lines go to a sink."""

    RESTART_FIRST_SECONDS = 0.5
    RESTART_MAX_SECONDS = 30.0
    HEALTHY_SECONDS = 60.0

    def __init__(self, spec: ChildSpec, sink: LineSink) -> None:
        self.spec = spec
        self.restarts = 0
        self.last_lines: list[str] = []
        self._sink = sink
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False
        self._muted = False
        self.ended = asyncio.Event()
        self.failure: Exception | None = None

    @property
    def pid(self) -> int | None:
        """The process id, None before the start."""
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.returncode if self._process else None

    async def start(self) -> None:
        """Start, and keep it running if the spec says so."""
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    async def _spawn(self) -> None:
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.spec.argv,
                env=self.spec.environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=4 * 1024 * 1024,
                start_new_session=True,  # Ctrl-C is the supervisor's: it ends the steps in order
                # A few system calls that take no lock.
                preexec_fn=partial(die_with_parent, self.spec.orphaned, os.getpid()),
            )
        except OSError as error:
            raise TocsinError(f"{self.spec.name} cannot be started: {self.spec.argv[0]}: {error.strerror}") from error

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError(f"{self.spec.name} was not started")
        return self._process

    async def _read_lines(self) -> None:
        stdout = self._running().stdout
        if stdout is None:
            return
        while True:
            try:
                raw = await stdout.readline()
            except ValueError:  # a line over the limit: its tail follows
                continue
            if not raw:
                return
            line = raw.decode("utf-8", "replace").rstrip()
            self.last_lines = [*self.last_lines[-49:], line]
            self._hand_on(line)

    def _hand_on(self, line: str) -> None:
        """A sink that fails (its terminal or pipe is gone) must not end the reading: the child would block on us."""
        if self._muted:
            return
        try:
            self._sink(self.spec.name, line)
        except (Exception, SystemExit):  # noqa: BLE001 - whatever it is; Rich exits when its pipe breaks
            self._muted = True

    async def _keep(self) -> None:
        try:
            await self._keep_running()
        except Exception as error:  # noqa: BLE001 - kept for whoever asks what became of the child
            self.failure = error
        finally:
            self.ended.set()

    async def _keep_running(self) -> None:
        wait = self.RESTART_FIRST_SECONDS
        while True:
            started = time.monotonic()
            await self._read_lines()
            code = await self._running().wait()
            if self._stopping or not self.spec.restart:
                return
            if time.monotonic() - started > self.HEALTHY_SECONDS:
                wait = self.RESTART_FIRST_SECONDS
            _warn("child.ended", child=self.spec.name, exit_code=code, restart_in=round(wait, 1))
            await asyncio.sleep(wait)
            wait = min(wait * 2, self.RESTART_MAX_SECONDS)
            self.restarts += 1
            await self._spawn()

    async def stop(self, grace: float) -> None:
        """SIGTERM, and SIGKILL if that is not enough within `grace` seconds."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            self._signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(grace):
                    await process.wait()
            except TimeoutError:
                _warn("child.killed", child=self.spec.name, after=grace)
                self._signal(signal.SIGKILL)
                await process.wait()
            if self._keeper is not None:  # it still reads the last lines
                await asyncio.wait({self._keeper}, timeout=LAST_LINES_SECONDS)
        if self._keeper is not None:
            # It may be starting the child anew just now; being cancelled, it ends that one too.
            self._keeper.cancel()
            await asyncio.wait({self._keeper})

    def kill(self) -> None:
        """SIGKILL, now; `stop` still waits for its end."""
        self._stopping = True
        if self._process is not None and self._process.returncode is None:
            self._signal(signal.SIGKILL)

    def _signal(self, signum: signal.Signals) -> None:
        try:
            self._running().send_signal(signum)
        except ProcessLookupError:
            return


def _warn(event: str, **found: object) -> None:
    with suppress(OSError, ValueError):  # our own log may be a terminal or a pipe that is gone
        log.warning(event, **found)
