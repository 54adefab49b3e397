"""Child processes: restarted if they should be, ended politely, then firmly, and never left behind."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from workers.errors import TocsinError
from workers.local.processes import Child, ChildSpec
from workers.local.stack import Stack
from workers.settings import Settings


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


class Lines:
    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []

    def __call__(self, name: str, line: str) -> None:
        self.got.append((name, line))

    async def wait_for(self, text: str) -> None:
        async with asyncio.timeout(30):
            while not any(text in line for _, line in self.got):
                await asyncio.sleep(0.02)


async def test_lines_are_tagged_with_the_childs_name() -> None:
    lines = Lines()
    child = Child(ChildSpec("talker", python("import sys; print('out'); print('err', file=sys.stderr)")), lines)
    await child.start()
    await child.ended.wait()
    assert sorted(lines.got) == [("talker", "err"), ("talker", "out")]
    assert child.exit_code == 0


async def test_a_child_that_dies_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Child, "RESTART_FIRST_SECONDS", 0.05)
    lines = Lines()
    child = Child(ChildSpec("dying", python("import os; print(os.getpid()); os._exit(3)"), restart=True), lines)
    await child.start()
    async with asyncio.timeout(30):
        while child.restarts < 2:
            await asyncio.sleep(0.02)
    await child.stop(5)
    assert len({line for _, line in lines.got}) >= 2


async def test_a_child_that_will_not_listen_is_killed() -> None:
    lines = Lines()
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(600)"
    child = Child(ChildSpec("deaf", python(code), restart=True), lines)
    await child.start()
    await lines.wait_for("deaf")
    await child.stop(0.3)
    assert child.exit_code == -9


async def test_a_program_that_is_not_there_is_named() -> None:
    child = Child(ChildSpec("ghost", ["/nowhere/at/all"]), Lines())
    with pytest.raises(TocsinError, match="ghost cannot be started: /nowhere/at/all: No such file"):
        await child.start()


async def test_a_very_long_line_does_not_stop_the_reading() -> None:
    lines = Lines()
    child = Child(ChildSpec("long", python("print('x' * 9_000_000); print('after')")), lines)
    await child.start()
    await lines.wait_for("after")
    await child.ended.wait()


def test_children_end_when_their_parent_is_killed() -> None:
    code = (
        "import asyncio, sys\n"
        "from workers.local.processes import Child, ChildSpec\n"
        "async def main():\n"
        "    child = Child(ChildSpec('c', [sys.executable, '-c', 'import time; time.sleep(600)']), print)\n"
        "    await child.start(); print(child.pid, flush=True); await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=dict(os.environ)) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.05)


async def test_a_sink_that_fails_does_not_stop_the_reading_or_the_supervision() -> None:
    def broken(_name: str, _line: str) -> None:
        raise BrokenPipeError

    code = "import sys\nfor i in range(50_000): print('x' * 40)\nprint('last')"
    child = Child(ChildSpec("talker", python(code)), broken)
    await child.start()
    async with asyncio.timeout(30):
        await child.ended.wait()
    assert child.exit_code == 0
    assert child.last_lines[-1] == "last"
    assert child.failure is None


async def test_a_child_that_cannot_be_started_again_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Child, "RESTART_FIRST_SECONDS", 0.05)
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\nrm "$0"\n')
    program.chmod(0o700)
    child = Child(ChildSpec("once", [str(program)], restart=True), Lines())
    await child.start()
    async with asyncio.timeout(30):
        await child.ended.wait()
    with pytest.raises(TocsinError, match=r"once process is no longer supervised .*cannot be started"):
        Stack(Settings(), [], {"once": child}).check_children()


async def test_a_child_that_is_stopped_while_it_is_started_again_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Child, "RESTART_FIRST_SECONDS", 0.0)
    before = set(psutil.Process().children())  # servers of other tests
    for delay in (0.0, 0.01, 0.03, 0.06):
        child = Child(ChildSpec("quick", python("pass"), restart=True), Lines())
        await child.start()
        await asyncio.sleep(delay)
        await child.stop(5)
        assert child.pid is not None
        assert child.exit_code is not None
        assert child.ended.is_set()
    assert not set(psutil.Process().children()) - before


async def test_the_last_lines_of_a_child_that_is_stopped_are_heard() -> None:
    lines = Lines()
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('bye'), sys.exit(0)))\n"
        "print('here'); time.sleep(600)"
    )
    child = Child(ChildSpec("polite", python(code)), lines)
    await child.start()
    await lines.wait_for("here")
    await child.stop(10)
    assert lines.got[-1] == ("polite", "bye")
