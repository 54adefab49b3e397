"""`tocsin counts top|series|trending`: what the news is most about, and what it is about more than before."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.moments import moment
from workers.notify.receivers.words import plain

if TYPE_CHECKING:
    from rich.table import Table

    from workers.cli.counts_read import TopCounts
    from workers.watch.trends import Trend


class Kind(StrEnum):
    """Of what is counted."""

    entity = "entity"
    event = "event"
    pair = "pair"


class By(StrEnum):
    """What is counted of the articles."""

    articles = "articles"
    texts = "texts"
    stories = "stories"
    sources = "sources"


class Window(StrEnum):
    """How long."""

    hour = "1h"
    day = "24h"
    week = "7d"


class TrendWindow(StrEnum):
    """How long, where earlier days are kept to compare with."""

    hour = "1h"
    day = "24h"


KindOption = Annotated[Kind, typer.Option(help="entity, event (type), or pair (event type and actor)")]
ByOption = Annotated[By, typer.Option(help="articles; texts (copies are one); stories; or sources (outlets)")]
WindowOption = Annotated[Window, typer.Option(help="of event time; exact to a minute, to an hour beyond 1h")]
LimitOption = Annotated[int, typer.Option(min=1, max=100_000, help="rows")]
AtOption = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="end of the window, ISO 8601; default: now, in a replay the newest article"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="one JSON object instead of a table")]
CsvOption = Annotated[bool, typer.Option("--csv", help="comma-separated values instead of a table")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Rolling counts per entity, event type and pair.", no_args_is_help=True)
    group.command("top")(top)
    group.command("series")(series)
    group.command("trending")(trending)
    app.add_typer(group, name="counts")


def top(
    *,
    kind: KindOption = Kind.entity,
    by: ByOption = By.articles,
    window: WindowOption = Window.day,
    limit: LimitOption = 20,
    at: AtOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Show what is counted most. Every article counts once for each entity it names and each event it reports.

    Exit code 4 if Redis does not answer, 5 if the time cannot be read.
    """
    from rich.console import Console

    from workers.cli.counts_read import read_top
    from workers.settings import load_settings

    found = asyncio.run(
        read_top(load_settings(), kind=kind.value, by=by.value, window=window.value, limit=limit, at=moment(at, "--at"))
    )
    if as_json:
        rows = [{"id": id_, "count": count} for id_, count in found.ranked]
        told = {"kind": found.kind, "by": found.by, "window": found.window, "at": found.end.isoformat(), "counts": rows}
        typer.echo(json.dumps(told, ensure_ascii=False))
    elif as_csv:
        write_csv(("id", found.by), found.ranked)
    elif found.ranked:
        Console(highlight=False).print(counts_table(found))
    if not found.ranked:
        typer.echo(why_empty(found.window, found.end, found.newest, given=at is not None), err=True)


def series(
    id_: Annotated[str, typer.Argument(metavar="ID", help="an entity (KP), event type, or pair (missile_launch:KP)")],
    *,
    kind: KindOption = Kind.entity,
    by: ByOption = By.articles,
    window: WindowOption = Window.day,
    at: AtOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Show how often one thing was counted over a window: by the minute in 1h, the hour in 24h, six hours in 7d.

    Exit code 4 if Redis does not answer, 5 if the time cannot be read.
    """
    from workers.cli.counts_read import Asked, read_series
    from workers.cli.sparkline import sparkline
    from workers.settings import load_settings

    found, end = asyncio.run(
        read_series(load_settings(), id_, Asked(kind.value, by.value, window.value, moment(at, "--at")))
    )
    rows = [(time.isoformat(), count) for time, count in found]
    counts = [count for _, count in found]
    if as_json:
        told = {"id": id_, "kind": kind.value, "by": by.value, "window": window.value, "at": end.isoformat()}
        typer.echo(json.dumps(told | {"series": [{"from": time, "count": count} for time, count in rows]}))
    elif as_csv:
        write_csv(("from", by.value), rows)
    else:
        typer.echo(f"{plain(id_)}, {by.value}, {window.value} to {end:%Y-%m-%d %H:%M}Z")
        typer.echo(f"{sparkline(counts)}  most {max(counts)}, last {counts[-1]}")
    if not any(counts):
        typer.echo(
            f"No {kind.value} {plain(id_)} was counted there. Is it another --kind, or another time (--at)?", err=True
        )


def trending(
    *,
    kind: KindOption = Kind.entity,
    by: ByOption = By.articles,
    window: Annotated[TrendWindow, typer.Option(help="of event time")] = TrendWindow.day,
    limit: LimitOption = 20,
    at: AtOption = None,
    least: Annotated[int, typer.Option(min=1, help="only what is counted so often")] = 3,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Show what is counted more than in the same hours of earlier days, the most surprising first.

    Exit code 4 if Redis does not answer, 5 if the time cannot be read.
    """
    from rich.console import Console

    from workers.cli.counts_read import Asked, read_trends
    from workers.settings import load_settings

    found, end, days = asyncio.run(
        read_trends(load_settings(), Asked(kind.value, by.value, window.value, moment(at, "--at")), least)
    )
    shown = found[:limit]
    title = f"{kind.value}, {window.value} to {end:%Y-%m-%d %H:%M}Z, against {days} earlier days"
    if as_json:
        rows = [
            {"id": t.id, "count": t.count, "expected": round(t.expected, 2), "ratio": round(t.ratio, 2),
             "surprise": round(t.surprise, 2), "before": t.before}
            for t in shown
        ]  # fmt: skip
        told = {"kind": kind.value, "by": by.value, "window": window.value, "at": end.isoformat(), "days": days}
        typer.echo(json.dumps(told | {"trends": rows}, ensure_ascii=False))
    elif as_csv:
        rows_ = [(t.id, t.count, round(t.expected, 2), round(t.ratio, 2), round(t.surprise, 2)) for t in shown]
        write_csv(("id", by.value, "expected", "ratio", "surprise"), rows_)
    elif shown:
        Console(highlight=False).print(_trends_table(shown, title, by.value))
    if not shown:
        reason = "Nothing is counted more than before." if days else "There are no earlier days to compare with."
        typer.echo(f"{reason} Looked at the {window.value} to {end:%Y-%m-%dT%H:%MZ} and {days} earlier days.", err=True)


def write_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """To standard output."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)


def counts_table(found: TopCounts) -> Table:
    """The counts as a table for a terminal."""
    from rich.table import Table
    from rich.text import Text

    title = f"{found.kind}, {found.window} to {found.end:%Y-%m-%d %H:%M}Z"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, min_width=len(title))
    table.add_column(found.by, justify="right")
    table.add_column({"pair": "event:actor"}.get(found.kind, found.kind), overflow="fold")
    for id_, count in found.ranked:
        table.add_row(f"{count:,}", Text(plain(id_)))
    return table


def _trends_table(found: Sequence[Trend], title: str, by: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    from workers.cli.sparkline import sparkline

    table = Table(title=title, title_justify="left", title_style="bold", box=None, min_width=len(title))
    for name in (by, "expected", "ratio", "surprise"):
        table.add_column(name, justify="right")
    table.add_column("days")
    table.add_column("", overflow="fold")
    for trend in found:
        figures = f"{trend.count:,}", f"{trend.expected:,.1f}", f"{trend.ratio:,.1f}", f"{trend.surprise:.1f}"
        table.add_row(*figures, sparkline((*trend.before, trend.count)), Text(plain(trend.id)))
    return table


def why_empty(window: str, end: datetime, newest: datetime | None, *, given: bool) -> str:
    """Why there is nothing to show. `given`: the end was asked for."""
    if newest is None:
        return "Nothing has been counted yet. Is the watch step running, and are articles coming in?"
    asked = "" if given else " (now)"
    return (
        f"Nothing was counted in the {window} to {end:%Y-%m-%dT%H:%MZ}{asked}. "
        f"The newest article counted is of {newest:%Y-%m-%dT%H:%MZ}: try --at {newest:%Y-%m-%dT%H:%MZ}"
    )
