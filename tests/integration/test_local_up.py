"""`tocsin up` as a process: however it ends, nothing of it stays, and there is only one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.rig.ports import free_port
from tests.rig.process import ended

CHILDREN = 5  # broker, Redis, three steps


class Up:
    """One `tocsin up` whose temporary folders are under `folder`."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.log = folder / f"up-{time.monotonic_ns()}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workers.cli", "up"],
                env={**os.environ, "TMPDIR": str(folder), **environment},
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self) -> list[psutil.Process]:
        """Its children."""
        deadline = time.monotonic() + 120
        while "tocsin up: ready" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    # Whoever runs the tests under nohup has SIGHUP ignored, and `up` then ignores it too, as it should.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield tmp_path
    signal.signal(signal.SIGHUP, before)
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it may end meanwhile
            if "workers.cli" in " ".join(process.cmdline()):
                process.kill()


def gone(children: list[psutil.Process], seconds: float = 5) -> bool:
    """A reader whose step was killed ends by the kernel, a moment later, and waits for init to take note."""
    return all(map(ended, psutil.wait_procs(children, timeout=seconds)[1]))


@pytest.mark.parametrize("signals", [(signal.SIGHUP,), (signal.SIGINT,) * 3, (signal.SIGTERM, signal.SIGINT)])
def test_however_often_it_is_told_to_end_it_ends_in_order(folder: Path, signals: tuple[signal.Signals, ...]) -> None:
    up = Up(folder)
    children = up.wait_until_ready()
    assert len(children) >= CHILDREN
    for signum in signals:
        up.process.send_signal(signum)
        time.sleep(0.1)
    assert up.process.wait(60) == 0, up.log.read_text()
    assert gone(children)
    assert not list(folder.glob("tocsin-*"))
    assert not (folder / "state" / "up.json").exists()
    assert "Traceback" not in up.log.read_text()


def test_of_two_that_start_at_once_one_runs(folder: Path) -> None:
    ups = [Up(folder), Up(folder)]
    deadline = time.monotonic() + 60
    while all(up.process.poll() is None for up in ups):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    refused, running = sorted(ups, key=lambda up: up.process.poll() is None)
    assert refused.process.returncode == 3
    assert "is running on this machine already" in refused.log.read_text()
    assert "Traceback" not in refused.log.read_text()
    running.wait_until_ready()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(60) == 0


def test_what_a_killed_one_leaves_goes_and_the_next_one_starts(folder: Path) -> None:
    up = Up(folder)
    children = up.wait_until_ready()
    up.process.kill()
    up.process.wait()
    assert gone(children, 60), "a child outlived it"
    (left,) = folder.glob("tocsin-run-*")
    second = Up(folder)
    second.wait_until_ready()
    assert not left.exists()
    second.process.send_signal(signal.SIGINT)
    assert second.process.wait(60) == 0
    assert not list(folder.glob("tocsin-run-*"))


def test_settings_for_another_broker_do_not_reach_the_embedded_one_and_each_step_has_its_port(folder: Path) -> None:
    port = next(port for port in iter(free_port, None) if port % 10 < 7)
    up = Up(
        folder,
        TOCSIN_KAFKA_SECURITY_PROTOCOL="SASL_SSL",
        TOCSIN_KAFKA_SASL_MECHANISM="SCRAM-SHA-512",
        TOCSIN_KAFKA_USERNAME="someone",
        TOCSIN_KAFKA_PASSWORD="secret",
        TOCSIN_METRICS_PORT=str(port),
    )
    up.wait_until_ready()
    for number, step in enumerate(("annotate", "watch", "notify")):
        assert f"{step} {port + number}" in up.log.read_text()
        with urllib.request.urlopen(f"http://127.0.0.1:{port + number}/metrics", timeout=20) as answer:
            assert answer.status == 200
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0


def test_it_runs_on_when_nobody_reads_what_it_says(folder: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(folder), "TOCSIN_LOG_LEVEL": "debug"}
    line = [sys.executable, "-m", "workers.cli", "up"]
    with subprocess.Popen(line, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.close()
        deadline = time.monotonic() + 120
        while not (folder / "state" / "up.json").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        children = psutil.Process(process.pid).children(recursive=True)
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert gone(children)
