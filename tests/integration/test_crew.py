"""`tocsin worker annotate --processes 2` on a broker: both read, nothing twice, and a signal ends all in order."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil

from tests.rig.broker import BrokerServer
from tests.rig.process import ended
from topics.annotations import Annotation
from topics.articles import Article
from topics.names import FLOW
from workers.kafka_client import ArticleProducer, ensure_topics
from workers.local.topic_reader import read_records
from workers.settings import Settings

COUNT = 60
SECONDS = 90.0


def test_two_processes_share_the_articles(broker: BrokerServer, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    settings = Settings(
        namespace=f"crew-{secrets.token_hex(3)}", kafka_bootstrap_servers=broker.bootstrap, ready_file=ready
    )
    ensure_topics(settings, FLOW)
    environment = {**os.environ, **settings.environment(), "TOCSIN_READY_FILE": str(ready)}
    log = tmp_path / "log"
    with log.open("w") as out:
        command = [sys.executable, "-m", "workers.cli", "worker", "annotate", "--processes", "2"]
        crew = subprocess.Popen(command, env=environment, stderr=out, stdout=out)
    try:
        wait_for(ready.exists, log)
        with ArticleProducer(settings) as producer:
            for i in range(COUNT):
                text = f"North Korea fired {i + 2} missiles into the sea on Monday."
                producer.send_article(
                    Article(id=f"a{i}", revision="r", text=text, fetched_at=datetime(2026, 3, 1, tzinfo=UTC))
                )
        found: list[Annotation] = []

        def all_read() -> bool:
            found[:] = read_records(settings, "annotations", Annotation)
            return len(found) >= COUNT

        wait_for(all_read, log)
        assert sorted(one.article_id for one in found) == sorted(f"a{i}" for i in range(COUNT))
        assert all(one.events for one in found)
        children = psutil.Process(crew.pid).children(recursive=True)
        assert len(children) == 4, "two, each with its reader's process"
        crew.send_signal(signal.SIGTERM)
        assert crew.wait(SECONDS) == 0, log.read_text()
        assert all(map(ended, children))
        assert log.read_text().count("partitions.assigned") >= 2
    finally:
        crew.kill()
        crew.wait()


def wait_for(true: object, log: Path) -> None:
    """Until `true()` holds."""
    assert callable(true)
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
