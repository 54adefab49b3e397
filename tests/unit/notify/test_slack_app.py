"""Slack by a bot token: one message for an incident, changed in place, with a thread; and what Slack's words mean."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.rig.http_receiver import Answer, HttpReceiver
from tests.unit.notify import block_kit
from tests.unit.notify.samples import Start, incoming, make_alert, until
from topics.alerts import Alert
from workers.notify.message import Message
from workers.notify.sending import open_channel
from workers.notify.slack_app import Place, reply
from workers.notify.targets import RetryPolicy, SlackReceiver
from workers.notify.transport import Answer as Answered
from workers.notify.verdicts import Attempt

TOKEN = "xoxb-not-a-real-token"
POST, UPDATE = "/api/chat.postMessage", "/api/chat.update"
RETRY = RetryPolicy(first=0.01, longest=0.02)


def app(server: HttpReceiver, **fields: Any) -> SlackReceiver:
    given: dict[str, Any] = {"name": "desk", "interval": 0.0, "retry": RETRY, "allow_private": True}
    url = SecretStr(server.url_for("/api/"))
    return SlackReceiver(**{**given, **fields}, url=url, token=SecretStr(TOKEN), channel="#desk")


def said(ts: str = "1.5", **more: Any) -> Answer:
    """As Slack answers: the whole message comes after what matters, and makes the answer long."""
    found = {"ok": True, "channel": "C024", "ts": ts, "message": {"text": "x" * 20_000, "ts": "9.9"}, **more}
    return Answer(200, json.dumps(found).encode())


def refused(error: str) -> Answer:
    return Answer(200, json.dumps({"ok": False, "error": error}).encode())


async def attempt(receiver: SlackReceiver, alert: Alert, memo: str = "") -> Attempt:
    channel = open_channel(receiver)
    try:
        return await channel.send(Message(alert, memo=memo), datetime.now(UTC))
    finally:
        await channel.close()


async def test_the_first_message_is_posted_and_remembered(receiver: HttpReceiver) -> None:
    receiver.always(said("1772.001"), path=POST)
    found = await attempt(app(receiver), make_alert())
    (request,) = receiver.requests
    assert (found.verdict, found.reason) == ("delivered", None)
    assert Place.of(found.memo) == Place("C024", "1772.001")
    assert request.header("authorization") == f"Bearer {TOKEN}"
    sent = request.json()
    assert (sent["channel"], sent["unfurl_links"]) == ("#desk", False)
    assert block_kit.problems(sent) == []


async def test_an_incident_is_one_message_and_its_thread(start: Start, receiver: HttpReceiver) -> None:
    receiver.always(said("1.5"), path=POST)
    receiver.always(said("1.5"), path=UPDATE)
    step, published = await start(app(receiver))
    changes = [make_alert(), make_alert(state="retracted", sequence=1), make_alert(sequence=2)]
    for n, alert in enumerate(changes):
        await step.handle(incoming(alert))
        await until(lambda n=n: published.outcomes().count("delivered") == n + 1)
    assert [r.path for r in receiver.requests] == [POST, UPDATE, POST, UPDATE, POST]
    bodies = [r.json() for r in receiver.requests]
    assert [(b["channel"], b.get("ts"), b.get("thread_ts")) for b in bodies] == [
        ("#desk", None, None),
        ("C024", "1.5", None), ("C024", None, "1.5"),
        ("C024", "1.5", None), ("C024", None, "1.5"),
    ]  # fmt: skip
    assert "Retracted: Launch" in bodies[1]["blocks"][0]["text"]["text"]
    assert bodies[2]["text"].startswith("🔔 high: Retracted: ")
    assert "Retracted" not in bodies[3]["blocks"][0]["text"]["text"]


async def test_what_takes_an_alerts_place_is_told_in_its_message(start: Start, receiver: HttpReceiver) -> None:
    """Whoever stands for it with a person, and each change for who wants every one."""
    for every_change, paths in ((False, [POST, UPDATE, POST]), (True, [POST, UPDATE, POST, UPDATE, POST])):
        receiver.forget()
        receiver.always(said(), path=POST)
        receiver.always(said(), path=UPDATE)
        step, published = await start(app(receiver, name=f"desk{int(every_change)}", every_change=every_change))
        await step.handle(incoming(make_alert("a")))
        await until(lambda published=published: published.outcomes() == ["delivered"])
        await step.handle(incoming(make_alert("b", supersedes=("a",))))
        await asyncio.sleep(0.2)
        await step.handle(incoming(make_alert("b", state="retracted", sequence=1)))
        await until(lambda paths=paths: len(receiver.requests) >= len(paths))
        assert [r.path for r in receiver.requests] == paths
        assert all(r.json().get("ts") == "1.5" for r in receiver.requests if r.path == UPDATE)


async def test_a_reply_that_fails_is_tried_again_after_the_same_update(start: Start, receiver: HttpReceiver) -> None:
    receiver.always(said(), path=POST)
    receiver.always(said(), path=UPDATE)
    step, published = await start(app(receiver))
    await step.handle(incoming(make_alert()))
    await until(lambda: published.outcomes() == ["delivered"])
    receiver.answer(Answer(503), path=POST)
    await step.handle(incoming(make_alert(state="retracted", sequence=1)))
    await until(lambda: published.outcomes().count("delivered") == 2)
    assert [r.path for r in receiver.requests] == [POST, UPDATE, POST, UPDATE, POST]


@pytest.mark.parametrize("error", ["message_not_found", "cant_update_message"])
async def test_a_message_that_was_deleted_is_posted_anew(receiver: HttpReceiver, error: str) -> None:
    receiver.always(refused(error), path=UPDATE)
    receiver.always(said("2.5"), path=POST)
    found = await attempt(app(receiver), make_alert(sequence=2), Place("C024", "1.5").to_memo())
    assert [r.path for r in receiver.requests] == [UPDATE, POST]
    assert Place.of(found.memo) == Place("C024", "2.5")


@pytest.mark.parametrize(
    ("answer", "verdict", "reason"),
    [
        (refused("channel_not_found"), "permanent", "chat.postMessage: channel_not_found"),
        (refused("invalid_blocks"), "permanent", "chat.postMessage: invalid_blocks"),
        (refused("ratelimited"), "retry", "chat.postMessage: ratelimited"),
        (refused("internal_error"), "retry", "chat.postMessage: internal_error"),
        (refused("token_revoked"), "gone", "chat.postMessage: token_revoked"),
        (refused(f"odd {TOKEN}"), "permanent", "chat.postMessage: odd [redacted]"),
        (Answer(200, b"<html>a proxy</html>"), "retry", "chat.postMessage: the answer is not Slack's"),
        (Answer(200, b""), "retry", "chat.postMessage: the answer is not Slack's"),
        (Answer(429, headers={"Retry-After": "30"}), "retry", "answered 429 Too Many Requests"),
        (Answer(500), "retry", "answered 500 Internal Server Error"),
    ],
)  # fmt: skip
async def test_what_slack_says_decides(receiver: HttpReceiver, answer: Answer, verdict: str, reason: str) -> None:
    receiver.always(answer)
    found = await attempt(app(receiver), make_alert())
    assert (found.verdict, found.reason) == (verdict, reason)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda t: json.dumps({"ok": t, "ts": t}).encode()))
def test_no_answer_breaks_it(body: bytes) -> None:
    assert reply("m", Answered(Attempt("delivered", status_code=200), body)).attempt.verdict in {"delivered", "retry"}


@pytest.mark.parametrize("memo", ["", "{", "[]", "null", '{"channel": "C"}', "<mail@example.org>"])
def test_what_is_no_place_is_none(memo: str) -> None:
    assert Place.of(memo) is None


def test_no_token_is_shown(receiver: HttpReceiver) -> None:
    one = app(receiver)
    assert TOKEN not in repr(one) + one.address() + one.fingerprint()
    assert one.scrub(f"sent {TOKEN}") == "sent [redacted]"
    assert one.address().endswith("/[redacted] #desk")
