"""`tocsin topics create|check` from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid

import pytest

from tests.rig.broker import BrokerServer


@pytest.fixture
def settings(broker: BrokerServer) -> dict[str, str]:
    return {
        **os.environ,
        "TOCSIN_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap,
        "TOCSIN_NAMESPACE": f"t{uuid.uuid4().hex[:12]}",
    }


def run(settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workers.cli", "topics", *arguments]
    return subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60, check=False)


def test_checked_created_and_checked_again(settings: dict[str, str]) -> None:
    names = [
        f"{settings['TOCSIN_NAMESPACE']}.{k}"
        for k in ("articles", "annotations", "alerts", "deliveries", "rejects", "silences")
    ]
    before = run(settings, "check")
    assert before.returncode == 1
    assert before.stdout.splitlines() == [f"{name}: missing" for name in names]
    assert "tocsin topics create" in before.stderr
    created = run(settings, "create")
    assert created.returncode == 0
    assert created.stdout.splitlines() == [f"{name}: created" for name in names]
    again = run(settings, "create", "--json")
    assert (again.returncode, json.loads(again.stdout)) == (0, {"created": []})
    after = run(settings, "check", "--json")
    assert (after.returncode, json.loads(after.stdout)) == (0, {"ok": True, "differences": []})


def test_what_differs_is_told_by_both_and_only_check_fails(settings: dict[str, str]) -> None:
    run({**settings, "TOCSIN_PARTITIONS": "2"}, "create")
    wanted = {**settings, "TOCSIN_PARTITIONS": "6"}
    created = run(wanted, "create")
    assert created.returncode == 0
    assert "articles: partitions is 2, expected 6" in created.stderr
    checked = run(wanted, "check", "--json")
    assert checked.returncode == 1
    found = json.loads(checked.stdout)
    assert found["ok"] is False
    assert {(d["field"], d["found"], d["expected"]) for d in found["differences"]} == {("partitions", "2", "6")}


@pytest.mark.parametrize("command", ["create", "check"])
def test_no_kafka_is_unreachable(settings: dict[str, str], command: str) -> None:
    done = run({**settings, "TOCSIN_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, command)
    assert (done.returncode, done.stdout) == (4, "")
    assert "does not answer" in done.stderr
