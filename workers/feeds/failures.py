"""Why a document could not be had, in words for people and with what a schedule needs to know."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from workers.resolver import AddressRefused

MAX_HEADER_CHARS = 500
"""A header that is longer says nothing that a schedule could use."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a server said about when and where to ask again: headers as it wrote them.

    `moved_to` is the new address if every redirect so far was permanent; only then may it replace the old one.
    """

    status: int
    retry_after: str | None = None
    cache_control: str | None = None
    expires: str | None = None
    date: str | None = None
    age: str | None = None
    moved_to: str | None = None

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str], moved_to: str | None = None) -> Told:
        """From an answer."""

        def said(name: str) -> str | None:
            return (headers.get(name) or "")[:MAX_HEADER_CHARS] or None

        return cls(
            status,
            retry_after=said("Retry-After"),
            cache_control=said("Cache-Control"),
            expires=said("Expires"),
            date=said("Date"),
            age=said("Age"),
            moved_to=moved_to,
        )


class FeedError(Exception):
    """A document cannot be had. The message is the reason, for people; `told` is None if nothing answered."""

    def __init__(self, reason: str, told: Told | None = None) -> None:
        super().__init__(reason)
        self.told = told


class NotYet(FeedError):
    """The turn of a request comes only after `wait`; it was not made."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"its turn comes in {wait.total_seconds():.0f} s only")
        self.wait = wait


def of_status(told: Told, phrase: str | None) -> FeedError:
    """For an answer that holds no document."""
    reason = {
        304: "not modified, though nothing was said to be known",
        401: "it needs a login",
        402: "it asks for payment",
        403: "access is forbidden",
        404: "there is no such page",
        410: "it is gone for good",
        429: "it asks for fewer requests",
        451: "it may not be shown for legal reasons",
    }.get(told.status, phrase or "unexpected answer")
    if told.status in (301, 302, 303, 307, 308):
        reason = "a redirect that does not say where to"
    retry = f" (retry after {told.retry_after})" if told.retry_after else ""
    return FeedError(f"HTTP {told.status}: {reason}{retry}", told)


def why(error: Exception, seconds: float) -> str:  # noqa: PLR0911 - one line a cause
    """A failure of the connection; `seconds` is how long it was given."""
    match error:
        case TimeoutError():
            return f"no complete answer within {seconds:g} s"
        case aiohttp.InvalidURL():
            return "not an http or https address"
        case aiohttp.ClientConnectorCertificateError():
            return f"its certificate is not valid: {_certificate(error.certificate_error)}"
        case aiohttp.ClientConnectorError(os_error=AddressRefused() as cause):
            return f"address refused: {cause}"
        case aiohttp.ClientConnectorError(os_error=socket.gaierror() as cause):
            return f"the host name cannot be resolved: {cause.strerror}"
        case aiohttp.ClientConnectorError():
            return f"no connection: {_cause(error.os_error)}"
        case aiohttp.ClientPayloadError():
            return "the answer broke off"
        case aiohttp.ServerDisconnectedError():
            return "the server hung up without an answer"
        case aiohttp.ClientResponseError():
            return f"not an answer that HTTP knows: {' '.join(error.message.split())[:200]}"
        case _:
            return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _cause(error: OSError) -> str:
    # asyncio writes its own words over the system's
    return os.strerror(error.errno) if error.errno else str(error)


def _certificate(error: Exception) -> str:
    return error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else str(error)
