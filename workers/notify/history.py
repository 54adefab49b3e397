"""What Kafka remembers of the step's work: alerts up to the group's commit, and the records of attempts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from topics.alerts import Alert
from topics.codec import TRACE_HEADER, DecodeError, decode
from topics.deliveries import Delivery
from topics.silences import Silence
from workers.errors import Unreachable
from workers.kafka_client import Trouble, client_config, committed
from workers.notify.changes import Arrival
from workers.settings import Settings

TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An alert that had been parked and acknowledged. `written_at` is its time on the topic (epoch seconds)."""

    arrival: Arrival
    written_at: float


class History(Protocol):
    """Its methods block, and raise Unreachable."""

    def commits(self) -> dict[int, int]:
        """By partition of `alerts` the offset that the step's group has acknowledged; 0 where nothing."""

    def deliveries(self) -> Iterator[Delivery]:
        """All records of attempts, in order within one alert."""

    def silences(self) -> Iterator[Silence]:
        """All that was said of silences, in order within one."""

    def alerts(self, commits: dict[int, int]) -> Iterator[Acknowledged]:
        """All alerts below `commits`, in order within one pattern."""


class KafkaHistory:
    """Reads both topics from their start, without joining the group. What is not a record of ours is passed over."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._alerts = settings.topics.of("alerts")
        self._deliveries = settings.topics.of("deliveries")
        self._silences = settings.topics.of("silences")

    def commits(self) -> dict[int, int]:
        """See History."""
        with closing(self._consumer()) as consumer:
            try:
                where = [TopicPartition(self._alerts, p) for p in self._partitions(consumer, self._alerts)]
                found = committed(consumer, where, timeout=TIMEOUT_SECONDS)
            except KafkaException as error:
                raise self._gone(str(error)) from error
            return {tp.partition: max(0, tp.offset) for tp in found}

    def deliveries(self) -> Iterator[Delivery]:
        """See History."""
        for message in self._read(self._deliveries, None):
            try:
                yield decode(Delivery, message.value())
            except DecodeError:
                continue

    def silences(self) -> Iterator[Silence]:
        """See History."""
        for message in self._read(self._silences, None):
            try:
                yield decode(Silence, message.value())
            except DecodeError:
                continue

    def alerts(self, commits: dict[int, int]) -> Iterator[Acknowledged]:
        """See History."""
        for message in self._read(self._alerts, commits):
            try:
                alert = decode(Alert, message.value())
            except DecodeError:
                continue
            origin = f"{self._alerts}/{message.partition()}/{message.offset()}"
            yield Acknowledged(Arrival(alert, _trace(message) or alert.trace_id, origin), message.timestamp()[1] / 1000)

    def _consumer(self) -> Consumer:
        return Consumer(
            {
                **client_config(self._settings, "notify-history", Trouble()),
                "group.id": f"{self._settings.namespace}.notify",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 20,  # where a partition ends is known when the broker has waited so long for more
                "auto.offset.reset": "earliest",
            }
        )

    def _partitions(self, consumer: Consumer, topic: str) -> list[int]:
        found = consumer.list_topics(topic, timeout=TIMEOUT_SECONDS).topics[topic]
        if found.error is not None:  # not heard of yet, or not ours to see: that is no empty past
            raise KafkaException(found.error)
        return sorted(found.partitions)

    def _read(self, topic: str, until: dict[int, int] | None) -> Iterator[Message]:
        """What lies on `topic` now; with `until`, below those offsets."""
        with closing(self._consumer()) as consumer:
            try:
                left = set(self._partitions(consumer, topic))
            except KafkaException as error:
                raise self._gone(str(error)) from error
            if until is not None:
                left = {partition for partition in left if until.get(partition, 0) > 0}
            consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in left])
            while left:
                message = consumer.poll(TIMEOUT_SECONDS)
                if message is None:
                    raise self._gone(f"no answer for {TIMEOUT_SECONDS:.0f} s")
                trouble, partition, offset = message.error(), message.partition(), message.offset()
                if trouble is not None:
                    if trouble.code() == KafkaError._PARTITION_EOF:
                        left.discard(-1 if partition is None else partition)
                    elif trouble.fatal():
                        raise self._gone(trouble.str())
                    continue
                if partition not in left or offset is None:
                    continue
                end = None if until is None else until[partition]
                if end is None or offset < end:
                    yield message
                if end is not None and offset + 1 >= end:
                    left.discard(partition)

    def _gone(self, reason: str) -> Unreachable:
        return Unreachable(
            f"Kafka stopped answering while the ledger of deliveries was rebuilt: {reason}", hint="Try `tocsin doctor`."
        )


def _trace(message: Message) -> str | None:
    found = dict(message.headers() or ()).get(TRACE_HEADER)
    return found.decode("ascii", "replace") if isinstance(found, bytes) else found
