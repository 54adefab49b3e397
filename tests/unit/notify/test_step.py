"""The whole step on a real Redis: who is told what, once, and what the topic `deliveries` says of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import redis.asyncio as aioredis
import structlog
from standardwebhooks import Webhook

from tests.rig.http_receiver import Answer, HttpReceiver
from tests.unit.notify.samples import (
    QUICK,
    SECRET,
    FakeChannel,
    Start,
    hook,
    incoming,
    make_alert,
    unsent,
    until,
)
from workers.notify.routing import Receivers
from workers.notify.step import Notify
from workers.notify.targets import TerminalReceiver
from workers.notify.verdicts import Attempt
from workers.redis_client import Redis
from workers.steps import Handler, Incoming, Refused


def test_it_is_a_handler(redis_url: str) -> None:
    step: Handler = Notify(Receivers.default(), aioredis.Redis.from_url(redis_url), namespace="tocsin")
    assert (step.step, step.input) == ("notify", "alerts")


async def test_an_alert_is_delivered_signed_and_recorded(start: Start, receiver: HttpReceiver) -> None:
    step, published = await start(hook(receiver))
    assert await step.handle(incoming(make_alert())) == [[]]
    await until(published.deliveries)
    (request,) = receiver.requests
    assert Webhook(SECRET).verify(request.body, dict(request.headers.items()))["data"]["id"] == "al1"
    (record,) = published.deliveries()
    assert (record.alert_id, record.receiver, record.attempt, record.outcome, record.status_code) == (
        "al1", "ops", 1, "delivered", 200,
    )  # fmt: skip
    assert record.latency_ms is not None
    assert published.records[0].kind == "deliveries"
    assert published.records[0].key == "al1"


async def test_an_alert_that_comes_again_is_delivered_once(start: Start, receiver: HttpReceiver) -> None:
    step, published = await start(hook(receiver))
    for _ in range(3):
        await step.handle(incoming(make_alert(), make_alert()))
        await until(published.deliveries)
    await asyncio.sleep(0.1)
    assert len(receiver.requests) == 1


async def test_a_retraction_follows_its_firing(start: Start) -> None:
    channel = FakeChannel(answers=[Attempt("retry"), Attempt("retry")])
    step, published = await start(TerminalReceiver(name="t", retry=QUICK), channel=lambda _: channel)
    await step.handle(incoming(make_alert()))
    await until(lambda: channel.sent)
    await step.handle(incoming(make_alert(state="retracted")))
    await until(lambda: published.outcomes().count("delivered") == 2)
    assert channel.told() == [("al1", "firing")] * 3 + [("al1", "retracted")]


async def test_what_is_not_sent_is_told_on_the_topic(start: Start) -> None:
    channel = FakeChannel()
    step, _ = await start(TerminalReceiver(name="t"), channel=lambda _: channel)
    for _ in range(2):
        (outcome,) = await step.handle(incoming(make_alert(state="retracted")))
        (record,) = unsent(outcome)
        assert (record.outcome, record.attempt, record.receiver) == ("suppressed", 0, "t")
        assert record.reason == "its firing did not reach this receiver"


async def test_a_human_is_rung_once_for_an_alert_and_those_that_replace_it(start: Start) -> None:
    channel = FakeChannel()
    step, published = await start(TerminalReceiver(name="t"), channel=lambda _: channel)
    await step.handle(incoming(make_alert("old")))
    await until(published.deliveries)
    outcomes = await step.handle(
        incoming(make_alert("new", supersedes=("old",)), make_alert("old", state="retracted", superseded_by="new"))
    )
    assert [[d.outcome for d in unsent(outcome)] for outcome in outcomes] == [["suppressed"], ["suppressed"]]
    await asyncio.sleep(0.1)
    assert channel.told() == [("old", "firing")]


async def test_a_program_that_keeps_what_stands_is_told_of_every_change(start: Start) -> None:
    channel = FakeChannel()
    step, published = await start(TerminalReceiver(name="t", every_change=True), channel=lambda _: channel)
    await step.handle(incoming(make_alert("old")))
    await until(published.deliveries)
    await step.handle(
        incoming(make_alert("new", supersedes=("old",)), make_alert("old", state="retracted", superseded_by="new"))
    )
    await until(lambda: len(channel.sent) == 3)
    assert set(channel.told()) == {("old", "firing"), ("new", "firing"), ("old", "retracted")}


async def test_a_pattern_that_names_nobody_known_is_a_failed_delivery(redis: Redis) -> None:
    step = Notify(Receivers((TerminalReceiver(name="t"),), source=Path("receivers.yaml")), redis, namespace="tocsin")
    (outcome,) = await step.handle(incoming(make_alert(receivers=("gone",))))
    (record,) = unsent(outcome)
    assert (record.outcome, record.receiver) == ("failed", "gone")
    assert "no receiver is called 'gone'; there are: t" in (record.reason or "")


async def test_bad_records_are_refused_and_good_ones_go_on(start: Start) -> None:
    channel = FakeChannel()
    step, _ = await start(TerminalReceiver(name="t"), channel=lambda _: channel)
    bad = [
        Incoming("tocsin.alerts", 0, 1, None, value) for value in (b"", None, b"{", b"{}", b'{"schema_version": 99}')
    ]
    outcomes = await step.handle([*bad, *incoming(make_alert())])
    assert [o.error if isinstance(o, Refused) else o for o in outcomes] == [
        "empty", "empty", "not-json", "bad-schema", "schema-version", [],
    ]  # fmt: skip
    await until(lambda: channel.sent)


async def test_a_rebuilt_record_rings_nobody(start: Start) -> None:
    channel = FakeChannel()
    step, _ = await start(TerminalReceiver(name="t"), channel=lambda _: channel)
    (record,) = incoming(make_alert())
    again = Incoming(record.topic, 0, 0, record.key, record.value, rebuilding=True)
    assert await step.handle([again]) == [[]]
    await step.handle([record])
    await asyncio.sleep(0.1)
    assert channel.sent == []


async def test_no_log_line_and_no_record_holds_a_secret(start: Start, receiver: HttpReceiver) -> None:
    path = "/services/T000/B000/veryverysecret"
    receiver.answer(Answer(500, path.encode()))
    receiver.always(Answer(400, SECRET.encode()))
    step, published = await start(hook(receiver, path))
    with structlog.testing.capture_logs() as lines:
        await step.handle(incoming(make_alert()))
        await until(lambda: "failed" in published.outcomes())
    assert {line["event"] for line in lines} >= {"alert retrying", "alert failed"}
    shown = repr(lines) + repr(published.records)
    assert "veryverysecret" not in shown
    assert SECRET.removeprefix("whsec_") not in shown
    failed = next(line for line in lines if line["event"] == "alert failed")
    assert (failed["receiver"], failed["alert_id"], failed["status_code"]) == ("ops", "al1", 400)
