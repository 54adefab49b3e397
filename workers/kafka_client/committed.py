"""What a group has committed, also by a broker that has just started and still looks for the group's coordinator."""

from __future__ import annotations

import time
from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

_COORDINATOR_MOVES = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    }
)


def committed(consumer: Consumer, where: Sequence[TopicPartition], *, timeout: float) -> list[TopicPartition]:
    """The commits of the consumer's group, within `timeout` seconds. Raises KafkaException."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            return list(consumer.committed(list(where), timeout=max(0.1, deadline - time.monotonic())))
        except KafkaException as error:
            if error.args[0].code() not in _COORDINATOR_MOVES or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
