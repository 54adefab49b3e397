"""However often the step dies, and wherever: the same alerts are heard, the same counts stand."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
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
from workers.redis_keys import Keys
from workers.settings import Settings
from workers.steps import Incoming, Outgoing, Refused
from workers.watch.counts import CountReader
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
        self.alerts: list[Alert] = []

    async def publish(self, outgoing: Sequence[Outgoing]) -> None:
        """Confirm all."""
        self.alerts += [out.record for out in outgoing if isinstance(out.record, Alert)]

    def batch(self, size: int) -> list[Incoming]:
        """The next records of both partitions, in turn."""
        waiting = [rows[done:] for rows, done in zip(self.records, self.committed, strict=True)]
        mixed = [record for pair in zip(*(rows[:size] for rows in waiting), strict=False) for record in pair]
        return mixed or next((rows[:size] for rows in waiting if rows), [])

    def commit(self, batch: Sequence[Incoming]) -> None:
        """Acknowledge."""
        for record in batch:
            self.committed[record.partition] = record.offset + 1


async def work(kafka: Kafka, step: Watch, fuse: Fuse, size: int) -> bool:
    """One life of a worker; whether it came to the end of the stream."""
    try:
        await step.start(kafka.publish)
        for partition in range(PARTITIONS):
            applied = await step.applied(partition)
            assert applied is not None
            assert applied >= kafka.committed[partition], "what was acknowledged is in Redis"
        while batch := kafka.batch(size):
            outcomes = await step.handle(batch)
            fuse.before()
            for outcome in outcomes:
                assert not isinstance(outcome, Refused)
                await kafka.publish(outcome)
                fuse.after()
            await step.confirmed(batch)
            kafka.commit(batch)
    except ProcessDied:
        return False
    return True


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
    stream=articles(partitions=PARTITIONS),
    fuses=st.lists(st.integers(8, 45), min_size=2, max_size=16),
    size=st.integers(1, 5),
)
def test_any_number_of_deaths_at_any_point_changes_neither_alerts_nor_counts(
    redis_url, pattern, stream, fuses, size
) -> None:
    async def live() -> None:
        # Stories are Redis's own here, and without a text every article is one of its own.
        lived = [Arrival(one.annotation, f"story-of-{one.annotation.article_id}", one.types, one.partition, one.offset)
                 for one in stream]  # fmt: skip
        kafka, namespace = Kafka(lived), f"c{next(NAMESPACES)}"
        for fuse in [*(Fuse(n) for n in fuses), Fuse(None)]:
            client = DyingRedis.at(redis_url, fuse)
            finished = await work(kafka, born(pattern, client, namespace), fuse, size)
            await client.connection_pool.disconnect()
        assert finished
        heard: dict[str, str] = {}
        for alert in kafka.alerts:
            assert alert.state == "firing" or alert.id in heard
            heard[alert.id] = alert.state
        assert {id_ for id_, state in heard.items() if state == "firing"} == must_ring(pattern, lived)
        client = connect(Settings(redis_url=redis_url))
        reader = CountReader(client, Keys(namespace))
        for kind, counts in expected_counts(lived).items():
            assert dict(await reader.top(kind, "7d", to_micros(AT))) == dict(counts)
        await client.aclose()

    asyncio.run(live())
