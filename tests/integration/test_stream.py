"""The promises of `workers.stream`, on the embedded broker and on Apache Kafka: nothing lost, whatever crashes."""

from __future__ import annotations

import base64
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # its stubs do not name it

from tests.rig.kafka import KafkaServer
from topics.articles import Article
from topics.names import FLOW
from topics.rejects import Reject
from workers.kafka_client import ArticleProducer, ensure_topics
from workers.local.progress import ProgressMeter
from workers.local.topic_reader import read_messages, read_records
from workers.settings import Settings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["broker", "kafka"])
def settings(request: pytest.FixtureRequest) -> Settings:
    server = request.getfixturevalue(request.param)
    namespace = f"stream-{secrets.token_hex(3)}"
    settings = Settings(
        namespace=namespace,
        kafka_bootstrap_servers=server.bootstrap,
        kafka_session_timeout=6 if request.param == "kafka" else 4,
        retry_attempts=4,
        retry_max_wait=0.3,
    )
    ensure_topics(settings, FLOW)
    return settings


def article(name: str, text: str = "words") -> Article:
    return Article(id=name, revision="r1", text=text, fetched_at=NOW)


def produce(settings: Settings, *articles: Article) -> None:
    with ArticleProducer(settings) as producer:
        for one in articles:
            producer.send_article(one)


class Step:
    """The echo step as a process of its own."""

    def __init__(self, settings: Settings, folder: Path, **environment: str) -> None:
        self.journal = folder / "journal"
        self.log = folder / "log"
        env = {**os.environ, **settings.environment(), **environment, "ECHO_JOURNAL": str(self.journal)}
        command = [sys.executable, "-m", "tests.integration.echo_step"]
        self.process = subprocess.Popen(command, env=env, stderr=self.log.open("a"), stdout=subprocess.DEVNULL)

    def lines(self, word: str = "") -> list[str]:
        if not self.journal.exists():
            return []
        return [line for line in self.journal.read_text().splitlines() if line.startswith(word)]

    def end(self, signum: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(signum)
        return self.process.wait(60)


@contextmanager
def running(settings: Settings, folder: Path, **environment: str) -> Iterator[Step]:
    step = Step(settings, folder, **environment)
    try:
        yield step
    finally:
        step.process.kill()
        step.process.wait()


def wait_for(condition: Callable[[], bool], step: Step | None = None, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain\n" + (step.log.read_text()[-3000:] if step else ""))
        time.sleep(0.1)


def waiting(settings: Settings) -> int:
    meter = ProgressMeter(settings, ["annotate"])
    try:
        return meter.measure("annotate").waiting
    finally:
        meter.close()


def echoed(settings: Settings) -> list[str]:
    return [(message.key() or b"").decode() for message in read_messages(settings, "annotations")]


def test_kill_minus_nine_again_and_again_loses_nothing(settings: Settings, tmp_path: Path) -> None:
    ids = {f"a{n}" for n in range(6000)}
    produce(settings, *(article(name) for name in sorted(ids)))
    for _ in range(4):
        with running(settings, tmp_path) as step:
            before = len(step.lines("new"))
            wait_for(lambda step=step, before=before: len(step.lines("new")) > before + 150, step)
            time.sleep(random.random() / 2)
            step.end(signal.SIGKILL)
    with running(settings, tmp_path) as step:
        wait_for(lambda: waiting(settings) == 0, step)
        assert step.end() == 0
    assert set(echoed(settings)) == ids


def test_poison_is_kept_with_its_reason_and_stops_nobody(settings: Settings, tmp_path: Path) -> None:
    bad = [b"{bad", b"", None, b"[1]", b'{"id": 7}', b"\xff\xfe", b"x" * 2_000_000,
           b'{"schema_version": 99, "id": "z"}', b'{"id": "z", "text": 3}']  # fmt: skip
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap_servers, "message.max.bytes": 4_000_000})
    for number, value in enumerate(bad):
        producer.produce(settings.topics.of("articles"), value=value, key=f"bad{number}", headers={"who": b"me"})
    assert producer.flush(30) == 0
    produce(settings, article("good1"), article("good2", "bug"), article("good3", "flaky"), article("good4"))
    with running(settings, tmp_path) as step:
        wait_for(lambda: waiting(settings) == 0, step)
        assert step.end() == 0
    assert sorted(echoed(settings)) == ["good1", "good3", "good4"]
    rejects = {reject.error: reject for reject in read_records(settings, "rejects", Reject)}
    counted = sorted(reject.error for reject in read_records(settings, "rejects", Reject))
    assert counted == sorted(
        ["not-json", "empty", "empty", "bad-schema", "bad-schema", "not-json", "too-large", "schema-version",
         "bad-schema", "internal-error"]
    )  # fmt: skip
    assert rejects["too-large"].original() == b"x" * 2_000_000
    assert rejects["schema-version"].reason.startswith("schema_version is 99")
    assert rejects["too-large"].headers[0][0] == "who"
    assert rejects["internal-error"].offset >= 0


def test_batches_begun_ahead_lose_nothing_whatever_comes_in_between(settings: Settings, tmp_path: Path) -> None:
    """Rebalances, kills, drains, records that are refused or fail, while the next batches are begun already."""
    chance, good, bad = random.Random(4), set[str](), set[str]()
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap_servers})
    for number in range(4000):
        name = f"a{number}"
        text = "bug" if number % 331 == 7 else "slow" if number == 2000 else "flaky" if number % 511 == 3 else "words"
        value = b"{bad" if number % 97 == 5 else article(name, text).model_dump_json().encode()
        (bad if value == b"{bad" or text == "bug" else good).add(name)
        producer.produce(settings.topics.of("articles"), value, name)
    assert producer.flush(30) == 0
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    for _ in range(3):
        with running(settings, folders[0], ECHO_AHEAD="1") as first:
            before = len(first.lines("new"))
            wait_for(
                lambda step=first, before=before: len(step.lines("new")) > before + 100 or not waiting(settings), first
            )
            with running(settings, folders[1], ECHO_AHEAD="1") as second:
                before = len(second.lines("new"))
                wait_for(
                    lambda step=second, before=before: len(step.lines("new")) > before + 50 or not waiting(settings),
                    second,
                )
                time.sleep(chance.random())
                first.end(chance.choice([signal.SIGKILL, signal.SIGTERM]))
                time.sleep(chance.random())
                second.end(chance.choice([signal.SIGKILL, signal.SIGTERM]))
    with running(settings, folders[0], ECHO_AHEAD="1") as step:
        wait_for(lambda: waiting(settings) == 0, step)
    assert set(echoed(settings)) == good
    kept = {base64.b64decode(reject.key or "").decode() for reject in read_records(settings, "rejects", Reject)}
    assert kept == bad


def test_what_does_not_pass_ends_the_process_and_is_not_acknowledged(settings: Settings, tmp_path: Path) -> None:
    produce(settings, article("a1", "down"))
    with running(settings, tmp_path) as step:
        assert step.process.wait(90) == 6
        assert "4 tries failed" in step.log.read_text()
    assert waiting(settings) == 1


def test_a_signal_lets_the_batch_finish_and_commits_it(settings: Settings, tmp_path: Path) -> None:
    produce(settings, article("a1", "slow"))
    with running(settings, tmp_path) as step:
        wait_for(lambda: bool(step.lines("slow")), step)
        assert step.end() == 0
        assert step.lines()[-1] == "stopped"
    assert echoed(settings) == ["a1"]
    assert waiting(settings) == 0


def test_a_step_whose_state_was_lost_reads_again_from_where_it_ends(settings: Settings, tmp_path: Path) -> None:
    produce(settings, *(article(f"a{n}") for n in range(50)))
    with running(settings, tmp_path) as step:
        wait_for(lambda: waiting(settings) == 0, step)
        assert step.end() == 0
    produce(settings, article("fresh"))
    with running(settings, tmp_path, ECHO_STATE="lost") as step:
        wait_for(lambda: any("fresh" in line for line in step.lines("new")), step)
        wait_for(lambda: len(step.lines("again")) == 50, step)
        assert step.end() == 0
    assert waiting(settings) == 0


def test_a_refused_record_as_large_as_the_topic_allows_is_kept_as_far_as_it_fits(
    settings: Settings, tmp_path: Path
) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap_servers, "message.max.bytes": 4_100_000})
    producer.produce(settings.topics.of("articles"), b"{" * 2_950_000, b"k", headers=[("h", b"x" * 200_000)])
    assert producer.flush(30) == 0
    produce(settings, article("good"))
    with running(settings, tmp_path) as step:
        wait_for(lambda: waiting(settings) == 0, step)
        assert step.end() == 0
    (reject,) = read_records(settings, "rejects", Reject)
    assert (reject.error, reject.truncated, reject.headers) == ("too-large", True, ())


def test_topics_that_take_less_than_ours_stop_nobody(kafka: KafkaServer, tmp_path: Path) -> None:
    """Somebody made them with limits of their own: what is too large is refused, as far as `rejects` takes it."""
    settings = Settings(
        namespace=f"stream-{secrets.token_hex(3)}",
        kafka_bootstrap_servers=kafka.bootstrap,
        kafka_session_timeout=6,
        retry_attempts=4,
        retry_max_wait=0.3,
    )
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for kind in ("annotations", "rejects"):
        topic = NewTopic(settings.topics.of(kind), 1, 1, config={"max.message.bytes": "12000"})
        admin.create_topics([topic])[topic.topic].result(30)
    ensure_topics(settings, FLOW)
    chance = random.Random(1)
    small = [article(f"a{n}", chance.randbytes(500).hex()) for n in range(200)]
    produce(settings, *small[:100], article("giant", chance.randbytes(60_000).hex()), *small[100:])
    with running(settings, tmp_path) as step:
        wait_for(lambda: waiting(settings) == 0, step)
        assert step.end() == 0
    assert set(echoed(settings)) == {one.id for one in small}
    (reject,) = read_records(settings, "rejects", Reject)
    assert (reject.error, reject.truncated, reject.value) == ("too-large", True, None)
    assert "max.message.bytes" in reject.reason


def test_a_signal_is_heard_while_nobody_answers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # accepts and never answers
        port = deaf.getsockname()[1]
        settings = Settings(namespace="deaf", kafka_bootstrap_servers=f"127.0.0.1:{port}", drain_seconds=2)
        with running(settings, tmp_path) as step:
            time.sleep(6)
            step.process.send_signal(signal.SIGTERM)
            step.process.wait(30)


def test_what_retention_deleted_behind_the_commit_does_not_wait(kafka: KafkaServer, tmp_path: Path) -> None:
    settings = Settings(namespace=f"gap-{secrets.token_hex(3)}", kafka_bootstrap_servers=kafka.bootstrap, partitions=1,
                        kafka_session_timeout=6, watchdog_seconds=4)  # fmt: skip
    ensure_topics(settings, FLOW)
    produce(settings, *(article(f"a{n}") for n in range(5)))
    with running(settings, tmp_path) as step:
        wait_for(lambda: waiting(settings) == 0, step)
        assert step.end() == 0
    produce(settings, *(article(f"b{n}") for n in range(5)))
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    where = TopicPartition(settings.topics.of("articles"), 0, 10)
    assert admin.delete_records([where])[where].result(30).low_watermark == 10
    with running(settings, tmp_path) as step:
        time.sleep(15)
        assert step.process.poll() is None, step.log.read_text()[-2000:]
        produce(settings, article("next"))
        wait_for(lambda: any("next" in line for line in step.lines()), step)
