"""Whether a Kafka-compatible broker answers, asked as a client would ask."""

from __future__ import annotations

import logging

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.rig.ports import listens

_SILENT = logging.getLogger("tests.rig.librdkafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


def answers(bootstrap: str) -> bool:
    """Whether the broker lists its topics. A refused connection is a plain no."""
    if not listens(int(bootstrap.rpartition(":")[2])):
        return False
    client = AdminClient({"bootstrap.servers": bootstrap, "socket.timeout.ms": 2000}, logger=_SILENT)
    try:
        return bool(client.list_topics(timeout=2).brokers)
    except KafkaException:
        return False
