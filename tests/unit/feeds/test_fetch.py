"""Getting a feed over a real socket: conditional, bounded, and every failure with its reason."""

from __future__ import annotations

import asyncio
import base64
import gzip
import socket
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import brotli
import pytest
from backports import zstd

from tests.rig.feed_server import FeedServer, feed_server
from tests.rig.http_server import Answer
from workers.addresses import PrivateHosts
from workers.feeds.fetch import UNKNOWN, FeedError, Fetched, Fetcher, Unchanged, Validators, Wanted, without_credentials

BODY = b"<rss version='2.0'><channel><title>C</title></channel></rss>"


@pytest.fixture
def publisher() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


HERE = PrivateHosts.parse("127.0.0.1")
"""Where the test's servers are."""


@pytest.fixture
async def client() -> AsyncIterator[Fetcher]:
    async with Fetcher(seconds=5, private=HERE) as found:
        yield found


async def document(client: Fetcher, url: str, known: Validators = UNKNOWN, **more: Any) -> Fetched:
    found = await client.fetch(Wanted(url, known, **more))
    assert isinstance(found, Fetched)
    return found


async def error(client: Fetcher, url: str, **more: Any) -> FeedError:
    with pytest.raises(FeedError) as caught:
        await client.fetch(Wanted(url, **more))
    return caught.value


async def reason(client: Fetcher, url: str, **more: Any) -> str:
    return str(await error(client, url, **more))


async def test_validators_are_echoed_word_for_word(client: Fetcher, publisher: FeedServer) -> None:
    url = publisher.url_for("/odd")
    odd = {"ETag": 'W/"a, b"; not quite', "Last-Modified": "yesterday, about noon"}
    publisher.answer("/odd", Answer(body=BODY, headers=odd), 304)
    first = await document(client, url)
    assert first.validators == Validators(odd["ETag"], odd["Last-Modified"])
    assert isinstance(await client.fetch(Wanted(url, first.validators)), Unchanged)
    plain, conditional = publisher.requests
    assert "If-None-Match" not in plain.headers
    assert "If-Modified-Since" not in plain.headers
    assert conditional.header("If-None-Match") == odd["ETag"]
    assert conditional.header("If-Modified-Since") == odd["Last-Modified"]
    assert conditional.header("User-Agent").startswith("Tocsin/")


async def test_a_changed_document_comes_with_its_new_validators(client: Fetcher, publisher: FeedServer) -> None:
    url = publisher.publish("/rss", BODY, modified=datetime(2026, 3, 1, tzinfo=UTC))
    first = await document(client, url)
    assert isinstance(await client.fetch(Wanted(url, first.validators)), Unchanged)
    publisher.publish("/rss", BODY + b" ")
    second = await document(client, url, first.validators)
    assert second.validators.etag not in (None, first.validators.etag)


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": lambda data: gzip.compress(data[:20]) + gzip.compress(data[20:]) + bytes(8),
    "deflate": zlib.compress,
    "Deflate": _raw_deflate,
    "br": brotli.compress,
    "zstd": lambda data: zstd.compress(data[:20]) + zstd.compress(data[20:]),
    "gzip, br": lambda data: brotli.compress(gzip.compress(data)),
    "identity": lambda data: data,
}


@pytest.mark.parametrize("encoding", PACKED)
async def test_compression(client: Fetcher, publisher: FeedServer, encoding: str) -> None:
    packed = PACKED[encoding](BODY)
    publisher.answer("/z", Answer(body=packed, headers={"Content-Encoding": encoding}))
    found = await document(client, publisher.url_for("/z"))
    assert found.body == BODY
    assert publisher.requests[0].header("Accept-Encoding") == "gzip, deflate, br, zstd"


async def test_a_gzip_file_is_unpacked_and_plain_xml_said_to_be_gzip_is_read(
    client: Fetcher, publisher: FeedServer
) -> None:
    packed = publisher.publish("/feed.xml.gz", gzip.compress(BODY), content_type="application/gzip")
    assert (await document(client, packed)).body == BODY
    publisher.answer("/liar", Answer(body=BODY, headers={"Content-Encoding": "gzip"}))
    assert (await document(client, publisher.url_for("/liar"))).body == BODY


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_a_compressed_document_that_stops_half_way_is_no_document(
    client: Fetcher, publisher: FeedServer, encoding: str
) -> None:
    packed = PACKED[encoding](b"".join(n.to_bytes(3, "big") for n in range(9000)))
    publisher.answer("/z", Answer(body=packed[: len(packed) // 2], headers={"Content-Encoding": encoding}))
    assert "its compression is broken" in await reason(client, publisher.url_for("/z"))


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("compress", "an unknown way: compress"), ("gzip, gzip, gzip", "3 times over"), ("aes128gcm", "an unknown way")],
)
async def test_codings_that_are_not_taken(client: Fetcher, publisher: FeedServer, encoding: str, told: str) -> None:
    publisher.answer("/z", Answer(body=BODY, headers={"Content-Encoding": encoding}))
    assert told in await reason(client, publisher.url_for("/z"))


async def test_a_document_over_the_limit_is_refused(client: Fetcher, publisher: FeedServer) -> None:
    url = publisher.publish("/big", b"x" * 5000)
    assert await reason(client, url, limit=4096) == "larger than 0.00390625 MiB"
    assert len((await document(client, url, limit=5000)).body) == 5000


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "gzip file"])
async def test_a_bomb_is_refused_in_little_memory(client: Fetcher, publisher: FeedServer, encoding: str) -> None:
    zeros = b"\0" * 64_000_000
    one = encoding.partition(",")[0].partition(" ")[0]
    pack = gzip.compress if one == "gzip" else PACKED[one]
    bomb = pack(zeros) if one != "br" else brotli.compress(zeros, quality=3)
    headers = {"Content-Encoding": encoding} if "file" not in encoding else {}
    publisher.answer("/bomb", Answer(body=gzip.compress(bomb) if "," in encoding else bomb, headers=headers))
    del zeros
    tracemalloc.start()
    try:
        assert await reason(client, publisher.url_for("/bomb")) == "larger than 10 MiB"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40_000_000


async def test_a_zstd_window_that_would_fill_memory_is_refused(client: Fetcher, publisher: FeedServer) -> None:
    options = {zstd.CompressionParameter.window_log: 27}
    packer = zstd.ZstdCompressor(options=options)
    packed = packer.compress(BODY * 40_000) + packer.flush()
    publisher.answer("/z", Answer(body=packed, headers={"Content-Encoding": "zstd"}))
    assert "its compression is broken" in await reason(client, publisher.url_for("/z"))


async def test_a_length_over_the_limit_is_believed(client: Fetcher, publisher: FeedServer) -> None:
    publisher.answer("/huge", Answer(body=b"<rss>", headers={"Content-Length": "500000000"}))
    assert await reason(client, publisher.url_for("/huge")) == "larger than 10 MiB"


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
        (Answer(status=302, headers={"Location": "/there"}), "redirects in a circle, back to http://127.0.0.1"),
        (Answer(status=302), "HTTP 302: a redirect that does not say where to"),
        (Answer(status=302, headers={"Location": "http://[::1"}), "redirected to what is no http address"),
        (Answer(headers={"X-Long": "x" * 50_000}), "not an answer that HTTP knows"),
        (Answer(status=302, headers={"Location": "file:///etc/passwd"}), "redirected to what is no http address"),
    ],
)
async def test_every_failure_has_its_reason(
    client: Fetcher, publisher: FeedServer, answer: Answer, expected: str
) -> None:
    publisher.answer("/there", *[answer] * 10)
    found = await reason(client, publisher.url_for("/there"))
    assert any(each in found for each in expected.split("|")), found


async def test_a_server_that_hangs_costs_no_more_than_the_timeout(publisher: FeedServer) -> None:
    publisher.answer("/slow", Answer(fault="hang"))
    begun = time.monotonic()
    async with Fetcher(seconds=0.5, private=HERE) as client:
        assert await reason(client, publisher.url_for("/slow")) == "no complete answer within 0.5 s"
    assert time.monotonic() - begun < 3


async def test_nobody_listens(client: Fetcher) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert await reason(client, f"http://127.0.0.1:{port}/rss") == "no connection: Connection refused"


async def test_no_such_host(client: Fetcher) -> None:
    assert "the host name cannot be resolved" in await reason(client, "http://no-such-host.invalid/rss")


async def test_https_where_plain_http_is_spoken(client: Fetcher, publisher: FeedServer) -> None:
    assert await reason(client, publisher.url_for("/rss").replace("http://", "https://"))


@pytest.mark.parametrize(
    "url",
    ["coast.example/rss", "ftp://coast.example/", "file:///etc/passwd", "", "http://", "http://[::1", "http://a b/"],
)
async def test_addresses_that_are_none(client: Fetcher, url: str) -> None:
    assert await reason(client, url)


async def test_a_redirect_is_followed_and_told(client: Fetcher, publisher: FeedServer) -> None:
    publisher.publish("/new/rss", BODY)
    publisher.answer("/old", Answer(status=301, headers={"Location": "/new/rss#top"}))
    found = await document(client, publisher.url_for("/old"))
    assert found.url == found.told.moved_to == publisher.url_for("/new/rss")


@pytest.mark.parametrize(
    ("hops", "moved"),
    [
        ([301, 308], "/2"),
        ([308], "/1"),
        ([301, 302], "/1"),
        ([302, 301], None),
        ([307], None),
        ([303], None),
        ([301, 307, 301], "/1"),
    ],
)
async def test_only_permanent_redirects_from_the_start_are_a_move(
    client: Fetcher, publisher: FeedServer, hops: list[int], moved: str | None
) -> None:
    for number, status in enumerate(hops):
        publisher.answer(f"/{number}", Answer(status=status, headers={"Location": f"/{number + 1}"}))
    publisher.publish(f"/{len(hops)}", BODY)
    found = await document(client, publisher.url_for("/0"))
    assert found.told.moved_to == (publisher.url_for(moved) if moved else None)


async def test_a_move_to_what_is_gone_is_told_with_the_error(client: Fetcher, publisher: FeedServer) -> None:
    publisher.answer("/old", Answer(status=301, headers={"Location": "/gone"}))
    publisher.answer("/gone", 410)
    told = (await error(client, publisher.url_for("/old"))).told
    assert told is not None
    assert (told.status, told.moved_to) == (410, publisher.url_for("/gone"))


async def test_too_many_redirects(client: Fetcher, publisher: FeedServer) -> None:
    for number in range(9):
        publisher.answer(f"/{number}", Answer(status=302, headers={"Location": f"/{number + 1}"}))
    assert await reason(client, publisher.url_for("/0")) == "more than 5 redirects"
    assert len(publisher.requests) == 6


async def test_what_comes_with_a_redirect_is_not_read(client: Fetcher, publisher: FeedServer) -> None:
    publisher.publish("/new", BODY)
    publisher.answer("/old", Answer(status=302, headers={"Location": "/new"}, body=b"x" * 50_000_000))
    assert (await document(client, publisher.url_for("/old"))).body == BODY


async def test_a_redirect_to_an_address_in_another_writing(client: Fetcher, publisher: FeedServer) -> None:
    publisher.publish("/caf%C3%A9?q=a%20b&s=%2F", BODY)
    publisher.answer("/old", Answer(status=301, headers={"Location": "/caf\u00c3\u00a9?q=a b&s=%2F"}))
    assert (await document(client, publisher.url_for("/old"))).url == publisher.url_for("/caf%C3%A9?q=a%20b&s=%2F")


async def test_what_the_server_says_about_time_is_told_word_for_word(client: Fetcher, publisher: FeedServer) -> None:
    says = {"Cache-Control": "max-age=900, public", "Expires": "soon", "Age": "7"}
    publisher.answer("/rss", Answer(body=BODY, headers={**says, "ETag": '"1"'}), Answer(status=304, headers=says))
    publisher.answer("/rss", Answer(status=503, headers={"Retry-After": "Sun, 01 Mar 2026 10:00:00 GMT"}))
    url = publisher.url_for("/rss")
    first = await document(client, url)
    again = await client.fetch(Wanted(url, first.validators))
    assert isinstance(again, Unchanged)
    assert again.validators == first.validators
    for told in (first.told, again.told):
        assert (told.cache_control, told.expires, told.age) == tuple(says.values())
    failed = await error(client, url)
    assert failed.told is not None
    assert (failed.told.status, failed.told.retry_after) == (503, "Sun, 01 Mar 2026 10:00:00 GMT")


async def test_credentials_are_sent_and_not_shown(client: Fetcher, publisher: FeedServer) -> None:
    url = publisher.publish("/rss", BODY).replace("http://", "http://reader:hunter%402@")
    found = await document(client, url)
    assert found.url == publisher.url_for("/rss")
    assert base64.b64decode(publisher.requests[0].header("Authorization").split()[1]) == b"reader:hunter@2"
    assert "hunter" not in without_credentials(url)
    publisher.answer("/rss", 404)
    assert "hunter" not in await reason(client, url)


async def test_secrets_go_to_the_feeds_own_origin_only(client: Fetcher, publisher: FeedServer) -> None:
    with feed_server() as other:
        other.publish("/rss", BODY)
        publisher.answer("/0", Answer(status=302, headers={"Location": "/1"}))
        publisher.answer("/1", Answer(status=302, headers={"Location": other.url_for("/rss")}))
        url = publisher.url_for("/0").replace("http://", "http://reader:hunter2@")
        await document(client, url, headers={"X-Api-Key": "k", "Cookie": "s=1"}, user_agent="Desk/1")
        first, second = publisher.requests
        (third,) = other.requests
    for request in (first, second):
        assert (request.header("X-Api-Key"), request.header("Cookie")) == ("k", "s=1")
        assert request.header("Authorization").startswith("Basic ")
    assert not {"x-api-key", "cookie", "authorization"} & {name.lower() for name in third.headers}
    assert third.header("User-Agent") == first.header("User-Agent") == "Desk/1"


async def test_every_request_waits_for_its_turn_which_costs_no_time_of_its_own(publisher: FeedServer) -> None:
    publisher.publish("/new", BODY)
    publisher.answer("/old", Answer(status=301, headers={"Location": "/new"}))
    asked: list[str] = []

    async def pace(url: str) -> None:
        await asyncio.sleep(0.7)
        asked.append(url)

    async with Fetcher(seconds=1, private=HERE) as client:
        await client.fetch(Wanted(publisher.url_for("/old").replace("http://", "http://u:p@")), pace)
    assert asked == [publisher.url_for("/old"), publisher.url_for("/new")]


async def test_the_user_agent_names_a_contact(publisher: FeedServer) -> None:
    async with Fetcher(contact="mailto:desk@example.org", private=HERE) as client:
        await document(client, publisher.publish("/rss", BODY))
    assert publisher.requests[0].header("User-Agent").endswith("; +mailto:desk@example.org)")
