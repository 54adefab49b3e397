"""`tocsin alerts list | show`: what has rung, how it stands, and who was told of it, from Redis."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from workers.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console
    from rich.table import Table

    from topics.alerts import Alert
    from workers.notify.standing import Entry
    from workers.settings import Settings

_TABLE_WIDTH = 140
"""Columns that the table needs to be read."""


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="What has rung, and who was told.", no_args_is_help=True)
    group.command("list")(show)
    group.command("show")(show_one)
    app.add_typer(group, name="alerts")


def show(
    pattern: Annotated[list[str] | None, typer.Option(help="only of this id; may be given more than once")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="rows")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON Alert per line, with its evidence")] = False,
) -> None:
    """Show alerts, newest first by the time of the article that completed them; retracted ones too.

    An alert is firing, updated (more evidence came), retracted, or expired (nothing new came within its timespan and
    cooldown). Exit code 4 if Redis does not answer.
    """
    from workers.settings import load_settings

    settings = load_settings()
    alerts = asyncio.run(_read(settings, pattern, limit))
    if as_json:
        for alert in alerts:
            typer.echo(alert.model_dump_json())
    elif alerts:
        _show(alerts, asyncio.run(_deliveries(settings, [alert.id for alert in alerts])))
    else:
        typer.echo("No alert is stored" + (f" for {', '.join(pattern)}." if pattern else "."), err=True)


def show_one(
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="id, as `tocsin alerts list` shows it")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object: the alert and what became of it")] = False,
) -> None:
    """One alert with its evidence, how it stands, and what became of it at each receiver, muted or told.

    Exit code 1 if nothing is known of it, 4 if Redis does not answer.
    """
    from rich.console import Console

    from workers.cli.show import show_alert
    from workers.settings import load_settings

    settings = load_settings()
    found = asyncio.run(_find(settings, alert))
    told = asyncio.run(_deliveries(settings, [alert]))[alert]
    if found is None and not told:
        typer.echo(f"Nothing is known of an alert {alert}.", err=True)
        raise typer.Exit(ExitCode.FAILED)
    if as_json:
        typer.echo(json.dumps(_as_json(found, told), ensure_ascii=False))
        return
    console = Console(highlight=False)
    if found is not None:
        show_alert(console, found)
        console.print(f"  [bold]{_state(found)}[/]{_until(found)}", soft_wrap=True)
    _show_deliveries(console, told)


async def _read(settings: Settings, patterns: Sequence[str] | None, limit: int) -> list[Alert]:
    from workers.cli.redis_session import redis_session
    from workers.redis_keys import Keys
    from workers.watch.redis_windows import RedisWindows

    async with redis_session(settings) as client:
        windows = RedisWindows(client, Keys(settings.namespace))
        return await windows.alerts(list(patterns or await windows.known_patterns()), limit)


async def _find(settings: Settings, alert_id: str) -> Alert | None:
    from topics.alerts import Alert
    from workers.cli.redis_session import redis_session
    from workers.redis_keys import Keys
    from workers.watch.redis_windows import RedisWindows

    async with redis_session(settings) as client:
        keys = Keys(settings.namespace)
        for pattern in await RedisWindows(client, keys).known_patterns():
            text = await client.hget(keys.pattern(pattern).alerts, alert_id)
            if text:
                return Alert.model_validate_json(text)
    return None


async def _deliveries(settings: Settings, alerts: Sequence[str]) -> dict[str, list[tuple[str, Entry]]]:
    """By alert: receiver and change, in order."""
    from workers.cli.redis_session import redis_session
    from workers.notify.keys import Keys
    from workers.notify.standing import Standings

    async with redis_session(settings) as client:
        standings = Standings(client, Keys(settings.namespace))
        places = [(receiver, alert) for alert in alerts for receiver in sorted(await standings.seen())]
        found: dict[str, list[tuple[str, Entry]]] = {alert: [] for alert in alerts}
        for (receiver, alert), entries in zip(places, await standings.entries_of(places), strict=True):
            found[alert] += [(receiver, entry) for entry in entries]
        return found


def _state(alert: Alert) -> str:
    if alert.state == "retracted":
        return "retracted"
    if alert.closes_at is not None and alert.closes_at <= datetime.now(UTC):
        return "expired"
    return "updated" if alert.updated_at else "firing"


def _until(alert: Alert) -> str:
    if alert.closes_at is None or alert.state == "retracted":
        return ""
    return f"; it stands until {alert.closes_at:%Y-%m-%d %H:%M:%SZ}, unless more comes"


def _told_words(told: Sequence[tuple[str, Entry]]) -> str:
    """Of each receiver the state of the last change: `ops delivered, desk muted`."""
    last = {receiver: entry.shown for receiver, entry in told if not entry.kind or entry.outcome != "pending"}
    words = Counter(last.values())
    if len(last) > 3:
        return ", ".join(f"{number} {word}" for word, number in sorted(words.items()))
    return ", ".join(f"{receiver} {word}" for receiver, word in last.items())


def _show(alerts: Sequence[Alert], told: Mapping[str, Sequence[tuple[str, Entry]]]) -> None:
    """A table where there is room for one; else two or three lines an alert, that nothing is cut into pieces."""
    from rich.console import Console

    console = Console(highlight=False)
    if console.width >= _TABLE_WIDTH:
        console.print(_table(alerts, told))
        return
    for alert in alerts:
        _show_lines(console, alert, _told_words(told[alert.id]))


def _show_lines(console: Console, alert: Alert, told: str) -> None:
    from rich.markup import escape
    from rich.padding import Padding

    from workers.cli.show import LEVEL_STYLES, group_words, plural

    counts = f"{plural(alert.counts.articles, 'article')}, {plural(alert.counts.sources, 'source')}"
    console.print(
        f"{alert.last_event_at:%Y-%m-%d %H:%M}Z  [{LEVEL_STYLES[alert.level]}]{alert.level}[/]  {_shown_state(alert)}  "
        f"[bold]{escape(alert.title)}[/]"
    )
    rest = "; ".join(part for part in (group_words(alert), counts, told) if part)
    console.print(Padding(escape(rest), (0, 0, 0, 4)))
    console.print(Padding(f"[dim]{alert.id}[/]", (0, 0, 0, 4)))


def _shown_state(alert: Alert) -> str:
    state = _state(alert)
    return state if state in ("firing", "updated") else f"[dim]{state}[/]"


def _table(alerts: Sequence[Alert], told: Mapping[str, Sequence[tuple[str, Entry]]]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    from workers.cli.show import LEVEL_STYLES, group_words

    table = Table(box=None)
    table.add_column("time", no_wrap=True)
    for name in ("level", "state", "title", "group"):
        table.add_column(name, overflow="fold")
    table.add_column("articles", justify="right")
    table.add_column("sources", justify="right")
    table.add_column("told", overflow="fold")
    table.add_column("id", no_wrap=True)
    for alert in alerts:
        table.add_row(
            f"{alert.last_event_at:%Y-%m-%d %H:%M}Z",
            f"[{LEVEL_STYLES[alert.level]}]{alert.level}[/]",
            _shown_state(alert),
            escape(alert.title),
            escape(group_words(alert)),
            str(alert.counts.articles),
            str(alert.counts.sources),
            escape(_told_words(told[alert.id])),
            alert.id,
        )
    return table


def _show_deliveries(console: Console, told: Sequence[tuple[str, Entry]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from workers.cli.notify_state import why

    table = Table(box=None, pad_edge=False)
    for column in ("receiver", "change", "outcome", "attempts", "at", "reason"):
        table.add_column(column, overflow="fold")
    for receiver, entry in told:
        at = f"{entry.last.attempted_at:%Y-%m-%d %H:%M:%S}Z" if entry.last else ""
        change = entry.kind or f"{entry.state} {entry.task.sequence}"
        table.add_row(*map(Text, (receiver, change, entry.shown, str(entry.attempts), at, why(entry))))
    console.print(table if told else "No receiver was given it.")


def _as_json(alert: Alert | None, told: Sequence[tuple[str, Entry]]) -> dict[str, object]:
    from workers.cli.notify_state import why

    return {
        "state": _state(alert) if alert else None,
        "alert": alert.model_dump(mode="json") if alert else None,
        "deliveries": [
            {
                "receiver": receiver,
                "change": entry.kind or entry.state,
                "sequence": entry.task.sequence,
                "outcome": entry.shown,
                "attempts": entry.attempts,
                "muted_by": entry.muted_by if entry.shown == "muted" else None,
                "reason": why(entry) or None,
                "at": entry.last.attempted_at.isoformat() if entry.last else None,
            }
            for receiver, entry in told
        ],
    }
