"""`tocsin notify status | ledger | enable`: how receivers stand and what became of an alert, from Redis."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from workers.errors import ExitCode
from workers.settings import load_settings

if TYPE_CHECKING:
    from workers.notify.routing import Receivers
    from workers.notify.standing import Disabled, Entry, Standing

_File = Annotated[
    Path | None, typer.Option("--receivers", help="A receivers.yaml; default: TOCSIN_RECEIVERS.", dir_okay=False)
]


def register(group: typer.Typer) -> None:
    """Add the commands to `tocsin notify`."""
    group.command("status")(status)
    group.command("ledger")(ledger)
    group.command("enable")(enable)


def status(receivers: _File = None) -> None:
    """How each receiver stands: what waits for it, failures in a row, whether it is disabled.

    Ends with 1 if one is disabled or does not take alerts, with 4 if Redis does not answer.
    """
    found = asyncio.run(_standings(_load(receivers)))
    table = Table(box=None, pad_edge=False)
    for column in ("name", "waiting", "next", "failures", "state"):
        table.add_column(column, overflow="fold")
    for name, standing in found.items():
        due = _moment(standing.next_due) if standing.next_due is not None else ""
        table.add_row(*map(Text, (name, str(standing.parked), due, str(standing.failures), _state(standing))))
    Console().print(table)
    if any(standing.disabled or standing.failing for standing in found.values()):
        raise typer.Exit(ExitCode.FAILED)


def ledger(
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="Id of an alert, as `tocsin alerts list` shows it.")],
    receivers: _File = None,
) -> None:
    """What became of each change of ALERT at each receiver. Ends with 1 if nothing is known of it."""
    found = asyncio.run(_entries(_load(receivers), alert))
    table = Table(box=None, pad_edge=False)
    for column in ("receiver", "change", "outcome", "attempts", "last attempt", "reason"):
        table.add_column(column, overflow="fold")
    for name, entry in found:
        at = _moment(entry.last.attempted_at.timestamp()) if entry.last else ""
        change = entry.kind or f"{entry.state} {entry.task.sequence}"
        told = (name, change, entry.shown, str(entry.attempts), at, why(entry))
        table.add_row(*map(Text, told))
    if not found:
        typer.echo(f"Nothing is known of an alert {alert}.", err=True)
        raise typer.Exit(ExitCode.FAILED)
    Console().print(table)


def enable(
    receiver: Annotated[str, typer.Argument(metavar="RECEIVER", help="Name of a receiver in receivers.yaml.")],
    receivers: _File = None,
) -> None:
    """Send to RECEIVER again, at once: after it was disabled by 410 Gone, or while it is left alone after failures."""
    name = _load(receivers).get(receiver).name
    disabled = asyncio.run(_enable(name))
    why = f" (it was disabled: {disabled.reason})" if disabled else ""
    typer.echo(f"Alerts are sent to {name}{why}.", err=True)


def _load(receivers: Path | None) -> Receivers:
    from workers.notify.config import load_receivers

    return load_receivers(receivers or load_settings().receivers)


async def _standings(receivers: Receivers) -> dict[str, Standing]:
    from workers.cli.redis_session import redis_session
    from workers.notify.keys import Keys
    from workers.notify.standing import Standings

    settings = load_settings()
    async with redis_session(settings) as client:
        standings = Standings(client, Keys(settings.namespace))
        names = [*receivers.names, *sorted(await standings.seen() - set(receivers.names))]
        return {name: await standings.of(name) for name in names}


async def _entries(receivers: Receivers, alert: str) -> list[tuple[str, Entry]]:
    from workers.cli.redis_session import redis_session
    from workers.notify.keys import Keys
    from workers.notify.standing import Standings

    settings = load_settings()
    async with redis_session(settings) as client:
        standings = Standings(client, Keys(settings.namespace))
        names = [*receivers.names, *sorted(await standings.seen() - set(receivers.names))]
        return [(name, entry) for name in names for entry in await standings.entries(name, alert)]


async def _enable(name: str) -> Disabled | None:
    from workers.cli.redis_session import redis_session
    from workers.notify.keys import Keys
    from workers.notify.standing import Standings

    settings = load_settings()
    async with redis_session(settings) as client:
        return await Standings(client, Keys(settings.namespace)).enable(name)


def _state(standing: Standing) -> str:
    if standing.disabled is not None:
        return f"disabled since {_moment(standing.disabled.since)}: {standing.disabled.reason}"
    if standing.open_until > datetime.now(UTC).timestamp():
        return f"left alone until {_moment(standing.open_until)}"
    return "does not take alerts" if standing.failing is not None else "well"


def why(entry: Entry) -> str:
    """Why a change stands as it does; empty if there is nothing to say."""
    from workers.notify.changes import SUPPRESSED_BECAUSE

    if entry.last is not None and entry.last.reason:
        return entry.last.reason
    return SUPPRESSED_BECAUSE.get(entry.cause, entry.cause)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
