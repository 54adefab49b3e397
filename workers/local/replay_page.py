"""A replay as one HTML page with nothing from outside: a timeline of articles, events and alerts, and the proofs."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from workers.local.replay_report import TOP, ReplayReport, ranked
from workers.watch.backtest_page import MAX_ALERTS, rendered, shown

TEMPLATE = Path(__file__).with_name("replay.html")

MAX_TYPES = 16
"""Event types with a row of their own in the chart; the table has all."""

_LEFT, _WIDTH, _ROW, _BARS, _TICKS = 220, 1040, 34, 26, 8
_BINS = ((timedelta(days=4), timedelta(hours=1)), (timedelta(days=150), timedelta(days=1)))
"""An archive of up to so long is drawn in bins of such a width; a longer one in weeks."""

_NOTHING = datetime(1970, 1, 1, tzinfo=UTC)


def page(report: ReplayReport, heading: str) -> str:
    """The page."""
    firing = [alert for alert in report.alerts if alert.holds]
    return rendered(
        TEMPLATE,
        heading=heading,
        lead=_lead(report, len(firing)),
        chart=_chart(report),
        types=[
            {"type": type_, "actual": f"{found['actual']:,}", "others": _others(found)}
            for type_, found in sorted(report.overview.statuses.items(), key=lambda item: (-item[1]["actual"], item[0]))
        ],
        entities=[{"id": id_, "articles": f"{n:,}"} for id_, n in ranked(report.overview.entities)[:TOP]],
        compared=False,
        alerts=[shown(alert, "new") for alert in firing[:MAX_ALERTS]],
        more=f"{len(firing) - MAX_ALERTS:,} more alerts are not shown." if len(firing) > MAX_ALERTS else "",
    )


def _lead(report: ReplayReport, alerts: int) -> str:
    accounted = "" if report.complete else " NOT ALL ARTICLES ARE ACCOUNTED FOR."
    return (
        f"{report.articles:,} articles: {report.annotated:,} read, {report.rejected:,} rejected; {alerts:,} alerts; "
        f"{report.seconds:,.1f} s, {report.rate:,.0f} articles a second.{accounted}"
    )


def _others(found: Counter[str]) -> str:
    return ", ".join(f"{n:,} {status}" for status, n in ranked(found) if status != "actual")


def _chart(report: ReplayReport) -> dict[str, Any]:
    hours = sorted(report.overview.articles)
    first, last = (hours[0], hours[-1] + timedelta(hours=1)) if hours else (_NOTHING, _NOTHING + timedelta(hours=1))
    bin_ = next((width for most, width in _BINS if last - first <= most), timedelta(days=7))
    if bin_ >= timedelta(days=1):
        first = first.replace(hour=0)
    bins = -((first - last) // bin_)
    last = first + bins * bin_
    scale = (_WIDTH - _LEFT - 10) / max(1.0, (last - first).total_seconds())

    def x(moment: datetime) -> float:
        return round(_LEFT + (moment - first).total_seconds() * scale, 1)

    series = [("articles", report.overview.articles)]
    by_number = sorted(report.overview.events.items(), key=lambda item: (-item[1].total(), item[0]))
    series += by_number[:MAX_TYPES]
    width = max(1.0, round(bin_.total_seconds() * scale - 1, 1))
    # Every row is on a scale of its own: its highest number stands beside it.
    rows = [
        _row(name, _binned(counts, first, bin_), 10 + (n + 1) * _ROW - 4) for n, (name, counts) in enumerate(series)
    ]
    for row in rows:
        for bar in row["bars"]:
            bar |= {"x": x(bar.pop("at")), "width": width}
    at = 10 + len(rows) * _ROW
    dots = [
        {"x": x(alert.last_event_at), "words": f"{alert.last_event_at:%Y-%m-%d %H:%M}Z {alert.level}: {alert.title}"}
        for alert in report.alerts
        if alert.holds
    ]
    step = -(-bins // _TICKS)  # so that a tick that names a day stands where the day begins
    moments = [first + number * bin_ for number in range(0, bins + 1, step)]
    form = "%d %b %H:%M" if bin_ < timedelta(days=1) else "%d %b %Y"
    return {
        "width": _WIDTH + 40,
        "height": at + 54,
        "left": _LEFT,
        "rows": rows,
        "dots": dots,
        "dots_at": at + 16,
        "ticks": [{"x": x(moment), "words": f"{moment:{form}}"} for moment in moments],
        "bin": {timedelta(hours=1): "hour", timedelta(days=1): "day"}.get(bin_, "week"),
        "label": f"Articles, events and {len(dots)} alerts from {first:%Y-%m-%d} to {last:%Y-%m-%d}",
    }


def _binned(counts: Counter[datetime], first: datetime, bin_: timedelta) -> Counter[datetime]:
    found: Counter[datetime] = Counter()
    for hour, number in counts.items():
        found[first + (hour - first) // bin_ * bin_] += number
    return found


def _row(name: str, counts: Counter[datetime], base: int) -> dict[str, Any]:
    most = max(counts.values(), default=1)
    bars = [
        {
            "at": moment,
            "y": round(base - number / most * _BARS, 1),
            "height": round(number / most * _BARS, 1),
            "words": f"{moment:%Y-%m-%d %H:%M}Z: {number:,} {name}",
        }
        for moment, number in sorted(counts.items())
    ]
    return {"words": name[:32], "y": base, "most": f"{most:,}", "bars": bars}
