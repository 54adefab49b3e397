"""A Kafka topic as an archive that grows and shrinks while it is read."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # its stubs do not name it

from tests.rig.broker import BrokerServer
from tests.unit.archives.test_playing import Sink
from workers.archives.checkpoint import Checkpoint, LowWater
from workers.archives.ordering import Sorted
from workers.archives.playing import Playing
from workers.archives.topic import TopicArchive
from workers.settings import Settings


def put(broker: BrokerServer, topic: str, *records: tuple[int, str, int]) -> None:
    """Each: partition, id, timestamp in milliseconds."""
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    for partition, name, timestamp in records:
        value = json.dumps({"id": name, "text": f"Text of {name}."})
        producer.produce(topic, value, partition=partition, timestamp=timestamp)
    assert producer.flush(30) == 0


def arrived(settings: Settings, topic: str, mark: Path, order: Sorted | None) -> list[str]:
    """What comes when the topic is played with a mark."""
    archive, sink = TopicArchive(settings, topic), Sink()
    checkpoint = Checkpoint.of(mark, archive.files)
    with checkpoint.held() as low:
        Playing(order=order, checkpoint=checkpoint, low=low).play(archive, sink)
        checkpoint.save(low, finished=True)
    return sorted(article.id for article in sink.confirmed)


@pytest.mark.parametrize("sort", [False, True])
def test_what_came_meanwhile_is_read_the_next_time_wherever_its_time_puts_it(
    broker: BrokerServer, tmp_path: Path, sort: bool
) -> None:
    """Two partitions are never read to the same moment, and clocks differ: a later record may have an earlier time."""
    topic, mark = f"wire.{secrets.token_hex(4)}", tmp_path / "mark.json"
    settings = Settings(kafka_bootstrap_servers=broker.bootstrap)
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic(topic, 2, 1)])[topic].result(30)
    base = 1_772_600_000_000
    put(broker, topic, (0, "a", base + 100), (0, "b", base + 200), (1, "c", base + 150))
    assert arrived(settings, topic, mark, Sorted() if sort else None) == ["a", "b", "c"]
    put(broker, topic, (1, "d", base + 120), (0, "e", base + 90), (1, "f", base + 999))
    assert arrived(settings, topic, mark, Sorted() if sort else None) == ["d", "e", "f"]
    assert arrived(settings, topic, mark, Sorted() if sort else None) == []


def test_rows_of_numbers_side_by_side_stay_small() -> None:
    low, rows = LowWater(), [1 << 48, 5 << 48, (5 << 48) + 700]
    for number in range(500):
        for row in rows:
            low.done(row + number)
            low.done(row + number)
    assert low.ranges() == [(row, row + 500) for row in rows]
    assert (low.mark, low.number_done) == (0, 1500)
    again = LowWater(low.mark, low.ranges())
    assert again.ranges() == low.ranges()
    assert again.has(rows[2] + 499)
    assert not again.has(rows[2] + 500)
