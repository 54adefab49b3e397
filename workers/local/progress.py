"""How far the steps are: what lies on a topic and what a step has acknowledged of it. Reads only, joins no group."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaException, TopicPartition

from topics.names import TopicKind
from workers.errors import Unreachable
from workers.kafka_client import Trouble, client_config, committed
from workers.local.signals import unbroken
from workers.local.topic_reader import TIMEOUT_SECONDS, TopicReader
from workers.settings import Settings

INPUTS: dict[str, TopicKind] = {"annotate": "articles", "watch": "annotations", "notify": "alerts"}
"""Which topic each step reads."""


@dataclass(frozen=True)
class Progress:
    """Records on a step's input topic, and how many of them it has acknowledged.

    `ends` and `committed` are offsets by partition: after the last record, and after the last acknowledged one.
    """

    step: str
    total: int
    done: int
    ends: Mapping[int, int] = field(default_factory=dict)
    committed: Mapping[int, int] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        """Records not yet acknowledged."""
        return max(0, self.total - self.done)

    def has_passed(self, ends: Mapping[int, int]) -> bool:
        """Whether all that lay before `ends` is acknowledged, whatever has come since."""
        return all(self.committed.get(partition, 0) >= end for partition, end in ends.items())


class ProgressMeter:
    """Asks the broker for the progress of steps. Close it."""

    def __init__(self, settings: Settings, steps: Sequence[str]) -> None:
        self._settings = settings
        self._steps = steps
        self._stack = ExitStack()
        self._readers: dict[str, TopicReader] = {}
        self._groups: dict[str, Consumer] = {}
        try:
            for step in steps:
                self._readers[step] = self._stack.enter_context(TopicReader(settings, INPUTS[step]))
                group = {"group.id": f"{settings.namespace}.{step}", "enable.auto.commit": False}
                self._groups[step] = Consumer({**client_config(settings, "progress", Trouble()), **group})
                self._stack.callback(self._groups[step].close)
        except BaseException:
            self._stack.close()
            raise

    def measure(self, step: str) -> Progress:
        """The progress of one step; blocking. Raises Unreachable."""
        reader = self._readers[step]
        ends = reader.find_ends()
        where = [TopicPartition(self._settings.topics.of(INPUTS[step]), p) for p in ends]
        try:
            commits = committed(self._groups[step], where, timeout=TIMEOUT_SECONDS)
        except KafkaException as error:
            raise Unreachable(f"Kafka does not answer: {error.args[0]}", hint="Try `tocsin doctor`.") from error
        done = sum(max(0, tp.offset - reader.starts[tp.partition]) for tp in commits if tp.offset >= 0)
        total = sum(ends[p] - reader.starts[p] for p in ends)
        reached = {tp.partition: max(tp.offset, reader.starts[tp.partition]) for tp in commits}
        return Progress(step, total, done, ends=ends, committed=reached)

    async def measure_all(self) -> list[Progress]:
        """Upstream first, so that a step that is done leaves nothing for the next to wait for."""
        # A cancellation waits for the answer: a consumer must not be closed while its thread asks.
        return [await unbroken(asyncio.to_thread(self.measure, step)) for step in self._steps]

    def close(self) -> None:
        """Close the connections."""
        self._stack.close()
