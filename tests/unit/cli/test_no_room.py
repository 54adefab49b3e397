"""A full disk is told in one line, as any error that a user can act on."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("command", [["event-types", "list"], ["event-types", "schema"]])
def test_a_full_disk_under_standard_output_is_told_in_one_line(command: list[str]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-m", "workers.cli", *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.stderr == "tocsin: cannot write: No space left on device\n"
    assert done.returncode == 5
