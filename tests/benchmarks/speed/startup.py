"""From a cold process to a reader that is ready, and to the first annotation; compiled, as an installed package is."""

from __future__ import annotations

import compileall
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.speed.sides import ROOT, plain_environment

_RUNS = 7
_SCRIPT = """
import sys, time
from datetime import UTC, datetime
from workers.annotate.reader import Reader
from workers.settings import load_settings
settings = load_settings()
reader = Reader.load(model=settings.model, ontology=settings.ontology, batch_size=settings.batch_size)
print("ready", flush=True)
from topics.articles import Article
now = datetime.now(UTC)
reader.read([Article(id="1", revision="1", text="North Korea fired a missile on Monday.", fetched_at=now)])
print("first", flush=True)
"""


def measure(paths: Sequence[Path], *, limit: int | None) -> int:
    """Print seconds of wall, the middle of several runs. Returns 0."""
    del paths, limit
    for package in ("topics", "workers"):
        compileall.compile_dir(ROOT / package, quiet=2)  # what cannot be written is compiled at each start
    ready, first = [], []
    for _ in range(_RUNS):
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT],
            stdout=subprocess.PIPE,
            env=plain_environment() | {"PYTHONPATH": str(ROOT)},
        )
        assert process.stdout is not None
        for line in process.stdout:
            (ready if line == b"ready\n" else first).append(time.perf_counter() - started)
        process.wait()
    for name, found in (("ready", ready), ("first annotation", first)):
        print(f"{name}: {min(found):.2f} / {statistics.median(found):.2f} / {max(found):.2f} s")
    return 0
