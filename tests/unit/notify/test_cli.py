"""`tocsin notify`: preview, test and list go the way that a live alert goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from standardwebhooks import Webhook
from typer.testing import CliRunner, Result

from tests.rig.http_receiver import Answer, HttpReceiver
from tests.rig.smtp_server import SmtpServer, smtp_server
from tests.unit.notify.samples import SECRET, make_alert
from workers.cli import notify
from workers.errors import ConfigurationError, InputError


@pytest.fixture
def mail() -> Iterator[SmtpServer]:
    with smtp_server() as server:
        yield server


@pytest.fixture
def config(tmp_path: Path, receiver: HttpReceiver, mail: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEY", SECRET)
    file = tmp_path / "receivers.yaml"
    file.write_text(
        f"""
- {{name: ops, type: webhook, url: "{receiver.url_for("/veryverysecret")}", secret_env: KEY, allow_private: true,
    headers: {{Authorization: {{env: KEY}}}}}}
- {{name: slack, type: slack, url: "{receiver.url_for("/slack")}", allow_private: true}}
- {{name: screen, type: terminal, min_level: high}}
- {{name: out, type: stdout}}
- {{name: mail, type: email, host: localhost, port: {mail.port}, security: none, allow_private: true,
    sender: tocsin@wire.example, to: [desk@wire.example]}}
- {{name: events, type: webhook, url: "{receiver.url_for("/e")}", allow_private: true, cloudevents: structured}}
- {{name: disk, type: file, path: out.jsonl}}
"""
    )
    monkeypatch.setenv("TOCSIN_RECEIVERS", str(file))
    return file


def run(*arguments: str) -> Result:
    app = typer.Typer()
    notify.register(app)
    return CliRunner().invoke(app, ["notify", *arguments], catch_exceptions=True)


def test_a_test_goes_out_signed_and_marked(config: Path, receiver: HttpReceiver) -> None:
    result = run("test", "ops")
    (request,) = receiver.requests
    sent = Webhook(SECRET).verify(request.body, dict(request.headers.items()))
    assert result.exit_code == 0
    assert (sent["test"], sent["type"]) == (True, "alert.firing")
    assert request.header("webhook-id").startswith("test_")
    assert "Test delivered to ops (webhook, http://127.0.0.1:" in result.stderr
    assert result.stdout == ""
    assert "veryverysecret" not in result.output


def test_a_test_that_is_not_taken_ends_with_one(config: Path, receiver: HttpReceiver) -> None:
    receiver.always(Answer(403, b"no such token veryverysecret"))
    result = run("test", "ops")
    assert result.exit_code == 1
    assert "answered 403 Forbidden: no such token [redacted]. A live alert would fail for good." in result.stderr


def test_preview_is_what_would_be_sent_and_sends_nothing(config: Path, receiver: HttpReceiver) -> None:
    result = run("preview", "ops", "--level", "critical", "--retracted")
    sent = json.loads(result.stdout)
    assert (sent["type"], sent["data"]["level"], sent["test"]) == ("alert.retracted", "critical", True)
    assert "Authorization: [redacted]" in result.stderr
    assert "webhook-signature: v1," in result.stderr
    assert SECRET not in result.output
    assert "[TEST]" in json.loads(run("preview", "slack").stdout)["text"]
    assert run("preview", "screen").stdout.startswith("HIGH: [TEST] ")
    assert json.loads(run("preview", "disk").stdout)["id"].startswith("test_")
    assert receiver.requests == ()


def test_an_alert_of_ones_own_can_be_shown(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "alert.json"
    file.write_text(make_alert(title="Mine").model_dump_json() + "\n")
    assert run("preview", "screen", "--alert", str(file)).stdout.startswith("HIGH: [TEST] Mine\n")
    assert "[TEST] Retracted: Mine" in run("preview", "screen", "--alert", str(file), "--retracted").stdout
    file.write_text("{}")
    assert isinstance(run("preview", "screen", "--alert", str(file)).exception, InputError)
    assert isinstance(run("preview", "screen", "--alert", str(tmp_path / "none")).exception, InputError)


def test_a_test_to_file_and_terminal(config: Path) -> None:
    assert run("test", "disk").exit_code == 0
    assert json.loads((config.parent / "out.jsonl").read_text())["test"] is True
    assert run("test", "screen").stdout.startswith("HIGH: [TEST] ")


def test_a_test_to_every_other_type(config: Path, receiver: HttpReceiver, mail: SmtpServer) -> None:
    assert run("test", "mail").exit_code == 0
    assert "[TEST]" in mail.mails[0].message["Subject"]
    assert mail.mails[0].message["Message-ID"].startswith("<test_")
    assert run("test", "events").exit_code == 0
    assert receiver.requests[0].json()["tocsintest"] is True
    assert json.loads(run("test", "out").stdout)["test"] is True
    assert "Subject: " in run("preview", "mail").stdout
    assert json.loads(run("preview", "events").stdout)["type"] == "tocsin.alert.firing"
    assert json.loads(run("preview", "out").stdout)["id"].startswith("test_")


def test_an_unknown_receiver_is_told_with_the_nearest(config: Path) -> None:
    error = run("test", "slakc").exception
    assert isinstance(error, ConfigurationError)
    assert "No receiver is called 'slakc' (did you mean 'slack'?)" in str(error)


def test_without_a_file_there_is_the_terminal() -> None:
    assert "[TEST]" in run("preview", "terminal").stdout


def test_an_unknown_level_is_a_usage_error(config: Path) -> None:
    assert run("preview", "ops", "--level", "loud").exit_code == 2


def test_list_shows_all_without_secrets(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    result = run("list")
    for part in ("ops", "webhook", "slack", "screen", "terminal", "disk", "file", "high", "24 h", "[redacted]"):
        assert part in result.stdout
    assert "veryverysecret" not in result.stdout
