"""Where the time goes: CPU time of each phase of the reading, in milliseconds an article."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.speed.archives import articles_of, words_of
from workers.annotate import reader as reading
from workers.annotate.namer import Namer
from workers.annotate.reader import Reader
from workers.annotate.shortcuts import SentenceEnds, Shortcuts
from workers.garbage import keep_what_is_loaded

_PHASES: Sequence[tuple[str, object, str]] = (
    ("prepare: language, text, boilerplate", Reader, "_prepare"),
    ("names", Reader, "_name"),
    ("  tokens", None, "make_doc"),
    ("  sentence ends", SentenceEnds, "__call__"),
    ("  names", Namer, "__call__"),
    ("parse", Reader, "_parse"),
    ("  vectors", Shortcuts, "encode"),
    ("annotate", Reader, "_annotate"),
    ("  entities", reading, "find_mentions"),
    ("  events", reading, "read_events"),
    ("  fingerprint", reading, "fingerprint_of"),
)


def measure(paths: Sequence[Path], *, limit: int | None) -> int:
    """Print the phases. Returns 0."""
    articles = articles_of(paths)
    articles = articles[:: max(1, len(articles) // limit)][:limit] if limit else articles
    reader = Reader.load(model="en_core_web_sm")
    keep_what_is_loaded()
    reader.copies.capacity = 0
    reader.read(articles[:64])
    reader.pipeline.kept.clear()
    spent: Counter[str] = Counter()
    for label, owner, name in _PHASES:
        _watch(reader.pipeline.nlp if owner is None else owner, name, label, spent)
    started = time.process_time()
    annotations = reader.read(articles)
    read = time.process_time()
    size = sum(len(annotation.model_dump_json()) for annotation in annotations)
    done = time.process_time()
    each = 1000 / len(articles)
    print(f"{len(articles)} articles, {words_of(articles)} words, {size} bytes of JSON")
    print(f"{(done - started) * each:7.3f} ms an article, {words_of(articles) / (done - started):.0f} words/s")
    for label, _, _ in _PHASES:
        print(f"{spent[label] * each:7.3f} {label}")
    print(f"{(done - read) * each:7.3f} JSON")
    return 0


def _watch(owner: Any, name: str, label: str, spent: Counter[str]) -> None:
    call: Callable[..., object] = getattr(owner, name)

    def timed(*args: object, **more: object) -> object:
        started = time.process_time()
        try:
            return call(*args, **more)
        finally:
            spent[label] += time.process_time() - started  # type: ignore[assignment]  # counts seconds

    setattr(owner, name, timed)
