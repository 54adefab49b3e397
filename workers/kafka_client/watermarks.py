"""Where a partition begins and ends, also of a topic that was made just now."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

ANSWER_SECONDS = 15.0
_MAY_PASS = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART,
             KafkaError._UNKNOWN_PARTITION)  # fmt: skip


def watermarks(consumer: Consumer, where: TopicPartition) -> tuple[int, int]:
    """The first offset of a partition, and the one after the last, as the broker says. Raises KafkaException.

    A topic that was made just now has no leader yet: it is asked again.
    """
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            low, high = consumer.get_watermark_offsets(where, timeout=ANSWER_SECONDS)
        except KafkaException as error:
            if error.args[0].code() not in _MAY_PASS or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return low, high
