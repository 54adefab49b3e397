"""Reads what lies on a topic now, and where it ends, without joining a group.

Where a topic ends is asked by reading on until the broker says "end of partition": the embedded broker's answer to
ListOffsets is the first offset of the last batch plus one (Tansu 0.6), so it cannot be relied upon.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from topics.base import Record
from topics.codec import RECORDS, decode
from topics.names import TopicKind
from workers.errors import Unreachable
from workers.kafka_client import Trouble, client_config, watermarks
from workers.settings import Settings

RecordT = TypeVar("RecordT", bound=Record)

TIMEOUT_SECONDS = 15.0
FETCH_WAIT_MS = 20
ANY_SIZE = 1_000_000_000


class TopicReader:
    """A consumer of one topic that remembers how far each partition goes. Use it as a context manager."""

    def __init__(self, settings: Settings, kind: TopicKind) -> None:
        self._topic = settings.topics.of(kind)
        self._trouble = Trouble()
        self._consumer = Consumer(
            {
                **client_config(settings, "reader", self._trouble),
                "group.id": f"{settings.namespace}.reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": FETCH_WAIT_MS,
            }
        )
        self.starts: dict[int, int] = {}
        self.ends: dict[int, int] = {}

    def __enter__(self) -> Self:
        """Learn the partitions. Raises Unreachable."""
        try:
            found = self._consumer.list_topics(self._topic, timeout=TIMEOUT_SECONDS).topics[self._topic].partitions
            for partition in found:
                where = TopicPartition(self._topic, partition)
                low, high = watermarks(self._consumer, where)
                self.starts[partition], self.ends[partition] = low, max(low, high - 1)
        except (KafkaException, TypeError) as error:
            raise self._gone(str(error)) from error
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._consumer.close()

    def messages(self) -> Iterator[Message]:
        """Every message from the start to the end as it is now, partition by partition. Raises Unreachable."""
        self.ends = dict(self.starts)
        yield from self._read_on()

    def following(self) -> Iterator[Message]:
        """What has come since the ends were last found, to the end as it is now. Raises Unreachable."""
        yield from self._read_on()

    def find_ends(self) -> dict[int, int]:
        """Partition to the offset after its last message, as it is now. Raises Unreachable."""
        for _ in self._read_on():
            pass
        return dict(self.ends)

    def _read_on(self) -> Iterator[Message]:
        open_partitions = set(self.ends)
        self._consumer.assign([TopicPartition(self._topic, p, offset) for p, offset in self.ends.items()])
        while open_partitions:
            message = self._consumer.poll(TIMEOUT_SECONDS)
            if message is None:
                raise self._gone(f"no answer for {TIMEOUT_SECONDS:.0f} s")
            error, partition, offset = message.error(), message.partition(), message.offset()
            if error is None and partition is not None and offset is not None:
                self.ends[partition] = offset + 1
                yield message
            elif error is not None and error.code() == KafkaError._PARTITION_EOF and partition is not None:
                open_partitions.discard(partition)
            elif error is not None and error.fatal():
                raise self._gone(error.str())

    def _gone(self, reason: str) -> Unreachable:
        return Unreachable(f"Kafka stopped answering while topic {self._topic} was read: {reason}",
                           hint="Try `tocsin doctor`.")  # fmt: skip


def read_messages(settings: Settings, kind: TopicKind) -> Iterator[Message]:
    """Every message of the topic as it stands now. Raises Unreachable."""
    with TopicReader(settings, kind) as reader:
        yield from reader.messages()


def read_records(settings: Settings, kind: TopicKind, record_type: type[RecordT]) -> Iterator[RecordT]:
    """Every record of the topic. Raises Unreachable; DecodeError for a record that is not one of ours."""
    if RECORDS[kind] is not record_type:
        raise TypeError(f"the topic {kind} holds {RECORDS[kind].__name__}, not {record_type.__name__}")
    for message in read_messages(settings, kind):
        yield decode(record_type, message.value(), max_bytes=ANY_SIZE)
