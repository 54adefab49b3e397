"""Mails: what they say, how they thread, how they travel, and what a server's answers mean."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import SecretStr

from tests.rig.ports import LOOPBACK, free_port
from tests.rig.smtp_server import SmtpServer, smtp_server
from tests.unit.notify.samples import NOON, Start, incoming, make_alert, make_evidence, until
from tests.unit.notify.test_slack import HOSTILE, LINKS
from tests.unit.notify.tls import CA, server_context
from topics.alerts import Alert
from workers.notify.message import Message
from workers.notify.receivers import email, email_html
from workers.notify.sending import open_channel
from workers.notify.targets import EmailReceiver, Tls
from workers.notify.verdicts import Attempt

TAGS = {"a", "br", "p", "ul", "li", "h1", "html", "body", "blockquote"}
PASSWORD = "veryverysecret"
FROM, TO = "Tocsin <tocsin@wire.example>", ("desk@wire.example", "Night desk <night@wire.example>")


def mailbox(server: SmtpServer, **fields: Any) -> EmailReceiver:
    given: dict[str, Any] = {
        "name": "mail", "host": "localhost", "port": server.port, "security": "none", "sender": FROM, "to": TO,
        "allow_private": True, "timeout": 3.0,
    }  # fmt: skip
    return EmailReceiver(**{**given, **fields})


async def attempt(receiver: EmailReceiver, alert: Alert | None = None) -> Attempt:
    channel = open_channel(receiver)
    try:
        return await channel.send(Message(alert or make_alert()), datetime.now(UTC))
    finally:
        await channel.close()


def rendered(alert: Alert, **more: Any) -> EmailMessage:
    return email.render(alert, sender=FROM, to=TO, sent_at=NOON, **more)


async def test_a_mail_arrives_with_text_and_html() -> None:
    with smtp_server() as server:
        found = await attempt(mailbox(server), make_alert(title="Über <Raketen> & „mehr“"))
        (mail,) = server.mails
    assert (found.verdict, found.reason) == ("delivered", None)
    assert mail.sender == "tocsin@wire.example"
    assert mail.recipients == ("desk@wire.example", "night@wire.example")
    message = mail.message
    assert message["Subject"] == "🔔 high: Über <Raketen> & „mehr“ (actor XN)"
    assert message["Message-ID"] == "<alert_al1_firing@wire.example>" == found.memo
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "“A rocket rose over the bay.”" in plain.get_content()
    assert "Über &lt;Raketen&gt; &amp; „mehr“" in html.get_content()
    assert '<a href="https://wire.example/a1">Rocket over the bay</a>' in html.get_content()


@settings(max_examples=80, deadline=None)
@given(HOSTILE, HOSTILE, LINKS, HOSTILE)
def test_hostile_alerts_make_mails_without_breaking_out(title: str, sentence: str, url: str | None, name: str) -> None:
    alert = make_alert(
        name, title=title, pattern_id=name, group={name: (title,)}, description=sentence,
        evidence=(make_evidence(sentence, title=title, url=url, source=name),),
    )  # fmt: skip
    mail = rendered(alert)
    raw = mail.as_bytes()
    assert "\n" not in mail["Subject"]
    headers = raw.partition(b"\n\n")[0]
    assert max(len(line) for line in headers.split(b"\n")) < 998
    assert len(mail.items()) == 10, "no header but ours"
    html = email_html.page(email_html.article(alert))
    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= TAGS
    assert not re.search(r'href="(?!https?://)', html)
    assert html.count("<a ") <= 1


async def test_an_incident_is_a_thread(start: Start) -> None:
    with smtp_server() as server:
        step, published = await start(mailbox(server))
        for n, alert in enumerate([make_alert(), make_alert(state="retracted", sequence=7)]):
            await step.handle(incoming(alert))
            await until(lambda n=n: published.outcomes().count("delivered") == n + 1)
        first, second = [mail.message for mail in server.mails]
    assert first["In-Reply-To"] is None
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert second["Message-ID"] == "<alert_al1_retracted_7@wire.example>"
    assert "Retracted: Launch plus summit" in second["Subject"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_it_travels_encrypted_and_logs_in(security: Any) -> None:
    with smtp_server(server_context(), at_once=security == "tls") as server:
        login = {"username": "tocsin", "password": SecretStr(PASSWORD)}
        found = await attempt(mailbox(server, security=security, tls=Tls(ca=CA), **login))
        assert (found.verdict, found.reason) == ("delivered", None)
        (mail,) = server.mails
    assert mail.tls
    assert mail.login == f"tocsin\0{PASSWORD}"


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_of_nobody_known_is_not_accepted(security: Any) -> None:
    with smtp_server(server_context(), at_once=security == "tls") as server:
        found = await attempt(mailbox(server, security=security))
        assert server.mails == []
    assert found.verdict == "retry"
    assert (found.reason or "").startswith("the certificate of localhost is not accepted: ")


async def test_a_server_without_starttls_gets_nothing() -> None:
    with smtp_server() as server:
        found = await attempt(mailbox(server, security="starttls"))
        assert server.mails == []
    assert found.verdict == "permanent"
    assert "STARTTLS" in (found.reason or "")


@pytest.mark.parametrize(
    ("answers", "verdict", "reason"),
    [
        ({"CONNECT": "421 busy"}, "retry", "answered 421 busy"),
        ({"MAIL": "452 full"}, "retry", "answered 452 full"),
        ({"MAIL": "553 not you"}, "permanent", "answered 553 not you"),
        ({"RCPT": "450 later"}, "retry", "no recipient was taken: desk@wire.example: 450 later; night@wire.example"),
        ({"RCPT": "550 nobody"}, "permanent", "no recipient was taken: desk@wire.example: 550 nobody"),
        ({"DATA": "451 grey"}, "retry", "answered 451 grey"),
        ({"END": "554 spam"}, "permanent", "answered 554 spam"),
        ({"EHLO": "HANG"}, "retry", "no answer within 1 s"),
    ],
)
async def test_what_a_server_says_decides(answers: dict[str, str], verdict: str, reason: str) -> None:
    with smtp_server(answers=answers) as server:
        found = await attempt(mailbox(server, timeout=1.0))
    assert found.verdict == verdict
    assert (found.reason or "").startswith(reason)


async def test_one_recipient_that_is_refused_does_not_keep_it_from_the_other() -> None:
    with smtp_server(answers={"RCPT night@wire.example": "550 nobody"}) as server:
        found = await attempt(mailbox(server))
        assert [mail.recipients for mail in server.mails] == [("desk@wire.example",)]
    assert (found.verdict, found.reason) == ("delivered", "refused for night@wire.example")


async def test_a_wrong_password_is_permanent_and_not_told() -> None:
    answers = {"AUTH": f"535 bad password {PASSWORD}"}
    with smtp_server(server_context(), answers=answers) as server:
        login = {"username": "tocsin", "password": SecretStr(PASSWORD)}
        found = await attempt(mailbox(server, security="starttls", tls=Tls(ca=CA), **login))
    assert (found.verdict, found.reason) == ("permanent", "answered 535 bad password [redacted]")


async def test_nobody_there() -> None:
    found = await attempt(mailbox(SmtpServer(port=free_port()), host=LOOPBACK))
    assert found.verdict == "retry"
    assert "cannot connect to 127.0.0.1:" in (found.reason or "")
