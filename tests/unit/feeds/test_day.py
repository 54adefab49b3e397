"""A simulated day of 56 feeds at 14 publishers and three pollers, one of which dies: the publishers' logs tell.

`pytest tests/unit/feeds/test_day.py -s` prints the figures.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from aiohttp import web

from tests.rig.broker import BrokerServer
from tests.unit.feeds.simulation import (
    START,
    Asked,
    Publication,
    Publishers,
    SteppedClock,
    World,
    every,
    publishers,
    subscriptions,
)
from workers.settings import Settings

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LEASE = 5 * MINUTE
GAP = timedelta(seconds=2)
HOSTS = 14
FEEDS_OF_A_HOST = 4
RHYTHMS = (7 * MINUTE, 20 * MINUTE, HOUR, 6 * HOUR)
Answer = Callable[[datetime], web.Response | None]


def refusing(status: int, begin: float, end: float, **headers: str) -> Answer:
    """This answer between two hours of the day."""

    def answer(now: datetime) -> web.Response | None:
        hour = (now - START) / HOUR
        return web.Response(status=status, headers=headers) if begin <= hour < end else None

    return answer


def publication(host: int, number: int, site: Publishers) -> Publication:
    """A few publishers are awkward; the others are as publishers are."""
    items = every(RHYTHMS[(host + number) % len(RHYTHMS)], start=START - 7 * HOUR, name=f"h{host}n{number}")
    found = Publication(items)
    match host:
        case 2:
            found.channel = "<ttl>90</ttl>"
        case 3:
            found.headers = {"Cache-Control": "public, max-age=2400"}
        case 4:
            found.channel = "<skipHours>" + "".join(f"<hour>{hour}</hour>" for hour in range(6)) + "</skipHours>"
        case 5:
            found.etag = False
        case 6:
            found.answer = refusing(429, 3, 4, **{"Retry-After": "5400"})
        case 7:
            found.answer = refusing(503, 5, 9, **{"Retry-After": "2700"})
        case 8:
            found.answer = refusing(500, 6, 20)
        case 9 if number == 0:
            found.answer = refusing(410, 4, 24)
        case 10 if number == 0:
            target = site.publish("127.0.0.10", "/new", Publication(items))
            found.answer = refusing(301, 0, 24, Location=target)
        case 11:
            found.answer = refusing(429, 10, 11)
    return found


def too_early(log: Sequence[Asked]) -> list[Asked]:
    """Requests before the moment that the last answer to the same path had named."""
    until: dict[tuple[str, str], datetime] = {}
    found = []
    for asked in log:
        key = asked.host, asked.path
        if asked.at < until.get(key, asked.at):
            found.append(asked)
        until.pop(key, None)
        if asked.retry_at is not None:
            until[key] = asked.retry_at
    return found


@pytest.mark.heavy
@pytest.mark.timeout(1800)
async def test_a_day_that_publishers_would_welcome(broker: BrokerServer, redis_url: str) -> None:
    clock = SteppedClock()
    settings = Settings(
        namespace=f"t{uuid.uuid4().hex[:12]}", kafka_bootstrap_servers=broker.bootstrap, redis_url=redis_url
    )
    world = World(settings, clock, LEASE)
    async with publishers(clock) as site:
        names = [(host, number) for host in range(2, 2 + HOSTS) for number in range(FEEDS_OF_A_HOST)]
        urls = [
            site.publish(f"127.0.0.{host}", f"/{number}", publication(host, number, site)) for host, number in names
        ]
        feeds = subscriptions(*urls, gap=GAP.total_seconds())
        for name in "abc":
            await world.join(name, feeds)
        await world.play(START + 8 * HOUR)
        orphans, died = world.pollers["b"].hosts, clock.now()
        assert orphans
        await world.kill("b")
        taken: dict[str, timedelta] = {}
        while orphans - taken.keys():
            await world.play(clock.now() + timedelta(seconds=1))
            held = frozenset().union(*(poller.hosts for poller in world.pollers.values()))
            taken |= {host: clock.now() - died for host in (orphans & held) - taken.keys()}
        await world.play(START + 12 * HOUR)
        await world.join("d", feeds)
        await world.play(START + 18 * HOUR)
        await world.leave("a")
        await world.play(START + 24 * HOUR)
        await world.close()
        log = site.log

    by_feed: dict[tuple[str, str], list[Asked]] = defaultdict(list)
    by_host: dict[str, list[datetime]] = defaultdict(list)
    for asked in log:
        by_feed[asked.host, asked.path].append(asked)
        by_host[asked.host].append(asked.at)
    able = [asked for asked in log if asked.status in (200, 304) and asked.known]
    unchanged = sum(asked.status == 304 for asked in able)
    gaps = [later - earlier for times in by_host.values() for earlier, later in pairwise(sorted(times))]
    twice = [
        (earlier, later)
        for asked in by_feed.values()
        for earlier, later in pairwise(asked)
        if earlier.poller != later.poller and later.at - earlier.at < 4 * MINUTE
    ]
    changes = [sum(a.poller != b.poller for a, b in pairwise(asked)) for asked in by_feed.values()]
    night = [asked for asked in log if asked.host == "127.0.0.4" and asked.at.hour < 6 and asked.at > START + MINUTE]
    entries = sum(24 * HOUR / RHYTHMS[(host + number) % len(RHYTHMS)] for host, number in names)
    print(
        f"\n{len(urls)} feeds, {HOSTS} hosts, 24 h: {len(log):,} requests ({len(log) / len(urls):.0f} a feed),"
        f" {entries:,.0f} new entries\n"
        f"answers: {dict(sorted(Counter(asked.status for asked in log).items()))}\n"
        f"304: {unchanged / len(able):.1%} of {len(able):,} conditional requests that were answered\n"
        f"before Retry-After: {len(too_early(log))} of {sum(asked.retry_at is not None for asked in log)} demands\n"
        f"shortest pause between two requests to a host: {min(gaps).total_seconds():.2f} s; its pace: {GAP}\n"
        f"poller b died with {len(orphans)} hosts; the last taken over after {max(taken.values())}; lease: {LEASE}\n"
        f"feeds asked by two pollers within 4 min: {len(twice)}; most changes of a feed's poller: {max(changes)}\n"
        f"requests within skipHours: {len(night)}"
    )
    assert unchanged / len(able) > 0.3
    assert too_early(log) == []
    assert min(gaps) >= GAP
    assert max(taken.values()) <= LEASE + timedelta(seconds=1)
    assert twice == []
    assert max(changes) <= 3
    assert night == []
    assert len(by_feed["127.0.0.9", "/0"]) < 30
    assert by_feed["127.0.0.9", "/0"][-1].status == 410
    assert sum(asked.status == 301 for asked in by_feed["127.0.0.10", "/0"]) == 3
