"""A topic of Apache Kafka as an archive, with and without the ids that brokers before 2.8 do not give."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition

from tests.rig.kafka import KafkaServer
from tests.unit.archives.test_topic import arrived, check_made_anew, made, put
from workers.errors import InputError
from workers.settings import Settings


def without_ids(mark: Path) -> None:
    """As a broker before Kafka 2.8 leaves it, which gives topics no id."""
    found = json.loads(mark.read_text())
    for row in found["rows"].values():
        row[0][0] = ""
    mark.write_text(json.dumps(found))


@pytest.mark.parametrize("anew", [[], ["x"], ["w", "x", "y", "z"], ["v", "w", "x", "y", "z"]])
def test_a_topic_that_was_made_anew_is_another_one_whatever_the_broker(
    kafka: KafkaServer, tmp_path: Path, anew: list[str]
) -> None:
    """With fewer, as many and more records than there were."""
    check_made_anew(kafka, tmp_path / "with.json", anew)
    check_made_anew(kafka, tmp_path / "without.json", anew, left=without_ids)


def test_what_has_expired_tells_nothing_and_another_id_everything(kafka: KafkaServer, tmp_path: Path) -> None:
    settings, mark = Settings(kafka_bootstrap_servers=kafka.bootstrap), tmp_path / "mark.json"
    topic = "wire.expired"
    admin = made(kafka, topic)
    put(kafka, topic, (0, "a", 1_772_600_000_000), (0, "b", 1_772_600_000_001))
    assert arrived(settings, topic, mark) == ["a", "b"]
    without_ids(mark)
    where = TopicPartition(topic, 0, 2)
    admin.delete_records([where])[where].result(30)
    put(kafka, topic, (0, "c", 1_772_600_000_002))
    assert arrived(settings, topic, mark) == ["c"]
    state = json.loads(mark.read_text())
    for row in state["rows"].values():
        row[0][0] = "AAAAAAAAAAAAAAAAAAAAAQ"
    mark.write_text(json.dumps(state))
    with pytest.raises(InputError, match="made anew"):
        arrived(settings, topic, mark)
