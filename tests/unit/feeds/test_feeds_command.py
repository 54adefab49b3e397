"""`tocsin feeds poll` from outside: what it fetches, produces, remembers and says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest

from tests.rig.broker import BrokerServer
from tests.rig.feed_server import FeedServer, feed_server
from tests.rig.http_server import Answer


@pytest.fixture
def publisher() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


@pytest.fixture
def settings(broker: BrokerServer) -> dict[str, str]:
    return {
        **os.environ,
        "TOCSIN_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap,
        "TOCSIN_NAMESPACE": f"t{uuid.uuid4().hex[:12]}",
    }


def poll(settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workers.cli", "feeds", "poll", *arguments]
    return subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60, check=False)


def feed(count: int) -> str:
    items = "".join(f"<item><title>Story {n}</title><link>/s/{n}</link></item>" for n in range(count))
    return f"<rss version='2.0'><channel><title>Coast</title>{items}</channel></rss>"


@pytest.fixture(params=["file", "redis"])
def remembering(request: pytest.FixtureRequest, settings: dict[str, str], redis_url: str) -> dict[str, str]:
    return settings | ({"TOCSIN_REDIS_URL": redis_url} if request.param == "redis" else {})


def test_a_second_poll_asks_conditionally(remembering: dict[str, str], publisher: FeedServer) -> None:
    url = publisher.publish("/rss", feed(3))
    first = poll(remembering, url)
    assert (first.returncode, first.stdout) == (0, ""), first.stderr
    assert f"{url}: 3 articles" in first.stderr
    assert "articles 3, confirmed 3" in first.stderr
    second = poll(remembering, url)
    assert second.returncode == 0
    assert f"{url}: nothing new" in second.stderr
    plain, conditional = publisher.requests
    assert "If-None-Match" not in plain.headers
    assert conditional.header("If-None-Match")
    publisher.publish("/rss", feed(4))
    assert f"{url}: 4 articles" in poll(remembering, url).stderr


def test_a_broken_feed_is_told_and_the_others_go_on(settings: dict[str, str], publisher: FeedServer) -> None:
    good, missing = publisher.publish("/good", feed(2)), publisher.url_for("/missing")
    done = poll(settings, missing, good)
    assert done.returncode == 1
    assert f"{missing}: broken: HTTP 404: there is no such page" in done.stderr
    assert f"{good}: 2 articles" in done.stderr
    assert "feeds 2, unchanged 0, broken 1; articles 2, confirmed 2" in done.stderr


def test_nothing_is_remembered_without_kafka(settings: dict[str, str], publisher: FeedServer) -> None:
    url = publisher.publish("/rss", feed(3))
    failed = poll({**settings, "TOCSIN_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, url)
    assert failed.returncode == 4
    assert "does not answer" in failed.stderr
    assert f"{url}: 3 articles" in poll(settings, url).stderr


def test_a_dry_run_prints_articles_and_needs_no_kafka(settings: dict[str, str], publisher: FeedServer) -> None:
    url = publisher.publish("/rss", feed(3))
    del settings["TOCSIN_KAFKA_BOOTSTRAP_SERVERS"]
    for _ in range(2):  # and remembers nothing
        done = poll(settings, "--dry-run", url)
        assert done.returncode == 0
        articles = [json.loads(line) for line in done.stdout.splitlines()]
        assert [a["title"] for a in articles] == ["Story 0", "Story 1", "Story 2"]
        assert articles[0]["url"] == publisher.url_for("/s/0")
        assert articles[0]["source"] == "Coast"


def test_passwords_of_feeds_are_never_said(settings: dict[str, str], publisher: FeedServer) -> None:
    publisher.answer("/rss", Answer(body=feed(1).encode()), 401)
    url = publisher.url_for("/rss").replace("://", "://reader:hunter2@")
    for done in (poll(settings, url), poll(settings, url)):
        assert "hunter2" not in done.stdout + done.stderr


def test_no_redis_is_unreachable(settings: dict[str, str], publisher: FeedServer) -> None:
    done = poll({**settings, "TOCSIN_REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"}, publisher.publish("/rss", feed(1)))
    assert done.returncode == 4
    assert "Redis at 127.0.0.1:1/0 does not answer" in done.stderr
    assert "hunter2" not in done.stderr
