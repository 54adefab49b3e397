"""Reads what lies on a topic now, from its first record to its last, without joining a group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from topics.base import Record
from topics.codec import RECORDS, decode
from topics.names import TopicKind
from workers.errors import Unreachable
from workers.kafka_client import Trouble, client_config
from workers.local.progress import TIMEOUT_SECONDS, topic_size
from workers.settings import Settings

RecordT = TypeVar("RecordT", bound=Record)


def read_messages(settings: Settings, kind: TopicKind) -> Iterator[Message]:
    """Every message of the topic as it stands now, partition by partition. Raises Unreachable."""
    topic = settings.topics.of(kind)
    config = {**client_config(settings, "reader", Trouble()), "group.id": f"{settings.namespace}.reader",
              "enable.auto.commit": False, "auto.offset.reset": "earliest"}  # fmt: skip
    consumer = Consumer(config)
    try:
        open_ends = {p: high for p, (low, high) in topic_size(consumer, topic).items() if high > low}
        consumer.assign([TopicPartition(topic, p, 0) for p in open_ends])
        while open_ends:
            message = consumer.poll(TIMEOUT_SECONDS)
            if message is None:
                raise Unreachable(f"Kafka stopped sending the topic {topic}.", hint="Try `tocsin doctor`.")
            if message.error():
                raise Unreachable(f"Reading the topic {topic} failed: {message.error()}", hint="Try `tocsin doctor`.")
            partition, offset = message.partition(), message.offset()
            if partition in open_ends and offset is not None and offset + 1 >= open_ends[partition]:
                del open_ends[partition]
            yield message
    except KafkaException as error:
        raise Unreachable(f"Kafka does not answer: {error.args[0]}", hint="Try `tocsin doctor`.") from error
    finally:
        consumer.close()


def read_records(settings: Settings, kind: TopicKind, record_type: type[RecordT]) -> Iterator[RecordT]:
    """Every record of the topic. Raises Unreachable; DecodeError for a record that is not one of ours."""
    if RECORDS[kind] is not record_type:
        raise TypeError(f"the topic {kind} holds {RECORDS[kind].__name__}, not {record_type.__name__}")
    for message in read_messages(settings, kind):
        yield decode(record_type, message.value(), max_bytes=16_000_000)
