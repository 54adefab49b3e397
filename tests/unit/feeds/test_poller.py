"""Pollers in a simulated world: when they ask, whose host it is, what they do when Redis is away."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from aiohttp import web

from tests.rig.broker import BrokerServer
from tests.unit.feeds.simulation import (
    START,
    Publication,
    Publishers,
    SteppedClock,
    World,
    every,
    requests_by,
    subscriptions,
)
from topics.articles import Article
from workers.local.topic_reader import read_records
from workers.settings import Settings

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
async def world(clock: SteppedClock, broker: BrokerServer, redis_url: str) -> AsyncIterator[World]:
    settings = Settings(
        namespace=f"t{uuid.uuid4().hex[:12]}", kafka_bootstrap_servers=broker.bootstrap, redis_url=redis_url
    )
    found = World(settings, clock)
    yield found
    await found.close()


async def test_a_feed_is_asked_by_its_rhythm_and_conditionally(world: World, site: Publishers) -> None:
    url = site.publish("127.0.0.2", "/rss", Publication(every(20 * MINUTE, start=START - 10 * HOUR)))
    world.lease = HOUR
    await world.join("a", subscriptions(url))
    await world.play(START + 6 * HOUR)
    assert 30 <= len(site.log) <= 37  # every ten minutes, and up to a tenth later
    assert not site.log[0].known
    assert all(asked.known for asked in site.log[1:])
    assert {asked.status for asked in site.log} == {200, 304}


async def test_a_host_is_asked_one_thing_at_a_time_with_its_pause(world: World, site: Publishers) -> None:
    urls = [site.publish("127.0.0.2", f"/{n}", Publication(every(HOUR))) for n in range(10)]
    await world.join("a", subscriptions(*urls, gap=5))
    await world.join("b", subscriptions(*urls, gap=5))
    await world.play(START + 2 * MINUTE)
    times = [asked.at for asked in site.log]
    assert len(times) == 10
    assert min(later - earlier for earlier, later in pairwise(times)) >= timedelta(seconds=5)


async def test_two_pollers_share_the_hosts_and_a_dead_ones_are_taken_over(world: World, site: Publishers) -> None:
    urls = [site.publish(f"127.0.0.{n}", "/rss", Publication(every(HOUR))) for n in range(2, 22)]
    feeds = subscriptions(*urls, interval="1m")
    one, two = await world.join("a", feeds), await world.join("b", feeds)
    await world.play(START + 10 * MINUTE)
    assert len(one.hosts) + len(two.hosts) == 20
    assert not one.hosts & two.hosts
    assert 5 <= len(one.hosts) <= 15
    orphans = one.hosts
    await world.kill("a")
    died = world.clock.now()
    await world.play(died + world.lease + MINUTE * 1.2)
    assert two.hosts >= orphans
    first = {host: min(asked.at for asked in site.log if asked.host == host and asked.at > died) for host in orphans}
    assert max(first.values()) - died <= world.lease + 1.1 * MINUTE
    assert {asked.poller for asked in site.log if asked.at > died} != {asked.poller for asked in site.log}


async def test_who_leaves_hands_over_at_once(world: World, site: Publishers) -> None:
    urls = [site.publish(f"127.0.0.{n}", "/rss", Publication(every(HOUR))) for n in range(2, 12)]
    feeds = subscriptions(*urls, interval="1m")
    await world.join("a", feeds)
    two = await world.join("b", feeds)
    await world.play(START + 2 * MINUTE)
    await world.leave("a")
    await world.play(world.clock.now() + world.lease / 6 + timedelta(seconds=1))
    assert len(two.hosts) == 10


async def test_a_newcomer_gets_its_share_and_nothing_is_asked_twice(world: World, site: Publishers) -> None:
    urls = [site.publish(f"127.0.0.{n}", "/rss", Publication(every(HOUR))) for n in range(2, 22)]
    feeds = subscriptions(*urls, interval="5m")
    one = await world.join("a", feeds)
    await world.play(START + MINUTE)
    assert len(one.hosts) == 20
    two = await world.join("b", feeds)
    await world.play(START + 3 * MINUTE)
    assert len(one.hosts) + len(two.hosts) == 20
    assert set(requests_by(site.log).values()) == {1}


async def test_no_request_before_retry_after_and_429_rests_the_host(world: World, site: Publishers) -> None:
    def busy(now: object) -> web.Response | None:
        return web.Response(status=429, headers={"Retry-After": "3000"}) if now == START else None

    first = site.publish("127.0.0.2", "/a", Publication(every(HOUR), answer=busy))
    second = site.publish("127.0.0.2", "/b", Publication(every(HOUR)))
    await world.join("a", subscriptions(first, second, interval="1m"))
    await world.play(START + 45 * MINUTE)
    assert [asked.path for asked in site.log] == ["/a"]
    await world.play(START + 55 * MINUTE)
    assert {asked.path for asked in site.log} == {"/a", "/b"}


async def test_a_permanent_redirect_is_remembered_once_confirmed(world: World, site: Publishers) -> None:
    new = site.publish("127.0.0.3", "/new", Publication(every(HOUR)))
    moved = Publication(answer=lambda _now: web.Response(status=301, headers={"Location": new}))
    old = site.publish("127.0.0.2", "/old", moved)
    options = subscriptions(old, interval="10m")
    world.settings = world.settings.with_changes(feeds_private_hosts="127.0.0.3")
    world.lease = HOUR
    await world.join("a", options)
    await world.play(START + 2 * HOUR)
    assert requests_by(site.log)["127.0.0.2", "/old"] == 3
    assert requests_by(site.log)["127.0.0.3", "/new"] >= 10


async def test_gone_is_gone(world: World, site: Publishers) -> None:
    url = site.publish("127.0.0.2", "/rss", Publication(answer=lambda _now: web.Response(status=410)))
    await world.join("a", subscriptions(url, interval="1m"))
    await world.play(START + HOUR)
    assert len(site.log) == 1


async def test_a_failing_feed_is_tried_ever_more_rarely_and_never_given_up(world: World, site: Publishers) -> None:
    url = site.publish("127.0.0.2", "/rss", Publication(answer=lambda _now: web.Response(status=500)))
    world.lease = HOUR
    await world.join("a", subscriptions(url, interval="1m", alert_after="never"))
    await world.play(START + timedelta(days=3))
    pauses = [later.at - earlier.at for earlier, later in pairwise(site.log)]
    assert pauses[0] < 2 * MINUTE
    assert 4 * HOUR <= pauses[-1] <= 4.5 * HOUR
    assert 20 <= len(site.log) <= 30


async def test_what_a_new_feed_brings_of_long_ago_is_old_news(world: World, site: Publishers) -> None:
    url = site.publish("127.0.0.2", "/rss", Publication(every(12 * HOUR, start=START - 72 * HOUR)))
    world.lease = HOUR
    await world.join("a", subscriptions(url, interval="1h"))
    await world.play(START + 30 * HOUR)  # when it is asked hangs on its address, whose port is another each time
    produced = sorted(read_records(world.settings, "articles", Article), key=lambda each: int(each.title[8:]))
    assert [article.backfill for article in produced] == [True] * 4 + [False] * 5


PAGE = """<html><head><title>Story</title></head><body><article><h1>Story</h1>{}</article></body></html>"""
SENTENCES = "".join(
    f"<p>The ferry number {n} left the harbour on Monday and came back in the evening.</p>" for n in range(9)
)


async def test_pages_are_fetched_for_new_entries_only_at_the_pace_of_their_host(world: World, site: Publishers) -> None:
    site.pages = {("127.0.0.2", f"/e-{n}"): PAGE.format(SENTENCES) for n in range(30)}
    url = site.publish("127.0.0.2", "/rss", Publication(every(HOUR, start=START - 5 * HOUR)))
    world.lease = HOUR
    await world.join("a", subscriptions(url, interval="10m", full_text="true", gap=3))
    await world.play(START + 3 * HOUR + 15 * MINUTE)
    pages = Counter(asked.path for asked in site.log if asked.path.startswith("/e-"))
    assert pages == {f"/e-{n}": 1 for n in range(9)}
    times = [asked.at for asked in site.log]
    assert min(later - earlier for earlier, later in pairwise(times)) >= timedelta(seconds=3)
    produced = list(read_records(world.settings, "articles", Article))
    assert len(produced) == 9
    assert all("ferry number 8 left the harbour" in article.text for article in produced)


async def test_what_cannot_be_had_stays_a_summary(world: World, site: Publishers) -> None:
    site.pages = {("127.0.0.2", "/robots.txt"): "User-agent: *\nDisallow: /"}
    url = site.publish("127.0.0.2", "/rss", Publication(every(HOUR, start=START - 2 * HOUR)))
    await world.join("a", subscriptions(url, interval="10m", full_text="true"))
    await world.play(START + MINUTE)
    produced = list(read_records(world.settings, "articles", Article))
    assert [article.summary_only for article in produced] == [True] * 3
    assert {asked.path for asked in site.log} == {"/rss", "/robots.txt"}


async def test_a_page_that_could_not_be_had_is_asked_for_again_and_makes_a_revision(
    world: World, site: Publishers
) -> None:
    """The feed itself says the same all the while (304), and the poller that knew of it dies."""
    mended, story = START + 20 * MINUTE, PAGE.format(SENTENCES)

    def answer(now: datetime) -> web.Response:
        return web.Response(status=503) if now < mended else web.Response(text=story, content_type="text/html")

    url = site.publish("127.0.0.2", "/rss", Publication(every(DAY, start=START)))
    site.publish("127.0.0.2", "/e-0", Publication(answer=answer))
    feeds = subscriptions(url, interval="10m", full_text="true")
    await world.join("a", feeds)
    await world.play(START + 7 * MINUTE)
    assert [article.summary_only for article in read_records(world.settings, "articles", Article)] == [True]
    await world.kill("a")
    await world.join("b", feeds)
    await world.play(START + 5 * HOUR)
    asked = [round((each.at - START) / MINUTE) for each in site.log if each.path == "/e-0"]
    assert asked[:2] == [0, 5]
    assert len(asked) == 3
    first, second = read_records(world.settings, "articles", Article)
    assert (first.id, first.summary_only, second.summary_only) == (second.id, True, False)
    assert first.revision != second.revision
    assert second.fetched_at > first.fetched_at
    assert "ferry number 8" in second.text


@pytest.mark.parametrize(("status", "times"), [(503, 5), (404, 1)])
async def test_nor_is_it_asked_for_for_ever(world: World, site: Publishers, status: int, times: int) -> None:
    url = site.publish("127.0.0.2", "/rss", Publication(every(3 * DAY, start=START)))
    site.publish("127.0.0.2", "/e-0", Publication(answer=lambda _: web.Response(status=status)))
    world.lease = HOUR
    await world.join("a", subscriptions(url, interval="1h", full_text="true"))
    await world.play(START + 20 * HOUR)
    assert sum(each.path == "/e-0" for each in site.log) == times
    assert len(list(read_records(world.settings, "articles", Article))) == 1


async def test_the_crawl_delay_of_robots_is_the_pause_between_pages_and_no_entry_waits_for_it(
    world: World, site: Publishers
) -> None:
    site.pages = {("127.0.0.2", f"/e-{n}"): PAGE.format(SENTENCES) for n in range(6)}
    site.pages["127.0.0.2", "/robots.txt"] = "User-agent: *\nCrawl-delay: 60"
    url = site.publish("127.0.0.2", "/rss", Publication(every(MINUTE, start=START - 5 * MINUTE, kept=6)))
    site.feeds["127.0.0.2", "/rss"].items = lambda _: every(MINUTE, start=START - 5 * MINUTE)(START)
    world.lease = HOUR
    await world.join("a", subscriptions(url, interval="1h", full_text="true"))
    await world.play(START + MINUTE / 2)
    assert len(list(read_records(world.settings, "articles", Article))) == 6
    await world.play(START + 20 * MINUTE)
    times = [asked.at for asked in site.log if asked.path.startswith("/e-")]
    assert len(times) == 6
    assert min(later - earlier for earlier, later in pairwise(times)) >= timedelta(seconds=60)
    newest = {article.id: article for article in read_records(world.settings, "articles", Article)}
    assert not any(article.summary_only for article in newest.values())
