"""Holders of office: the same in every process."""

from __future__ import annotations

import os
import subprocess
import sys

_ASK = """
from datetime import date
from workers.annotate.leaders import holder_of, quoted_on
day = date(2024, 5, 14)
print(holder_of("Lukashenko", day, named=frozenset(), called_leader=False).name, sorted(quoted_on(day).items()))
"""


def test_of_two_spellings_every_process_takes_the_same() -> None:
    # Python hashes words anew in each process, and with them the order of sets.
    answers = {
        subprocess.run(
            [sys.executable, "-c", _ASK],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in range(4)
    }

    assert len(answers) == 1
    assert next(iter(answers)).startswith("Alexander Lukashenko ")
