"""Kafka as a producer and an administrator meet it: all confirmed, or an error that says what to do, never a secret."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from tests.rig.broker import BrokerServer, embedded_broker
from topics.articles import Article, article_id, revision_of
from topics.base import Record
from topics.codec import MAX_ARTICLE_TEXT_BYTES, MAX_RECORD_BYTES, decode
from topics.names import FLOW
from workers import kafka_client
from workers.errors import ConfigurationError, PermanentError, Unreachable
from workers.kafka_client import ArticleProducer, RecordProducer, Trouble, client_config, encoded, trace_id_of
from workers.settings import Settings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "correct-horse-battery"


def article(text: str, title: str = "", **more: Any) -> Article:
    return Article(
        id=article_id(title=title, text=text),
        revision=revision_of(title, text),
        title=title,
        text=text,
        fetched_at=NOW,
        **more,
    )


def settings_for(broker: BrokerServer) -> Settings:
    return Settings(namespace=f"t{uuid.uuid4().hex[:12]}", kafka_bootstrap_servers=broker.bootstrap, partitions=3)


def consume(settings: Settings, count: int) -> list[Message]:
    consumer = Consumer(
        {
            "bootstrap.servers": settings.require_kafka(),
            "group.id": uuid.uuid4().hex,
            "enable.auto.commit": False,
        }
    )
    # Assigned, not subscribed: the embedded broker lets a group wait for many seconds.
    topic = settings.topics.of("articles")
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(settings.partitions)])
    found: list[Message] = []
    deadline = time.monotonic() + 30
    while len(found) < count and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None:
            assert message.error() is None, message.error()
            found.append(message)
    consumer.close()
    return found


@pytest.fixture
def settings(broker: BrokerServer) -> Settings:
    return settings_for(broker)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_all_that_was_sent_is_confirmed_and_lies_on_the_topic(settings: Settings) -> None:
    sent = [article(f"Article number {n}.", title=f"Number {n}") for n in range(5000)]
    confirmed: list[str] = []
    with ArticleProducer(settings) as producer:
        for each in sent:
            producer.send_article(each, on_confirmed=lambda each=each: confirmed.append(each.id))
    assert (producer.sent, producer.confirmed, producer.failed, producer.pending) == (5000, 5000, 0, 0)
    assert sorted(confirmed) == sorted(each.id for each in sent)
    found = consume(settings, 5000)
    assert sorted(decode(Article, m.value()).id for m in found) == sorted(confirmed)
    assert {m.partition() for m in found} == {0, 1, 2}
    first = found[0]
    content = decode(Article, first.value())
    assert first.key() == content.id.encode()
    assert dict(first.headers() or []) == {"schema_version": b"1", "trace_id": trace_id_of(content).encode()}


def test_the_missing_topic_is_created_as_the_settings_say(settings: Settings) -> None:
    with ArticleProducer(settings) as producer:
        producer.send_article(article("x"))
    assert [d.field for d in kafka_client.check_topics(settings) if d.topic == settings.topics.of("articles")] == []


def test_one_key_has_the_partition_that_other_clients_would_choose(settings: Settings) -> None:
    from aiokafka.partitioner import DefaultPartitioner  # noqa: PLC0415 - only this test needs it

    with ArticleProducer(settings) as producer:
        for n in range(30):
            producer.send_article(article(f"Text {n}"))
    choose = DefaultPartitioner()
    assert all(m.partition() == choose(m.key(), [0, 1, 2], [0, 1, 2]) for m in consume(settings, 30))


def test_a_long_text_is_cut_at_a_sentence_end_and_flagged() -> None:
    short, _ = encoded(article("It is short."))
    assert not short.truncated
    long = article("This is one sentence of many. " * 40_000)
    cut, value = encoded(long)
    assert cut.truncated
    assert cut.text.endswith("many.")
    assert len(cut.text) <= MAX_ARTICLE_TEXT_BYTES
    assert (cut.id, cut.revision) == (long.id, long.revision)
    assert decode(Article, value) == cut


def test_a_text_that_json_makes_long_is_cut_further() -> None:
    cut, value = encoded(article("\x01" * 350_000))
    assert cut.truncated
    assert len(value) <= MAX_RECORD_BYTES


def test_a_huge_title_is_cut_too_and_other_huge_fields_are_refused() -> None:
    cut, value = encoded(article("Text.", title="T" * 2_000_000))
    assert len(value) < 10_000
    assert cut.truncated
    with pytest.raises(PermanentError, match="exceeds the limit"):
        encoded(article("Text.", tags=("t" * 2_000_000,)))


def test_a_record_that_cannot_be_written_is_refused_and_the_next_one_goes_on(settings: Settings) -> None:
    with ArticleProducer(settings) as producer:
        with pytest.raises(PermanentError, match="cannot be written as UTF-8"):
            producer.send_article(article("half \ud83d"))
        producer.send_article(article("whole"))
    assert (producer.sent, producer.confirmed) == (1, 1)


def test_the_trace_is_that_of_the_revision() -> None:
    one = article("Same.")
    assert trace_id_of(one) == trace_id_of(one.model_copy(update={"fetched_at": datetime.now(UTC)}))
    assert trace_id_of(one) != trace_id_of(one.model_copy(update={"revision": "other"}))
    assert len(trace_id_of(one)) == 32
    assert int(trace_id_of(one), 16) > 0


def test_a_broker_that_dies_is_told_with_what_it_took() -> None:
    with embedded_broker() as broker:
        settings = settings_for(broker)
        producer = ArticleProducer(settings, delivery_seconds=2)

        def one_before_and_many_after() -> None:
            with producer:
                producer.send_article(article("Before."))
                producer.flush()
                broker.kill()
                for n in range(10_000):
                    producer.send_article(article(f"After {n}. " + "x" * 4000))

        with pytest.raises(Unreachable) as caught:
            one_before_and_many_after()
    assert f"took 1 of {producer.sent:,} records" in str(caught.value)
    assert "Connection refused" in str(caught.value) or "Disconnected" in str(caught.value)
    assert "Run the command again" in str(caught.value)
    assert producer.confirmed == 1


def test_a_broker_that_stalls_for_a_while_loses_nothing() -> None:
    with embedded_broker() as broker:
        settings = settings_for(broker)
        with ArticleProducer(settings) as producer:
            for n in range(200):
                producer.send_article(article(f"First {n}."))
            broker.freeze()
            timer = threading.Timer(1.5, broker.thaw)
            timer.start()
            for n in range(6000):  # more than the local queue holds
                producer.send_article(article(f"Second {n}."))
        assert producer.confirmed == 6200
        ids = [m.key() for m in consume(settings, 6200)]
        assert len(ids) == len(set(ids)) == 6200


def test_an_interrupt_keeps_what_was_handed_over(settings: Settings) -> None:
    producer = ArticleProducer(settings)

    def interrupted() -> None:
        with producer:
            for n in range(100):
                producer.send_article(article(f"Text {n}"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert producer.confirmed == 100


def test_a_producer_is_of_use_only_inside_its_block(settings: Settings) -> None:
    producer = RecordProducer(settings, kinds=())
    with pytest.raises(RuntimeError, match="with"):
        producer.send("articles", "k", Record())


def test_check_says_what_answers(broker: BrokerServer, settings: Settings) -> None:
    assert kafka_client.check(settings) == "cluster tansu_cluster, 1 broker"


@pytest.mark.parametrize(
    ("servers", "reason"),
    [("127.0.0.1:1", "Connection refused"), ("no-such-host.invalid:9092", "Failed to resolve 'no-such-host.invalid")],
)
def test_nobody_there_is_unreachable_with_the_reason(servers: str, reason: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Unreachable, match=reason) as caught:
        kafka_client.check(Settings(kafka_bootstrap_servers=servers), timeout=1)
    assert servers in str(caught.value)
    assert "TOCSIN_KAFKA_BOOTSTRAP_SERVERS" in str(caught.value)
    assert time.monotonic() - begun < 3


def test_a_silent_peer_is_unreachable_in_time(silent_port: int) -> None:
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        kafka_client.check(Settings(kafka_bootstrap_servers=f"127.0.0.1:{silent_port}"), timeout=1)
    assert time.monotonic() - begun < 3


def test_a_login_where_there_is_none_never_shows_the_password(broker: BrokerServer) -> None:
    settings = Settings(
        kafka_bootstrap_servers=broker.bootstrap,
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_mechanism="SCRAM-SHA-256",
        kafka_username="tocsin",
        kafka_password=PASSWORD,  # type: ignore[arg-type]  # pydantic makes a secret of it
    )
    with pytest.raises(Unreachable) as caught:
        kafka_client.check(settings, timeout=1.5)
    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in repr(settings)


@pytest.mark.parametrize(
    ("servers", "shown"),
    [
        ("http://kafka:9092", "http://kafka:9092"),
        ("kafka:99999", "kafka:99999"),
        ("kafka:port", "kafka:port"),
        (f"user:{PASSWORD}@kafka:9092", "kafka:9092"),
        (" , ", "names no broker"),
    ],
)
def test_addresses_that_are_none_are_configuration_errors(servers: str, shown: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        kafka_client.check(Settings(kafka_bootstrap_servers=servers))
    assert shown in str(caught.value)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("servers", ["kafka", "kafka:9092, other:9093", "[::1]:9092", "10.0.0.1:9092"])
def test_addresses_as_people_write_them(servers: str) -> None:
    config = client_config(Settings(kafka_bootstrap_servers=servers), "test", Trouble())
    assert config["bootstrap.servers"] == servers.replace(" ", "")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"kafka_username": "u"}, "TOCSIN_KAFKA_SECURITY_PROTOCOL"),
        ({"kafka_security_protocol": "SASL_SSL"}, "needs a mechanism, a user and a password"),
        ({"kafka_security_protocol": "SSL", "kafka_ca_file": "/does/not/exist.pem"}, "cannot be set up"),
    ],
)
def test_contradictory_security_is_told(given: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        kafka_client.check(Settings(kafka_bootstrap_servers="127.0.0.1:1", **given))


def test_topics_are_created_checked_and_deleted(settings: Settings) -> None:
    assert len(kafka_client.check_topics(settings)) == len(FLOW)
    assert len(kafka_client.create_topics(settings)) == len(FLOW)
    assert kafka_client.check_topics(settings) == []
    assert len(kafka_client.delete_topics(settings)) == len(FLOW)
