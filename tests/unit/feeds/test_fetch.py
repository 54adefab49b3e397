"""Getting a feed over a real socket: conditional, bounded, and every failure with its reason."""

from __future__ import annotations

import gzip
import socket
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import aiohttp
import pytest

from tests.rig.feed_server import FeedServer, feed_server
from tests.rig.http_server import Answer
from workers.feeds.fetch import UNKNOWN, FeedError, Validators, fetch, session, without_credentials

BODY = b"<rss version='2.0'><channel><title>C</title></channel></rss>"


@pytest.fixture
def publisher() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with session(timeout=2) as found:
        yield found


async def reason(client: aiohttp.ClientSession, url: str, **more: int) -> str:
    with pytest.raises(FeedError) as caught:
        await fetch(client, url, UNKNOWN, **more)
    return str(caught.value)


async def test_validators_are_echoed_word_for_word(client: aiohttp.ClientSession, publisher: FeedServer) -> None:
    url = publisher.url_for("/odd")
    odd = {"ETag": 'W/"a, b"; not quite', "Last-Modified": "yesterday, about noon"}
    publisher.answer("/odd", Answer(body=BODY, headers=odd), 304)
    first = await fetch(client, url, UNKNOWN)
    assert first is not None
    assert first.validators == Validators(odd["ETag"], odd["Last-Modified"])
    assert await fetch(client, url, first.validators) is None
    plain, conditional = publisher.requests
    assert "If-None-Match" not in plain.headers
    assert "If-Modified-Since" not in plain.headers
    assert conditional.header("If-None-Match") == odd["ETag"]
    assert conditional.header("If-Modified-Since") == odd["Last-Modified"]
    assert conditional.header("User-Agent").startswith("Tocsin/")


async def test_a_changed_document_comes_with_its_new_validators(
    client: aiohttp.ClientSession, publisher: FeedServer
) -> None:
    url = publisher.publish("/rss", BODY, modified=datetime(2026, 3, 1, tzinfo=UTC))
    first = await fetch(client, url, UNKNOWN)
    assert first is not None
    assert await fetch(client, url, first.validators) is None
    publisher.publish("/rss", BODY + b" ")
    second = await fetch(client, url, first.validators)
    assert second is not None
    assert second.validators.etag not in (None, first.validators.etag)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_compression(client: aiohttp.ClientSession, publisher: FeedServer, encoding: str) -> None:
    packed = gzip.compress(BODY) if encoding == "gzip" else zlib.compress(BODY)
    publisher.answer("/z", Answer(body=packed, headers={"Content-Encoding": encoding}))
    found = await fetch(client, publisher.url_for("/z"), UNKNOWN)
    assert found is not None
    assert found.body == BODY
    assert encoding in publisher.requests[0].header("Accept-Encoding")


async def test_a_document_over_the_limit_is_refused(client: aiohttp.ClientSession, publisher: FeedServer) -> None:
    url = publisher.publish("/big", b"x" * 5000)
    assert await reason(client, url, limit=4096) == "larger than 0.00390625 MiB"
    found = await fetch(client, url, UNKNOWN, limit=5000)
    assert found is not None


async def test_a_gzip_bomb_is_refused_in_little_memory(publisher: FeedServer) -> None:
    bomb = gzip.compress(b"\0" * 500_000_000, compresslevel=9)
    publisher.answer("/bomb", Answer(body=bomb, headers={"Content-Encoding": "gzip"}))
    async with session(timeout=20) as client:
        tracemalloc.start()
        try:
            assert await reason(client, publisher.url_for("/bomb")) == "larger than 10 MiB"
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 60_000_000


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(status=404), "HTTP 404: there is no such page"),
        (Answer(status=410), "HTTP 410: it is gone for good"),
        (Answer(status=429, headers={"Retry-After": "120"}), "HTTP 429: it asks for fewer requests (retry after 120)"),
        (Answer(status=500), "HTTP 500: Internal Server Error"),
        (Answer(status=304), "HTTP 304: not modified, though nothing was said to be known"),
        (Answer(body=b"x", fault="reset"), "the server hung up|Connection reset|ClientOSError"),
        (Answer(body=b"x", fault="half"), "the answer broke off"),
        (Answer(body=b"no gzip", headers={"Content-Encoding": "gzip"}), "its compression is broken"),
        (Answer(status=302, headers={"Location": "/there"}), "more than 5 redirects"),
        (Answer(status=302, headers={"Location": "file:///etc/passwd"}), "redirected to what is no http address"),
    ],
)
async def test_every_failure_has_its_reason(
    client: aiohttp.ClientSession, publisher: FeedServer, answer: Answer, expected: str
) -> None:
    publisher.answer("/there", *[answer] * 10)
    found = await reason(client, publisher.url_for("/there"))
    assert any(each in found for each in expected.split("|")), found


async def test_a_server_that_hangs_costs_no_more_than_the_timeout(publisher: FeedServer) -> None:
    publisher.answer("/slow", Answer(fault="hang"))
    begun = time.monotonic()
    async with session(timeout=0.5) as client:
        assert await reason(client, publisher.url_for("/slow")) == "no complete answer within 0.5 s"
    assert time.monotonic() - begun < 3


async def test_nobody_listens(client: aiohttp.ClientSession) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert await reason(client, f"http://127.0.0.1:{port}/rss") == "no connection: Connection refused"


async def test_no_such_host(client: aiohttp.ClientSession) -> None:
    assert "the host name cannot be resolved" in await reason(client, "http://no-such-host.invalid/rss")


async def test_https_where_plain_http_is_spoken(client: aiohttp.ClientSession, publisher: FeedServer) -> None:
    assert await reason(client, publisher.url_for("/rss").replace("http://", "https://"))


@pytest.mark.parametrize(
    "url",
    ["coast.example/rss", "ftp://coast.example/", "file:///etc/passwd", "", "http://", "http://[::1", "http://a b/"],
)
async def test_addresses_that_are_none(client: aiohttp.ClientSession, url: str) -> None:
    assert await reason(client, url)


async def test_a_redirect_is_followed_and_told(client: aiohttp.ClientSession, publisher: FeedServer) -> None:
    publisher.publish("/new/rss", BODY)
    publisher.answer("/old", Answer(status=301, headers={"Location": "/new/rss"}))
    found = await fetch(client, publisher.url_for("/old"), UNKNOWN)
    assert found is not None
    assert found.url == publisher.url_for("/new/rss")


async def test_credentials_are_sent_and_not_shown(client: aiohttp.ClientSession, publisher: FeedServer) -> None:
    url = publisher.publish("/rss", BODY).replace("http://", "http://reader:hunter2@")
    found = await fetch(client, url, UNKNOWN)
    assert found is not None
    assert found.url == publisher.url_for("/rss")
    assert publisher.requests[0].header("Authorization").startswith("Basic ")
    assert "hunter2" not in without_credentials(url)
    publisher.answer("/rss", 404)
    assert "hunter2" not in await reason(client, url)
