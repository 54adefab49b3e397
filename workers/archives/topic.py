"""A Kafka topic as an archive: our own `articles`, or one of somebody else's with an article in JSON a record.

Partitions are merged by the records' timestamps. Records may still come, with timestamps of before, and others expire,
so what is done with is known by partition and offset; and a topic that was deleted and made anew by its id.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from topics.articles import Article
from topics.codec import DecodeError, decode
from topics.names import FLOW
from workers.archives.numbers import Numbered, number_of
from workers.archives.parsing import NotAnArticle, article_from_json
from workers.archives.readers import MAX_LINE_BYTES, Clock, Malformed, utc_now
from workers.archives.rows import Known
from workers.errors import InputError, Unreachable
from workers.kafka_client import Trouble, client_config, watermarks
from workers.settings import Settings

PREFIX = "topic:"
"""`topic:articles` names the topic of that kind in our namespace, `topic:wire.raw` any other."""

_ANSWER_SECONDS = 15.0
_QUEUE_KBYTES = 4096
"""Fetched ahead of each partition at most."""
_FETCH_WAIT_MS = 100


class PartitionRow:
    """One partition of a topic, as `topic_id` names the topic; `start` is where it begins when it is first looked at.

    Brokers before Kafka 2.8 give topics no id. Then it is known by the last record that was read of it, if that still
    lies there.
    """

    items: int | None = None
    done_with = False

    def __init__(self, partition: TopicPartition, start: int, topic_id: str, record_at: _RecordAt) -> None:
        self.partition = partition.partition
        self.start = start
        self._topic = partition.topic
        self._id = topic_id
        self._record_at = record_at
        self._last: Message | None = None

    @property
    def name(self) -> str:
        """Topic and partition."""
        return f"{PREFIX}{self._topic}[{self.partition}]"

    @property
    def other(self) -> str:
        """What to say of another topic of the same name."""
        return f"{PREFIX}{self._topic}: it was deleted and made anew under its name"

    def read(self, message: Message) -> None:
        """The record that was read last."""
        self._last = message

    def known(self) -> Known | None:
        """The topic's id; offset and digest of the last record."""
        last = self._last
        return [self._id, -1, ""] if last is None else [self._id, last.offset() or 0, _digest(last)]

    def is_still(self, known: Known, *, done_with: bool) -> bool:
        """Whether it is of the same topic, as far as anybody can tell. Raises KafkaException."""
        topic_id, offset, digest = str(known[0]), int(known[1]), known[2]
        if topic_id and self._id:
            return topic_id == self._id
        if offset < self.start:
            return True  # it has expired, or there was none
        found = self._record_at(self.partition, offset)
        if found is None:
            return False
        return found.offset() != offset or _digest(found) == digest  # else compaction has taken it


_RecordAt = Callable[[int, int], Message | None]
"""The first record of a partition from an offset on; None if its end is before that."""


def _digest(message: Message) -> str:
    return hashlib.sha256(repr((message.timestamp(), message.key(), message.value())).encode()).hexdigest()[:32]


class TopicArchive:
    """All articles that lie on a topic now, in the order of their records' timestamps.

    Implements what `workers.archives.readers.Archive` offers. Raises InputError for a topic that is not there,
    Unreachable.
    """

    def __init__(self, settings: Settings, name: str, *, clock: Clock = utc_now) -> None:
        self._settings = settings
        kind = next((kind for kind in FLOW if kind == name), None)
        self.topic = settings.topics.of(kind) if kind is not None else name
        self._clock = clock
        self._trouble = Trouble()
        self._rows = self._look()

    @property
    def rows(self) -> Sequence[PartitionRow]:
        """Its partitions."""
        return self._rows

    @property
    def total_bytes(self) -> int | None:
        """Nobody knows."""
        return None

    @property
    def bytes_read(self) -> int:
        """Nobody counts."""
        return 0

    def __iter__(self) -> Iterator[Numbered]:
        """Read to the end of every partition. Raises Unreachable."""
        with ExitStack() as stack:
            runs = []
            for row in self._rows:
                consumer = self._consumer()
                stack.callback(consumer.close)
                runs.append(self._records(consumer, row.partition, row.start))
            for _, partition, offset, message in heapq.merge(*runs):
                self._rows[partition].read(message)
                yield Numbered(number_of(partition, offset), self._article(message))

    def _look(self) -> list[PartitionRow]:
        consumer = self._consumer()
        try:
            found = consumer.list_topics(self.topic, timeout=_ANSWER_SECONDS).topics[self.topic]
            if found.error is not None or not found.partitions:
                raise InputError(
                    f"{PREFIX}{self.topic}: there is no such topic.", hint="`tocsin topics list` has ours."
                )
            topic_id = self._topic_id()
            rows = []
            for partition in sorted(found.partitions):
                where = TopicPartition(self.topic, partition)
                low, _ = watermarks(consumer, where)
                rows.append(PartitionRow(where, low, topic_id, self._record_at))
        except (KafkaException, TypeError) as error:
            raise self._gone(str(error)) from error
        else:
            return rows
        finally:
            consumer.close()

    def _topic_id(self) -> str:
        """What the broker calls this topic, and never another one of its name; empty before Kafka 2.8."""
        admin = AdminClient(client_config(self._settings, "archive", self._trouble) | {"log_level": 0})
        described = admin.describe_topics(TopicCollection([self.topic]), request_timeout=_ANSWER_SECONDS)
        found = described[self.topic].result().topic_id
        return str(found) if found.get_most_significant_bits() or found.get_least_significant_bits() else ""

    def _record_at(self, partition: int, offset: int) -> Message | None:
        consumer = self._consumer()
        try:
            _, end = watermarks(consumer, TopicPartition(self.topic, partition))
            if offset >= end:
                return None
            run = self._records(consumer, partition, offset)
            return next((message for _, _, found, message in run if found >= offset), None)
        finally:
            consumer.close()

    def _consumer(self) -> Consumer:
        return Consumer(
            {
                **client_config(self._settings, "archive", self._trouble),
                "group.id": f"{self._settings.namespace}.reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                # Where a partition ends is known when the broker has waited so long for more; but whoever plays an
                # archive slowly has all of it in hand for hours, and asks for more as often.
                "fetch.wait.max.ms": _FETCH_WAIT_MS,
                "auto.offset.reset": "earliest",
                "allow.auto.create.topics": False,
                "queued.max.messages.kbytes": _QUEUE_KBYTES,
            }
        )

    def _records(self, consumer: Consumer, partition: int, start: int) -> Iterator[tuple[int, int, int, Message]]:
        """Sortable: timestamp, partition and offset come before the message, and no two are the same."""
        consumer.assign([TopicPartition(self.topic, partition, start)])
        newest = 0
        while True:
            message = consumer.poll(_ANSWER_SECONDS)
            if message is None:
                raise self._gone(f"no answer for {_ANSWER_SECONDS:.0f} s")
            error = message.error()
            if error is None:
                # Within a partition the offset orders; a timestamp that goes back must not break the merge.
                newest = max(newest, message.timestamp()[1])
                yield newest, partition, message.offset() or 0, message
            elif error.code() == KafkaError._PARTITION_EOF:
                consumer.unassign()  # the other partitions may last for hours
                return
            elif error.fatal():
                raise self._gone(error.str())

    def _article(self, message: Message) -> Article | Malformed:
        value = message.value() or b""
        place = f"{PREFIX}{self.topic}[{message.partition()}]"
        try:
            return decode(Article, value, max_bytes=MAX_LINE_BYTES)
        except DecodeError as ours:
            try:
                found = article_from_json(value, self._ingest(message))
            except NotAnArticle as error:
                reason = ours.reason if ours.error == "schema-version" else str(error)
                return Malformed(place, message.offset() or 0, reason)
            return found

    def _ingest(self, message: Message) -> datetime:
        """When the record came to Kafka: the same at every reading."""
        _, milliseconds = message.timestamp()
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds > 0 else self._clock()

    def _gone(self, reason: str) -> Unreachable:
        said = self._trouble.reason or reason
        return Unreachable(f"Kafka does not give the topic {self.topic}: {said}", hint="Try `tocsin doctor`.")
