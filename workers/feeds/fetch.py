"""Gets a feed over HTTP: conditional, bounded in size and time. What the bytes mean is `parse`'s matter."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit, urlunsplit

import aiohttp

MAX_BODY_BYTES = 10 * 1024 * 1024
"""After decompression. A feed of a newspaper has 50 to 500 kB."""

TIMEOUT_SECONDS = 30.0
CONNECT_SECONDS = 10.0
MAX_REDIRECTS = 5
CONNECTIONS_PER_HOST = 2
_ACCEPT = "application/rss+xml, application/atom+xml, application/rdf+xml, application/xml;q=0.9, */*;q=0.5"


class FeedError(Exception):
    """A feed cannot be had. The message is the reason, for people."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server said about the version that it gave; sent back word for word (RFC 9110, 8.8 and 13.1)."""

    etag: str | None = None
    last_modified: str | None = None

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)


UNKNOWN = Validators()
"""Of a feed that was never fetched."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document. `url` is where it was found in the end, without credentials."""

    body: bytes
    url: str
    content_type: str | None
    validators: Validators


def session(timeout: float = TIMEOUT_SECONDS) -> aiohttp.ClientSession:
    """A session for many feeds; `timeout` in seconds is for one feed from start to end."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=timeout, connect=CONNECT_SECONDS),
        connector=aiohttp.TCPConnector(limit_per_host=CONNECTIONS_PER_HOST),
        headers={"User-Agent": user_agent(), "Accept": _ACCEPT},
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def fetch(
    client: aiohttp.ClientSession, url: str, known: Validators, *, limit: int = MAX_BODY_BYTES
) -> Fetched | None:
    """The document at `url`; None if it is still the version that `known` names. Raises FeedError."""
    _check(url)
    headers = {}
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    try:
        async with client.get(url, headers=headers, max_redirects=MAX_REDIRECTS) as response:
            if response.status == 304 and known:
                return None
            if response.status != 200:
                raise FeedError(_status(response))
            return Fetched(
                body=await _body(response, limit),
                url=without_credentials(str(response.url)),
                content_type=response.headers.get("Content-Type"),
                validators=Validators(_echo(response, "ETag"), _echo(response, "Last-Modified")),
            )
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise FeedError(_why(error, client)) from error


def without_credentials(url: str) -> str:
    """`url` without user and password: for messages, and for what is kept."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def user_agent() -> str:
    """Who asks, for publishers' logs."""
    try:
        return f"Tocsin/{version('tocsin')} (news monitor; feed reader)"
    except PackageNotFoundError:  # run from a folder that was never installed
        return "Tocsin (news monitor; feed reader)"


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise FeedError("not an http or https address")


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    # Content-Length counts compressed bytes, and may lie: what comes out is what counts.
    parts: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_chunked(64 * 1024):
        size += len(chunk)
        if size > limit:
            raise FeedError(f"larger than {limit / 1024 / 1024:g} MiB")
        parts.append(chunk)
    return b"".join(parts)


def _echo(response: aiohttp.ClientResponse, name: str) -> str | None:
    value = response.headers.get(name)
    try:
        return value if value and value.encode("utf-8") else None
    except UnicodeEncodeError:  # bytes that are no text could not be sent back as they came
        return None


def _status(response: aiohttp.ClientResponse) -> str:
    retry = response.headers.get("Retry-After")
    told = {
        304: "not modified, though nothing was said to be known",
        401: "it needs a login",
        403: "access is forbidden",
        404: "there is no such page",
        410: "it is gone for good",
        429: "it asks for fewer requests",
    }.get(response.status, response.reason or "unexpected answer")
    return f"HTTP {response.status}: {told}" + (f" (retry after {retry})" if retry else "")


def _why(error: Exception, client: aiohttp.ClientSession) -> str:  # noqa: PLR0911 - one line a cause
    match error:
        case TimeoutError():
            return f"no complete answer within {client.timeout.total:g} s"
        case aiohttp.TooManyRedirects():
            return f"more than {MAX_REDIRECTS} redirects"
        case aiohttp.NonHttpUrlRedirectClientError() | aiohttp.InvalidUrlRedirectClientError():
            return f"redirected to what is no http address: {without_credentials(str(error))}"
        case aiohttp.InvalidURL():
            return "not an http or https address"
        case aiohttp.ClientConnectorCertificateError():
            return f"its certificate is not valid: {_certificate(error.certificate_error)}"
        case aiohttp.ClientConnectorError(os_error=socket.gaierror() as cause):
            return f"the host name cannot be resolved: {cause.strerror}"
        case aiohttp.ClientConnectorError():
            return f"no connection: {_cause(error.os_error)}"
        case aiohttp.ClientPayloadError():
            return "the answer broke off, or its compression is broken"
        case aiohttp.ServerDisconnectedError():
            return "the server hung up without an answer"
        case _:
            return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _cause(error: OSError) -> str:
    # asyncio writes its own words over the system's
    return os.strerror(error.errno) if error.errno else str(error)


def _certificate(error: Exception) -> str:
    return error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else str(error)
