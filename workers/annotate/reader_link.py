"""The annotate step's side of its reader's process: starts it, hands it records, and starts another one if it dies.

The step's own process holds no model: it takes records from Kafka and hands annotations on while the reader reads.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from workers import metrics
from workers.annotate.reader_messages import LENGTHS, Answer, Loaded, Setup, cut, message, task
from workers.errors import ConfigurationError, InputError, TocsinError, TransientError
from workers.itself import python_module
from workers.logs import get_logger

log = get_logger("annotate")

MODULE = "workers.annotate.reader_process"
END_SECONDS = 5.0
"""For a reader that has closed its connection, or whose connection is closed, to be gone."""

_BUFFER = 8 * 1024 * 1024
_TOO_SLOW = -signal.SIGPROF
_WRONG: dict[int, type[TocsinError]] = {error.exit_code: error for error in (ConfigurationError, InputError)}


class ReaderDiedError(TocsinError):
    """The reader's process ended while it read. `too_slow`: it took more of the CPU's time than a batch may.

    `killed`: somebody ended it, mostly the kernel for want of memory. No text, which is bounded, brings that about.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.too_slow = code == _TOO_SLOW
        self.killed = code == -signal.SIGKILL


class ReadingFailedError(TocsinError):
    """An error of ours in the reader, which lives on. A note tells where."""


@dataclass(slots=True)
class _Asked:
    """A task that is not answered yet."""

    message: bytes
    lengths: int
    answer: asyncio.Future[tuple[Answer, bytes]]

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass(slots=True)
class _Process:
    """A process, and our end of the connection with it."""

    popen: subprocess.Popen[bytes]
    ours: socket.socket

    @classmethod
    def launch(cls, command: Sequence[str], setup: Setup) -> _Process:
        """Start `command`; it loads its model from now on."""
        ours, theirs = socket.socketpair()
        with theirs:
            popen = subprocess.Popen(  # noqa: S603 - this very program
                (*command, str(theirs.fileno()), str(os.getpid())),
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        ours.sendall(message(setup))
        return cls(popen, ours)

    async def ended(self) -> int:
        """Its exit code, when its connection is closed."""
        try:
            return await asyncio.to_thread(self.popen.wait, END_SECONDS)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            return await asyncio.to_thread(self.popen.wait)


class ReaderLink:
    """The reader of one step. Made where no loop runs yet: the process starts at once, and `start` waits for it."""

    def __init__(self, setup: Setup, command: Sequence[str] | None = None) -> None:
        self._setup = setup
        self._command = python_module(MODULE) if command is None else command
        self._process: _Process | None = self._launched()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._asked: deque[_Asked] = deque()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the reader that there is now."""
        return None if self._process is None else self._process.popen.pid

    def _launched(self) -> _Process:
        process = _Process.launch(self._command, self._setup)
        metrics.READER.pid = process.popen.pid
        return process

    async def start(self) -> None:
        """Wait until the model is loaded.

        Raises ConfigurationError for a missing model or a bad ontology, InputError for one that cannot be read.
        """
        await self._open()
        self._keeper = asyncio.create_task(self._keep())

    async def read(self, values: Sequence[bytes | None]) -> tuple[Answer, list[bytes]]:
        """What came of each record, and the bytes of each annotation (empty where there is none).

        Raises ReaderDiedError if the process ended over it, ReadingFailedError for an error of ours, and TransientError
        if no reader can be started.
        """
        asked = _Asked(task(values), len(values), asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep())
        elif self._writer is not None:
            self._writer.write(asked.message)
        answer, body = await asked.answer
        if answer.failure is not None:
            error = ReadingFailedError(answer.failure)
            error.add_note(answer.traceback)
            raise error
        return answer, [piece or b"" for piece in cut(body, [told.length for told in answer.told])]

    async def stop(self) -> None:
        """End the process; what it still reads is lost."""
        if self._keeper is not None:
            self._keeper.cancel()
        await self._dismiss()

    async def _dismiss(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        process, self._process = self._process, None
        if process is not None:
            process.popen.kill()
            await process.ended()

    # -- one process after the other -------------------------------------------------------------------------------

    async def _open(self) -> None:
        """Connect with a reader that has loaded its model, a new one if need be; give it what is not answered yet."""
        self._process = process = self._process or self._launched()
        self._reader, writer = await asyncio.open_unix_connection(sock=process.ours, limit=_BUFFER)
        try:
            loaded = Loaded.model_validate_json((await self._message())[0])
        except (OSError, EOFError):
            loaded = None
        if loaded is None or loaded.problem is not None:
            self._process = None
            writer.close()
            code = await process.ended()
            if loaded is not None and loaded.problem is not None:
                raise _WRONG.get(loaded.exit_code, TocsinError)(loaded.problem, hint=loaded.hint)
            raise TransientError(f"The reader's process {_how(code)} while it loaded its model.")
        self._writer = writer
        for asked in self._asked:
            writer.write(asked.message)

    async def _message(self) -> tuple[bytes, bytes]:
        assert self._reader is not None  # noqa: S101 - connected
        head, body = LENGTHS.unpack(await self._reader.readexactly(LENGTHS.size))
        return await self._reader.readexactly(head), await self._reader.readexactly(body)

    async def _keep(self) -> None:
        """Have a reader, and hear what it answers. Ends when none can be started, until something is asked again."""
        try:
            while True:
                if self._writer is None:
                    await self._open()
                with suppress(OSError, EOFError):
                    await self._listen()
                await self._mourn()
        except TocsinError as error:
            log.exception("reader.cannot_start", error=str(error))
            self._fail_all(TransientError(str(error)))
        except Exception as error:  # whoever waits must not wait for ever
            log.exception("reader.lost", error=repr(error), then="another one is started when one is needed")
            await self._dismiss()
            self._fail_all(TransientError(f"The connection with the reader broke: {error!r}"))

    async def _listen(self) -> None:
        while True:
            header, body = await self._message()
            answer = Answer.model_validate_json(header)
            asked = self._asked.popleft()
            if not asked.answer.done():
                asked.answer.set_result((answer, body))

    async def _mourn(self) -> None:
        """The reader is gone: what it was reading fails, the rest is for its successor."""
        process, self._process = self._process, None
        assert process is not None  # noqa: S101 - we were connected with it
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        code = await process.ended()
        how = _how(code)
        metrics.READER_DEATHS.inc()
        log.error("reader.died", how=how, pid=process.popen.pid, records=self._asked[0].lengths if self._asked else 0,
                  then="another one is started")  # fmt: skip
        if not self._asked:
            return
        slow = f"reading took more than {self._setup.cpu_limit:g} s of CPU"
        why = slow if code == _TOO_SLOW else f"the reader's process {how}"
        self._asked.popleft().fail(ReaderDiedError(why, code))

    def _fail_all(self, error: Exception) -> None:
        while self._asked:
            self._asked.popleft().fail(error)


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
