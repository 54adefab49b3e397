"""Sending to one receiver: one attempt, and its verdict. When to try again is the ledger's and `verdicts`' business."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from topics.alerts import Alert
from workers.logs import get_logger
from workers.notify.addresses import Lookup, system_lookup
from workers.notify.mail import MailChannel
from workers.notify.message import Message
from workers.notify.receivers import file, groups, slack, template, terminal, webhook
from workers.notify.receivers.words import plain, shortened
from workers.notify.slack_app import SlackApp
from workers.notify.targets import (
    AppriseReceiver,
    EmailReceiver,
    FileReceiver,
    HttpReceiver,
    Receiver,
    SlackReceiver,
    StdoutReceiver,
    TerminalReceiver,
    WebhookReceiver,
)
from workers.notify.transport import Transport
from workers.notify.verdicts import Attempt
from workers.threads import in_daemon_thread

_MAX_REASON = 300

_log = get_logger("notify")


class Channel(Protocol):
    """The way to one receiver."""

    async def send(self, message: Message, attempted_at: datetime) -> Attempt:
        """One attempt. Raises nothing but cancellation: whatever happens is in the verdict."""

    async def close(self) -> None:
        """Let go of connections."""


def open_channel(receiver: Receiver, *, lookup: Lookup = system_lookup) -> Channel:
    """The way to `receiver`. Must be called with a running event loop."""
    match receiver:
        case SlackReceiver(token=token) if token is not None:
            inner: Channel = SlackApp(receiver, lookup=lookup)
        case WebhookReceiver() | SlackReceiver():
            inner = HttpChannel(receiver, lookup=lookup)
        case EmailReceiver():
            inner = MailChannel(receiver, lookup=lookup)
        case AppriseReceiver() | TerminalReceiver() | StdoutReceiver() | FileReceiver():
            inner = LocalChannel(receiver)
    return _Guarded(receiver, inner)


def request_for(receiver: HttpReceiver, message: Message, attempted_at: datetime) -> webhook.Request:
    """Body and headers for `receiver`; the one place that `preview` and real sending share."""
    group, test = message.group, message.test
    if not isinstance(receiver, WebhookReceiver):
        content = slack.content_of(message.alert, group, test=test)
        return webhook.Request(slack.as_body(content), {"content-type": "application/json; charset=utf-8"})
    if group is not None:
        name = webhook.group_message_id(group, test=test)
        made = webhook.group_envelope(group, cloudevents=receiver.cloudevents, test=test)
    else:
        name = webhook.message_id(message.alert, test=test)
        made = webhook.envelope(message.alert, cloudevents=receiver.cloudevents, test=test)
    if receiver.template is not None:
        body = template.render(receiver.template, message.alert, message_id=name, test=test, group=group)
        made = webhook.Request(body, {"content-type": receiver.content_type})
    signature = webhook.signed(name, made.body, attempted_at=attempted_at, secrets=receiver.secrets)
    extra = {header: value.get_secret_value() for header, value in receiver.headers.items()}
    return webhook.Request(made.body, {**extra, **made.headers, **signature})


class _Guarded:
    """Times each attempt, takes secrets out of its reason, and turns an error of ours into a verdict."""

    def __init__(self, receiver: Receiver, inner: Channel) -> None:
        self._receiver = receiver
        self._inner = inner

    async def send(self, message: Message, attempted_at: datetime) -> Attempt:
        """See Channel."""
        began = time.monotonic()
        try:
            attempt = await self._inner.send(message, attempted_at)
        except Exception as error:  # noqa: BLE001 - an alert that cannot be rendered must not hold up the next
            attempt = _unmakeable(self._receiver, message.alert, error)
        reason = attempt.reason and shortened(plain(self._receiver.scrub(attempt.reason)), _MAX_REASON)
        return replace(attempt, reason=reason, latency_ms=round((time.monotonic() - began) * 1000, 3))

    async def close(self) -> None:
        """See Channel."""
        await self._inner.close()


def _unmakeable(receiver: Receiver, alert: Alert, error: Exception) -> Attempt:
    """A fault of ours: told with its place, but without a traceback, whose local variables would show secrets."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
    name = type(error).__name__
    _log.error("alert cannot be rendered", receiver=receiver.name, alert_id=alert.id, error=name, place=place)
    return Attempt("permanent", f"the message cannot be made: {name} at {place}")


class HttpChannel:
    """A webhook, or Slack's incoming one."""

    def __init__(self, receiver: HttpReceiver, *, lookup: Lookup = system_lookup) -> None:
        self._receiver = receiver
        self._transport = Transport(receiver, lookup=lookup)

    async def send(self, message: Message, attempted_at: datetime) -> Attempt:
        """One POST."""
        request = request_for(self._receiver, message, attempted_at)
        address = self._receiver.url.get_secret_value()
        return (await self._transport.post(address, request.body, request.headers, attempted_at)).attempt

    async def close(self) -> None:
        """Close connections."""
        await self._transport.close()


class LocalChannel:
    """The terminal, a file, or a library that blocks: called in a thread of its own."""

    def __init__(self, receiver: TerminalReceiver | StdoutReceiver | FileReceiver | AppriseReceiver) -> None:
        self._receiver = receiver
        self._under_way: asyncio.Task[None] | None = None

    async def send(self, message: Message, attempted_at: datetime) -> Attempt:
        """One write."""
        if self._under_way is not None and not self._under_way.done():
            return Attempt("retry", "an earlier write still hangs")
        receiver = self._receiver
        write = in_daemon_thread(_writer(receiver, message), name=f"write-{receiver.name}")
        self._under_way = asyncio.create_task(_awaited(write))
        self._under_way.add_done_callback(_look_at)
        try:
            async with asyncio.timeout(receiver.timeout):
                await asyncio.shield(self._under_way)
        except TimeoutError:
            return Attempt("retry", f"the write did not end within {receiver.timeout:g} s")
        except OSError as error:
            return Attempt("retry", f"cannot write to {receiver.address()}: {error.strerror or error}")
        return Attempt("delivered")

    async def close(self) -> None:
        """Nothing is held; a write that hangs keeps no process alive."""
        if self._under_way is not None:
            self._under_way.cancel()


def _writer(
    receiver: TerminalReceiver | StdoutReceiver | FileReceiver | AppriseReceiver, message: Message
) -> Callable[[], None]:
    def write() -> None:
        match receiver:
            case FileReceiver():
                file.append(receiver.path, line_of(message))
            case StdoutReceiver():
                terminal.write_text(line_of(message).decode("utf-8"))
            case TerminalReceiver():
                for alert in groups.ordered(message.group) if message.group else (message.alert,):
                    terminal.write(alert, test=message.test)
            case AppriseReceiver():
                from workers.notify.receivers import apprise  # noqa: PLC0415 - only where the extra is installed

                urls = [url.get_secret_value() for url in receiver.urls]
                apprise.send(urls, message.alert, test=message.test, group=message.group)

    return write


def line_of(message: Message) -> bytes:
    """The JSON line of a message."""
    if message.group is not None:
        return file.render_group(message.group, test=message.test)
    return file.render(message.alert, test=message.test)


async def _awaited(write: Awaitable[None]) -> None:
    await write


def _look_at(task: asyncio.Task[None]) -> None:
    """A write that fails after nobody waits for it any more is no news: it is tried again anyway."""
    if not task.cancelled():
        task.exception()
