"""A replay on servers of the user's own leaves nothing there, however it ends, even where topics make themselves."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka.admin import AdminClient

from tests.rig.kafka import KafkaServer, real_kafka
from tests.rig.process import ended
from workers.archives.readers import Archive
from workers.local.replay import Run, replay, replay_settings
from workers.local.replay_report import ReplayReport
from workers.redis_client import connect
from workers.settings import Settings, examples_dir

ARCHIVE = examples_dir() / "archive" / "wire.jsonl"
LATE_SECONDS = 3.0
"""What would come back comes back soon: clients that still live ask for their topics."""


@pytest.fixture(scope="module")
def willing() -> Iterator[KafkaServer]:
    """A Kafka that makes every topic that somebody asks for."""
    with real_kafka(settings={"auto.create.topics.enable": "true"}) as server:
        yield server


def topics(server: KafkaServer) -> set[str]:
    found = AdminClient({"bootstrap.servers": server.bootstrap}).list_topics(timeout=30).topics
    return {name for name in found if name.startswith("replay-")}


def groups(server: KafkaServer) -> set[str]:
    client = AdminClient({"bootstrap.servers": server.bootstrap})
    return {group.group_id for group in client.list_consumer_groups().result(30).valid}


async def assert_nothing_left(server: KafkaServer, redis_url: str) -> None:
    time.sleep(LATE_SECONDS)
    client = connect(Settings(redis_url=redis_url))
    try:
        assert await client.keys("*") == []
    finally:
        await client.aclose()
    assert topics(server) == set()
    assert groups(server) == set()


async def test_after_success(willing: KafkaServer, redis_url: str, tmp_path: Path) -> None:
    settings = Settings(kafka_bootstrap_servers=willing.bootstrap, redis_url=redis_url)
    lines: list[str] = []
    report: ReplayReport = await replay(
        replay_settings(settings, None),
        Run(Archive([str(ARCHIVE)])),
        sink=lambda name, line: lines.append(f"{name} {line}"),
    )
    assert report.complete, "\n".join(lines[-50:])
    assert report.alerts
    await assert_nothing_left(willing, redis_url)


@pytest.mark.parametrize(("signals", "code"), [((signal.SIGINT,), 130), ((signal.SIGTERM, signal.SIGTERM), 143)])
async def test_after_a_signal(
    willing: KafkaServer, redis_url: str, tmp_path: Path, signals: tuple[signal.Signals, ...], code: int
) -> None:
    archive = tmp_path / "long.jsonl"
    one = ARCHIVE.read_text("utf-8").splitlines()
    archive.write_text("\n".join(line.replace('"id": "', f'"id": "{n}-', 1) for n in range(400) for line in one))
    environment = {
        **os.environ,
        "TOCSIN_KAFKA_BOOTSTRAP_SERVERS": willing.bootstrap,
        "TOCSIN_REDIS_URL": redis_url,
        "TMPDIR": str(tmp_path),
        "TOCSIN_NAMESPACE": secrets.token_hex(4),
    }
    line = [sys.executable, "-m", "workers.cli", "replay", str(archive)]
    with subprocess.Popen(line, env=environment, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while not any(group.endswith(".watch") for group in groups(willing)):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        time.sleep(3)
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        for signum in signals:
            process.send_signal(signum)
            time.sleep(0.3)
        _, said = process.communicate(timeout=120)
    assert process.returncode == code, said
    assert "Traceback" not in said
    assert all(map(ended, children))
    assert not list(tmp_path.glob("tocsin-*"))
    await assert_nothing_left(willing, redis_url)
