"""200 malformed records between good ones: all good ones are processed, all bad ones kept, no step dies."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

from confluent_kafka import Producer

from tests.journeys.harness import ARCHIVE, new_namespace
from tests.rig.kafka import KafkaServer
from topics.annotations import Annotation
from topics.codec import encode
from topics.rejects import Reject
from workers.archives.readers import Malformed, read_paths
from workers.local.stack import Stack, file_sink, local_stack
from workers.local.topic_reader import read_records
from workers.settings import Settings

POISON: list[tuple[str, bytes | None]] = [
    ("not-json", b"{bad json"),
    ("not-json", b"\xff\xfe\x00garbage"),
    ("not-json", b'{"id": "half'),
    ("bad-schema", b'["a", "list"]'),
    ("bad-schema", b'{"id": 7, "revision": "r", "text": "t", "fetched_at": "2026-03-01T00:00:00Z"}'),
    ("bad-schema", b'{"id": "x", "revision": "r", "text": ["t"], "fetched_at": "yesterday"}'),
    ("bad-schema", b'{"id": "", "revision": "r", "text": "t", "fetched_at": "2026-03-01T00:00:00Z"}'),
    ("empty", b""),
    ("empty", None),
    ("schema-version", b'{"schema_version": 99, "id": "x", "brand": "new"}'),
    ("too-large", b'{"id": "x", "text": "' + b"y" * 2_000_000 + b'"}'),
]
BAD = 200


def produce_mixed(stack: Stack) -> tuple[set[str], Counter[str]]:
    """The sample archive with poison between its articles; ids of the good, errors of the bad."""
    producer = Producer({"bootstrap.servers": stack.settings.kafka_bootstrap_servers, "message.max.bytes": 4_000_000})
    topic = stack.settings.topics.of("articles")
    good = [item for item in read_paths([str(ARCHIVE)]) if not isinstance(item, Malformed)]
    sent: Counter[str] = Counter()
    for number in range(max(BAD, len(good))):
        if number < BAD:
            error, value = POISON[number % len(POISON)]
            producer.produce(topic, value=value, key=f"poison-{number}")
            sent[error] += 1
        if number < len(good):
            producer.produce(topic, value=encode(good[number]), key=good[number].id)
        producer.poll(0)
    assert producer.flush(60) == 0
    return {article.id for article in good}, sent


async def test_two_hundred_malformed_records(kafka: KafkaServer, redis_url: str, tmp_path: Path) -> None:
    settings = Settings(namespace=new_namespace(), kafka_bootstrap_servers=kafka.bootstrap, redis_url=redis_url,
                        clock="archive", kafka_session_timeout=6)  # fmt: skip
    log = tmp_path / "steps.log"
    async with local_stack(settings, sink=file_sink(log)) as stack:
        good, bad = await asyncio.to_thread(produce_mixed, stack)
        await stack.wait_until_idle()
        restarts = {name: child.restarts for name, child in stack.children.items()}
        annotated = {found.article_id for found in read_records(stack.settings, "annotations", Annotation)}
        rejects = list(read_records(stack.settings, "rejects", Reject))
    assert not any(restarts.values()), log.read_text()[-3000:]
    assert annotated == good
    assert Counter(reject.error for reject in rejects) == bad
    assert sum(bad.values()) == BAD
    assert len({(reject.partition, reject.offset) for reject in rejects}) == BAD
    assert all(reject.reason and reject.topic == settings.topics.of("articles") for reject in rejects)
    originals = {json.dumps(list(value)) if value and len(value) < 200 else len(value or b"") for _, value in POISON}
    kept = {json.dumps(list(v)) if (v := reject.original()) and len(v) < 200 else len(v or b"") for reject in rejects}
    assert kept == originals
