"""A Kafka topic as an archive: our own `articles`, or one of somebody else's with an article in JSON a record.

Partitions are merged by the records' timestamps. Records may still come, with timestamps of before, and others expire,
so what is done with is known by partition and offset.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from topics.articles import Article
from topics.codec import DecodeError, decode
from topics.names import FLOW
from workers.archives.ordering import Numbered
from workers.archives.parsing import NotAnArticle, article_from_json
from workers.archives.readers import MAX_LINE_BYTES, Clock, Malformed, utc_now
from workers.errors import InputError, Unreachable
from workers.kafka_client import Trouble, client_config, watermarks
from workers.settings import Settings

PREFIX = "topic:"
"""`topic:articles` names the topic of that kind in our namespace, `topic:wire.raw` any other."""

_ANSWER_SECONDS = 15.0
_QUEUE_KBYTES = 4096
"""Fetched ahead of each partition at most."""

_OFFSET_BITS = 48
"""Of an item's number; the partition stands above them."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a partition begins when it is first looked at."""

    partition: int
    start: int


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
        self._positions = self._look()

    @property
    def files(self) -> list[str]:
        """What makes it the same archive: the topic and its partitions."""
        return [f"{PREFIX}{self.topic}[{each.partition}] by offset" for each in self._positions]

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
            for position in self._positions:
                consumer = self._consumer()
                stack.callback(consumer.close)
                runs.append(self._records(consumer, position))
            for _, partition, offset, message in heapq.merge(*runs):
                yield Numbered(partition << _OFFSET_BITS | offset, self._article(message))

    def _look(self) -> list[Position]:
        consumer = self._consumer()
        try:
            found = consumer.list_topics(self.topic, timeout=_ANSWER_SECONDS).topics[self.topic]
            if found.error is not None or not found.partitions:
                raise InputError(
                    f"{PREFIX}{self.topic}: there is no such topic.", hint="`tocsin topics list` has ours."
                )
            positions = []
            for partition in sorted(found.partitions):
                low, _ = watermarks(consumer, TopicPartition(self.topic, partition))
                positions.append(Position(partition, low))
        except (KafkaException, TypeError) as error:
            raise self._gone(str(error)) from error
        else:
            return positions
        finally:
            consumer.close()

    def _consumer(self) -> Consumer:
        return Consumer(
            {
                **client_config(self._settings, "archive", self._trouble),
                "group.id": f"{self._settings.namespace}.reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "allow.auto.create.topics": False,
                "queued.max.messages.kbytes": _QUEUE_KBYTES,
            }
        )

    def _records(self, consumer: Consumer, position: Position) -> Iterator[tuple[int, int, int, Message]]:
        """Sortable: timestamp, partition and offset come before the message, and no two are the same."""
        consumer.assign([TopicPartition(self.topic, position.partition, position.start)])
        newest = 0
        while True:
            message = consumer.poll(_ANSWER_SECONDS)
            if message is None:
                raise self._gone(f"no answer for {_ANSWER_SECONDS:.0f} s")
            error = message.error()
            if error is None:
                # Within a partition the offset orders; a timestamp that goes back must not break the merge.
                newest = max(newest, message.timestamp()[1])
                yield newest, position.partition, message.offset() or 0, message
            elif error.code() == KafkaError._PARTITION_EOF:
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
