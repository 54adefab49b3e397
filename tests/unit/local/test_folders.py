"""Folders of dead processes are swept; those of the living are not."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from workers.local.folders import own_folder, sweep


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_goes_with_its_block(temporary: Path) -> None:
    with own_folder() as folder:
        (folder / "x").touch()
        assert folder.parent == temporary
    assert not list(temporary.iterdir())


def test_what_a_killed_process_left_is_swept_and_not_before(temporary: Path) -> None:
    code = (
        "from workers.local.folders import own_folder; import time\n"
        "with own_folder() as f: print(f, flush=True); time.sleep(60)"
    )
    line = [sys.executable, "-c", code]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        (left / "deep").mkdir()
        (left / "deep" / "file").touch()
        sweep()
        assert left.is_dir()
        process.kill()
    with own_folder():
        assert not left.exists()


def test_nothing_else_is_swept(temporary: Path) -> None:
    target = temporary / "precious"
    target.mkdir()
    dead = 4_194_304 + 1  # no process has a number so high
    link = temporary / f"tocsin-run-{dead}-link"
    link.symlink_to(target)
    (temporary / f"tocsin-run-{dead}-file").touch()
    (temporary / "tocsin-run-other").mkdir()
    before = sorted(temporary.iterdir())
    sweep()
    assert sorted(temporary.iterdir()) == before


def test_a_folder_that_somebody_locks_is_alive_whatever_its_number_says(temporary: Path) -> None:
    with own_folder() as folder:  # as seen from another container: the number means nothing there
        other = folder.rename(temporary / "tocsin-run-4194305-x")
        sweep()
        assert other.is_dir()
    started = time.monotonic()
    sweep()
    assert not other.exists()
    assert time.monotonic() - started < 5
