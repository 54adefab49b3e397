"""What strangers wrote is shown, and moves no cursor."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from rich.console import Console

from topics.alerts import Alert, AlertCounts, Evidence, Window
from topics.annotations import Span
from workers.cli.show import group_words, show_alert

NOW = datetime(2026, 3, 1, tzinfo=UTC)
EVIL = "a\x1b]0;b\x07\x9b31m\u202ec"


def test_an_alert_shows_no_control_character() -> None:
    proof = Evidence(
        article_id=EVIL, revision="r", source=EVIL, event_time=NOW, rule="launch", type="missile_launch", story="s",
        status="actual", sentence=Span(part="text", start=0, end=9, text=EVIL), confidence=0.9,
        trigger=Span(part="text", start=0, end=1, text="a"),
    )  # fmt: skip
    alert = Alert(
        id="x", pattern_id="p", pattern_version="1", title="Launch", level="high", evidence=(proof,), fired_at=NOW,
        window=Window(start=NOW, end=NOW, timespan="1h"), first_event_at=NOW, last_event_at=NOW,
        counts=AlertCounts(articles=1, stories=1, sources=1), group={"article": (EVIL,)},
    )  # fmt: skip
    shown = io.StringIO()
    show_alert(Console(file=shown, highlight=False), alert)
    for text in (shown.getvalue(), group_words(alert)):
        assert "c" in text
        assert not set(text) & set("\x1b\x07\x9b\u202e")
