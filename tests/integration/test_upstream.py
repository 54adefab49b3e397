"""What still waits on `annotations`, asked of a real Kafka and of the embedded broker: from where the state ends."""

from __future__ import annotations

import secrets
import time

import pytest
from confluent_kafka import Producer

from topics.names import FLOW
from workers.errors import TransientError, Unreachable
from workers.kafka_client import ensure_topics
from workers.settings import Settings
from workers.watch.agent import KafkaUpstream


@pytest.mark.parametrize("which", ["kafka", "broker"])
async def test_a_partition_waits_from_where_the_state_ends(which, request) -> None:
    server = request.getfixturevalue(which)
    settings = Settings(namespace=f"up-{secrets.token_hex(3)}", kafka_bootstrap_servers=server.bootstrap)
    ensure_topics(settings, FLOW)
    upstream = KafkaUpstream(settings)
    everything = await upstream.partitions()
    assert everything == frozenset(range(len(everything)))
    assert len(everything) > 1
    assert await upstream.drained({}) == everything, "nothing was ever there"
    producer = Producer({"bootstrap.servers": server.bootstrap})
    for _ in range(3):
        producer.produce(settings.topics.of("annotations"), b"{}", partition=1)
    producer.flush()
    assert await upstream.drained({}) == everything - {1}
    assert await upstream.drained({1: 2}) == everything - {1}
    assert await upstream.drained({1: 3}) == everything
    producer.produce(settings.topics.of("articles"), b"{}", partition=0)
    producer.flush()
    assert await upstream.drained({1: 3}) == frozenset(), "an article waits before the annotate step"


@pytest.mark.parametrize("which", ["kafka", "broker"])
@pytest.mark.parametrize("missing", ["articles", "annotations"])
async def test_a_topic_that_the_broker_does_not_know_is_no_silence(which, missing, request, monkeypatch) -> None:
    """As a broker says that has not heard of a topic yet, and one that lets the user see nothing of it."""
    monkeypatch.setattr("workers.watch.agent.ASK_SECONDS", 2.0)
    server = request.getfixturevalue(which)
    settings = Settings(namespace=f"up-{secrets.token_hex(3)}", kafka_bootstrap_servers=server.bootstrap)
    ensure_topics(settings, [kind for kind in FLOW if kind != missing])
    upstream = KafkaUpstream(settings)
    with pytest.raises(TransientError, match=settings.topics.of(missing)):
        await upstream.drained({})
    ensure_topics(settings, FLOW)
    assert await upstream.drained({}) == await upstream.partitions() != frozenset()
    upstream.close()


async def test_a_kafka_that_does_not_answer_is_given_up_in_time(monkeypatch) -> None:
    monkeypatch.setattr("workers.watch.agent.ASK_SECONDS", 1.0)
    upstream = KafkaUpstream(Settings(kafka_bootstrap_servers="127.0.0.1:1"))
    started = time.monotonic()
    with pytest.raises(Unreachable):
        await upstream.drained({})
    assert time.monotonic() - started < 20
