"""Texts that end the reader's process, or never let it end, among good ones: these are read, those are kept."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from tests.rig.broker import BrokerServer
from tests.rig.process import ended
from topics.articles import Article
from topics.names import FLOW
from topics.rejects import Reject
from workers.errors import ExitCode
from workers.kafka_client import ArticleProducer, ensure_topics
from workers.local.topic_reader import read_messages, read_records
from workers.settings import Settings

SECONDS = 300.0
"""Fifty readers are started one after the other; on a loaded machine each takes seconds."""
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def settings(broker: BrokerServer) -> Settings:
    settings = Settings(
        namespace=f"odd-{secrets.token_hex(3)}",
        kafka_bootstrap_servers=broker.bootstrap,
        kafka_session_timeout=4,
        partitions=2,
        batch_size=16,
        retry_attempts=2,
        retry_max_wait=0.2,
    )
    ensure_topics(settings, FLOW)
    return settings


@contextmanager
def step(settings: Settings, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    (folder / "readers").mkdir(exist_ok=True)
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.odd_step"],
            env={**os.environ, **settings.environment(), "ODD_FOLDER": str(folder / "readers")},
            stderr=log,
            stdout=subprocess.DEVNULL,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def produce(settings: Settings, texts: Sequence[str]) -> None:
    with ArticleProducer(settings) as producer:
        for number, text in enumerate(texts):
            producer.send_article(Article(id=f"a{number}", revision="r", text=text, fetched_at=NOW))


def annotated(settings: Settings) -> Counter[str]:
    return Counter((found.key() or b"").decode() for found in read_messages(settings, "annotations"))


def rejected(settings: Settings) -> Counter[tuple[str, str]]:
    """Errors and texts."""
    return Counter(
        (found.error, Article.model_validate_json(found.original() or b"").text)
        for found in read_records(settings, "rejects", Reject)
    )


def until(true: Callable[[], bool], folder: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, (folder / "log").read_text()[-5000:]
        time.sleep(0.1)


def test_texts_that_end_their_reader_are_kept_and_stop_nobody(settings: Settings, tmp_path: Path) -> None:
    texts = [f"rain {number}" for number in range(40)]
    texts[5:5] = ["die", "spin", "bug", f"die once {tmp_path / 'first'}"]
    texts[30:30] = ["spin", "die", f"die once {tmp_path / 'second'}"]
    bad = {"die": "internal-error", "bug": "internal-error", "spin": "too-slow"}
    produce(settings, texts)
    good = {f"a{number}" for number, text in enumerate(texts) if text not in bad}
    with step(settings, tmp_path) as process:
        until(lambda: set(annotated(settings)) == good and sum(rejected(settings).values()) == 5, tmp_path)
        assert rejected(settings) == Counter((bad[text], text) for text in texts if text in bad)
        assert annotated(settings) == Counter(good), "each once: nothing was sent before it was isolated"
        (reader,) = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == ExitCode.OK
        assert ended(reader)
    reasons = {found.reason for found in read_records(settings, "rejects", Reject)}
    assert any("SIGSEGV" in reason for reason in reasons)


def test_a_reader_that_dies_of_everything_ends_the_step(settings: Settings, tmp_path: Path) -> None:
    produce(settings, ["die"] * 60)
    with step(settings, tmp_path) as process:
        assert process.wait(SECONDS) == ExitCode.TRANSIENT, (tmp_path / "log").read_text()[-3000:]
    assert not annotated(settings)


def test_one_that_somebody_kills_whatever_it_reads_ends_the_step_and_rejects_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    """The kernel, for want of memory: the articles are as good as any."""
    produce(settings, ["killed", "rain", "killed"])
    with step(settings, tmp_path) as process:
        assert process.wait(SECONDS) == ExitCode.TRANSIENT, (tmp_path / "log").read_text()[-3000:]
    assert not rejected(settings)


def test_one_that_cannot_be_started_again_ends_the_step_with_nothing_lost(settings: Settings, tmp_path: Path) -> None:
    produce(settings, ["rain"])
    with step(settings, tmp_path) as process:
        until(lambda: len(annotated(settings)) == 1, tmp_path)
        (tmp_path / "readers").rename(tmp_path / "away")
        (reader,) = psutil.Process(process.pid).children()
        reader.kill()
        produce(settings, ["rain", "rain"])
        assert process.wait(SECONDS) == ExitCode.TRANSIENT, (tmp_path / "log").read_text()[-3000:]
    with step(settings, tmp_path):
        until(lambda: set(annotated(settings)) == {"a0", "a1"}, tmp_path)
    assert not rejected(settings)
