"""However often the step dies, and wherever: the same alerts are heard, the same counts stand."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.watch.builders import at
from tests.unit.watch.dying_redis import DyingRedis, Fuse, ProcessDied
from tests.unit.watch.oracle import must_ring
from tests.unit.watch.streams import FACTOR, articles, patterns
from topics.alerts import Alert
from topics.codec import encode
from workers.redis_client import connect
from workers.redis_keys import Keys, drop_namespace
from workers.settings import Settings
from workers.steps import Incoming, Outgoing, Refused
from workers.watch.count_reader import CountReader
from workers.watch.counts import StateLost
from workers.watch.durations import to_micros
from workers.watch.engine import Arrival
from workers.watch.event_types import DEFAULT_EVENT_TYPES
from workers.watch.pattern_file import PatternSet
from workers.watch.patterns import Pattern
from workers.watch.step import Watch

NAMESPACES = count()
PARTITIONS = 2
AT = at(hours=24)


class Kafka:
    """Two partitions of annotations, the group's commits, and what was produced to `alerts`."""

    def __init__(self, stream: Sequence[Arrival]) -> None:
        self.records: list[list[Incoming]] = [[] for _ in range(PARTITIONS)]
        for one in stream:
            partition = self.records[one.partition]
            partition.append(Incoming("annotations", one.partition, len(partition), None, encode(one.annotation), {}))
        self.committed = [0] * PARTITIONS
        self.position = [0] * PARTITIONS
        self.rebuilds_to = [0] * PARTITIONS
        self.alerts: list[Alert] = []

    async def assign(self, step: Watch) -> None:
        """Start at the commits, or where the step's own state ends, if that is earlier."""
        self.rebuilds_to = list(self.committed)
        for partition, committed in enumerate(self.committed):
            applied = await step.applied(partition)
            assert applied is not None
            self.position[partition] = min(applied, committed)

    async def publish(self, outgoing: Sequence[Outgoing]) -> None:
        """Confirm all."""
        self.alerts += [out.record for out in outgoing if isinstance(out.record, Alert)]

    def batch(self, size: int) -> list[Incoming]:
        """The next records of both partitions, in turn; what is read again first."""
        again = [rows[at:to] for rows, at, to in zip(self.records, self.position, self.rebuilds_to, strict=True)]
        if any(again):
            return [replace(record, rebuilding=True) for rows in again for record in rows[:size]]
        waiting = [rows[done:] for rows, done in zip(self.records, self.position, strict=True)]
        mixed = [record for pair in zip(*(rows[:size] for rows in waiting), strict=False) for record in pair]
        return mixed or next((rows[:size] for rows in waiting if rows), [])

    def commit(self, batch: Sequence[Incoming]) -> None:
        """Acknowledge."""
        for record in batch:
            self.position[record.partition] = record.offset + 1
            self.committed[record.partition] = max(record.offset + 1, self.committed[record.partition])


async def work(kafka: Kafka, step: Watch, fuse: Fuse, size: int, batches: int | None = None) -> bool:
    """One life of a worker, of so many batches if it does not die before; whether it came to the end of the stream."""
    try:
        await step.start(kafka.publish)
        await kafka.assign(step)
        while (batch := kafka.batch(size)) and batches != 0:
            batches = None if batches is None else batches - 1
            outcomes = await step.handle(batch)
            fuse.before()
            for outcome in outcomes:
                assert not isinstance(outcome, Refused)
                await kafka.publish(outcome)
                fuse.after()
            await step.confirmed(batch)
            kafka.commit(batch)
            await step.tick()
        await step.tick()
    except (ProcessDied, StateLost):
        return False
    return not batch


def born(pattern: Pattern, client: DyingRedis, namespace: str) -> Watch:
    """A new process."""
    return Watch(PatternSet((pattern,)), DEFAULT_EVENT_TYPES, client, namespace, now=lambda: at(days=2000))


def expected_counts(stream: Sequence[Arrival]) -> dict[str, Counter[str]]:
    newest: dict[str, Arrival] = {}
    for one in stream:
        newest[one.annotation.article_id] = one  # in one partition the last one is the newest
    counts: dict[str, Counter[str]] = {"entity": Counter(), "event": Counter(), "pair": Counter()}
    for one in newest.values():
        actual = [e for e in one.annotation.events if e.status == "actual"]
        counts["entity"].update({e.id for e in one.annotation.entities})
        counts["event"].update({e.type for e in actual})
        parties = {(e.type, p.id) for e in actual for p in (*e.actor, *(e.target if e.type == "summit" else ()))}
        counts["pair"].update(f"{type_}:{party}" for type_, party in parties)
    return counts


@settings(max_examples=80 * FACTOR, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pattern=patterns(grouped_by=((), ("actor",), ("article",), ("place",))),
    stream=articles(partitions=PARTITIONS, least=6),
    fuses=st.lists(st.integers(8, 45), min_size=2, max_size=16),
    size=st.integers(1, 5),
)
def test_any_number_of_deaths_at_any_point_changes_neither_alerts_nor_counts(
    redis_url, pattern, stream, fuses, size
) -> None:
    async def live() -> None:
        told = unstoried(stream)
        kafka, namespace = Kafka(told), f"c{next(NAMESPACES)}"
        for fuse in [*(Fuse(n) for n in fuses), Fuse(None)]:
            client = DyingRedis.at(redis_url, fuse)
            finished = await work(kafka, born(pattern, client, namespace), fuse, size)
            await client.connection_pool.disconnect()
        assert finished
        await check(kafka, pattern, told, redis_url, namespace)

    asyncio.run(live())


@settings(max_examples=80 * FACTOR, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pattern=patterns(grouped_by=((), ("actor",), ("article",), ("place",))),
    stream=articles(partitions=PARTITIONS, least=6),
    lives=st.lists(st.integers(1, 8), min_size=1, max_size=8),
    size=st.integers(1, 5),
)
def test_whenever_redis_loses_everything_it_is_rebuilt_and_nothing_is_said_again(
    redis_url, pattern, stream, lives, size
) -> None:
    async def live() -> None:
        told = unstoried(stream)
        kafka, namespace = Kafka(told), f"c{next(NAMESPACES)}"
        unburnt = Fuse(None)
        for batches in [*lives, None]:
            client = DyingRedis.at(redis_url, unburnt)
            await drop_namespace(client, namespace)
            finished = await work(kafka, born(pattern, client, namespace), unburnt, size, batches)
            await client.connection_pool.disconnect()
        assert finished
        last: dict[str, str] = {}
        for alert in kafka.alerts:
            if alert.state == "updated":
                continue  # more evidence for what rings; it rings no more for it
            # What only time brings about is said again, under the same id: nobody can know that it was said.
            assert pattern.waits or last.get(alert.id) != alert.state, "nobody died before confirming: said once"
            last[alert.id] = alert.state
        await check(kafka, pattern, told, redis_url, namespace)

    asyncio.run(live())


def unstoried(stream: Sequence[Arrival]) -> list[Arrival]:
    """Stories are Redis's own here, and without a text every article is one of its own."""
    return [replace(one, story=f"story-of-{one.annotation.article_id}", text=None) for one in stream]


def clock_of(stream: Sequence[Arrival]) -> tuple[datetime | None, datetime | None]:
    """The watermark when all has been read, and when the stream began."""
    dated = [a for a in stream if a.annotation.event_time_source == "published"]
    times = [[a.annotation.event_time for a in dated if a.partition == p] for p in range(PARTITIONS)]
    watermark = min(map(max, times)) - timedelta(minutes=15) if all(times) else None
    return watermark, min((time for found in times for time in found), default=None)


async def check(kafka: Kafka, pattern: Pattern, told: Sequence[Arrival], url: str, namespace: str) -> None:
    """What was heard, and what is counted."""
    heard: dict[str, str] = {}
    for alert in kafka.alerts:
        assert alert.state == "firing" or alert.id in heard
        heard[alert.id] = "firing" if alert.state == "updated" else alert.state
    assert {id_ for id_, state in heard.items() if state == "firing"} == must_ring(pattern, told, *clock_of(told))
    client = connect(Settings(redis_url=url))
    reader = CountReader(client, Keys(namespace))
    for kind, counts in expected_counts(told).items():
        assert dict(await reader.top(kind, "7d", to_micros(AT))) == dict(counts)
    await client.aclose()
