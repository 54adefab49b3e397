"""The sample archive with its reading stubbed: from the events that each story means, what is expected rings."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.watch.builders import event
from topics.annotations import Annotation, Fingerprint
from topics.articles import event_time, revision_of
from workers.settings import examples_dir
from workers.watch.engine import Arrival, Engine
from workers.watch.event_types import DEFAULT_EVENT_TYPES
from workers.watch.pattern_file import load_patterns
from workers.watch.revisions import MemoryRevisions
from workers.watch.windows import MemoryWindows

ARCHIVE = examples_dir() / "archive"
INGEST = datetime(2026, 11, 1, tzinfo=UTC)


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (ARCHIVE / name).read_text("utf-8").splitlines()]


def arrivals() -> list[Arrival]:
    found = []
    for offset, (wire, meaning) in enumerate(zip(read("wire.jsonl"), read("meaning.jsonl"), strict=True)):
        published = datetime.fromisoformat(wire["published_at"]) if wire.get("published_at") else None
        when, source_of_time = event_time(published, INGEST)
        events = tuple(
            event(e["type"], *e.get("actor", ()), target=e.get("target", ()), place=e.get("place"), status=e["status"])
            for e in meaning["events"]
        )
        annotation = Annotation(
            article_id=wire["id"],
            revision=revision_of(wire.get("title", ""), wire["text"]),
            published_at=published,
            fetched_at=INGEST,  # one moment for all: the order of the records decides which revision is newer
            event_time=when,
            event_time_source=source_of_time,
            source=wire.get("source"),
            title=wire.get("title", ""),
            events=events,
            fingerprint=Fingerprint(minhash=""),
            model="stub",
            ontology="stub",
        )
        found.append(Arrival(annotation, None, frozenset(e.type for e in events), offset=offset))
    return found


@pytest.mark.parametrize("size", [1, 7, 32, 1000])
async def test_the_expected_alerts_ring_and_no_others_whatever_the_batches(size: int) -> None:
    patterns = load_patterns([examples_dir() / "patterns"], DEFAULT_EVENT_TYPES)
    store, revisions = MemoryWindows(), MemoryRevisions()
    engine = Engine(patterns.patterns, store)
    stream = arrivals()
    for start in range(0, len(stream), size):
        await engine.apply(revisions.current(stream[start : start + size]), now=INGEST)
    firing = [alert for alert in store.alerts() if alert.state == "firing"]
    got = [
        (a.pattern_id, {name: list(values) for name, values in a.group.items()}, {e.article_id for e in a.evidence})
        for a in firing
    ]
    wanted = [
        (e["pattern"], e["group"], set(e["evidence"]))
        for e in json.loads((ARCHIVE / "expected.json").read_text())["alerts"]
    ]
    for entry in wanted:
        assert entry in got
    for entry in got:
        assert entry in wanted
