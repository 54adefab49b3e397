"""Topics on a broker: created once, differences in words, deleted with their namespace."""

from __future__ import annotations

import time
import uuid

import pytest
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # it re-exports without saying so

from tests.rig.broker import BrokerServer
from tests.rig.kafka import KafkaServer
from topics import admin
from topics.codec import MAX_RECORD_BYTES, MAX_REJECT_VALUE_BYTES
from topics.names import FLOW, TopicNames


@pytest.fixture(params=["broker", pytest.param("kafka", marks=pytest.mark.heavy)])
def client(request: pytest.FixtureRequest) -> AdminClient:
    """On the embedded broker and on a real Kafka."""
    server: BrokerServer | KafkaServer = request.getfixturevalue(request.param)
    return AdminClient({"bootstrap.servers": server.bootstrap})


@pytest.fixture
def names() -> TopicNames:
    return TopicNames(f"t{uuid.uuid4().hex[:12]}")


def test_a_second_creation_creates_nothing(client: AdminClient, names: TopicNames) -> None:
    wanted = admin.specs(names, partitions=3, replication=1)
    assert sorted(admin.create(client, wanted)) == sorted(names.all())
    assert admin.create(client, wanted) == []
    assert admin.check(client, wanted) == []
    assert {len(admin.topics_of(client)[name].partitions) for name in names.all()} == {3}


def test_what_is_missing_is_told_and_not_created_by_asking(client: AdminClient, names: TopicNames) -> None:
    wanted = admin.specs(names, partitions=2, replication=1)
    for _ in range(2):
        assert [str(d) for d in admin.check(client, wanted)] == [f"{name}: missing" for name in names.all()]


def test_differences_are_told_in_words(client: AdminClient, names: TopicNames) -> None:
    old = NewTopic(names.of("articles"), num_partitions=1, replication_factor=1, config={"retention.ms": "1000"})
    for future in client.create_topics([old]).values():
        future.result()
    wanted = admin.specs(names, partitions=4, replication=1)
    assert len(admin.create(client, wanted)) == len(FLOW) - 1
    told = [str(d) for d in admin.check(client, wanted)]
    name = names.of("articles")
    assert f"{name}: partitions is 1, expected 4" in told
    assert f"{name}: retention.ms is 1000, expected {14 * 24 * 3600 * 1000}" in told
    assert all(line.startswith(name) for line in told)


def test_more_partitions_than_asked_for_are_fine(client: AdminClient, names: TopicNames) -> None:
    admin.create(client, admin.specs(names, partitions=5, replication=1))
    assert admin.check(client, admin.specs(names, partitions=2, replication=1)) == []


def test_a_namespace_is_deleted_alone(client: AdminClient, names: TopicNames) -> None:
    other = TopicNames(f"{names.namespace}-other")
    for each in (names, other):
        admin.create(client, admin.specs(each, partitions=1, replication=1))
    assert admin.delete(client, names) == list(names.all())
    gone_by = time.monotonic() + 30
    while set(names.all()) & set(admin.topics_of(client)):  # a busy broker takes a while to tell everybody
        assert time.monotonic() < gone_by
        time.sleep(0.1)
    assert admin.delete(client, names) == []
    assert set(other.all()) <= set(admin.topics_of(client))
    assert not set(names.all()) & set(admin.topics_of(client))


@pytest.mark.heavy
def test_what_the_broker_will_not_do_is_told(kafka: KafkaServer, names: TopicNames) -> None:
    client = AdminClient({"bootstrap.servers": kafka.bootstrap})
    with pytest.raises(admin.AdminError, match="replication factor of 3") as caught:
        admin.create(client, admin.specs(names, partitions=1, replication=3))
    assert caught.value.code == "INVALID_REPLICATION_FACTOR"


def test_no_broker_is_an_admin_error() -> None:
    client = AdminClient({"bootstrap.servers": "127.0.0.1:1", "log_level": 0})
    with pytest.raises(admin.AdminError):
        admin.topics_of(client, timeout=0.2)


def test_every_topic_takes_what_its_records_may_be() -> None:
    for spec in admin.specs(TopicNames("t"), partitions=1, replication=3):
        limit = int(spec.config["max.message.bytes"])
        if spec.kind == "rejects":
            assert limit > MAX_REJECT_VALUE_BYTES * 4 / 3
        assert limit > MAX_RECORD_BYTES
        assert spec.config["min.insync.replicas"] == "2"
    assert "min.insync.replicas" not in admin.specs(TopicNames("t"), 1, 1)[0].config
