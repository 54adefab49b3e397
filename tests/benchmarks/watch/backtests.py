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
from workers.watch.story_index import Assigned


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
        keep_what_is_loaded()
        for number in numbers:
            patterns = samples.patterns(number)
            spent, alerts = min(_run(file, patterns) for _ in range(rounds))
            speeds[number] = articles / sum(spent)
            shares = "".join(f" {part / sum(spent):9.0%}" for part in spent)
            print(f"{number:8,} {speeds[number]:14,.0f}{shares} {alerts:9,}")
    if 10 in speeds and 1000 in speeds:
        print(f"from 10 to 1,000 patterns: {speeds[10] / speeds[1000]:.1f} times as slow (linear would be 100)")
    return 0


def _run(file: Path, patterns: Sequence[Pattern]) -> tuple[tuple[float, float, float, float], int]:
    """CPU seconds of reading, of finding stories, of taking in, of deciding; and how many alerts rang."""
    backtest, clock = Backtest(patterns), time.process_time
    reading = stories = taking = 0.0
    assign = backtest._stories.assign

    def timed(annotation: Annotation) -> Assigned:
        nonlocal stories
        started = clock()
        found = assign(annotation)
        stories += clock() - started
        return found

    backtest._stories.assign = timed  # type: ignore[method-assign]  # to know its share
    at = clock()
    for one in read_annotations([file]):
        read = clock()
        reading += read - at
        if isinstance(one, Annotation):
            backtest.add(one)
        at = clock()
        taking += at - read
    alerts = sum(len(verdict.alerts) for verdict in backtest.verdicts(datetime.now(UTC)))
    return (reading, stories, taking - stories, clock() - at), alerts
