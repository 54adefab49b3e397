"""The sample archive live, by `replay`, and by `patterns backtest` over stored annotations: the same alerts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_local_up import Up
from workers.settings import examples_dir

ARCHIVE = str(examples_dir() / "archive" / "wire.jsonl")
PATTERNS = str(examples_dir() / "patterns")
WAIT_SECONDS = 300


def tocsin(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "workers.cli", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def firing(lines: str) -> dict[str, str]:
    """Id to pattern of what rings, from one Alert as JSON a line."""
    alerts = [json.loads(line) for line in lines.splitlines()]
    return {alert["id"]: alert["pattern_id"] for alert in alerts if alert["state"] != "retracted"}


@pytest.fixture
def up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Up]:
    monkeypatch.setenv("TOCSIN_PATTERNS", PATTERNS)
    found = Up(tmp_path, **{name: value for name, value in os.environ.items() if name.startswith("TOCSIN_")})
    try:
        found.wait_until_ready()
        yield found
    finally:
        found.process.terminate()
        found.process.wait(60)


@pytest.mark.heavy
def test_live_by_replay_and_by_backtest_the_same_alerts_ring(up, tmp_path) -> None:
    annotations = tmp_path / "annotations.jsonl"
    annotations.write_text(tocsin("annotate", ARCHIVE))
    tested = firing(tocsin("patterns", "backtest", "--from", str(annotations), "--json"))
    tocsin("produce", ARCHIVE)
    live: dict[str, str] = {}
    deadline = time.monotonic() + WAIT_SECONDS
    # Once all are there, three more looks: none too many.
    looks = 0
    while looks < 3 and time.monotonic() < deadline:
        live = firing(tocsin("alerts", "list", "--json", "--limit", "10000"))
        looks = looks + 1 if live == tested else 0
        time.sleep(1)
    replayed = firing(tocsin("replay", ARCHIVE, "--patterns", PATTERNS, "--json"))
    print(f"\n{'alert':26} {'pattern':34} live  replay  backtest")
    for alert, pattern in sorted({**live, **replayed, **tested}.items(), key=lambda item: (item[1], item[0])):
        marks = ["yes" if alert in found else "NO" for found in (live, replayed, tested)]
        print(f"{alert:26} {pattern:34} {marks[0]:5} {marks[1]:7} {marks[2]}")
    assert live == replayed == tested
    assert len(tested) >= 10
