"""A replay's report: the overview, the plain values and the page, also of an archive in which nothing happened."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from topics.alerts import Alert, AlertCounts, Window
from workers.archives.playing import Playing
from workers.local.replay_page import page
from workers.local.replay_report import Contents, Overview, ReplayReport, latest_alerts

START = datetime(2026, 3, 1, 5, tzinfo=UTC)


def contents(hours: float, *events: tuple[str, str], dated: bool = True) -> Contents:
    record = {
        "event_time": (START + timedelta(hours=hours)).isoformat(),
        "event_time_source": "published" if dated else "fetched",
        "entities": [{"id": "KP"}, {"id": "KP"}, {"id": "RU"}],
        "events": [{"type": type_, "status": status} for type_, status in events],
        "lang": None,
    }
    return Contents.of(json.dumps(record).encode())


def alert(name: str, hours: float, *, title: str = "Launch") -> Alert:
    time = START + timedelta(hours=hours)
    return Alert(
        id=name, pattern_id="p", pattern_version="1", title=title, level="high", evidence=(), first_event_at=time,
        window=Window(start=time, end=time, timespan="1h"), last_event_at=time, fired_at=time,
        counts=AlertCounts(articles=1, stories=1, sources=1),
    )  # fmt: skip


def report(*found: Contents, alerts: tuple[Alert, ...] = ()) -> ReplayReport:
    overview = Overview()
    for each in found:
        overview.add(each)
    return ReplayReport("replay-x", Playing(sent=len(found)), len(found), len(found), 0, alerts, 2.0, overview)


def test_only_dated_articles_and_what_happened_make_the_timeline() -> None:
    made = report(
        contents(0.2, ("summit", "actual"), ("summit", "actual"), ("threat", "future")),
        contents(3, ("summit", "negated")),
        contents(9, ("threat", "actual"), dated=False),
    )
    assert made.overview.articles == {START: 1, START + timedelta(hours=3): 1}
    assert made.overview.events == {"summit": {START: 1}}
    summary = made.summary()
    assert summary["events"] == {"summit": {"actual": 2, "negated": 1}, "threat": {"actual": 1, "future": 1}}
    assert summary["top_entities"] == [{"id": "KP", "articles": 3}, {"id": "RU", "articles": 3}]
    assert summary["articles_per_second"] == 1.5
    json.dumps(summary)


@pytest.mark.parametrize("hours", [0, 30, 24 * 20, 24 * 400])
def test_the_page_of_any_span(hours: float) -> None:
    made = report(
        contents(0, ("summit", "actual")),
        contents(hours, ("threat", "actual")),
        alerts=(alert("a", hours, title="<b>&"),),
    )
    written = page(made, "news.jsonl")
    assert "&lt;b&gt;&amp;" in written
    assert "<b>&" not in written
    assert written.count('<circle class="alert"') == 1
    assert 'class="event"' in written


def test_the_page_of_nothing() -> None:
    written = page(report(), "empty.jsonl")
    assert "No pattern rang." in written
    assert "No event was read." in written


def test_the_last_word_on_each_alert_in_order_of_time() -> None:
    found = [alert("b", 2), alert("a", 1), alert("b", 2, title="Later")]
    assert [(one.id, one.title) for one in latest_alerts(found)] == [("a", "Launch"), ("b", "Later")]


@pytest.mark.parametrize("hours", [24 * 5, 24 * 6.7, 24 * 60, 24 * 149])
def test_a_tick_that_names_a_day_stands_where_its_bar_begins_and_no_bar_leaves_the_chart(hours: float) -> None:
    drawn = page(report(contents(0), *(contents(day * 24) for day in range(int(hours // 24))), contents(hours)), "a")
    bars = {float(x): float(w) for x, w in re.findall(r'<rect[^>]* x="([\d.]+)"[^>]* width="([\d.]+)"', drawn)}
    ticks = [float(x) for x in re.findall(r'<text[^>]* x="([\d.]+)"[^>]*>\d\d \w\w\w \d{4}<', drawn)]
    assert len(bars) > 4
    assert 3 < len(ticks) < 11
    assert set(ticks[:-1]) <= set(bars)
    assert max(x + width for x, width in bars.items()) <= 1040
