"""The rig's Apache Kafka: it keeps its topics over kill and restart, and its clients can be kept behind a proxy."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.rig.kafka import KafkaServer, real_kafka
from tests.rig.ports import listens
from tests.rig.process import CannotStart
from tests.rig.proxy import proxy_to


def create_topic(bootstrap: str, name: str) -> None:
    client = AdminClient({"bootstrap.servers": bootstrap})  # must outlive the future
    client.create_topics([NewTopic(name, 2, 1)])[name].result(30)


def topics(bootstrap: str) -> set[str]:
    return set(AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=30).topics)


def test_kafka_keeps_its_topics_over_kill_and_restart(kafka: KafkaServer) -> None:
    create_topic(kafka.bootstrap, "rig.kept")
    kafka.kill()
    assert not listens(kafka.port)
    kafka.start()
    assert "rig.kept" in topics(kafka.bootstrap)
    kafka.restart()
    assert "rig.kept" in topics(kafka.bootstrap)


def test_kafka_makes_no_topic_by_itself(kafka: KafkaServer) -> None:
    refused: list[str] = []
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "message.timeout.ms": 1000})
    producer.produce("rig.never-made", b"x", on_delivery=lambda error, _message: refused.append(str(error)))
    assert producer.flush(30) == 0
    assert refused[0].startswith("KafkaError")
    assert "rig.never-made" not in topics(kafka.bootstrap)


def test_a_wrong_kafka_setting_is_an_error_with_kafkas_words() -> None:
    with pytest.raises(CannotStart, match=r"log\.retention"), real_kafka({"log.retention.bytes": "many"}):
        pytest.fail("it must not start")


def test_kafkas_clients_stay_on_the_proxy_and_lose_nothing_when_it_is_cut() -> None:
    with proxy_to() as net, real_kafka(advertise_proxy=net.port) as kafka:
        net.target = kafka.proxied_port
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        admin.create_topics([NewTopic("cut", 1, 1)])["cut"].result(30)
        failed: list[Any] = []
        producer = Producer({"bootstrap.servers": net.address, "enable.idempotence": True, "linger.ms": 5})
        for number in range(500):
            producer.produce("cut", str(number).encode(), on_delivery=lambda e, _: failed.append(e) if e else None)
            producer.poll(0)
            if number % 100 == 50:
                net.cut()
            if number == 250:
                net.swallow()
                producer.poll(0.5)
                net.heal()
        assert producer.flush(60) == 0
        assert failed == []
        assert net.accepted > 2, "it never came by the proxy"
        consumer = Consumer(
            {"bootstrap.servers": net.address, "group.id": "g", "auto.offset.reset": "earliest"},
        )
        consumer.subscribe(["cut"])
        came = [message.value() for message in consumer.consume(500, timeout=60) if not message.error()]
        consumer.close()
        assert came == [str(number).encode() for number in range(500)]
