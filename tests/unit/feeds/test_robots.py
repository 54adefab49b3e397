"""robots.txt as RFC 9309 says, from a real server, by a clock that is set."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.rig.feed_server import FeedServer, feed_server
from tests.rig.http_server import Answer
from workers.addresses import PrivateHosts
from workers.feeds.fetch import Fetcher
from workers.feeds.robots import KEEP, KEEP_AT_LEAST, MAX_BYTES, UNREACHABLE_FOR_LONG, Robots

HERE = PrivateHosts.parse("127.0.0.1")
RULES = "User-agent: *\nDisallow: /private/\nAllow: /private/open$\n\nUser-agent: Tocsin\nDisallow: /not-for-tocsin\n"


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def site() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def robots(clock: Clock) -> AsyncIterator[Robots]:
    async with Fetcher(private=HERE, seconds=5) as fetcher:
        yield Robots(fetcher, clock)


async def no_pace(_url: str) -> None:
    await asyncio.sleep(0)


async def refused(robots: Robots, site: FeedServer, path: str) -> bool:
    return await robots.refusal(site.url_for(path), no_pace) is not None


async def test_the_group_for_us_goes_before_that_for_all(robots: Robots, site: FeedServer) -> None:
    site.publish("/robots.txt", RULES, content_type="text/plain")
    assert await refused(robots, site, "/not-for-tocsin/1")
    assert not await refused(robots, site, "/private/1")
    assert not await refused(robots, site, "/")
    assert len(site.requests_to("/robots.txt")) == 1


async def test_the_group_for_all_is_for_us_too(robots: Robots, site: FeedServer) -> None:
    site.publish("/robots.txt", "\ufeff" + RULES.partition("\n\n")[0], content_type="text/plain")
    assert await refused(robots, site, "/private/1")
    assert not await refused(robots, site, "/private/open")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
async def test_no_rules_are_no_rules(robots: Robots, site: FeedServer, status: int) -> None:
    site.answer("/robots.txt", status)
    assert not await refused(robots, site, "/private/1")


@pytest.mark.parametrize("answer", [Answer(status=500), Answer(status=503), Answer(status=429), Answer(fault="reset")])
async def test_a_site_that_does_not_say_what_is_allowed_allows_nothing(
    robots: Robots, site: FeedServer, clock: Clock, answer: Answer
) -> None:
    site.answer("/robots.txt", answer, *([answer] if answer.fault else []))  # a reset is tried once more
    assert "cannot be had" in (await robots.refusal(site.url_for("/1"), no_pace) or "")
    site.publish("/robots.txt", RULES)
    assert await refused(robots, site, "/1"), "and is not asked again at once"
    clock.time += KEEP_AT_LEAST
    assert not await refused(robots, site, "/1")


async def test_rules_that_were_had_hold_while_the_site_is_away(robots: Robots, site: FeedServer, clock: Clock) -> None:
    site.publish("/robots.txt", RULES)
    assert await refused(robots, site, "/not-for-tocsin")
    site.answer("/robots.txt", *[503] * 9)
    clock.time += KEEP
    assert await refused(robots, site, "/not-for-tocsin")
    assert not await refused(robots, site, "/1")
    clock.time += UNREACHABLE_FOR_LONG
    assert not await refused(robots, site, "/not-for-tocsin"), "after a month there are none any more"


async def test_rules_are_kept_as_long_as_the_site_says_but_for_a_day_at_most(
    robots: Robots, site: FeedServer, clock: Clock
) -> None:
    for cache_control, kept in [("max-age=3600", 3600), ("max-age=0", 600), ("max-age=99999999", 86400), ("", 86400)]:
        site.answer("/robots.txt", Answer(body=b"", headers={"Cache-Control": cache_control}))
        site.forget()
        await refused(robots, site, "/1")
        clock.time += timedelta(seconds=kept - 1)
        await refused(robots, site, "/1")
        assert len(site.requests) == 1
        clock.time += timedelta(seconds=1)


async def test_redirects_of_the_rules_are_followed(robots: Robots, site: FeedServer) -> None:
    site.answer("/robots.txt", Answer(status=301, headers={"Location": "/rules"}))
    site.publish("/rules", RULES)
    assert await refused(robots, site, "/not-for-tocsin")


async def test_rules_of_any_size_are_read_as_far_as_the_limit(robots: Robots, site: FeedServer) -> None:
    long = RULES.encode() + b"# filler\n" * (MAX_BYTES // 4)
    site.answer("/robots.txt", Answer(body=gzip.compress(long), headers={"Content-Encoding": "gzip"}))
    assert await refused(robots, site, "/not-for-tocsin")


@pytest.mark.parametrize(
    "body", [b"\xff\xfe\0\0", b"<!doctype html><html>", b"Disallow: /" + b"*a" * 50_000, b"\0" * 999]
)
async def test_what_is_no_rule_forbids_nothing(robots: Robots, site: FeedServer, body: bytes) -> None:
    site.publish("/robots.txt", body)
    assert not await refused(robots, site, "/" + "a" * 3000 + "b")


async def test_many_at_once_ask_once(robots: Robots, site: FeedServer) -> None:
    site.answer("/robots.txt", Answer(body=RULES.encode(), delay=0.2))
    found = await asyncio.gather(*(refused(robots, site, f"/not-for-tocsin/{n}") for n in range(20)))
    assert all(found)
    assert len(site.requests) == 1
