"""How an alert looks on a terminal: what rang, why, and the words that prove it. Shared by replay, demo and alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from topics.alerts import Alert

LEVEL_STYLES = {
    "informational": "dim",
    "low": "cyan",
    "medium": "yellow",
    "high": "bold red",
    "critical": "bold white on red",
}


def group_words(alert: Alert) -> str:
    """The join values in words, for example `actor KP, RU`."""
    return "; ".join(f"{name} {', '.join(values)}" for name, values in alert.group.items()) or "the whole stream"


def show_alert(console: Console, alert: Alert) -> None:
    """Print one alert with its evidence."""
    style = LEVEL_STYLES[alert.level]
    counts = alert.counts
    console.print(f"[{style}]{alert.level.upper()}[/] [bold]{escape(alert.title)}[/]  {escape(group_words(alert))}")
    console.print(
        f"  {alert.pattern_id}  {alert.id}  "
        f"{alert.first_event_at:%Y-%m-%d %H:%M} to {alert.last_event_at:%Y-%m-%d %H:%M}Z, "
        f"{counts.articles} articles, {counts.stories} stories, {counts.sources} sources"
        f"{'  late' if alert.late else ''}{'  ' + alert.state if alert.state != 'firing' else ''}"
    )
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for item in alert.evidence:
        actors = ", ".join(dict.fromkeys(actor.id for actor in item.actor))
        head = f"[bold]{escape(item.rule)}[/]" + (f" ({escape(actors)})" if actors else "")
        outlet = escape(item.source or "unknown outlet")
        where = f"[dim]{outlet}, {item.event_time:%d %b %H:%M}Z, {escape(item.article_id)}[/]"
        table.add_row(head, f"“{escape(item.sentence.text)}”\n{where}")
    console.print(table)
    console.print()
