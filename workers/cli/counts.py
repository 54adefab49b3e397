"""`tocsin counts top`: what the news was most about, from the rolling counts in Redis."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from workers.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from workers.settings import Settings


class _Kind(StrEnum):
    entity = "entity"
    event = "event"
    pair = "pair"


class _Window(StrEnum):
    hour = "1h"
    day = "24h"
    week = "7d"


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Rolling counts per entity, event type and pair.", no_args_is_help=True)
    group.callback()(lambda: None)  # keeps `top` a command of its own while it is the only one
    group.command("top")(top)
    app.add_typer(group, name="counts")


@dataclass(frozen=True)
class TopCounts:
    """What `read_top` found. `newest` is the newest event time ever counted; None if nothing was."""

    kind: str
    window: str
    end: datetime
    newest: datetime | None
    ranked: tuple[tuple[str, int], ...]


def top(
    kind: Annotated[_Kind, typer.Option(help="entity, event (type), or pair (event type and actor)")] = _Kind.entity,
    window: Annotated[
        _Window, typer.Option(help="of event time; exact to a minute, to an hour beyond 1h")
    ] = _Window.day,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="rows")] = 20,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="end of the window, ISO 8601; default: now, in a replay the newest article"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of a table")] = False,
) -> None:
    """Show what is counted most. Every article counts once for each entity it names and each event it reports.

    Exit code 4 if Redis does not answer, 5 if the time cannot be read.
    """
    from rich.console import Console

    from workers.settings import load_settings

    found = asyncio.run(read_top(load_settings(), kind=kind.value, window=window.value, limit=limit, at=_moment(at)))
    if as_json:
        rows = [{"id": id_, "count": count} for id_, count in found.ranked]
        told = {"kind": found.kind, "window": found.window, "at": found.end.isoformat(), "counts": rows}
        typer.echo(json.dumps(told, ensure_ascii=False))
    elif found.ranked:
        Console(highlight=False).print(counts_table(found))
    if not found.ranked:
        typer.echo(_why_empty(found, given=at is not None), err=True)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--at {text!r} is not a time.", hint="Write it as 2026-03-01T12:00Z or 2026-03-01.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def read_top(
    settings: Settings, *, kind: str, window: str, limit: int | None = None, at: datetime | None = None
) -> TopCounts:
    """The ids most counted in the `window` that ends `at`, else now, else (clock `archive`) with the newest article.

    Raises Unreachable.
    """
    from workers.cli.redis_session import redis_session
    from workers.redis_keys import Keys
    from workers.watch.count_log import KINDS
    from workers.watch.count_reader import CountReader
    from workers.watch.durations import to_datetime, to_micros

    async with redis_session(settings) as client:
        reader = CountReader(client, Keys(settings.namespace))
        last = await reader.newest()
        newest = None if last is None else to_datetime(last)
        end = at or (newest if settings.clock == "archive" else None) or datetime.now(UTC)
        asked = next(known for known in KINDS if known == kind)
        ranked = await reader.top(asked, window, to_micros(end), limit)
    return TopCounts(kind, window, end, newest, tuple(ranked))


def counts_table(found: TopCounts) -> Table:
    """The counts as a table for a terminal."""
    from rich.table import Table
    from rich.text import Text

    title = f"{found.kind}, {found.window} to {found.end:%Y-%m-%d %H:%M}Z"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, min_width=len(title))
    table.add_column("articles", justify="right")
    table.add_column({"pair": "event:actor"}.get(found.kind, found.kind), overflow="fold")
    for id_, count in found.ranked:
        table.add_row(f"{count:,}", Text(id_))
    return table


def _why_empty(found: TopCounts, *, given: bool) -> str:
    if found.newest is None:
        return "Nothing has been counted yet. Is the watch step running, and are articles coming in?"
    asked = "" if given else " (now)"
    return (
        f"Nothing was counted in the {found.window} to {found.end:%Y-%m-%dT%H:%MZ}{asked}. "
        f"The newest article counted is of {found.newest:%Y-%m-%dT%H:%MZ}: try --at {found.newest:%Y-%m-%dT%H:%MZ}"
    )
