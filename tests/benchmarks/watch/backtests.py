"""Backtest speed: annotations a second with more and more patterns, on one core, and what the time is spent on."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.watch import samples
from topics.annotations import Annotation
from workers.archives.annotations import read_annotations
from workers.garbage import keep_what_is_loaded
from workers.watch.backtest import Backtest
from workers.watch.patterns import Pattern


def measure(articles: int, numbers: Sequence[int], rounds: int) -> int:
    """Print a table, of each the fastest of some `rounds`. CPU seconds of this process: others may use the machine."""
    lines = samples.stretched(samples.read_sample(), articles)
    size = sum(map(len, lines)) / len(lines)
    print(f"{articles:,} annotations of {size:,.0f} bytes, over 60 days; CPU time, best of {rounds}")
    print(f"{'patterns':>8} {'annotations/s':>14} {'reading':>9} {'taking':>9} {'deciding':>9} {'alerts':>8}")
    speeds = {}
    with tempfile.TemporaryDirectory() as folder:
        file = samples.write(lines, Path(folder) / "annotations.jsonl")
        del lines
        keep_what_is_loaded()
        for number in numbers:
            patterns = samples.patterns(number)
            spent, alerts = min(_run(file, patterns) for _ in range(rounds))
            speeds[number] = articles / sum(spent)
            shares = "".join(f" {part / sum(spent):8.0%} " for part in spent)
            print(f"{number:8,} {speeds[number]:14,.0f} {shares}{alerts:8,}")
    if 10 in speeds and 1000 in speeds:
        print(f"from 10 to 1,000 patterns: {speeds[10] / speeds[1000]:.1f} times as slow (linear would be 100)")
    return 0


def _run(file: Path, patterns: Sequence[Pattern]) -> tuple[tuple[float, float, float], int]:
    reading = time.process_time()
    found = [one for one in read_annotations([file]) if isinstance(one, Annotation)]
    taking = time.process_time()
    backtest = Backtest(patterns)
    for one in found:
        backtest.add(one)
    deciding = time.process_time()
    alerts = sum(len(verdict.alerts) for verdict in backtest.verdicts(datetime.now(UTC)))
    end = time.process_time()
    return (taking - reading, deciding - taking, end - deciding), alerts
