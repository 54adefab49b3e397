"""`tocsin alerts list`: what has rung, from Redis."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from topics.alerts import Alert
    from workers.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="What has rung.", no_args_is_help=True)
    group.callback()(lambda: None)  # keeps `list` a command of its own while it is the only one
    group.command("list")(show)
    app.add_typer(group, name="alerts")


def show(
    pattern: Annotated[list[str] | None, typer.Option(help="only of this id; may be given more than once")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="rows")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON Alert per line, with its evidence")] = False,
) -> None:
    """Show alerts, newest first by the time of the article that completed them; retracted ones too.

    Exit code 4 if Redis does not answer.
    """
    from workers.settings import load_settings

    alerts = asyncio.run(_read(load_settings(), pattern, limit))
    if as_json:
        for alert in alerts:
            typer.echo(alert.model_dump_json())
    elif alerts:
        _show(alerts)
    else:
        typer.echo("No alert is stored" + (f" for {', '.join(pattern)}." if pattern else "."), err=True)


async def _read(settings: Settings, patterns: Sequence[str] | None, limit: int) -> list[Alert]:
    from workers.cli.redis_session import redis_session
    from workers.redis_keys import Keys
    from workers.watch.redis_windows import RedisWindows

    async with redis_session(settings) as client:
        windows = RedisWindows(client, Keys(settings.namespace))
        return await windows.alerts(list(patterns or await windows.known_patterns()), limit)


def _show(alerts: Sequence[Alert]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from workers.cli.show import LEVEL_STYLES, group_words

    table = Table(box=None)
    for name in ("time", "level", "title", "group"):
        table.add_column(name, overflow="fold")
    table.add_column("articles", justify="right")
    table.add_column("sources", justify="right")
    table.add_column("id", no_wrap=True)
    for alert in alerts:
        taken_back = "" if alert.state == "firing" else f"[dim] ({alert.state})[/dim]"
        table.add_row(
            f"{alert.last_event_at:%Y-%m-%d %H:%M}Z",
            f"[{LEVEL_STYLES[alert.level]}]{alert.level}[/]",
            escape(alert.title) + taken_back,
            escape(group_words(alert)),
            str(alert.counts.articles),
            str(alert.counts.sources),
            alert.id,
        )
    Console(highlight=False).print(table)
