"""The counting of the watch step as a bare loop, a process of its own: confluent-kafka, json and redis-py.

Arguments: bootstrap servers, topic, Redis URL. It says how far it is in the hash `bare:done`.
"""

from __future__ import annotations

import sys
from typing import Any

import redis
from confluent_kafka import Consumer, Message

from tests.benchmarks.watch.counting import count_into

BATCH = 32


def main(bootstrap: str, topic: str, url: str) -> None:
    """For ever."""
    client = redis.Redis.from_url(url, decode_responses=True)
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "bare",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    while True:
        batch = [message for message in consumer.consume(BATCH, timeout=0.2) if message.error() is None]
        if batch:
            _take(client, batch)
            consumer.commit(message=batch[-1], asynchronous=True)


def _take(client: Any, batch: list[Message]) -> None:
    pipe = client.pipeline(transaction=False)
    for message in batch:
        count_into(pipe, "bare", message.value() or b"")
    pipe.hincrby("bare", "done", len(batch))
    pipe.execute()


if __name__ == "__main__":
    main(*sys.argv[1:])
