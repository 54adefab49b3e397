"""Sending to one receiver: one attempt, and its verdict. When to try again is the ledger's and `verdicts`' business."""

from __future__ import annotations

import asyncio
import time
import traceback
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from topics.alerts import Alert
from workers.logs import get_logger
from workers.notify.addresses import AddressRefused, CheckedResolver, Lookup, literal_refusal, system_lookup
from workers.notify.receivers import file, slack, terminal, webhook
from workers.notify.receivers.words import plain, shortened
from workers.notify.targets import (
    FileReceiver,
    HttpReceiver,
    Receiver,
    ReceiverBase,
    SlackReceiver,
    TerminalReceiver,
    WebhookReceiver,
)
from workers.notify.threads import in_daemon_thread
from workers.notify.verdicts import Attempt, of_status, retry_after

MAX_RESPONSE_BYTES = 4096
_MAX_REASON = 300
_USER_AGENT = "tocsin (news alerts; Standard Webhooks)"

_log = get_logger("notify")


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told, and whether it is only a test."""

    alert: Alert
    test: bool = False


class Channel(Protocol):
    """The way to one receiver."""

    async def send(self, message: Message, attempted_at: datetime) -> Attempt:
        """One attempt. Raises nothing but cancellation: whatever happens is in the verdict."""

    async def close(self) -> None:
        """Let go of connections."""


def open_channel(receiver: Receiver, *, lookup: Lookup = system_lookup) -> Channel:
    """The way to `receiver`. Must be called with a running event loop."""
    if isinstance(receiver, WebhookReceiver | SlackReceiver):
        return HttpChannel(receiver, lookup=lookup)
    return LocalChannel(receiver)


def request_for(receiver: HttpReceiver, message: Message, attempted_at: datetime) -> webhook.Request:
    """Body and headers for `receiver`; the one place that `preview` and real sending share."""
    if isinstance(receiver, WebhookReceiver):
        made = webhook.render(message.alert, attempted_at=attempted_at, secrets=receiver.secrets, test=message.test)
        extra = {name: value.get_secret_value() for name, value in receiver.headers.items()}
        return webhook.Request(made.body, {**extra, **made.headers})
    body = slack.body_of(message.alert, test=message.test)
    return webhook.Request(body, {"content-type": "application/json; charset=utf-8"})


class HttpChannel:
    """A webhook or Slack: connects only to checked addresses and follows no redirect."""

    def __init__(self, receiver: HttpReceiver, *, lookup: Lookup = system_lookup) -> None:
        self._receiver = receiver
        resolver = CheckedResolver(allow_private=receiver.allow_private, lookup=lookup)
        # A fresh connection for each attempt: alerts are rare, and a kept one may have died unseen.
        connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True)
        self._session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=receiver.timeout),
            headers={"user-agent": _USER_AGENT, "accept-encoding": "identity"},
        )

    async def send(self, message: Message, attempted_at: datetime) -> Attempt:
        """One POST."""
        began = time.monotonic()
        attempt = await self._attempt(message, attempted_at)
        reason = attempt.reason and shortened(plain(self._receiver.scrub(attempt.reason)), _MAX_REASON)
        return replace(attempt, reason=reason, latency_ms=round((time.monotonic() - began) * 1000, 3))

    async def close(self) -> None:
        """Close connections."""
        await self._session.close()

    async def _attempt(self, message: Message, attempted_at: datetime) -> Attempt:
        host = urlsplit(self._receiver.url.get_secret_value()).hostname or ""
        if not self._receiver.allow_private and (why := literal_refusal(host)):
            # aiohttp does not ask a resolver about a number, so it is checked here.
            return Attempt("permanent", f"address refused: {why}")
        try:
            request = request_for(self._receiver, message, attempted_at)
        except Exception as error:  # noqa: BLE001 - an alert that cannot be rendered must not hold up the next
            return _unmakeable(self._receiver, message, error)
        try:
            return await self._post(request, attempted_at)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return _problem(error, self._receiver.timeout)

    async def _post(self, request: webhook.Request, attempted_at: datetime) -> Attempt:
        address = self._receiver.url.get_secret_value()
        url = URL(address, encoded=address.isascii())  # as written: a signature in it must not be quoted anew
        async with self._session.post(url, data=request.body, headers=request.headers, allow_redirects=False) as answer:
            verdict = of_status(answer.status)
            if verdict == "delivered":
                return Attempt(verdict, status_code=answer.status)
            reason = f"answered {answer.status} {answer.reason or ''}".strip()
            if 300 <= answer.status < 400:
                reason += "; redirects are not followed: put the final address into receivers.yaml"
            elif body := await _beginning(answer):
                reason += f": {body}"
            asked = retry_after(answer.headers.get("Retry-After"), attempted_at)
            return Attempt(verdict, reason, status_code=answer.status, retry_after=asked)


def _unmakeable(receiver: ReceiverBase, message: Message, error: Exception) -> Attempt:
    """A fault of ours: told with its place, but without a traceback, whose local variables would show secrets."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
    name = type(error).__name__
    _log.error("alert cannot be rendered", receiver=receiver.name, alert_id=message.alert.id, error=name, place=place)
    return Attempt("permanent", f"the message cannot be made: {name} at {place}")


def _problem(error: Exception, timeout: float) -> Attempt:
    """Trouble on the way may pass, so it is tried again; only an address that is no URL never mends."""
    match error:
        case TimeoutError():
            return Attempt("retry", f"no answer within {timeout:g} s")
        case aiohttp.InvalidURL():
            return Attempt("permanent", "the address is not a URL that can be asked")
        case aiohttp.ClientConnectorCertificateError():
            reason = f"the certificate of {error.host}:{error.port} is not accepted: {error.certificate_error}"
        case aiohttp.ClientConnectorError() if isinstance(error.os_error, AddressRefused):
            reason = f"address refused: {error.os_error}"
        case aiohttp.ClientConnectorError():
            why = error.os_error.strerror or type(error.os_error).__name__
            reason = f"cannot connect to {error.host}:{error.port}: {why}"
        case _:
            reason = f"the connection failed: {type(error).__name__}: {error}"
    return Attempt("retry", reason)


async def _beginning(answer: aiohttp.ClientResponse) -> str:
    """The first 4 KiB of the body, as far as it comes; the status has already told what matters."""
    body = b""
    try:
        while len(body) < MAX_RESPONSE_BYTES and (piece := await answer.content.read(MAX_RESPONSE_BYTES - len(body))):
            body += piece
    except (TimeoutError, aiohttp.ClientError, OSError):
        return ""
    return body.decode("utf-8", "replace").strip()


class LocalChannel:
    """The terminal or a file, written in a thread of its own."""

    def __init__(self, receiver: TerminalReceiver | FileReceiver) -> None:
        self._receiver = receiver
        self._under_way: asyncio.Task[None] | None = None

    async def send(self, message: Message, attempted_at: datetime) -> Attempt:
        """One write."""
        began = time.monotonic()
        attempt = await self._attempt(message)
        return replace(attempt, latency_ms=round((time.monotonic() - began) * 1000, 3))

    async def close(self) -> None:
        """Nothing is held; a write that hangs keeps no process alive."""
        if self._under_way is not None:
            self._under_way.cancel()

    async def _attempt(self, message: Message) -> Attempt:
        if self._under_way is not None and not self._under_way.done():
            return Attempt("retry", "an earlier write still hangs")
        receiver = self._receiver

        def write() -> None:
            if isinstance(receiver, FileReceiver):
                file.append(receiver.path, file.render(message.alert, test=message.test))
            else:
                terminal.write(message.alert, test=message.test)

        self._under_way = asyncio.create_task(in_daemon_thread(write, name=f"write-{receiver.name}"))
        self._under_way.add_done_callback(_look_at)
        try:
            async with asyncio.timeout(receiver.timeout):
                await asyncio.shield(self._under_way)
        except TimeoutError:
            return Attempt("retry", f"the write did not end within {receiver.timeout:g} s")
        except OSError as error:
            return Attempt("retry", f"cannot write to {receiver.address()}: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001 - an alert that cannot be rendered must not hold up the next
            return _unmakeable(receiver, message, error)
        return Attempt("delivered")


def _look_at(task: asyncio.Task[None]) -> None:
    """A write that fails after nobody waits for it any more is no news: it is tried again anyway."""
    if not task.cancelled():
        task.exception()
