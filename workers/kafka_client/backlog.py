"""What still waits on a topic for a consumer group: asked without joining it.

A partition counts as read to its end if nothing follows the group's committed offset, found out by fetching from there:
what a broker says about offsets alone may lag (and the embedded broker's ListOffsets is wrong).
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from topics.names import TopicKind
from workers.errors import TransientError
from workers.kafka_client.config import Trouble, client_config, no_answer, scrubbed
from workers.settings import Settings

ANSWER_SECONDS = 10.0
_FETCH_WAIT_MS = 20


class Backlog:
    """Asks for one topic and one group. Not thread-safe; close it."""

    def __init__(self, settings: Settings, kind: TopicKind, group: str) -> None:
        self._settings = settings
        self._topic = settings.topics.of(kind)
        self._trouble = Trouble()
        self._consumer = Consumer(
            {
                **client_config(settings, "backlog", self._trouble),
                "group.id": group,
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": _FETCH_WAIT_MS,
                "fetch.message.max.bytes": 1024,
                "queued.min.messages": 1,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def partitions(self) -> frozenset[int]:
        """All partitions of the topic. Raises Unreachable."""
        try:
            found = self._consumer.list_topics(self._topic, timeout=ANSWER_SECONDS).topics[self._topic]
        except KafkaException as error:
            raise no_answer(self._settings, self._trouble, error.args[0].str()) from error
        return frozenset(found.partitions)

    def read_to_end(self) -> frozenset[int]:
        """Partitions of which nothing waits for the group. Raises Unreachable, TransientError."""
        asked = [TopicPartition(self._topic, partition) for partition in self.partitions()]
        try:
            committed = self._consumer.committed(asked, timeout=ANSWER_SECONDS)
            self._consumer.assign(committed)
            return self._ended({where.partition for where in committed})
        except KafkaException as error:
            raise TransientError(scrubbed(f"Kafka: {error.args[0].str()}", self._settings)) from error
        finally:
            self._consumer.unassign()

    def _ended(self, open_partitions: set[int]) -> frozenset[int]:
        ended: set[int] = set()
        while open_partitions:
            message = self._consumer.poll(ANSWER_SECONDS)
            if message is None:
                raise no_answer(self._settings, self._trouble, f"no answer for {ANSWER_SECONDS:.0f} s")
            error, partition = message.error(), message.partition()
            if partition is None:
                continue
            if error is None:
                open_partitions.discard(partition)  # something waits
            elif error.code() == KafkaError._PARTITION_EOF and partition in open_partitions:
                open_partitions.discard(partition)
                ended.add(partition)
        return frozenset(ended)

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()
