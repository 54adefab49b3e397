"""What a newcomer runs first: `tocsin demo` ends well, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil


def processes_with(marker: str) -> list[psutil.Process]:
    """Processes that inherited a variable with this value, whatever session they moved to."""
    found = []
    for process in psutil.process_iter():
        try:
            if marker in process.environ().values() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if process.pid != os.getpid()]


def test_the_demo_rings_just_the_expected_alerts_and_leaves_nothing_behind(tmp_path: Path) -> None:
    state = str(tmp_path / "demo")
    done = subprocess.run(
        [sys.executable, "-m", "workers.cli", "demo"],
        env={**os.environ, "TOCSIN_STATE_DIR": state}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "Exactly the expected alerts rang." in done.stdout
    assert not processes_with(state)
