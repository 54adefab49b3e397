"""Backtest speed: annotations a second with more and more patterns, on one core, and what the time is spent on."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

from tests.benchmarks.watch import samples
from topics.annotations import Annotation
from workers.archives.annotations import Sketch, read_annotations
from workers.garbage import all_kept
from workers.watch.backtest import Backtest
from workers.watch.patterns import Pattern
from workers.watch.story_index import MemoryStories


def measure(articles: int, numbers: Sequence[int], rounds: int) -> int:
    """Print a table, of each the fastest of some `rounds`. CPU seconds of this process: others may use the machine."""
    lines = samples.stretched(samples.read_sample(), articles)
    size = sum(map(len, lines)) / len(lines)
    print(f"{articles:,} annotations of {size:,.0f} bytes, over 60 days; CPU time, best of {rounds}")
    columns = "".join(f" {name:>9}" for name in ("reading", "stories", "taking", "deciding", "alerts"))
    print(f"{'patterns':>8} {'annotations/s':>14}{columns}")
    speeds = {}
    with tempfile.TemporaryDirectory() as folder:
        file = samples.write(lines, Path(folder) / "annotations.jsonl")
        del lines
        for quick, number in product((False, True), numbers):
            if number == numbers[0]:
                print("with --quick, that is without stories:" if quick else "with stories:")
            patterns = samples.patterns(number)
            with all_kept():
                spent, alerts = min(_run(file, patterns, quick=quick) for _ in range(rounds))
            speeds[number] = articles / sum(spent)
            shares = "".join(f" {part / sum(spent):9.0%}" for part in spent)
            print(f"{number:8,} {speeds[number]:14,.0f}{shares} {alerts:9,}")
            if 10 in speeds and number == 1000:
                print(f"from 10 to 1,000 patterns: {speeds[10] / speeds[1000]:.1f} times as slow (linear would be 100)")
    return 0


def _run(file: Path, patterns: Sequence[Pattern], *, quick: bool) -> tuple[tuple[float, float, float, float], int]:
    """CPU seconds of reading, of finding stories, of taking in, of deciding; and how many alerts rang.

    Reading and stories are measured once more by themselves: asking for the time at each annotation costs more than it.
    """
    clock, form = time.process_time, Sketch if quick else Annotation
    started = clock()
    backtest = Backtest(patterns, stories=not quick)
    for one in read_annotations([file], form):
        if isinstance(one, Annotation):
            backtest.add(one)
    taken = clock()
    alerts = sum(len(verdict.alerts) for verdict in backtest.verdicts(datetime.now(UTC)))
    decided = clock()
    for _ in read_annotations([file], form):
        pass
    reading = clock() - decided
    stories = 0.0 if quick else _stories(file)
    return (reading, stories, taken - started - reading - stories, decided - taken), alerts


def _stories(file: Path) -> float:
    """CPU seconds of finding stories alone."""
    stories = MemoryStories()
    found = [one for one in read_annotations([file]) if isinstance(one, Annotation)]
    started = time.process_time()
    for one in found:
        stories.assign(one)
    return time.process_time() - started
