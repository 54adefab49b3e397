"""One process and two on two cores: the same archive, halved."""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.speed.archives import articles_of, parts_of
from tests.benchmarks.speed.sides import Side

_ROUNDS = 5


def measure(paths: Sequence[Path], *, limit: int | None) -> int:
    """Print how many times faster two processes are. Returns 0."""
    articles = articles_of(paths)[:limit]
    here = Path(sys.executable)
    with (
        tempfile.TemporaryDirectory() as folder,
        Side.start(here, "tocsin") as first,
        Side.start(here, "tocsin") as second,
    ):
        (one, _), (other, _) = parts_of(articles, 2, Path(folder))
        for side in (first, second):
            side.read(one, warming=True)
        ratios = []
        for _ in range(_ROUNDS):
            alone = _wall([(first, one)]) + _wall([(first, other)])
            ratios.append(alone / _wall([(first, one), (second, other)]))
    print(f"two processes: {min(ratios):.2f} / {statistics.median(ratios):.2f} / {max(ratios):.2f} times one")
    return 0


def _wall(work: Sequence[tuple[Side, Path]]) -> float:
    threads = [threading.Thread(target=side.read, args=(path,)) for side, path in work]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started
