"""The sample archive, read and matched without servers: exactly the alerts that its stories mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from topics.alerts import Alert
from workers.annotate.reader import Reader
from workers.archives.readers import Malformed, read_paths
from workers.settings import examples_dir
from workers.watch.backtest import Backtest
from workers.watch.event_types import DEFAULT_EVENT_TYPES
from workers.watch.pattern_file import load_patterns

ARCHIVE = examples_dir() / "archive"


def told(pattern: str, group: object, evidence: set[str]) -> tuple[str, str, tuple[str, ...]]:
    return pattern, json.dumps(group, sort_keys=True), tuple(sorted(evidence))


def told_alert(alert: Alert) -> tuple[str, str, tuple[str, ...]]:
    return told(alert.pattern_id, alert.group, {item.article_id for item in alert.evidence})


def test_the_archive_rings_as_its_stories_mean(reader: Reader) -> None:
    articles = [one for one in read_paths([str(ARCHIVE / "wire.jsonl")]) if not isinstance(one, Malformed)]
    backtest = Backtest(load_patterns([examples_dir() / "patterns"], DEFAULT_EVENT_TYPES).patterns)
    for annotation in reader.read(articles):
        backtest.add(annotation)
    rang = {told_alert(alert) for verdict in backtest.verdicts(datetime.now(UTC)) for alert in verdict.alerts}
    wanted = {
        told(alert["pattern"], alert["group"], set(alert["evidence"]))
        for alert in json.loads((ARCHIVE / "expected.json").read_text("utf-8"))["alerts"]
    }
    assert rang == wanted
