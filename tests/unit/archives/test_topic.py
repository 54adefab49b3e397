"""A Kafka topic as an archive that grows and shrinks while it is read."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # its stubs do not name it

from tests.rig.broker import BrokerServer
from tests.rig.kafka import KafkaServer
from tests.unit.archives.test_playing import Sink
from workers.archives.checkpoint import Checkpoint
from workers.archives.numbers import LowWater, number_of
from workers.archives.ordering import Sorted
from workers.archives.playing import Playing
from workers.archives.topic import TopicArchive
from workers.errors import InputError
from workers.settings import Settings


def put(broker: BrokerServer | KafkaServer, topic: str, *records: tuple[int, str, int]) -> None:
    """Each: partition, id, timestamp in milliseconds."""
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    for partition, name, timestamp in records:
        value = json.dumps({"id": name, "text": f"Text of {name}."})
        producer.produce(topic, value, partition=partition, timestamp=timestamp)
    assert producer.flush(30) == 0


def arrived(
    settings: Settings, topic: str, mark: Path, order: Sorted | None = None, *, told: list[str] | None = None
) -> list[str]:
    """What comes when the topic is played with a mark."""
    archive, sink = TopicArchive(settings, topic), Sink()
    checkpoint = Checkpoint.of(mark, archive.rows, on_other=None if told is None else told.append)
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


def made(broker: BrokerServer | KafkaServer, topic: str, partitions: int = 2) -> AdminClient:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(30)
    until_listed(admin, topic, listed=True)
    return admin


def made_anew(admin: AdminClient, topic: str) -> None:
    admin.delete_topics([topic])[topic].result(30)
    until_listed(admin, topic, listed=False)
    admin.create_topics([NewTopic(topic, 2, 1)])[topic].result(30)
    until_listed(admin, topic, listed=True)


def until_listed(admin: AdminClient, topic: str, *, listed: bool) -> None:
    deadline = time.monotonic() + 60
    while (topic in admin.list_topics(timeout=30).topics) != listed:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def check_made_anew(
    broker: BrokerServer | KafkaServer, mark: Path, anew: list[str], *, left: Callable[[Path], None] = lambda _: None
) -> None:
    """Read, made anew with those records, read again. `left` changes a mark as another broker would leave it."""
    topic, told = f"wire.{secrets.token_hex(4)}", list[str]()
    settings = Settings(kafka_bootstrap_servers=broker.bootstrap)
    admin = made(broker, topic)
    base = 1_772_600_000_000
    put(broker, topic, (0, "a", base), (0, "b", base + 1), (0, "c", base + 2))
    assert arrived(settings, topic, mark) == ["a", "b", "c"]
    left(mark)
    put(broker, topic, (0, "d", base), (1, "e", base))
    assert arrived(settings, topic, mark, told=told) == ["d", "e"]
    assert not told
    left(mark)
    made_anew(admin, topic)
    put(broker, topic, *((0, name, base + place) for place, name in enumerate(anew)))
    with pytest.raises(InputError, match="deleted and made anew"):
        arrived(settings, topic, mark)  # a named replay must not be mixed with another
    assert arrived(settings, topic, mark, told=told) == anew
    assert len(told) == 1
    assert f"topic:{topic}: it was deleted and made anew under its name: it is read from its beginning" in told[0]
    assert arrived(settings, topic, mark, told=told) == []
    assert len(told) == 1


@pytest.mark.parametrize("anew", [[], ["x"], ["w", "x", "y", "z"], ["v", "w", "x", "y", "z"]])
def test_a_topic_that_was_made_anew_under_its_name_is_another_one(
    broker: BrokerServer, tmp_path: Path, anew: list[str]
) -> None:
    """With fewer, as many and more records than there were: its offsets begin again."""
    check_made_anew(broker, tmp_path / "mark.json", anew)


def test_a_topic_that_gets_more_partitions_is_the_same_one(broker: BrokerServer, tmp_path: Path) -> None:
    topic, mark = f"wire.{secrets.token_hex(4)}", tmp_path / "mark.json"
    settings = Settings(kafka_bootstrap_servers=broker.bootstrap)
    made(broker, topic)
    put(broker, topic, (0, "a", 1), (1, "b", 2))
    assert arrived(settings, topic, mark) == ["a", "b"]
    state = json.loads(mark.read_text())
    del state["rows"][f"topic:{topic}[1]"]  # as if it had had only one
    mark.write_text(json.dumps(state))
    put(broker, topic, (0, "c", 3))
    assert arrived(settings, topic, mark) == ["b", "c"]


def test_rows_of_numbers_side_by_side_stay_small() -> None:
    low, rows = LowWater(), [number_of(1, 0), number_of(5, 0), number_of(5, 700)]
    for number in range(500):
        for row in rows:
            low.done(row + number)
            low.done(row + number)
    assert low.ranges() == [(row, row + 500) for row in rows]
    assert (low.mark, low.number_done) == (0, 1500)
    again = LowWater(above=low.ranges())
    assert again.ranges() == low.ranges()
    assert again.has(rows[2] + 499)
    assert not again.has(rows[2] + 500)
