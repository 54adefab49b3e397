"""Confluent's Kafka client as Tocsin uses it: configuration, topics, and a producer that loses nothing.

Faust has its own client and is no part of this; what records look like is `topics`' matter.
"""

from workers.kafka_client.administration import (
    check,
    check_topics,
    create_topics,
    delete_groups,
    delete_topics,
    ensure_topics,
    topic_exists,
)
from workers.kafka_client.backlog import Backlog
from workers.kafka_client.committed import committed
from workers.kafka_client.config import Trouble, client_config
from workers.kafka_client.producer import ArticleProducer, RecordProducer, encoded, producer_config, trace_id_of
from workers.kafka_client.watermarks import watermarks

__all__ = [
    "ArticleProducer",
    "Backlog",
    "RecordProducer",
    "Trouble",
    "check",
    "check_topics",
    "client_config",
    "committed",
    "create_topics",
    "delete_groups",
    "delete_topics",
    "encoded",
    "ensure_topics",
    "producer_config",
    "topic_exists",
    "trace_id_of",
    "watermarks",
]
