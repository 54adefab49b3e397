"""What a replay counts, and that a cancelled one produces nothing more."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pytest

from tests.rig.broker import BrokerServer
from topics.articles import Article
from topics.codec import make_reject
from topics.rejects import Reject
from workers.archives.numbers import LowWater
from workers.archives.parsing import article_from_json
from workers.archives.playing import Playing
from workers.archives.readers import Archive
from workers.cli.replay import _drop
from workers.errors import InputError
from workers.kafka_client import ensure_topics
from workers.local import replay as module
from workers.local.replay import Run, check_servers, checkpointed, produce, replay_settings
from workers.local.replay_report import original_of
from workers.settings import Settings


def reject(value: bytes | None, *, offset: int, key: bytes | None = b"a", topic: str = "n.articles") -> Reject:
    return make_reject(step="annotate", topic=topic, partition=0, offset=offset, key=key, value=value, headers=(),
                       error="e", reason="r", attempts=1, rejected_at=datetime(2026, 1, 1, tzinfo=UTC))  # fmt: skip


def line(revision: str, **more: str) -> bytes:
    return json.dumps({"revision": revision, **more}).encode()


def test_the_same_article_refused_at_two_positions_is_one() -> None:
    refused = [
        reject(line("1"), offset=0),
        reject(line("1", fetched_at="later"), offset=7),
        reject(line("2"), offset=8),
    ]
    assert len({original_of(each) for each in refused}) == 2


@pytest.mark.parametrize("value", [b"\xff no JSON", b"[]", b'"text"', b'{"revision": 3}', b"{}", None])
def test_what_has_no_revision_is_told_apart_by_its_content(value: bytes | None) -> None:
    same = {original_of(reject(value, offset=offset)) for offset in (0, 1)}
    assert len(same) == 1
    assert len(same | {original_of(reject(b"other", offset=2)), original_of(reject(value, offset=3, key=None))}) == 3
    assert original_of(reject(value, offset=0, topic="n.annotations")) not in same


async def test_a_cancelled_replay_produces_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    begun, ended = threading.Event(), threading.Event()

    class Sink:
        """A producer that only remembers."""

        def __init__(self, settings: Settings) -> None:
            """No connection."""

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            ended.set()

        def send_article(self, article: Article, *, on_confirmed: object = None) -> None:
            sent.append(article)
            begun.set()

        def poll(self, seconds: float = 0.0) -> None:
            """Nothing to take in."""

        def flush(self) -> None:
            """Nothing to wait for."""

    def endless() -> Iterator[Article]:
        while True:
            yield article_from_json(b'{"text": "a"}', datetime(2026, 1, 1, tzinfo=UTC))

    monkeypatch.setattr(module, "ArticleProducer", Sink)
    task = asyncio.create_task(produce(Settings(), endless()))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    before = len(sent)
    await asyncio.sleep(0.05)
    assert len(sent) == before


@pytest.mark.parametrize("name", ["", "A", "a b", "a" * 42, "../x", "-a"])
def test_a_name_that_is_no_namespace_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="--name"):
        replay_settings(Settings(), None, name)


def test_a_run_cannot_outlive_servers_that_only_it_starts() -> None:
    for run in (Run(Archive([]), name="a"), Run(Archive([]), keep=True)):
        with pytest.raises(InputError, match="outlive") as caught:
            check_servers(Settings(), run)
        assert "TOCSIN_KAFKA_BOOTSTRAP_SERVERS" in str(caught.value.hint)
    check_servers(Settings(), Run(Archive([])))


def test_a_mark_that_kafka_has_forgotten_stays_forgotten_whatever_kills_the_run(
    broker: BrokerServer, tmp_path: Path
) -> None:
    (archive := tmp_path / "a.jsonl").write_bytes(b"{}\n")
    run = Run(Archive([str(archive)]), name="n")
    settings = replay_settings(Settings(kafka_bootstrap_servers=broker.bootstrap), None, f"n-{secrets.token_hex(3)}")

    def resumed() -> int:
        playing = Playing()
        with checkpointed(settings, run, playing):
            return playing.low.mark

    with checkpointed(settings, run, playing := Playing()):
        assert playing.checkpoint is not None
        playing.checkpoint.save(LowWater(5), finished=True)
    assert resumed() == 0  # no topic is there
    ensure_topics(settings, ["articles"])  # and then it is killed before it has sent anything
    assert resumed() == 0


def test_what_a_run_holds_is_not_dropped_beneath_it(broker: BrokerServer, redis_url: str, tmp_path: Path) -> None:
    (archive := tmp_path / "a.jsonl").write_bytes(b"{}\n")
    settings = Settings(kafka_bootstrap_servers=broker.bootstrap, redis_url=redis_url)
    own = replay_settings(settings, None, "held")
    with (
        checkpointed(own, Run(Archive([str(archive)]), name="held"), Playing()),
        pytest.raises(InputError, match="another run holds it"),
    ):
        _drop(settings, "held", [])
