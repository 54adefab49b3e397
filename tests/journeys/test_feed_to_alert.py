"""From an entry of a feed to the receiver of an alert, by `tocsin up` with a feeds.yaml; and what is told when the feed
breaks and works again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.rig.feed_server import FeedServer, feed_server
from tests.rig.http_receiver import HttpReceiver
from workers.settings import examples_dir

STORY = (
    "Pakistan test-fired a ballistic missile on Friday morning, an hour before its prime minister sat down with"
    " Kazakhstan's president for a summit on railways and wheat."
)


@pytest.fixture
def publisher() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


def rss(*stories: str) -> str:
    at = format_datetime(datetime.now(UTC))
    items = "".join(
        f"<item><guid>{n}</guid><title>News {n}</title><description>{story}</description><pubDate>{at}</pubDate></item>"
        for n, story in enumerate(stories)
    )
    return f"<rss version='2.0'><channel><title>Gulf Gazette</title>{items}</channel></rss>"


def told(receiver: HttpReceiver) -> list[tuple[str, str]]:
    alerts = [json.loads(request.body)["data"] for request in receiver.requests]
    return [(alert["pattern_id"], alert["state"]) for alert in alerts]


def until(what: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + 120
    while not what():
        assert time.monotonic() < deadline, log.read_text()[-6000:]
        time.sleep(0.1)


@pytest.mark.heavy
def test_an_entry_rings_and_a_broken_feed_is_told(
    publisher: FeedServer, receiver: HttpReceiver, tmp_path: Path
) -> None:
    news, other = publisher.publish("/news", rss("Nothing happened.")), publisher.url_for("/other")
    (tmp_path / "feeds.yaml").write_text(
        f"gap: 10ms\ndefaults: {{interval: 1m, allow_private: true}}\nfeeds:\n  - {news}\n"
        f"  - {{url: '{other}', alert_after: at once, source: Other}}\n"
    )
    (tmp_path / "receivers.yaml").write_text(
        f"receivers:\n  - {{name: desk, type: webhook, url: '{receiver.url}', secret_env: DESK, allow_private: true}}\n"
    )
    environment = {
        **os.environ,
        "DESK": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "TOCSIN_PATTERNS": str(examples_dir() / "patterns" / "launch-and-summit-in-one-article.yaml"),
        "TOCSIN_RECEIVERS": str(tmp_path / "receivers.yaml"),
        "TOCSIN_STATE_DIR": str(tmp_path / "state"),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    log = tmp_path / "up.log"
    tocsin = [sys.executable, "-m", "workers.cli"]
    with log.open("wb") as output:
        up = subprocess.Popen([*tocsin, "up"], cwd=tmp_path, env=environment, stdout=output, stderr=output)
    try:
        until(lambda: "tocsin up: ready" in log.read_text(), log)
        until(lambda: ("tocsin-feed-broken", "firing") in told(receiver), log)
        publisher.publish("/news", rss("Nothing happened.", STORY))
        publisher.publish("/other", rss())
        for url in (news, other):
            asked = subprocess.run(
                [*tocsin, "feeds", "retry", url], cwd=tmp_path, env=environment, capture_output=True, check=False
            )
            assert asked.returncode == 0, asked.stderr
        until(lambda: ("launch-and-summit-in-one-article", "firing") in told(receiver), log)
        until(lambda: ("tocsin-feed-broken", "retracted") in told(receiver), log)
        assert len(told(receiver)) == 3
    finally:
        up.send_signal(signal.SIGTERM)
        assert up.wait(90) == 0, log.read_text()[-6000:]
