"""What still waits on a topic for a consumer group: asked without joining it.

A partition counts as read to its end if nothing follows the group's committed offset, or the offset up to which
somebody's state reaches, found out by fetching from there: what a broker says about offsets alone may lag (and the
embedded broker's ListOffsets is wrong).
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic, sleep

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from topics.names import TopicKind
from workers.errors import TransientError
from workers.kafka_client.committed import committed
from workers.kafka_client.config import Trouble, client_config, no_answer, scrubbed
from workers.settings import Settings

_FETCH_WAIT_MS = 20

_QUEUE_BACKOFF_MS = 10
"""Librdkafka waits a second before it fetches again where as much lies ready as was asked for, here one message."""


_UNKNOWN_SECONDS = 0.2
"""Between two questions for a topic that the broker asked does not know, or not yet."""


class Backlog:
    """Asks for one topic and one group, each time `until` a moment (of `time.monotonic`). Not thread-safe; close it."""

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
                "fetch.queue.backoff.ms": _QUEUE_BACKOFF_MS,
            }
        )

    def partitions(self, until: float) -> frozenset[int]:
        """All partitions of the topic. Raises Unreachable, TransientError.

        A broker that does not know it, or may not tell, names none: that is no answer, nothing would seem to wait.
        """
        while True:
            try:
                found = self._consumer.list_topics(self._topic, timeout=self._left(until)).topics[self._topic]
            except KafkaException as error:
                raise no_answer(self._settings, self._trouble, error.args[0].str()) from error
            if found.error is None and found.partitions:
                return frozenset(found.partitions)
            if until - monotonic() < _UNKNOWN_SECONDS:
                said = found.error.str() if found.error is not None else "it has no partitions"
                raise TransientError(f"Kafka does not say what waits on {self._topic}: {said}")
            sleep(_UNKNOWN_SECONDS)

    def read_to_end(self, until: float, starts: Mapping[int, int] | None = None) -> frozenset[int]:
        """Partitions on which nothing follows the group's commit, or `starts` (of a partition without: the beginning).

        Raises Unreachable, TransientError.
        """
        partitions = sorted(self.partitions(until))
        try:
            if starts is None:
                asked = [TopicPartition(self._topic, partition) for partition in partitions]
                places = committed(self._consumer, asked, timeout=self._left(until))
            else:
                places = [TopicPartition(self._topic, partition, starts.get(partition, 0)) for partition in partitions]
            self._consumer.assign(places)
            return self._ended({where.partition for where in places}, until)
        except KafkaException as error:
            raise TransientError(scrubbed(f"Kafka: {error.args[0].str()}", self._settings)) from error
        finally:
            self._consumer.unassign()

    def _ended(self, open_partitions: set[int], until: float) -> frozenset[int]:
        ended: set[int] = set()
        while open_partitions:
            message = self._consumer.poll(self._left(until))
            if message is None:
                continue  # until the time is over
            error, partition = message.error(), message.partition()
            if partition is None:
                continue
            if error is None:
                open_partitions.discard(partition)  # something waits
            elif error.code() == KafkaError._PARTITION_EOF and partition in open_partitions:
                open_partitions.discard(partition)
                ended.add(partition)
        return frozenset(ended)

    def _left(self, until: float) -> float:
        """Seconds until the time is over. Raises Unreachable if it is."""
        left = until - monotonic()
        if left <= 0:
            raise no_answer(self._settings, self._trouble, "no answer in time")
        return left

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()
