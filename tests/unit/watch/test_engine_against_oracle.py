"""Whatever the order of arrival, the alerts that ring are those that the brute-force oracle names."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.watch.builders import at
from tests.unit.watch.oracle import must_ring
from tests.unit.watch.streams import FACTOR, articles, batches, cut, patterns, pushed, streams, watermarks
from workers.redis_client import connect
from workers.redis_keys import Keys
from workers.settings import Settings
from workers.watch.durations import to_micros
from workers.watch.engine import Arrival, Engine, Report
from workers.watch.patterns import Pattern
from workers.watch.redis_windows import RedisWindows
from workers.watch.revisions import MemoryRevisions
from workers.watch.ringing import Clock
from workers.watch.windows import MemoryWindows, WindowStore

NOW = at(days=2000)
NAMESPACES = count()


BEGINNING = at(hours=3)
"""When the generated streams began, for patterns that ask what is usual."""


async def feed(
    store: WindowStore,
    pattern: Pattern,
    pieces: Sequence[Sequence[Arrival]],
    marks: Sequence[datetime | None] = (),
) -> dict[str, str]:
    """What a listener has last heard of each alert; it must never hear of an end before the beginning.

    After each piece the watermark of the same place is reached, and time is looked at.
    """
    heard: dict[str, str] = {}
    engine, revisions = Engine([pattern], store), MemoryRevisions()

    async def hear(report: Report) -> None:
        for announcement in report.announcements:
            alert = announcement.alert
            assert alert.state == "firing" or heard.get(alert.id) == "firing"
            heard[alert.id] = "firing" if alert.state == "updated" else alert.state
        await store.announced(report.announcements)

    clock = Clock(oldest=to_micros(BEGINNING))
    for place, piece in enumerate(pieces):
        await hear(await engine.apply(revisions.current(piece), NOW, clock))
        if place < len(marks) and (mark := marks[place]) is not None:
            clock = replace(clock, watermark=to_micros(mark))
            await hear(await engine.tick(NOW, clock))
    return heard


def firing(states: dict[str, str]) -> set[str]:
    return {alert for alert, state in states.items() if state == "firing"}


def rings_what_the_oracle_names(pattern, stream, cuts, data) -> None:
    store, pieces = MemoryWindows(), cut(stream, cuts)
    marks = data.draw(watermarks(len(pieces)))
    heard = asyncio.run(feed(store, pattern, pieces, marks))
    wanted = must_ring(pattern, stream, marks[-1], BEGINNING)
    assert firing({alert.id: alert.state for alert in store.alerts()}) == wanted
    assert firing(heard) == wanted


@settings(max_examples=250 * FACTOR, deadline=None)
@given(pattern=patterns(), stream=streams(), cuts=batches(), data=st.data())
def test_any_order_duplicates_and_revisions_ring_what_the_oracle_names(pattern, stream, cuts, data) -> None:
    rings_what_the_oracle_names(pattern, stream, cuts, data)


@settings(max_examples=150 * FACTOR, deadline=None)
@given(pattern=patterns(grouped_by=((),)), stream=pushed(), cuts=batches(), data=st.data())
def test_old_news_pushed_among_live_news_rings_what_the_oracle_names(pattern, stream, cuts, data) -> None:
    rings_what_the_oracle_names(pattern, stream, cuts, data)


@settings(max_examples=25 * FACTOR, deadline=None)
@given(pattern=patterns(), stream=streams())
def test_a_second_delivery_of_everything_announces_nothing(pattern, stream) -> None:
    async def twice() -> None:
        store, revisions = MemoryWindows(), MemoryRevisions()
        engine = Engine([pattern], store)
        report = await engine.apply(revisions.current(stream), NOW)
        await store.announced(report.announcements)
        for one in stream:
            assert not (await engine.apply(revisions.current([one]), NOW)).announcements

    asyncio.run(twice())


@settings(max_examples=60 * FACTOR, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=patterns(), stream=streams(), cuts=batches(), data=st.data())
def test_windows_in_redis_hold_what_windows_in_memory_hold(redis_url, pattern, stream, cuts, data) -> None:
    pieces = cut(stream, cuts)
    marks = data.draw(watermarks(len(pieces)))

    async def both() -> None:
        client = connect(Settings(redis_url=redis_url))
        memory, redis = MemoryWindows(), RedisWindows(client, Keys(f"n{next(NAMESPACES)}"))
        heard = await feed(memory, pattern, pieces, marks)
        assert await feed(redis, pattern, pieces, marks) == heard
        assert await redis.alerts([pattern.id], 1000) == memory.alerts()[::-1]
        assert firing(heard) == must_ring(pattern, stream, marks[-1], BEGINNING)
        await client.aclose()

    asyncio.run(both())


@settings(max_examples=50 * FACTOR, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=patterns(), partitions=st.integers(1, 12), cuts=batches(), data=st.data())
def test_up_to_twelve_workers_that_write_one_pattern_at_once_lose_nothing(
    redis_url, pattern, partitions, cuts, data
) -> None:
    """Each owns a partition, as in Kafka; they run truly interleaved on one Redis."""
    stream = data.draw(articles(partitions=partitions))

    async def work(namespace: str, partition: int) -> list[tuple[str, str]]:
        client = connect(Settings(redis_url=redis_url))
        store = RedisWindows(client, Keys(namespace))
        engine, revisions = Engine([pattern], store), MemoryRevisions()
        mine = [one for one in stream if one.partition == partition]
        heard = []
        for piece in cut(mine, cuts):
            report = await engine.apply(revisions.current(piece), NOW)
            heard += [(a.alert.id, a.alert.state) for a in report.announcements]
            await store.announced(report.announcements)
        await client.aclose()
        return heard

    async def race() -> None:
        namespace = f"n{next(NAMESPACES)}"
        heard = [one for told in await asyncio.gather(*(work(namespace, p) for p in range(partitions))) for one in told]
        client = connect(Settings(redis_url=redis_url))
        stored = {a.id: a.state for a in await RedisWindows(client, Keys(namespace)).alerts([pattern.id], 1000)}
        await client.aclose()
        assert firing(stored) == must_ring(pattern, stream)
        assert set(heard) >= set(stored.items())

    asyncio.run(race())
