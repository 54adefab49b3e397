"""A mistake in the configuration is told before anything is started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workers.cli.preflight import check_patterns, check_receivers
from workers.errors import ConfigurationError
from workers.settings import Settings

PATTERN = """
title: A launch
id: a-launch
level: low
correlation: {type: event_count, rules: [missile_launch], timespan: 1h, condition: {gte: 1}}
receivers: [%s]
"""


def write(folder: Path, receiver: str) -> Settings:
    (folder / "p.yaml").write_text(PATTERN % receiver)
    (folder / "r.yaml").write_text("receivers:\n  - {name: screen, type: terminal}\n")
    return Settings(patterns=folder / "p.yaml", receivers=folder / "r.yaml")


def test_a_pattern_may_name_a_receiver_that_is_there(tmp_path: Path) -> None:
    settings = write(tmp_path, "screen")
    assert check_receivers(settings, check_patterns(settings)).names == ("screen",)


def test_a_pattern_that_names_nobody_is_a_mistake(tmp_path: Path) -> None:
    settings = write(tmp_path, "sreen")
    with pytest.raises(ConfigurationError, match="sreen"):
        check_receivers(settings, check_patterns(settings))


@pytest.mark.parametrize("command", [["up"], ["replay", "-"]])
def test_nothing_is_started_on_a_broken_pattern(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.yaml").write_text("title: x\nid: y\n")
    monkeypatch.setenv("TOCSIN_PATTERNS", str(tmp_path / "bad.yaml"))
    line = [sys.executable, "-m", "workers.cli", *command]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, input="")
    assert done.returncode == 3
    assert "bad.yaml:1:1: correlation" in done.stderr
    assert "starting" not in done.stderr
