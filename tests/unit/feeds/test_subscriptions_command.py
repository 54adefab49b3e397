"""`tocsin feeds add | list | check | import | export | retry | poll` with a feeds.yaml, from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.broker import BrokerServer
from tests.rig.feed_server import FeedServer, feed_server
from tests.rig.http_server import Answer
from tests.rig.ports import free_port
from tests.rig.proxy import proxy_to
from tests.rig.redis import RedisServer
from topics.articles import Article
from workers.local.topic_reader import read_records
from workers.settings import Settings

Run = subprocess.CompletedProcess[str]
COMMAND = [sys.executable, "-m", "workers.cli"]
HERE = Path(__file__).resolve().parents[3]


@pytest.fixture
def publisher() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


@pytest.fixture
def environment(broker: BrokerServer, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(HERE),
        "TOCSIN_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap,
        "TOCSIN_REDIS_URL": redis_url,
        "TOCSIN_NAMESPACE": f"t{uuid.uuid4().hex[:12]}",
        "TOCSIN_FEEDS": str(tmp_path / "feeds.yaml"),
        "TOCSIN_FEEDS_PRIVATE_HOSTS": "127.0.0.1",
    }


def feeds(environment: dict[str, str], *arguments: str, stdin: str | None = None) -> Run:
    command = [*COMMAND, "feeds", *arguments]
    return subprocess.run(
        command, env=environment, input=stdin, capture_output=True, text=True, timeout=120, check=False
    )


def feed(count: int, title: str = "Coast") -> str:
    items = "".join(
        f"<item><title>Story {n}</title><guid>https://c.example/{n}</guid>"
        f"<pubDate>Mon, 02 Mar 2026 0{n}:00:00 GMT</pubDate></item>"
        for n in range(count)
    )
    return f"<rss version='2.0'><channel><title>{title}</title>{items}</channel></rss>"


def articles(environment: dict[str, str]) -> list[Article]:
    settings = Settings(
        namespace=environment["TOCSIN_NAMESPACE"],
        kafka_bootstrap_servers=environment["TOCSIN_KAFKA_BOOTSTRAP_SERVERS"],
    )
    return list(read_records(settings, "articles", Article))


@pytest.mark.heavy
def test_add_check_list_and_poll(environment: dict[str, str], publisher: FeedServer, tmp_path: Path) -> None:
    good, page = publisher.publish("/good", feed(3)), publisher.publish("/page", "<!doctype html><html></html>")
    added = feeds(environment, "add", good, "--tag", "coast", "--source", "The Coast")
    assert (added.returncode, added.stderr) == (0, f"{tmp_path / 'feeds.yaml'}: 1 added, 0 there already\n")
    assert feeds(environment, "add", good, page).stderr.endswith("1 added, 1 there already\n")
    assert feeds(environment, "add", "nowhere").returncode == 1

    checked = feeds(environment, "check")
    assert checked.returncode == 1
    assert f"{good}: 3 articles, source The Coast" in checked.stdout
    assert "told by ETag" in checked.stdout
    assert f"{page}: broken: a web page, not a feed" in checked.stdout

    before = feeds(environment, "list")
    assert "waiting" in before.stdout
    polled = feeds(environment, "poll")
    assert polled.returncode == 1, polled.stderr
    assert "feeds 2, asked 2, broken 1, not due 0; articles 3" in polled.stderr
    found = articles(environment)
    assert {(a.source, a.tags, a.feed) for a in found} == {("The Coast", ("coast",), good)}
    assert len(found) == 3

    again = feeds(environment, "poll")
    assert "asked 0, broken 0, not due 2; articles 0" in again.stderr
    rows = [json.loads(line) for line in feeds(environment, "list", "--json").stdout.splitlines()]
    assert [(row["standing"], row["produced"]) for row in rows] == [("ok", 3), ("failing", 0)]
    assert rows[0]["next_poll"] > rows[0]["succeeded_at"]
    assert "a web page" in rows[1]["error"]

    assert feeds(environment, "retry", page).returncode == 0
    assert feeds(environment, "retry", "https://unknown.example/").returncode == 5
    publisher.publish("/page", feed(4))
    mended = feeds(environment, "poll")
    assert "asked 1, broken 0, not due 1; articles 4" in mended.stderr, mended.stderr
    assert feeds(environment, "list").returncode == 0


def test_opml_from_another_reader_and_back(environment: dict[str, str], tmp_path: Path) -> None:
    outline = '<outline text="World"><outline text="Coast" xmlUrl="https://coast.example/rss"/></outline>'
    opml = f'<opml version="2.0"><body>{outline}<outline xmlUrl="gopher://x"/></body></opml>'
    done = feeds(environment, "import", "-", stdin=opml)
    assert done.returncode == 1
    assert "gopher://x: refused: url: an address such as" in done.stderr
    assert done.stderr.endswith("1 added, 0 there already, 1 refused\n")
    exported = feeds(environment, "export")
    assert 'xmlUrl="https://coast.example/rss"' in exported.stdout
    other = {**environment, "TOCSIN_FEEDS": str(tmp_path / "other.yaml")}
    assert feeds(other, "import", "-", stdin=exported.stdout).returncode == 0
    assert feeds(other, "export").stdout.split("</head>")[1] == exported.stdout.split("</head>")[1]
    assert feeds(environment, "import", str(tmp_path / "missing")).returncode == 5
    assert feeds(environment, "import", "-", stdin="{}").returncode == 5


def test_without_redis_the_list_says_what_it_can(environment: dict[str, str]) -> None:
    del environment["TOCSIN_REDIS_URL"], environment["TOCSIN_KAFKA_BOOTSTRAP_SERVERS"]
    feeds(environment, "add", "https://coast.example/rss")
    listed = feeds(environment, "list")
    assert listed.returncode == 0
    assert "unknown" in listed.stdout
    assert "TOCSIN_REDIS_URL" in listed.stderr


def test_secrets_go_to_the_publisher_and_nowhere_else(
    environment: dict[str, str], publisher: FeedServer, tmp_path: Path
) -> None:
    url = publisher.publish("/rss?key=k3y", feed(2)).replace("k3y", "${FEED_KEY}")
    (tmp_path / "password").write_text("hunter2\n")
    (tmp_path / "feeds.yaml").write_text(
        f"feeds:\n- {{url: '{url}', username: reader, password_file: password, headers: {{X-Key: '${{FEED_KEY}}'}}}}\n"
    )
    missing = feeds(environment, "check")
    assert "broken: the environment variable FEED_KEY is not set" in missing.stdout
    publisher.answer("/rss?key=k3y", Answer(status=302, headers={"Location": "/rss?key=k3y"}))
    environment["FEED_KEY"] = "k3y"
    runs = [feeds(environment, "check"), feeds(environment, "poll"), feeds(environment, "list", "--json")]
    assert [a.feed for a in articles(environment)] == [url, url]
    for run in runs:
        for secret in ("k3y", "hunter2"):
            assert secret not in run.stdout + run.stderr
    last = publisher.requests[-1]
    assert last.header("Authorization") == "Basic cmVhZGVyOmh1bnRlcjI="
    assert last.header("X-Key") == "k3y"


def ready(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def until_ready_says(port: int, wanted: int) -> None:
    deadline = time.monotonic() + 60
    while (found := ready(port)) != wanted:
        assert time.monotonic() < deadline, f"/readyz says {found}"
        time.sleep(0.1)


@pytest.mark.heavy
def test_without_redis_it_is_not_ready_and_says_so(environment: dict[str, str], redis_server: RedisServer) -> None:
    port = free_port()
    with proxy_to(redis_server.port) as net:
        there = {**environment, "TOCSIN_REDIS_URL": f"redis://{net.address}/0", "TOCSIN_METRICS_PORT": str(port)}
        process = subprocess.Popen([*COMMAND, "worker", "feeds"], env=there, stderr=subprocess.PIPE, text=True)
        try:
            until_ready_says(port, 200)
            net.refuse()
            until_ready_says(port, 503)
            net.heal()
            until_ready_says(port, 200)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "feeds.redis_away" in said
    assert "feeds.redis_back" in said


def test_a_poller_runs_reads_the_file_anew_and_ends_in_order(
    environment: dict[str, str], publisher: FeedServer, tmp_path: Path
) -> None:
    process = subprocess.Popen([*COMMAND, "worker", "feeds"], env=environment, stderr=subprocess.PIPE, text=True)
    try:
        url = publisher.publish("/rss", feed(3))
        assert feeds(environment, "add", url).returncode == 0
        publisher.wait_for(1, path="/rss")
        (tmp_path / "feeds.yaml").write_text("feeds: [broken\n")
        deadline = time.monotonic() + 60
        while len(articles(environment)) < 3 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert len(articles(environment)) == 3
        time.sleep(2)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "feeds.not_reloaded" in said
    assert "step.stopped" in said
