"""Comparing what rang with what should have."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from topics.alerts import Alert, AlertCounts, Evidence, Window
from topics.annotations import Span
from workers.local.expected import compare, read_expected

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SPAN = Span(part="text", start=0, end=4, text="word")


def alert(pattern: str, actors: tuple[str, ...], *articles: str) -> Alert:
    evidence = tuple(
        Evidence(rule="r", article_id=name, revision="1", event_time=NOW, type="summit", status="actual", trigger=SPAN,
                 sentence=SPAN, confidence=1)
        for name in articles
    )  # fmt: skip
    return Alert(id="x", pattern_id=pattern, pattern_version="1", title="t", level="low", group={"actor": actors},
                 window=Window(start=NOW, end=NOW, timespan="1h"), evidence=evidence, first_event_at=NOW,
                 last_event_at=NOW, fired_at=NOW, counts=AlertCounts(articles=1, stories=1, sources=1))  # fmt: skip


def write(folder: Path) -> Path:
    path = folder / "expected.json"
    path.write_text(
        json.dumps(
            {"alerts": [{"pattern": "p", "group": {"actor": ["KP", "RU"]}, "anchor": "b", "evidence": ["b", "a"]}]}
        )
    )
    return path


def test_the_same_in_another_order_is_the_same(tmp_path: Path) -> None:
    rang = [alert("p", ("RU", "KP"), "a", "b", "a")]
    assert compare(read_expected(write(tmp_path)), rang, rang).exact


def test_evidence_may_be_added_after_the_telling_but_not_be_wrong_in_the_end(tmp_path: Path) -> None:
    expected = read_expected(write(tmp_path))
    told = [alert("p", ("RU", "KP"), "b")]
    assert compare(expected, told, [alert("p", ("RU", "KP"), "a", "b")]).exact
    assert compare(expected, told, told).misproved


def test_missing_and_surprising_are_told_apart(tmp_path: Path) -> None:
    comparison = compare(read_expected(write(tmp_path)), [alert("p", ("RU",), "a", "b")], [])
    assert not comparison.exact
    assert str(comparison.missing[0]) == "p (actor KP, RU), completed by b, proved by a, b"
    assert str(comparison.surprising[0]) == "p (actor RU), completed by b, proved by a, b"
