"""Named replays that are killed and go on, and old news into the live pipeline, on a real Kafka and Redis."""

from __future__ import annotations

import json
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

from tests.integration.test_local_replay import assert_nothing_left
from tests.rig.kafka import KafkaServer, real_kafka
from workers.settings import examples_dir

ARCHIVE = examples_dir() / "archive" / "wire.jsonl"
TIMES = 12
"""So many copies of the sample archive under other ids: enough for a kill to hit the middle."""


@pytest.fixture(scope="module")
def kafka() -> Iterator[KafkaServer]:
    with real_kafka() as server:
        yield server


@pytest.fixture
def environment(kafka: KafkaServer, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "TOCSIN_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "TOCSIN_REDIS_URL": redis_url,
        "TOCSIN_STATE_DIR": str(tmp_path / "state"),
        "TOCSIN_KAFKA_SESSION_TIMEOUT": "6",
        "TMPDIR": str(tmp_path),
    }


def tocsin(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "workers.cli", *arguments]


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(tocsin(*arguments), env=environment, capture_output=True, text=True, timeout=300, check=False)


def long_archive(folder: Path) -> Path:
    path = folder / "long.jsonl"
    # What bears no date counts as of its ingest, which differs from run to run.
    lines = [line for line in ARCHIVE.read_text("utf-8").splitlines() if '"published_at": "' in line]
    copies = [line.replace('"id": "', f'"id": "{n}-', 1) for n in range(TIMES) for line in lines]
    path.write_text("\n".join(copies) + "\n", "utf-8")
    return path


def kill(process: subprocess.Popen[str]) -> None:
    """The run and all its steps at once, as when a machine goes down."""
    everyone = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for one in everyone:
        one.send_signal(signal.SIGKILL)
    process.wait(30)


def outcome(report: Path) -> tuple[object, ...]:
    """What must be the same however a run went; which of many equal copies an alert shows is not part of it."""
    found = json.loads(report.read_text("utf-8"))
    alerts = {(alert["id"], alert["window"]["start"], alert["last_event_at"], alert["counts"]["articles"])
              for alert in found["alerts"] if alert["state"] == "firing"}  # fmt: skip
    return found["articles"], found["annotated"], found["rejected"], found["events"], found["top_entities"], alerts


async def test_a_named_run_that_is_killed_goes_on_and_comes_to_the_same(
    kafka: KafkaServer, environment: dict[str, str], tmp_path: Path
) -> None:
    archive, name = long_archive(tmp_path), f"t{secrets.token_hex(3)}"
    calm = run(environment, "replay", str(archive), "--json", "--report", str(tmp_path / "calm.json"))
    assert calm.returncode == 0, calm.stderr
    command = tocsin("replay", str(archive), "--name", name, "--json", "--report", str(tmp_path / "killed.json"))
    kills = 0
    for wait in (4.0, 7.0, 10.0):
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            try:
                process.wait(wait)
            except subprocess.TimeoutExpired:
                kill(process)  # type: ignore[arg-type]  # bytes or text, it is only killed
                kills += 1
            else:
                break
    last = run(environment, *command[3:])
    assert last.returncode == 0, last.stderr
    assert kills
    assert outcome(tmp_path / "killed.json") == outcome(tmp_path / "calm.json")
    await assert_nothing_left(kafka, environment["TOCSIN_REDIS_URL"])
    assert not list((tmp_path / "state" / "replays").glob("*.json"))


async def test_what_is_kept_is_shown_again_and_can_be_dropped(
    kafka: KafkaServer, environment: dict[str, str], tmp_path: Path
) -> None:
    command = ["replay", str(ARCHIVE), "--name", "kept", "--keep", "--json"]
    first = run(environment, *command)
    assert first.returncode == 0, first.stderr
    assert "TOCSIN_NAMESPACE=replay-kept" in first.stderr
    listed = run({**environment, "TOCSIN_NAMESPACE": "replay-kept"}, "alerts", "list")
    assert listed.returncode == 0
    assert listed.stdout
    second = run(environment, *command)
    assert second.returncode == 0, second.stderr
    assert second.stdout == first.stdout
    assert "went on after the first 119" in second.stderr
    dropped = run(environment, "replay", "--drop", "--name", "kept")
    assert dropped.returncode == 0, dropped.stderr
    await assert_nothing_left(kafka, environment["TOCSIN_REDIS_URL"])


def in_force(alerts: str) -> set[str]:
    """Partitions are read side by side, so that one run may ring first for what it takes back when it knows all."""
    return {alert["id"] for alert in map(json.loads, alerts.splitlines()) if alert["state"] != "retracted"}


def test_what_lies_on_the_live_topic_is_replayed_in_order_of_time(
    kafka: KafkaServer, environment: dict[str, str]
) -> None:
    own = {**environment, "TOCSIN_NAMESPACE": f"n{secrets.token_hex(3)}"}
    assert run(own, "produce", str(ARCHIVE)).returncode == 0
    files, topic = run(own, "replay", str(ARCHIVE), "--json"), run(own, "replay", "topic:articles", "--json")
    assert (files.returncode, topic.returncode) == (0, 0), topic.stderr
    assert in_force(files.stdout) == in_force(topic.stdout)
    assert "119 articles = 119 annotated" in topic.stderr
    for command in (["produce", "topic:articles"], ["replay", "topic:articles", "--into", "live"]):
        refused = run(own, *command)
        assert refused.returncode == 5
        assert "in the pipeline already" in refused.stderr
    unknown = run(own, "replay", "topic:nothing.here")
    assert unknown.returncode == 5
    assert "no such topic" in unknown.stderr


def counts(environment: dict[str, str]) -> list[object]:
    found = []
    for kind in ("entity", "event", "pair"):
        done = run(environment, "counts", "top", "--kind", kind, "--window", "7d", "--at", "2026-03-08", "--limit",
                   "100000", "--json")  # fmt: skip
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout)["counts"])
    return found


def test_old_news_and_then_live_news_count_as_if_all_had_come_live(environment: dict[str, str], tmp_path: Path) -> None:
    lines = ARCHIVE.read_text("utf-8").splitlines()
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    old.write_text("\n".join(lines[:60]) + "\n", "utf-8")
    new.write_text("\n".join(lines[60:]) + "\n", "utf-8")
    found = []
    for ways in ((("produce", str(ARCHIVE)),), (("replay", str(old), "--into", "live"), ("produce", str(new)))):
        own = {**environment, "TOCSIN_NAMESPACE": f"n{secrets.token_hex(3)}"}
        heard = tmp_path / f"heard-{len(found)}.jsonl"
        receivers = tmp_path / f"receivers-{len(found)}.yaml"
        receivers.write_text(json.dumps({"receivers": [{"name": "f", "type": "file", "path": str(heard)}]}))
        own |= {"TOCSIN_RECEIVERS": str(receivers), "TOCSIN_CLOCK": "archive"}
        with subprocess.Popen(tocsin("up"), env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
            try:
                said = [run(own, *way) for way in ways]
                assert [one.returncode for one in said] == [0] * len(ways), said[0].stderr
                found.append((settled(own), told(heard), said[0]))
            finally:
                up.send_signal(signal.SIGINT)
                up.wait(120)
    (all_live, told_live, _), (filled, told_filled, said) = found
    assert filled == all_live
    assert "nobody was told" in said.stderr
    assert told_filled < told_live  # what old news completed paged nobody


def settled(environment: dict[str, str]) -> list[object]:
    """The counts when they have stood still for some seconds with all articles in."""
    deadline, before, still = time.monotonic() + 180, None, 0
    while time.monotonic() < deadline:
        now = counts(environment)
        still = still + 1 if now == before and all(now) else 0
        if still >= 3:
            return now
        before = now
        time.sleep(1)
    raise AssertionError("the counts never stood still")


def told(heard: Path) -> set[str]:
    """The alerts that somebody was told of and that still stand."""
    lines = heard.read_text("utf-8").splitlines() if heard.exists() else []
    last = {alert["id"]: alert["state"] for alert in (json.loads(line)["data"] for line in lines)}
    return {name for name, state in last.items() if state != "retracted"}
