"""What pollers do when Redis or Kafka is away, when one is frozen, and what is said of a broken feed."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from tests.rig.broker import BrokerServer
from tests.rig.proxy import Proxy, proxy_to
from tests.rig.redis import RedisServer
from tests.unit.feeds.simulation import (
    START,
    Publication,
    Publishers,
    SteppedClock,
    World,
    every,
    subscriptions,
)
from topics.alerts import Alert
from topics.articles import Article
from workers.feeds.overview import overview
from workers.feeds.poller import Poller
from workers.local.topic_reader import read_records
from workers.redis_client import connect
from workers.settings import Settings

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def net(redis_server: RedisServer) -> Iterator[Proxy]:
    redis_server.flush()
    with proxy_to(redis_server.port) as found:
        yield found


@pytest.fixture
async def world(clock: SteppedClock, broker: BrokerServer, net: Proxy) -> AsyncIterator[World]:
    settings = Settings(
        namespace=f"t{uuid.uuid4().hex[:12]}",
        kafka_bootstrap_servers=broker.bootstrap,
        redis_url=f"redis://{net.address}/0",
    )
    found = World(settings, clock, lease=5 * MINUTE)
    yield found
    net.heal()
    await found.close()


def articles(world: World) -> list[Article]:
    return list(read_records(world.settings, "articles", Article))


def alerts(world: World) -> list[Alert]:
    return list(read_records(world.settings, "alerts", Alert))


async def turns(world: World, until: datetime, *pollers: Poller) -> None:
    """Only these pollers live on; nobody waits for visits that hang."""
    while world.clock.now() < until:
        for poller in pollers:
            await poller.turn(world.clock.now())
            poller.changed.clear()
        await asyncio.sleep(0.01)
        world.clock.set(world.clock.now() + timedelta(seconds=10))


@pytest.mark.parametrize("fault", ["refuse", "swallow"])
async def test_without_redis_nothing_is_asked_and_afterwards_all_goes_on(
    world: World, site: Publishers, net: Proxy, fault: str
) -> None:
    url = site.publish("127.0.0.2", "/rss", Publication(every(10 * MINUTE)))
    poller = await world.join("a", subscriptions(url, interval="2m"))
    await world.play(START + 10 * MINUTE)
    asked = len(site.log)
    getattr(net, fault)()
    for _ in range(2):  # within the lease, and beyond it
        world.clock.set(world.clock.now() + 4 * MINUTE)
        await poller.turn(world.clock.now())
    assert not poller.well
    assert poller.hosts == frozenset()
    assert len(site.log) == asked
    net.heal()
    while not poller.well:
        world.clock.set(world.clock.now() + MINUTE)
        await poller.turn(world.clock.now())
        await asyncio.sleep(0.05)
    await world.play(world.clock.now() + HOUR)
    found = Counter(article.title for article in articles(world))
    assert {f"Story e {n}" for n in range(7)} <= found.keys()
    assert set(found.values()) == {1}


async def test_redis_goes_while_a_visit_is_under_way(world: World, site: Publishers, net: Proxy) -> None:
    """Its articles are on the topic, but not remembered: they come a second time as the same."""
    url = site.publish("127.0.0.2", "/rss", Publication(every(HOUR, start=START - 5 * HOUR)))
    poller = await world.join("a", subscriptions(url, interval="2m"))
    send = poller._sender.send

    async def send_and_cut(*records: Sequence[Any]) -> tuple[str, ...]:
        done = await send(*records)
        net.refuse()
        return done

    poller._sender.send = send_and_cut  # type: ignore[method-assign]  # Kafka has confirmed, and then Redis goes
    await poller.turn(world.clock.now())
    await poller.settle()
    assert not poller.well
    poller._sender.send = send  # type: ignore[method-assign]  # as it was
    net.heal()
    while not poller.well:
        world.clock.set(world.clock.now() + MINUTE)
        await poller.turn(world.clock.now())
        await asyncio.sleep(0.05)
    await world.play(world.clock.now() + 10 * MINUTE)
    found = articles(world)
    assert len(found) == 2 * len({(article.id, article.revision) for article in found}) == 12


async def test_a_frozen_poller_does_not_write_over_its_successor(world: World, site: Publishers) -> None:
    thaw = asyncio.Event()
    feed = Publication(every(HOUR, start=START - 5 * HOUR))
    url = site.publish("127.0.0.2", "/rss", feed)
    serve = site.serve

    async def slow(request: web.Request) -> web.Response:
        answer = await serve(request)
        if "//a.example" in request.headers["User-Agent"]:
            await thaw.wait()
        return answer

    site.serve = slow  # type: ignore[method-assign]  # the publisher is slow for one of them
    feeds = subscriptions(url, interval="2m")
    frozen = await world.join("a", feeds)
    await frozen.turn(world.clock.now())
    while not site.log:
        await asyncio.sleep(0.01)
    successor = await world.join("b", feeds)
    await turns(world, START + 10 * MINUTE, successor)  # "a" does not even notice that time passes
    await successor.settle()
    assert successor.hosts == {"127.0.0.2"}
    asked = Counter(entry.poller for entry in site.log)
    assert sorted(asked.values()) == [1, max(asked.values())]
    thaw.set()
    await frozen.settle()  # what it had is produced, as the same, but not remembered
    await turns(world, world.clock.now() + 10 * MINUTE, frozen, successor)
    await successor.settle()
    assert len(frozen.hosts) + len(successor.hosts) == 1
    assert Counter(article.title for article in articles(world)).keys() == {f"Story e {n}" for n in range(6)}
    rows = await _state(world, url)
    assert rows["visits"] >= 5


async def _state(world: World, url: str) -> dict[str, int]:
    client = connect(world.settings)
    try:
        (row,) = await overview(client, world.settings.namespace, subscriptions(url), world.clock.now())
    finally:
        await client.aclose()
    return {"visits": row.state.visits}


async def test_without_kafka_nothing_is_asked_and_what_is_in_hand_waits(
    clock: SteppedClock, site: Publishers, broker: BrokerServer, net: Proxy
) -> None:
    with proxy_to(int(broker.bootstrap.rpartition(":")[2])) as road:
        settings = Settings(
            namespace=f"t{uuid.uuid4().hex[:12]}",
            kafka_bootstrap_servers=broker.bootstrap,
            redis_url=f"redis://{net.address}/0",
        )
        world = World(settings, clock, lease=5 * MINUTE)
        url = site.publish("127.0.0.2", "/rss", Publication(every(HOUR)))
        road.refuse()
        world.settings = settings.with_changes(kafka_bootstrap_servers=road.address)
        joining = asyncio.create_task(world.join("a", subscriptions(url, interval="2m")))
        await asyncio.sleep(1)
        assert not joining.done(), "it is not well before Kafka answers"
        road.heal()
        await joining
        world.settings = settings
        await world.play(START + MINUTE)
        assert len(articles(world)) == 1
        await world.close()


async def test_a_broken_feed_is_an_alert_on_the_topic_and_so_is_its_recovery(world: World, site: Publishers) -> None:
    feed = Publication(every(HOUR), answer=lambda _now: web.Response(status=500))
    url = site.publish("127.0.0.2", "/rss", feed)
    await world.join("a", subscriptions(url, interval="5m", source="Coast"))
    await world.play(START + HOUR)
    await world.kill("a")
    await world.join("b", subscriptions(url, interval="5m", source="Coast"))
    await world.play(START + 3 * HOUR)
    (told,) = alerts(world)
    assert (told.pattern_id, told.state, told.title) == ("tocsin-feed-broken", "firing", "Feed Coast never worked")
    assert told.group == {"feed": (url,)}
    assert "HTTP 500" in (told.description or "")
    feed.answer = lambda _now: None
    await world.play(START + 9 * HOUR)
    _, ended = alerts(world)
    assert (ended.id, ended.state, ended.sequence) == (told.id, "retracted", 1)
    assert ended.description == "Feed Coast works again."


async def test_the_alert_about_a_feed_ends_when_it_is_taken_out(world: World, site: Publishers) -> None:
    url = site.publish("127.0.0.2", "/rss", Publication(answer=lambda _now: web.Response(status=410)))
    other = site.publish("127.0.0.3", "/rss", Publication(every(HOUR)))
    await world.join("a", subscriptions(url, other))
    await world.play(START + HOUR)
    assert [(alert.title, alert.state) for alert in alerts(world)] == [(f"Feed {url} is gone", "firing")]
    await world.kill("a")
    await world.join("b", subscriptions(other))
    await world.join("c", subscriptions(other))
    await world.play(START + 2 * HOUR)
    _, ended = alerts(world)
    assert (ended.state, ended.description) == ("retracted", "The feed is not subscribed to any more.")
