"""Secrets by environment or file, for every type of receiver; and nowhere to be seen again."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from tests.rig.http_receiver import Answer, HttpReceiver
from tests.rig.smtp_server import smtp_server
from tests.unit.notify.samples import SECRET, Start, incoming, make_alert, until
from tests.unit.notify.tls import CA, server_context
from workers.notify.config import load_receivers
from workers.notify.routing import Receivers
from workers.notify.targets import Receiver

HIDDEN = "veryverysecret"
VALUES = {
    "url": f"http://user:{HIDDEN}@127.0.0.1:PORT/services/{HIDDEN}?key={HIDDEN}",
    "secret": f"{SECRET} whsec_{'c2VjcmV0' * 5}",
    "header": f"Bearer {HIDDEN}",
    "token": f"xoxb-{HIDDEN}",
    "password": HIDDEN,
}
KNOWN = (HIDDEN, SECRET.removeprefix("whsec_"), "c2VjcmV0" * 5)

FILE = """
- name: hook
  type: webhook
  url_{way}: url
  secret_{way}: secret
  allow_private: true
  headers: {{X-Key: {{{way}: header}}}}
- {{name: slack, type: slack, url_{way}: url, allow_private: true}}
- name: app
  type: slack
  token_{way}: token
  channel: C1
  api_url: http://127.0.0.1:PORT/api/
  allow_private: true
- name: mail
  type: email
  host: localhost
  port: SMTP
  username: tocsin
  password_{way}: password
  sender: a@b.example
  to: [c@d.example]
  allow_private: true
  tls: {{ca_file: {ca}}}
"""


def load(folder: Path, way: str, *, port: int = 1, smtp: int = 1) -> Receivers:
    """All types with all secrets, by `env` or by `file`."""
    values = {name: value.replace("PORT", str(port)) for name, value in VALUES.items()}
    text = FILE.format(way=way, ca=CA).replace("PORT", str(port)).replace("SMTP", str(smtp))
    (folder / "r.yaml").write_text(text)
    for name, value in values.items():
        (folder / name).write_text(value + "\n")
    return load_receivers(folder / "r.yaml", values if way == "env" else {})


def assert_hidden(shown: str) -> None:
    for secret in KNOWN:
        assert secret not in shown


@pytest.mark.parametrize("way", ["env", "file"])
def test_each_secret_comes_from_where_it_is_said_and_shows_nowhere(tmp_path: Path, way: str) -> None:
    found = load(tmp_path, way)
    hook, slack, app, mail = found.all
    for one in (hook, slack, app, mail):
        assert_hidden(f"{one!r} {one} {one.address()} {one.fingerprint()} {dataclasses.asdict(one)}")
        held = one.secrets_held()
        assert held
        assert not any(secret in one.scrub(" ".join(held)) for secret in held)


def test_the_fingerprint_is_that_of_the_secrets_not_of_where_they_come_from(tmp_path: Path) -> None:
    prints = [[one.fingerprint() for one in load(tmp_path, way).all] for way in ("env", "file")]
    assert prints[0] == prints[1]


async def test_no_log_line_no_record_and_no_reject_holds_one(
    tmp_path: Path, start: Start, receiver: HttpReceiver
) -> None:
    """Although every receiver tells its secrets in its refusal."""
    receiver.always(Answer(400, VALUES["url"].replace("PORT", str(receiver.port)).encode()))
    receiver.always(Answer(400, VALUES["token"].encode()), path="/api/chat.postMessage")
    with smtp_server(server_context(), answers={"AUTH": f"535 no {VALUES['password']}"}) as smtp:
        receivers: tuple[Receiver, ...] = load(tmp_path, "env", port=receiver.port, smtp=smtp.port).all
        step, published = await start(*receivers)
        with structlog.testing.capture_logs() as lines:
            await step.handle(incoming(make_alert(fired_at=datetime.now(UTC))))
            await until(lambda: len(published.of_kind("rejects")) == 4)
    assert sorted(published.outcomes()) == ["failed"] * 4
    assert len(receiver.requests) == 3
    assert_hidden(repr(lines) + repr(published.records))
