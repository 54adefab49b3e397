"""`tocsin notify status | ledger | enable`: what the ledger holds, for a person."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis as blocking
import typer
from typer.testing import CliRunner, Result

from workers.cli import notify
from workers.errors import ConfigurationError
from workers.notify.keys import Keys
from workers.notify.standing import Disabled

KEYS = Keys("tocsin")


def run(*arguments: str) -> Result:
    app = typer.Typer()
    notify.register(app)
    return CliRunner().invoke(app, ["notify", *arguments], catch_exceptions=True)


@pytest.fixture
def client(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> blocking.Redis:
    (tmp_path / "r.yaml").write_text("- {name: ops, type: terminal}\n- {name: disk, type: file, path: out}\n")
    monkeypatch.setenv("TOCSIN_RECEIVERS", str(tmp_path / "r.yaml"))
    monkeypatch.setenv("TOCSIN_REDIS_URL", redis_url)
    monkeypatch.setenv("COLUMNS", "200")
    return blocking.Redis.from_url(redis_url, decode_responses=True)


def test_all_is_well(client: blocking.Redis) -> None:
    result = run("status")
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()[1:]] == [
        ["ops", "0", "0", "well"],
        ["disk", "0", "0", "well"],
    ]


def test_a_disabled_receiver_is_shown_and_enabled(client: blocking.Redis) -> None:
    client.hset(KEYS.receiver("ops"), "disabled", Disabled("answered 410 Gone", 1_772_000_000.0, "abc").to_wire())
    client.zadd(KEYS.due("ops"), {"al1:0": 1_772_000_000.0})
    shown = run("status")
    assert shown.exit_code == 1
    assert "disabled since 2026-02-25 06:13:20Z: answered 410 Gone" in shown.stdout
    result = run("enable", "ops")
    assert result.exit_code == 0
    assert "Alerts are sent to ops (it was disabled: answered 410 Gone)." in result.stderr
    assert client.hgetall(KEYS.receiver("ops")) == {}
    assert "Alerts are sent to ops." in run("enable", "ops").stderr
    assert isinstance(run("enable", "opps").exception, ConfigurationError)


def test_what_became_of_an_alert(client: blocking.Redis) -> None:
    client.sadd(KEYS.receivers(), "left")
    client.hset(
        KEYS.alert("left", "al1"),
        mapping={
            "0:outcome": "failed",
            "0:state": "firing",
            "0:attempts": 7,
            "9:outcome": "suppressed",
            "9:cause": "untold",
        },
    )
    result = run("ledger", "al1")
    assert [line.split() for line in result.stdout.splitlines()[1:]] == [
        ["left", "firing", "0", "failed", "7"],
        ["left", "9", "suppressed", "0", "its", "firing", "did", "not", "reach", "this", "receiver"],
    ]
    assert run("ledger", "none").exit_code == 1
