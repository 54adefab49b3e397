"""Feeds are fetched from public addresses only, unless others are allowed: however they are written or come about."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rig.feed_server import FeedServer, feed_server
from tests.rig.http_server import Answer
from workers.addresses import PrivateHosts
from workers.feeds.fetch import FeedError, Fetched, Fetcher, Wanted
from workers.resolver import Lookup

BODY = b"<rss version='2.0'><channel><title>C</title></channel></rss>"


@pytest.fixture
def publisher() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


async def reason(client: Fetcher, url: str, **more: Any) -> str:
    with pytest.raises(FeedError) as caught:
        await client.fetch(Wanted(url, **more))
    return str(caught.value)


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("http://10.0.0.1/", "10.0.0.1 is a private address"),
        ("http://127.0.0.2/", "127.0.0.2 is a loopback address"),
        ("http://[::1]/", "::1 is a loopback address"),
        ("http://[::ffff:10.0.0.1]/", "is a private address"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254 is a link-local address"),
        ("http://2130706433/", "in an unusual spelling"),
        ("http://0x7f.1/", "in an unusual spelling"),
        ("http://１２７.0.0.1/", "in an unusual spelling"),
        ("http://127\u30020\u30020\u30021/", "in an unusual spelling"),
        ("http://%31%32%37.0.0.1/", "in an unusual spelling"),
        ("http://ⓛocalhost/", "resolves to 127.0.0.1 is a loopback address"),
        ("http://localhost/", "localhost resolves to 127.0.0.1 is a loopback address"),
    ],
)
async def test_private_addresses_are_refused_from_the_start_and_after_a_redirect(
    publisher: FeedServer, target: str, kind: str
) -> None:
    location = target.encode().decode("latin-1")  # as bytes come out of a header
    publisher.answer("/rss", Answer(status=302, headers={"Location": location}))
    async with Fetcher(seconds=5, lookup=everything_at("127.0.0.1")) as client:
        for url, own in ((target, False), (publisher.url_for("/rss"), True)):
            found = await reason(client, url, allow_private=own)
            assert "address refused" in found
            assert kind in found
            assert "TOCSIN_FEEDS_PRIVATE_HOSTS" in found


async def test_private_hosts_that_are_named_may_be_had(publisher: FeedServer) -> None:
    publisher.publish("/rss", BODY)
    for private in ("127.0.0.0/8", "desk.intranet"):
        async with Fetcher(seconds=5, private=PrivateHosts.parse(private), lookup=everything_at("127.0.0.1")) as client:
            found = await client.fetch(Wanted(f"http://desk.intranet:{publisher.port}/rss"))
            assert isinstance(found, Fetched)
            assert found.body == BODY
            assert "address refused" in await reason(client, "http://10.0.0.1/rss")


async def test_a_name_that_changes_between_check_and_connection_gains_nothing(publisher: FeedServer) -> None:
    answers = ["93.184.215.14", "127.0.0.1"]

    async def turning(host: str, port: int, family: int) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    publisher.publish("/rss", BODY)
    async with Fetcher(seconds=0.5, lookup=turning) as client:
        await reason(client, f"http://turning.example:{publisher.port}/rss")
    assert answers == ["127.0.0.1"]
    assert publisher.requests == ()


def everything_at(address: str) -> Lookup:
    async def lookup(host: str, port: int, family: int) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    return lookup
