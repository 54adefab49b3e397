"""How far the steps are: what lies on a topic and what a step has acknowledged of it. Reads only, joins no group."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from topics.names import TopicKind
from workers.errors import Unreachable
from workers.kafka_client import Trouble, client_config
from workers.settings import Settings

INPUTS: dict[str, TopicKind] = {"annotate": "articles", "watch": "annotations", "notify": "alerts"}
"""Which topic each step reads."""

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Progress:
    """Records on a step's input topic, and how many of them it has acknowledged."""

    step: str
    total: int
    done: int

    @property
    def waiting(self) -> int:
        """Records not yet acknowledged."""
        return max(0, self.total - self.done)


def topic_size(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    """Partition to (first, next) offset. Raises Unreachable."""
    try:
        partitions = consumer.list_topics(topic, timeout=TIMEOUT_SECONDS).topics[topic].partitions
        return {
            p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=TIMEOUT_SECONDS) for p in partitions
        }
    except KafkaException as error:
        raise Unreachable(f"Kafka does not answer: {error.args[0]}", hint="Try `tocsin doctor`.") from error


class ProgressMeter:
    """Asks the broker for the progress of steps. Close it."""

    def __init__(self, settings: Settings, steps: Sequence[str]) -> None:
        self._settings = settings
        self._steps = steps
        self._consumers = {
            step: Consumer(
                {
                    **client_config(settings, "progress", Trouble()),
                    "group.id": f"{settings.namespace}.{step}",
                    "enable.auto.commit": False,
                }
            )
            for step in steps
        }

    def measure(self, step: str) -> Progress:
        """The progress of one step; blocking. Raises Unreachable."""
        topic = self._settings.topics.of(INPUTS[step])
        consumer = self._consumers[step]
        sizes = topic_size(consumer, topic)
        try:
            committed = consumer.committed([TopicPartition(topic, p) for p in sizes], timeout=TIMEOUT_SECONDS)
        except KafkaException as error:
            raise Unreachable(f"Kafka does not answer: {error.args[0]}", hint="Try `tocsin doctor`.") from error
        done = sum(max(0, tp.offset - sizes[tp.partition][0]) for tp in committed if tp.offset >= 0)
        return Progress(step, sum(high - low for low, high in sizes.values()), done)

    async def measure_all(self) -> list[Progress]:
        """Upstream first, so that a step that is done leaves nothing for the next to wait for."""
        return [await asyncio.to_thread(self.measure, step) for step in self._steps]

    def close(self) -> None:
        """Close the connections."""
        for consumer in self._consumers.values():
            consumer.close()
