"""What a newcomer runs first: `tocsin demo` ends well, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys

import psutil


def test_the_demo_rings_just_the_expected_alerts() -> None:
    before = {process.pid for process in psutil.process_iter()}
    command = [sys.executable, "-m", "workers.cli", "demo"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "Exactly the expected alerts rang." in done.stdout
    left = [p for p in psutil.process_iter(["name", "cmdline"]) if p.pid not in before and "tocsin" in str(p.info)]
    assert not left
