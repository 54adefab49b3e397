"""A watch step on a real Redis whose Kafka, clock and patterns are ours: read, wait, reload, die, start again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from tests.unit.watch.builders import at
from topics.alerts import Alert
from topics.annotations import Annotation
from topics.codec import encode
from workers.redis_client import Redis
from workers.steps import Incoming, Outgoing, Refused
from workers.watch.event_types import DEFAULT_EVENT_TYPES
from workers.watch.pattern_file import PatternSet
from workers.watch.patterns import Pattern
from workers.watch.step import Watch


class Scene:
    """`said`: what Kafka was told, in order. `waits`: something still waits upstream. `now`: the wall clock."""

    def __init__(self, client: Redis, namespace: str) -> None:
        self.client, self.namespace = client, namespace
        self.said: list[Alert] = []
        self.now: datetime = at(0)
        self.waits = False
        self._offset = 0
        self._step: Watch | None = None

    async def partitions(self) -> frozenset[int]:
        return frozenset({0})

    async def drained(self, done: Mapping[int, int]) -> frozenset[int]:
        return frozenset() if self.waits or done.get(0, 0) < self._offset else frozenset({0})

    def close(self) -> None:
        """Nothing is open."""

    async def publish(self, outgoing: list[Outgoing]) -> None:
        self.said += [out.record for out in outgoing if isinstance(out.record, Alert)]

    async def starts(self, *patterns: Pattern) -> Watch:
        """A new process; whatever the one before had in hand is lost with it."""
        self._step = Watch(
            PatternSet(patterns), DEFAULT_EVENT_TYPES, self.client, self.namespace, now=lambda: self.now, upstream=self
        )
        await self._step.start(self.publish)
        await self._step.applied(0)
        return self._step

    @property
    def step(self) -> Watch:
        assert self._step is not None
        return self._step

    async def reads(self, *found: Annotation, dies: bool = False, times: int = 1) -> None:
        """One record after the other, each so many `times`; if it `dies`, then between the state and Kafka."""
        for one in found:
            record = Incoming("annotations", 0, self._offset, one.article_id.encode(), encode(one), {})
            for _ in range(times):
                outcomes = await self.step.handle([record])
                if dies:
                    return
                for outcome in outcomes:
                    assert not isinstance(outcome, Refused)
                    await self.publish(list(outcome))
                await self.step.confirmed([record])
            self._offset += 1

    async def until(self, when: datetime) -> None:
        """The wall clock reaches `when`."""
        self.now = when
        for _ in range(3):  # one tick may only find out when the next moment is
            await self.step.tick()

    async def reloads(self, *patterns: Pattern) -> None:
        """As if the files had changed."""
        self.step._swap(replace(self.step._patterns, patterns=patterns))
        await self.step.tick()

    @property
    def story(self) -> str:
        """What was said, in words: state and join values of each."""
        told = [
            f"{alert.state} {' '.join(value for values in alert.group.values() for value in values)}".strip()
            + (" late" if alert.late and alert.state == "firing" else "")
            for alert in self.said
        ]
        return ", ".join(told) or "nothing"
