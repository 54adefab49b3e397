"""Other bodies of a webhook: CloudEvents in both modes, templates of the user's; and TLS with certificates of both."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from standardwebhooks import Webhook

from tests.unit.notify.samples import SECRET, make_alert
from tests.unit.notify.test_webhook import render
from tests.unit.notify.tls import CA, CLIENT_CERT, CLIENT_KEY, server_context
from workers.errors import ConfigurationError
from workers.notify.config import load_receivers
from workers.notify.message import Message
from workers.notify.sending import open_channel
from workers.notify.targets import Tls, WebhookReceiver
from workers.notify.verdicts import Attempt

KEYS = (SecretStr(SECRET),)


class TestCloudEvents:
    def test_structured(self) -> None:
        made = render(make_alert(), cloudevents="structured", secrets=KEYS)
        event = json.loads(made.body)
        assert made.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
        data = event.pop("data")
        assert event == {
            "specversion": "1.0",
            "id": "alert_al1_firing",
            "source": "/tocsin/patterns/launch-plus-summit",
            "type": "tocsin.alert.firing",
            "subject": "al1",
            "time": "2026-03-01T13:00:00Z",
            "datacontenttype": "application/json",
        }
        assert data == make_alert().model_dump(mode="json")
        assert Webhook(SECRET).verify(made.body, made.headers)["id"] == made.headers["webhook-id"]

    def test_binary(self) -> None:
        made = render(make_alert(), cloudevents="binary", secrets=KEYS)
        assert json.loads(made.body) == make_alert().model_dump(mode="json")
        assert {name: value for name, value in made.headers.items() if name.startswith("ce-")} == {
            "ce-specversion": "1.0",
            "ce-id": "alert_al1_firing",
            "ce-source": "/tocsin/patterns/launch-plus-summit",
            "ce-type": "tocsin.alert.firing",
            "ce-subject": "al1",
            "ce-time": "2026-03-01T13:00:00Z",
        }
        assert made.headers["content-type"] == "application/json"
        Webhook(SECRET).verify(made.body, made.headers)

    def test_a_test_is_marked(self) -> None:
        assert json.loads(render(make_alert(), cloudevents="structured", test=True).body)["tocsintest"] is True
        assert render(make_alert(), cloudevents="binary", test=True).headers["ce-tocsintest"] == "true"

    @given(st.text(min_size=1, max_size=60))
    def test_any_name_is_a_header_that_can_be_sent_and_read_back(self, name: str) -> None:
        made = render(make_alert(name, pattern_id=name), cloudevents="binary")
        assert all(0x20 < ord(c) < 0x7F for value in made.headers.values() for c in value.replace("; ", ""))
        assert unquote(made.headers["ce-subject"]) == name.encode("utf-8", "replace").decode()


class TestTemplate:
    @staticmethod
    def body(template: str, **more: Any) -> str:
        return render(make_alert(), template=template, **more).body.decode()

    def test_it_sees_the_alert(self) -> None:
        text = '{"text": {{ (level ~ " " ~ headline) | tojson }}, "who": {{ alert.group | tojson }}, "id": "{{ id }}"}'
        found = json.loads(self.body(text))
        assert found == {"text": "🔔 high Launch plus summit", "who": {"actor": ["XN"]}, "id": "alert_al1_firing"}

    def test_what_it_makes_is_what_is_signed(self) -> None:
        made = render(make_alert(title="Ü"), template="{{ headline }}", content_type="text/plain", secrets=KEYS)
        assert made.body.decode() == "Ü"
        assert made.headers["content-type"] == "text/plain"
        with pytest.raises(ValueError, match="Expecting value"):
            Webhook(SECRET).verify(made.body, made.headers)  # the signature is right; the library wants JSON

    @pytest.mark.parametrize(
        "text",
        [
            "{{ ''.__class__.__mro__ }}",
            "{{ alert.__init__.__globals__ }}",
            "{% set x = alert.update({'a': 1}) %}",
            "{{ cycler.__init__.__globals__.os }}",
            "{% for i in range(10000000) %}x{% endfor %}",
            "{{ alert.nothing_of_that_name }}",
            "{% include '/etc/hosts' %}",
            "{{ 1 / 0 }}",
            "{% if %}",
        ],
    )
    async def test_a_template_that_reaches_out_or_breaks_fails_alone(self, text: str, tmp_path: Path) -> None:
        file = tmp_path / "r.yaml"
        written = json.dumps([{"name": "a", "type": "webhook", "url": "https://x.example", "template": text}])
        file.write_text(written)
        with pytest.raises(ConfigurationError, match="the template"):
            load_receivers(file)
        one = WebhookReceiver(name="ops", url=SecretStr("https://hooks.example/x"), template=text)
        channel = open_channel(one)
        found = await channel.send(Message(make_alert()), datetime.now(UTC))
        await channel.close()
        assert found.verdict == "permanent"
        assert (found.reason or "").startswith("the message cannot be made: ")


@asynccontextmanager
async def https_server(context: ssl.SSLContext) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Answers 204; its port, and the requests that came."""
    came: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 Taken\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1], came


class TestTls:
    @staticmethod
    async def attempt(port: int, tls: Tls) -> Attempt:
        url = SecretStr(f"https://localhost:{port}/x")
        channel = open_channel(WebhookReceiver(name="ops", url=url, allow_private=True, tls=tls, timeout=3.0))
        try:
            return await channel.send(Message(make_alert()), datetime.now(UTC))
        finally:
            await channel.close()

    async def test_an_authority_of_ones_own(self) -> None:
        async with https_server(server_context()) as (port, came):
            assert (await self.attempt(port, Tls(ca=CA))).verdict == "delivered"
            refused = await self.attempt(port, Tls())
            assert refused.verdict == "retry"
            assert "certificate" in (refused.reason or "")
            assert len(came) == 1

    async def test_a_certificate_to_show(self) -> None:
        async with https_server(server_context(asks_for_client=True)) as (port, came):
            assert (await self.attempt(port, Tls(ca=CA, cert=CLIENT_CERT, key=CLIENT_KEY))).verdict == "delivered"
            assert (await self.attempt(port, Tls(ca=CA))).verdict == "retry"
            assert len(came) == 1


CONFIG = """
- name: ops
  type: webhook
  url: https://hooks.example/x
  {}
- name: mail
  type: email
  host: mail.example
  sender: tocsin@wire.example
  to: [desk@wire.example]
  {}
- name: slack
  type: slack
  {}
"""
URL = "url: https://hooks.slack.example/services/T/B/x"


def load(folder: Path, webhook: str = "", mail: str = "", slack: str = URL) -> Any:
    (folder / "r.yaml").write_text(CONFIG.format(webhook, mail, slack))
    environment = {"TOKEN": "xoxb-veryverysecret", "PASSWORD": "veryverysecret", "BAD": "nonsense"}
    return load_receivers(folder / "r.yaml", environment)


def test_all_new_options(tmp_path: Path) -> None:
    (tmp_path / "t.j2").write_text('{"text": {{ headline | tojson }}}')
    webhook = f"template_file: t.j2\n  tls: {{ca_file: {CA}, cert_file: {CLIENT_CERT}, key_file: {CLIENT_KEY}}}"
    mail = "security: tls\n  username: me\n  password_env: PASSWORD\n  rate_limit: 30/m\n  tags: [war]"
    slack = "token_env: TOKEN\n  channel: '#desk'\n  patterns: [launch-*]\n  retry: {circuit_after: 9}"
    ops, desk, app = load(tmp_path, webhook, mail, slack).all
    assert (ops.template, ops.content_type, ops.tls) == (
        '{"text": {{ headline | tojson }}}', "application/json", Tls(CA, CLIENT_CERT, CLIENT_KEY),
    )  # fmt: skip
    assert (desk.port, desk.username, desk.interval, desk.tags) == (465, "me", 2.0, ("war",))
    assert (app.url.get_secret_value(), app.channel, app.interval) == ("https://slack.com/api/", "#desk", 1.0)
    assert (app.patterns, app.retry.circuit_after) == (("launch-*",), 9)
    assert "veryverysecret" not in repr((desk, app))


@pytest.mark.parametrize(
    ("which", "option", "expected"),
    [
        ("webhook", "cloudevents: yes", ":5:3: cloudevents: input should be 'structured' or 'binary'"),
        ("webhook", "cloudevents: binary\n  template: x", ":2:3: expected at most one of cloudevents, template, temp"),
        ("webhook", "content_type: text/plain", ":2:3: content_type goes with template or template_file"),
        ("webhook", "template: '{{ alrt }}'", ":5:3: the template cannot be used: 'alrt' is undefined"),
        ("webhook", "template: '{{ headline }}'", ":5:3: the template does not make JSON of a sample alert"),
        ("webhook", "template: '{% if %}'", ":5:3: the template cannot be used (its line 1)"),
        ("webhook", "template_file: none.j2", ":5:3: the file none.j2 cannot be read"),
        ("webhook", "tls: {ca_file: none.pem}", ":5:3: the file "),
        ("webhook", "tls: {key_file: a}", ":5:3: tls: key_file needs cert_file"),
        ("webhook", "tls: {ca_file: r.yaml}", ":5:3: the certificate files cannot be used: "),
        ("webhook", "rate_limit: fast", ":5:3: rate_limit: expected a rate such as 1/s, 30/m or 100/h; found 'fast'"),
        ("webhook", "tags: war", ":5:3: tags: input should be a list"),
        ("mail", "username: me", "username and a password (password_env or password_file) go together"),
        ("mail", "username: me\n  password_env: PASSWORD\n  security: none", "a password would travel readable"),
        ("mail", "password: veryverysecret", "password: secrets do not stand in this file"),
        ("mail", "port: 0", "port: input should be greater than or equal to 1; found 0"),
        ("slack", "token_env: TOKEN", "an app's token needs `channel`"),
        ("slack", f"token_env: TOKEN\n  channel: x\n  {URL}", "expected a token or a url, found both"),
        ("slack", f"{URL}\n  channel: x", "channel goes with token_env or token_file"),
        ("slack", "token_env: NONE\n  channel: x", "the environment variable NONE is not set"),
        ("slack", "token_env: TOKEN\n  channel: x\n  api_url: http://127.0.0.1/", "127.0.0.1 is a loopback address"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, which: str, option: str, expected: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, **{which: option})
    assert expected in caught.value.message
    assert "veryverysecret" not in caught.value.message


@pytest.mark.parametrize(
    "address", ["desk", "a b@c.example", "a@b\nBcc: c@d", "Desk <desk@wire.example", "a@b, c@d", "@"]
)
def test_what_is_no_mail_address_is_refused(tmp_path: Path, address: str) -> None:
    (tmp_path / "r.yaml").write_text(
        json.dumps([{"name": "m", "type": "email", "host": "h.example", "sender": "a@b.example", "to": [address]}])
    )
    with pytest.raises(ConfigurationError, match="expected a mail address"):
        load_receivers(tmp_path / "r.yaml")


def test_apprise_that_is_not_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (tmp_path / "r.yaml").write_text("- name: more\n  type: apprise\n  urls_env: URLS\n")
    with pytest.raises(
        ConfigurationError, match=r":3:3: the package apprise is not installed: install tocsin\[apprise\]"
    ):
        load_receivers(tmp_path / "r.yaml", {"URLS": "json://veryverysecret"})
