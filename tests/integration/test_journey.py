"""The sample archive from end to end on Apache Kafka and a real Redis: just the expected alerts, each told."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.harness import ARCHIVE, new_namespace, play
from tests.rig.kafka import KafkaServer
from workers.local.expected import read_expected
from workers.settings import Settings


async def test_the_whole_way_on_real_servers(kafka: KafkaServer, redis_url: str, tmp_path: Path) -> None:
    settings = Settings(namespace=new_namespace(), kafka_bootstrap_servers=kafka.bootstrap, redis_url=redis_url)
    outcome = await play(settings, tmp_path)
    assert outcome.alerts == set(read_expected(ARCHIVE.parent / "expected.json"))
    assert outcome.received == outcome.ids
    assert outcome.counts["event", "7d"], "no counts"
