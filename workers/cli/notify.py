"""`tocsin notify list | preview | test`: what receivers get, through the code that really renders and sends."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from topics.alerts import Alert, AlertState, Level
from topics.codec import DecodeError, decode
from workers.cli import notify_state
from workers.errors import ExitCode, InputError
from workers.settings import load_settings

if TYPE_CHECKING:
    from workers.notify.message import Message
    from workers.notify.routing import Receivers
    from workers.notify.targets import Receiver, SlackReceiver, WebhookReceiver
    from workers.notify.verdicts import Attempt

group = typer.Typer(no_args_is_help=True, help="See and try what receivers get.")

_Name = Annotated[str, typer.Argument(metavar="RECEIVER", help="Name of a receiver in receivers.yaml.")]
_File = Annotated[
    Path | None, typer.Option("--receivers", help="A receivers.yaml; default: TOCSIN_RECEIVERS.", dir_okay=False)
]
_AlertFile = Annotated[
    Path | None, typer.Option("--alert", help="An alert as JSON, as `tocsin alerts list --json` prints it.")
]
_LevelName = Annotated[str, typer.Option("--level", help=f"Level of the sample: {', '.join(get_args(Level))}.")]
_Retracted = Annotated[bool, typer.Option("--retracted", help="Show how it is taken back.")]


def register(app: typer.Typer) -> None:
    """Add `tocsin notify`."""
    notify_state.register(group)
    app.add_typer(group, name="notify")


@group.command("list")
def list_receivers(receivers: _File = None) -> None:
    """The receivers in force; addresses without what is secret."""
    found = _load(receivers)
    table = Table(box=None, pad_edge=False)
    for column in ("name", "type", "from level", "address", "timeout", "gives up after"):
        table.add_column(column, overflow="fold")
    for one in found.all:
        hours = f"{one.retry.give_up_after / 3600:g} h"
        # As Text: in plain words Rich would take "[redacted]" for markup.
        table.add_row(*map(Text, (one.name, one.type, one.min_level, one.address(), f"{one.timeout:g} s", hours)))
    Console().print(table)


@group.command()
def preview(
    receiver: _Name,
    receivers: _File = None,
    alert: _AlertFile = None,
    level: _LevelName = "high",
    retracted: _Retracted = False,
) -> None:
    """Print exactly what RECEIVER would get; nothing is sent."""
    chosen = _load(receivers).get(receiver)
    sys.stdout.write(_rendered(chosen, _as_group(chosen, _message(alert, level, retracted=retracted))))


@group.command("test")
def send_test(
    receiver: _Name,
    receivers: _File = None,
    alert: _AlertFile = None,
    level: _LevelName = "high",
    retracted: _Retracted = False,
) -> None:
    """Send one message to RECEIVER, marked as a test. Ends with 0 if it was taken, 1 if not."""
    import asyncio

    chosen = _load(receivers).get(receiver)
    message = _as_group(chosen, _message(alert, level, retracted=retracted))
    attempt = asyncio.run(_send(chosen, message))
    err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    status = f", status {attempt.status_code}" if attempt.status_code is not None else ""
    took = f" in {attempt.latency_ms:.0f} ms" if attempt.latency_ms is not None else ""
    where = f"{chosen.name} ({chosen.type}, {chosen.address()})"
    if attempt.verdict == "delivered":
        err.print(f"Test delivered to {where}{took}{status}.")
        return
    live = "A live alert would be tried again." if attempt.verdict == "retry" else "A live alert would fail for good."
    err.print(f"Test not delivered to {where}{took}: {attempt.reason}. {live}")
    raise typer.Exit(ExitCode.FAILED)


def _load(receivers: Path | None) -> Receivers:
    from workers.notify.config import load_receivers

    return load_receivers(receivers or load_settings().receivers)


def _message(alert_file: Path | None, level: str, *, retracted: bool) -> Message:
    from workers.notify.lane import utc_now
    from workers.notify.message import Message
    from workers.notify.sample import sample_alert

    if alert_file is not None:
        found = _read_alert(alert_file)
        return Message(found.model_copy(update={"state": "retracted"}) if retracted else found, test=True)
    levels: dict[str, Level] = {name: name for name in get_args(Level)}
    if level not in levels:
        raise typer.BadParameter(f"{level!r} is none of {', '.join(levels)}", param_hint="--level")
    state: AlertState = "retracted" if retracted else "firing"
    return Message(sample_alert(utc_now(), level=levels[level], state=state), test=True)


def _as_group(receiver: Receiver, message: Message) -> Message:
    """A receiver with `group_by` gets a group."""
    from dataclasses import replace

    from workers.notify.grouping import group_labels
    from workers.notify.message import Group

    if receiver.grouping.by is None:
        return message
    labels = group_labels(message.alert, receiver)
    return replace(message, group=Group(f"group_{message.alert.id}", (message.alert,), labels))


def _read_alert(file: Path) -> Alert:
    try:
        return decode(Alert, file.read_bytes().strip())
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror or error}") from error
    except DecodeError as error:
        raise InputError(
            f"{file}: {error.reason}", hint="Expected one alert as JSON, as `tocsin alerts list --json` prints it."
        ) from error


def _rendered(receiver: Receiver, message: Message) -> str:
    """What RECEIVER would get; what is no part of the body goes to standard error."""
    from workers.notify.lane import utc_now
    from workers.notify.mail import mail_for
    from workers.notify.receivers import terminal
    from workers.notify.sending import line_of, request_for
    from workers.notify.targets import (
        AppriseReceiver,
        EmailReceiver,
        FileReceiver,
        SlackReceiver,
        StdoutReceiver,
        TerminalReceiver,
        WebhookReceiver,
    )

    alerts = message.group.alerts if message.group else (message.alert,)
    match receiver:
        case TerminalReceiver():
            return "".join(terminal.render_for(sys.stdout, alert, test=message.test) for alert in alerts)
        case AppriseReceiver():
            return "".join(terminal.render_plain(alert, test=message.test) for alert in alerts)
        case FileReceiver() | StdoutReceiver():
            return line_of(message).decode("utf-8")
        case EmailReceiver():
            return mail_for(receiver, message, utc_now()).as_string()
        case WebhookReceiver() | SlackReceiver():
            request = request_for(receiver, message, utc_now())
            _show_headers(receiver, request.headers)
            return request.body.decode("utf-8") + "\n"


def _show_headers(receiver: WebhookReceiver | SlackReceiver, headers: Mapping[str, str]) -> None:
    from workers.notify.targets import REDACTED, WebhookReceiver

    secret = {name.lower() for name in receiver.headers} if isinstance(receiver, WebhookReceiver) else set()
    err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    err.print(f"POST {receiver.address()}")
    for name, value in headers.items():
        err.print(f"{name}: {REDACTED if name.lower() in secret else value}")


async def _send(receiver: Receiver, message: Message) -> Attempt:
    from workers.notify.lane import utc_now
    from workers.notify.sending import open_channel

    channel = open_channel(receiver)
    try:
        return await channel.send(message, utc_now())
    finally:
        await channel.close()
