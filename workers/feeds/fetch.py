"""Gets a document over HTTP: conditional, bounded in size and time, only from addresses that may be had.

What the bytes mean is `parse`'s matter, when to ask again the caller's.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Self
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

import aiohttp
from yarl import URL

from workers.addresses import ALL_PRIVATE_HOSTS, NO_PRIVATE_HOSTS, PrivateHosts, literal_refusal
from workers.feeds.decoding import ACCEPTED, Decoder, NotDecodable, TooLarge, inflated
from workers.feeds.failures import FeedError, Told, of_status, why
from workers.feeds.known import UNKNOWN, Validators
from workers.resolver import CheckedResolver, Lookup, system_lookup

__all__ = ["UNKNOWN", "FeedError", "Fetched", "Fetcher", "Told", "Unchanged", "Validators", "Wanted"]

MAX_BODY_BYTES = 10 * 1024 * 1024
"""After decompression. A feed of a newspaper has 50 to 500 kB."""

TIMEOUT_SECONDS = 30.0
"""For one document from start to end, redirects included; waiting for one's turn is not counted."""

CONNECT_SECONDS = 10.0
MAX_REDIRECTS = 5
CONNECTIONS_PER_HOST = 2
MAX_HEADER_BYTES = 32 * 1024
"""Of one header: some publishers send a Content-Security-Policy of 10 kB and more."""

HOW_TO_ALLOW = "TOCSIN_FEEDS_PRIVATE_HOSTS allows hosts and networks"

FEED_TYPES = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)
PAGE_TYPES = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"

_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

Pace = Callable[[str], Awaitable[None]]
"""Called with the address of each request before it is made, redirects included: waits for its turn, or raises."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request. `headers` and the credentials in `url` are for that one origin and go to no other after a redirect.

    `allow_private` lets the host of `url`, and no other, be at an address that is not public. With `cut` a body over
    `limit` bytes is cut there instead of refused.
    """

    url: str
    known: Validators = UNKNOWN
    headers: Mapping[str, str] = field(default_factory=dict)
    user_agent: str | None = None
    accept: str = FEED_TYPES
    limit: int = MAX_BODY_BYTES
    allow_private: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document. `url` is where it was found in the end, without credentials."""

    body: bytes
    url: str
    content_type: str | None
    validators: Validators
    told: Told


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The document is still the version that was known; `validators` are those to send next time."""

    validators: Validators
    told: Told


class Fetcher:
    """Connections for many documents; an async context manager. Keeps no cookies, uses no proxy.

    `private` may be had though it is not public; `seconds` is for one document; `contact` goes into the user agent.
    """

    def __init__(
        self,
        *,
        private: PrivateHosts = NO_PRIVATE_HOSTS,
        seconds: float = TIMEOUT_SECONDS,
        contact: str | None = None,
        lookup: Lookup = system_lookup,
    ) -> None:
        self._private = private
        self._seconds = seconds
        self._agent = user_agent(contact)
        self._lookup = lookup
        self._sessions: dict[PrivateHosts, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in self._sessions.values():
            await session.close()

    def _session(self, permitted: PrivateHosts) -> aiohttp.ClientSession:
        # One for each set of permitted addresses, since a connection is kept for whoever asks next.
        if permitted not in self._sessions:
            self._sessions[permitted] = self._connected(permitted)
        return self._sessions[permitted]

    def _connected(self, permitted: PrivateHosts) -> aiohttp.ClientSession:
        resolver = CheckedResolver(permitted, how_to_allow=HOW_TO_ALLOW, lookup=self._lookup)
        return aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            connector=aiohttp.TCPConnector(
                limit_per_host=CONNECTIONS_PER_HOST, resolver=resolver, use_dns_cache=False, ttl_dns_cache=None
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # ours has a limit
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
        )

    @property
    def agent(self) -> str:
        """The user agent of those who name none of their own."""
        return self._agent

    async def fetch(self, wanted: Wanted, pace: Pace | None = None) -> Fetched | Unchanged:
        """The document at `wanted.url`, or that it is still the version that is known. Raises FeedError."""
        url = checked(wanted.url)
        seen = {url}
        left, permanent = self._seconds, True
        moved_to: str | None = None
        while True:
            if pace is not None:
                await pace(without_credentials(url))
            begun = asyncio.get_running_loop().time()
            found = await self._ask(wanted, url, left, moved_to)
            left -= asyncio.get_running_loop().time() - begun
            if not isinstance(found, _Redirect):
                return found
            url = checked(found.to, redirected=True)
            permanent = permanent and found.status in _PERMANENT
            moved_to = url if permanent else moved_to
            if url in seen:
                raise FeedError(f"redirects in a circle, back to {without_credentials(url)}", Told(found.status))
            if len(seen) > MAX_REDIRECTS:
                raise FeedError(f"more than {MAX_REDIRECTS} redirects", Told(found.status))
            seen.add(url)

    async def _ask(
        self, wanted: Wanted, url: str, seconds: float, moved_to: str | None
    ) -> Fetched | Unchanged | _Redirect:
        host = urlsplit(url).hostname or ""
        own = wanted.allow_private and host == urlsplit(wanted.url).hostname
        permitted = ALL_PRIVATE_HOSTS if own else self._private
        bare = without_credentials(url)
        try:
            asked = _as_written(bare)
            # aiohttp asks no resolver about a number, so it is checked here, as it stands and as it is asked for.
            if refused := literal_refusal(host, permitted) or literal_refusal(asked.raw_host or "", permitted):
                raise FeedError(f"address refused: {refused}; {HOW_TO_ALLOW}")
            async with (
                asyncio.timeout(max(seconds, 0.001)),
                self._session(permitted).get(
                    asked, headers=self._headers(wanted, url), allow_redirects=False
                ) as response,
            ):
                return await _answer(response, wanted, bare, moved_to)
        except TooLarge:
            raise FeedError(f"larger than {wanted.limit / 1024 / 1024:g} MiB") from None
        except NotDecodable as error:
            raise FeedError(f"the answer broke off, or its compression is broken: {error}") from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise FeedError(why(error, self._seconds)) from error

    def _headers(self, wanted: Wanted, url: str) -> dict[str, str]:
        headers = {"User-Agent": wanted.user_agent or self._agent, "Accept": wanted.accept}
        if wanted.known.etag:
            headers["If-None-Match"] = wanted.known.etag
        if wanted.known.last_modified:
            headers["If-Modified-Since"] = wanted.known.last_modified
        if origin(url) == origin(wanted.url):
            headers |= _credentials(wanted.url)
            headers |= wanted.headers
        return {**headers, "Accept-Encoding": ACCEPTED}


@dataclass(frozen=True, slots=True)
class _Redirect:
    to: str
    status: int


def checked(url: str, *, redirected: bool = False) -> str:
    """`url` without its fragment. Raises FeedError if it is none that can be asked for."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        what = f"redirected to what is no http address: {without_credentials(url)[:200]}"
        raise FeedError(what if redirected else "not an http or https address")
    return urlunsplit(parts._replace(fragment=""))


def without_credentials(url: str) -> str:
    """`url` without user and password: for messages, and for what is kept."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: who may be told what is meant for `url` (RFC 6454)."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(scheme)


def user_agent(contact: str | None = None) -> str:
    """Who asks, for publishers' logs."""
    about = "; ".join(["news monitor", "feed reader", *([f"+{contact}"] if contact else [])])
    try:
        return f"Tocsin/{version('tocsin')} ({about})"
    except PackageNotFoundError:  # run from a folder that was never installed
        return f"Tocsin ({about})"


async def _answer(
    response: aiohttp.ClientResponse, wanted: Wanted, url: str, moved_to: str | None
) -> Fetched | Unchanged | _Redirect:
    told = Told.of(response.status, response.headers, moved_to)
    if response.status in _REDIRECTS and (location := response.headers.get("Location")):
        response.close()  # what comes with a redirect is not read, however long it is
        return _Redirect(without_credentials(_joined(url, _printable(location))), response.status)
    found = Validators(_echo(response, "ETag"), _echo(response, "Last-Modified"))
    if response.status == 304 and wanted.known:
        # RFC 9111, 3.2: a 304 may renew the validators.
        return Unchanged(found or wanted.known, told)
    if response.status not in (200, 203):
        raise of_status(told, response.reason)
    body = await (_beginning if wanted.cut else _body)(response, wanted.limit)
    return Fetched(body, url, response.headers.get("Content-Type"), found, told)


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    # Content-Length counts compressed bytes, and may lie. It is believed only if it is too much.
    if (response.content_length or 0) > limit:
        raise TooLarge
    decoder = Decoder(response.headers.get("Content-Encoding", ""), limit)
    parts: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        parts.append(decoder.feed(chunk))
        size += len(parts[-1])
        if size > limit:
            raise TooLarge
    decoder.close()
    return inflated(b"".join(parts), limit)


async def _beginning(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """As `_body`, as far as `limit` goes; a bomb gives what came before it went off."""
    decoder = Decoder(response.headers.get("Content-Encoding", ""), 8 * limit)
    found = b""
    try:
        async for chunk in response.content.iter_any():
            found += decoder.feed(chunk)
            if len(found) > limit:
                response.close()
                break
    except TooLarge:
        response.close()
    return found[:limit]


def _echo(response: aiohttp.ClientResponse, name: str) -> str | None:
    value = response.headers.get(name)
    try:
        return value if value and value.encode("utf-8") else None
    except UnicodeEncodeError:  # bytes that are no text could not be sent back as they came
        return None


def _credentials(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode("ascii")}


def _printable(location: str) -> str:
    """The address in a header: what is no printable ASCII is escaped, as browsers do; bytes stay what they were."""
    raw = location.strip().encode("utf-8", "surrogateescape")
    return quote(raw, safe="%/:=&?~#+!$,;'@()*[]|")


def _joined(base: str, location: str) -> str:
    try:
        return urljoin(base, location)
    except ValueError:  # not an address at all: the caller says so
        return location


def _as_written(url: str) -> URL:
    """A signature in an address must not be quoted anew."""
    return URL(url, encoded=url.isascii() and not any(each <= " " for each in url))
