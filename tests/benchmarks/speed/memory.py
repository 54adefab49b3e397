"""Resident memory as the number of articles grows: archives are read again and again, each time with other words."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from tests.benchmarks.speed.archives import articles_of
from topics.articles import Article
from workers.annotate.reader import Reader
from workers.garbage import keep_what_is_loaded

_BATCH = 32


def measure(paths: Sequence[Path], marks: Sequence[int]) -> int:
    """Print resident memory at each mark. Returns 0."""
    reader = Reader.load(model="en_core_web_sm")
    keep_what_is_loaded()
    process = psutil.Process()
    print(f"{'articles':>9}  MB   (loaded: {process.memory_info().rss / 1e6:.0f} MB)")
    stream = _again_and_again(articles_of(paths))
    done = 0
    for mark in sorted(marks):
        while done < mark:
            batch = list(itertools.islice(stream, min(_BATCH, mark - done)))
            reader.read(batch)
            done += len(batch)
        gc.collect()
        print(f"{done:>9}  {process.memory_info().rss / 1e6:.0f}", flush=True)
    return 0


def _again_and_again(articles: Sequence[Article]) -> Iterator[Article]:
    """The archive without end; each round names people and places that no round named before."""
    for turn in itertools.count():
        for i, article in enumerate(articles):
            news = f" It was said by Zan{turn}q{i} Vor{i}x{turn} in Quel{turn}{i}."
            yield article.model_copy(update={"id": f"{article.id}-{turn}", "text": article.text + news})
