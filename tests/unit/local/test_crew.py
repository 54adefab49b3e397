"""Several processes of one step: ready together, ended together, and a code that says why."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from workers.cli import app
from workers.local.crew import Crew, run_crew
from workers.local.processes import ChildSpec
from workers.settings import Settings

STAYS = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit({code})); "
    "print('up', flush=True); time.sleep(600)"
)
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
KILLED = "import os; os.kill(os.getpid(), 9)"


def spec(name: str, code: str) -> ChildSpec:
    return ChildSpec(name, [sys.executable, "-u", "-c", code])


def crew(*codes: str, grace: float = 10.0) -> Crew:
    return Crew([spec(f"reader-{i}", code) for i, code in enumerate(codes)], grace=grace)


async def cancelled_when_up(one: Crew) -> int:
    task = asyncio.create_task(one.run())
    async with asyncio.timeout(30):
        while not all("up" in child.last_lines for child in one.children):
            await asyncio.sleep(0.02)
    task.cancel()
    return await task


async def test_a_signal_ends_all_and_that_is_no_failure() -> None:
    one = crew(STAYS.format(code=0), STAYS.format(code=0))
    assert await cancelled_when_up(one) == 0
    assert [child.exit_code for child in one.children] == [0, 0]


async def test_a_child_that_could_not_drain_is_told() -> None:
    assert await cancelled_when_up(crew(STAYS.format(code=0), STAYS.format(code=6))) == 6


async def test_a_deaf_child_is_killed() -> None:
    one = crew(STAYS.format(code=0), DEAF, grace=0.3)
    assert await cancelled_when_up(one) == 6
    assert [child.exit_code for child in one.children] == [0, -9]


@pytest.mark.parametrize(("ends", "code"), [("raise SystemExit(3)", 3), ("pass", 6), (KILLED, 6)])
async def test_one_that_ends_by_itself_ends_all(ends: str, code: int) -> None:
    one = crew(STAYS.format(code=0), ends)
    assert await one.run() == code
    assert all(child.pid is not None and not psutil.pid_exists(child.pid) for child in one.children)


async def test_ready_is_said_when_all_are(tmp_path: Path) -> None:
    files, told = [tmp_path / "1", tmp_path / "2"], tmp_path / "ready"
    one = crew(STAYS.format(code=0), STAYS.format(code=0))
    task = asyncio.create_task(one.run(files, told))
    files[0].touch()
    await asyncio.sleep(0.3)
    assert not told.exists()
    files[1].touch()
    async with asyncio.timeout(10):
        while not told.exists():
            await asyncio.sleep(0.02)
    task.cancel()
    await task


def test_each_child_has_settings_and_a_port_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ChildSpec] = []

    class Idle(Crew):
        def __init__(self, specs: list[ChildSpec], *, grace: float) -> None:
            super().__init__(specs, grace=grace)
            made.extend(specs)

        async def run(self, *_: object) -> int:
            return 0

    monkeypatch.setattr("workers.local.crew.Crew", Idle)
    monkeypatch.setattr("workers.local.crew.ensure_topics", lambda *_: None)
    settings = Settings(kafka_bootstrap_servers="h:1", metrics_port=9100, namespace="n1")
    assert run_crew("annotate", 3, settings) == 0
    assert [one.argv[-2:] for one in made] == [["worker", "annotate"]] * 3
    assert [one.env["TOCSIN_METRICS_PORT"] for one in made] == ["9100", "9101", "9102"]
    assert {one.env["TOCSIN_NAMESPACE"] for one in made} == {"n1"}
    assert len({one.env["TOCSIN_READY_FILE"] for one in made}) == 3
    assert {one.env["OPENBLAS_NUM_THREADS"] for one in made} == {"1"}
    assert not any(Path(one.env["TMPDIR"]).exists() for one in made)


def test_other_steps_run_in_one_process() -> None:
    result = CliRunner().invoke(app, ["worker", "watch", "--processes", "2"])
    assert result.exit_code == 2
    assert "watch runs in one process" in result.output
