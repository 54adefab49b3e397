"""A backtest as one HTML page without anything from outside: a timeline, a table, and the words behind every alert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from topics.alerts import Alert, Evidence
from workers.watch.backtest import Difference, Verdict

TEMPLATE = Path(__file__).with_name("backtest.html")
STYLE = Path(__file__).with_name("page.css")

MAX_ALERTS = 500
"""So many alerts are shown with their evidence; the table counts all."""

_LEFT, _WIDTH, _ROW, _BARS = 220, 1040, 26, 60
Kind = Literal["new", "gone", "same"]


@dataclass(frozen=True, slots=True)
class Run:
    """What the page shows. `differences` is empty if nothing was compared; both are by pattern id."""

    heading: str
    lead: str
    verdicts: Sequence[Verdict]
    differences: Mapping[str, Difference]
    articles_by_day: Mapping[str, int]


def page(run: Run) -> str:
    """The page."""
    told = _told(run)
    return rendered(
        TEMPLATE,
        heading=run.heading,
        lead=run.lead,
        compared=bool(run.differences),
        chart=_chart(run, told),
        table=[_row(verdict, run.differences) for verdict in run.verdicts],
        alerts=[shown(alert, kind) for alert, kind in told[:MAX_ALERTS]],
        more=f"{len(told) - MAX_ALERTS:,} more alerts are not shown." if len(told) > MAX_ALERTS else "",
    )


def rendered(template: Path, **values: Any) -> str:
    """A page from its template, with the style that all our pages share."""
    environment = Environment(
        loader=FileSystemLoader([template.parent, STYLE.parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    style = Markup(STYLE.read_text("utf-8"))  # noqa: S704 - a file of ours, and it must not be escaped
    return environment.get_template(template.name).render(style=style, **values)


def _told(run: Run) -> list[tuple[Alert, Kind]]:
    """All alerts in order of time: of a comparison also those that are gone."""
    found: list[tuple[Alert, Kind]] = []
    for verdict in run.verdicts:
        difference = run.differences.get(verdict.pattern.id)
        if difference is None:
            found += [(alert, "new") for alert in verdict.alerts]
            continue
        found += [(alert, "new") for alert in difference.new]
        found += [(alert, "gone") for alert in difference.gone]
        found += [(alert, "same") for alert in difference.same]
    return sorted(found, key=lambda one: (one[0].last_event_at, one[0].id))


def _row(verdict: Verdict, differences: Mapping[str, Difference]) -> dict[str, Any]:
    difference = differences.get(verdict.pattern.id, Difference((), (), ()))
    document = verdict.pattern.document
    return {
        "title": document.title,
        "id": verdict.pattern.id,
        "version": verdict.pattern.version,
        "level": document.level,
        "alerts": len(verdict.alerts),
        "new": len(difference.new),
        "gone": len(difference.gone),
        "same": len(difference.same),
        "suppressed": verdict.suppressed,
        "articles": f"{verdict.articles:,}",
    }


def shown(alert: Alert, kind: Kind) -> dict[str, Any]:
    """An alert as a template takes it."""
    return {
        "kind": kind,
        "title": alert.title,
        "group": "; ".join(f"{name} {', '.join(values)}" for name, values in alert.group.items()) or "the whole stream",
        "time": f"{alert.first_event_at:%Y-%m-%d %H:%M} to {alert.last_event_at:%Y-%m-%d %H:%M}Z",
        "evidence": [_evidence(item) for item in alert.evidence],
    }


def _evidence(item: Evidence) -> dict[str, Any]:
    sentence, trigger = item.sentence, item.trigger
    at = trigger.start - sentence.start if trigger.part == sentence.part else -1
    inside = at >= 0 and sentence.text[at : at + len(trigger.text)] == trigger.text
    cut = at if inside else len(sentence.text)
    return {
        "rule": item.rule,
        "actors": ", ".join(dict.fromkeys(actor.id for actor in item.actor)) or "actor not named",
        "outlet": item.source or "unknown outlet",
        "time": f"{item.event_time:%Y-%m-%d %H:%M}Z",
        "article": item.article_id,
        "url": item.url if item.url and item.url.startswith(("http://", "https://")) else "",
        "before": sentence.text[:cut],
        "trigger": trigger.text if inside else "",
        "after": sentence.text[cut + len(trigger.text) :] if inside else "",
    }


# --- timeline ------------------------------------------------------------------------------------------------------


def _chart(run: Run, told: Sequence[tuple[Alert, Kind]]) -> dict[str, Any]:
    days = sorted(run.articles_by_day)
    first, last = _span(days, told)
    seconds = max(1.0, (last - first).total_seconds())

    def x(moment: datetime) -> float:
        return round(_LEFT + (moment - first).total_seconds() / seconds * (_WIDTH - _LEFT - 10), 1)

    top = 10 + _BARS
    rows = []
    for place, verdict in enumerate(run.verdicts):
        dots = [
            {"x": x(alert.last_event_at), "kind": kind, "words": f"{alert.last_event_at:%Y-%m-%d %H:%M}Z {alert.title}"}
            for alert, kind in told
            if alert.pattern_id == verdict.pattern.id
        ]
        rows.append({"y": top + 20 + place * _ROW, "words": verdict.pattern.id[:32], "dots": dots})
    most = max(run.articles_by_day.values(), default=1)
    day_width = max(1.0, round(86400 / seconds * (_WIDTH - _LEFT - 10) - 1, 1))
    bars = []
    for day in days:
        high = round(run.articles_by_day[day] / most * _BARS, 1)
        where = x(datetime.fromisoformat(day).replace(tzinfo=UTC))
        words = f"{day}: {run.articles_by_day[day]:,} articles"
        bars.append({"x": where, "y": top - high, "width": day_width, "height": high, "words": words})
    ticks = [{"x": x(first + (last - first) * part / 6), "words": f"{first + (last - first) * part / 6:%d %b %Y}"}
             for part in range(7)]  # fmt: skip
    label = f"{len(told)} alerts of {len(run.verdicts)} patterns from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    return {"width": _WIDTH + 40, "height": top + 40 + len(rows) * _ROW, "left": _LEFT, "top": 10, "rows": rows,
            "bars": bars, "ticks": ticks, "label": label}  # fmt: skip


def _span(days: Sequence[str], told: Sequence[tuple[Alert, Kind]]) -> tuple[datetime, datetime]:
    moments = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (*days[:1], *days[-1:])]
    moments += [alert.last_event_at for alert, _ in told]
    if not moments:
        moments = [datetime(1970, 1, 1, tzinfo=UTC)]
    return min(moments), max(moments) + timedelta(days=1)
