"""What strangers wrote is shown, and moves no cursor."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from rich.console import Console

from topics.alerts import Alert, AlertCounts, Evidence, Window
from topics.annotations import Span
from workers.cli.counts import _trends_table, counts_table
from workers.cli.counts_read import TopCounts
from workers.cli.feeds import _say
from workers.cli.feeds_look import _print, _tell
from workers.cli.harmless import HarmlessConsole
from workers.cli.show import group_words, show_alert
from workers.feeds.checking import Checked
from workers.feeds.overview import Row
from workers.feeds.state import FeedState
from workers.feeds.subscriptions import Subscription
from workers.watch.trends import Trend

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


def shown_by(run: Callable[[], None]) -> str:
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        run()
    return told.getvalue()


def explained() -> None:
    console = HarmlessConsole(highlight=False)
    console.print(f"\n  met      {EVIL}", markup=False)


def counted() -> None:
    Console().print(counts_table(TopCounts("entity", "articles", "24h", NOW, NOW, ((EVIL, 3),))))
    Console().print(_trends_table([Trend(EVIL, 9, 1.0, 5.0, (1, 2))], "t", "articles"))


def listed() -> None:
    _print([Row(Subscription(url="https://a.example/", source=EVIL), FeedState(error=EVIL), "failing")])


@pytest.mark.parametrize(
    "run", [lambda: _say(EVIL), explained, counted, listed, lambda: _tell(Checked((f"  {EVIL}",), broken=False))]
)
def test_no_command_shows_a_control_character(run: Callable[[], None]) -> None:
    text = shown_by(run)
    assert "c" in text
    assert not set(text) & set("\x1b\x07\x9b\u202e")


def test_what_is_explained_keeps_its_columns() -> None:
    assert shown_by(explained).startswith("\n  met      a ")
