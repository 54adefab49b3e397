"""The whole step on a real Redis and real receivers: nothing lost, nothing told twice, nobody held up by another."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio as aioredis
import structlog
from pydantic import SecretStr
from standardwebhooks import Webhook

from tests.rig.http_receiver import Answer, HttpReceiver
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.redis import real_redis
from tests.unit.notify.samples import SECRET, FakeChannel, Published, incoming, make_alert
from topics.deliveries import Delivery
from workers.errors import TransientError
from workers.notify.step import Notify
from workers.notify.targets import Receiver, Receivers, RetryPolicy, TerminalReceiver, WebhookReceiver
from workers.notify.verdicts import Attempt
from workers.redis_client import Redis
from workers.steps import Handler, Incoming, Outcome, Refused

QUICK = RetryPolicy(first=0.02, longest=0.05, give_up_after=30.0)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = aioredis.Redis.from_url(redis_url, decode_responses=True)
    yield client
    await client.aclose()


Start = Callable[..., Awaitable[tuple[Notify, Published]]]


@pytest.fixture
async def start(redis: Redis) -> AsyncIterator[Start]:
    running: list[Notify] = []

    async def started(
        *receivers: Receiver, published: Published | None = None, **more: Any
    ) -> tuple[Notify, Published]:
        given: dict[str, Any] = {"namespace": "tocsin", "drain_seconds": 2.0, "poll_seconds": 0.02}
        step = Notify(Receivers(receivers, source=None), redis, **{**given, **more})
        running.append(step)
        out = published or Published()
        await step.start(out)
        return step, out

    yield started
    for step in running:
        await step.stop()


def hook(server: HttpReceiver, path: str = "/hook", **fields: Any) -> WebhookReceiver:
    given: dict[str, Any] = {
        "name": "ops", "url": SecretStr(server.url_for(path)), "allow_private": True, "timeout": 2.0, "retry": QUICK,
        "secrets": (SecretStr(SECRET),),
    }  # fmt: skip
    return WebhookReceiver(**{**given, **fields})


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        await asyncio.sleep(0.01)


def unsent(outcome: Outcome) -> list[Delivery]:
    """The records that `handle` returned for one alert."""
    assert not isinstance(outcome, Refused)
    assert {out.kind for out in outcome} <= {"deliveries"}
    return [out.record for out in outcome if isinstance(out.record, Delivery)]


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


async def test_three_times_500_then_200(start: Start, receiver: HttpReceiver) -> None:
    receiver.answer(500, 500, 500)
    step, published = await start(hook(receiver))
    await step.handle(incoming(make_alert()))
    await until(lambda: "delivered" in published.outcomes())
    assert sorted((d.attempt, d.outcome, d.status_code) for d in published.deliveries()) == [
        (1, "retrying", 500), (2, "retrying", 500), (3, "retrying", 500), (4, "delivered", 200),
    ]  # fmt: skip
    assert len({r.header("webhook-id") for r in receiver.requests}) == 1
    assert len({r.body for r in receiver.requests}) == 1
    assert all(d.next_attempt_at and d.next_attempt_at > d.attempted_at for d in published.deliveries()[:-1])


async def test_what_a_receiver_asks_for_is_waited(start: Start, receiver: HttpReceiver) -> None:
    receiver.answer(Answer(429, headers={"Retry-After": "1"}))
    step, _ = await start(hook(receiver))
    await step.handle(incoming(make_alert()))
    first, second = await asyncio.to_thread(receiver.wait_for, 2)
    assert 1.0 <= (second.at - first.at).total_seconds() < 1.6


@pytest.mark.parametrize("status", [301, 410, 404])
async def test_what_never_passes_fails_at_once(start: Start, receiver: HttpReceiver, status: int) -> None:
    receiver.always(Answer(status, headers={"Location": receiver.url_for("/else")}))
    step, published = await start(hook(receiver))
    await step.handle(incoming(make_alert()))
    await until(published.deliveries)
    await asyncio.sleep(0.1)
    assert published.outcomes() == ["failed"]
    assert len(receiver.requests) == 1


async def test_after_the_schedule_it_has_failed(start: Start, receiver: HttpReceiver) -> None:
    receiver.always(Answer(fault="reset"))
    step, published = await start(hook(receiver, retry=RetryPolicy(first=0.01, longest=0.02, attempts=3)))
    await step.handle(incoming(make_alert()))
    await until(lambda: "failed" in published.outcomes())
    assert sorted((d.attempt, d.outcome) for d in published.deliveries()) == [
        (1, "retrying"), (2, "retrying"), (3, "failed"),
    ]  # fmt: skip


async def test_the_schedule_ends_by_time_too(start: Start, receiver: HttpReceiver) -> None:
    receiver.always(503)
    step, published = await start(hook(receiver, retry=RetryPolicy(first=0.05, longest=0.1, give_up_after=0.4)))
    await step.handle(incoming(make_alert()))
    await until(lambda: "failed" in published.outcomes())
    records = sorted(published.deliveries(), key=lambda d: d.attempt)
    assert 0.3 < (records[-1].attempted_at - records[0].attempted_at).total_seconds() < 1.0


@pytest.mark.parametrize("fault", ["dead", "hang", "500"])
async def test_a_dead_receiver_delays_nobody_else(start: Start, receiver: HttpReceiver, fault: str) -> None:
    receiver.always(Answer(fault="hang") if fault == "hang" else 500, path="/bad")
    bad = hook(receiver, "/bad", name="bad", timeout=0.5)
    if fault == "dead":
        bad = hook(receiver, name="bad", url=SecretStr(f"http://{LOOPBACK}:{free_port()}/"))
    step, published = await start(bad, hook(receiver, "/good", name="good"))
    began: dict[str, float] = {}
    for i in range(10):
        began[f"al{i}"] = datetime.now(UTC).timestamp()
        await step.handle(incoming(make_alert(f"al{i}")))
        await asyncio.to_thread(receiver.wait_for, i + 1, path="/good", timeout=5)
    delays = [r.at.timestamp() - began[r.json()["data"]["id"]] for r in receiver.requests_to("/good")]
    assert len(delays) == 10
    assert max(delays) < 0.25
    assert set(published.outcomes("bad")) <= {"retrying"}


async def test_a_receiver_that_comes_back_gets_what_was_parked(start: Start, receiver: HttpReceiver) -> None:
    receiver.always(503)
    step, published = await start(hook(receiver))
    await step.handle(incoming(*(make_alert(f"al{i}") for i in range(5))))
    await asyncio.to_thread(receiver.wait_for, 10)
    receiver.forget()
    receiver.always(200)
    await until(lambda: published.outcomes().count("delivered") == 5)
    assert sorted(r.json()["data"]["id"] for r in receiver.requests) == [f"al{i}" for i in range(5)]


async def test_a_crash_between_sending_and_writing_down_sends_again_under_the_same_id(
    start: Start, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.notify.lane.LEASE_MARGIN_SECONDS", 0.2)
    fast = hook(receiver, timeout=0.3)
    step, lost = await start(fast, drain_seconds=0.1)

    async def crash(*_: Any, **__: Any) -> bool:
        await asyncio.sleep(60)
        return False

    monkeypatch.setattr(step._ledger, "finish", crash)
    await step.handle(incoming(make_alert()))
    await asyncio.to_thread(receiver.wait_for, 1)
    await step.stop()
    assert lost.deliveries() == []
    _, published = await start(fast)
    await until(published.deliveries)
    first, second = receiver.requests
    assert first.header("webhook-id") == second.header("webhook-id")
    assert first.body == second.body
    assert [(d.attempt, d.outcome) for d in published.deliveries()] == [(2, "delivered")]


async def test_what_is_parked_survives_a_restart(start: Start, receiver: HttpReceiver) -> None:
    receiver.always(503)
    step, _ = await start(hook(receiver))
    await step.handle(incoming(make_alert()))
    await asyncio.to_thread(receiver.wait_for, 1)
    await step.stop()
    receiver.always(200)
    _, published = await start(hook(receiver))
    await until(lambda: "delivered" in published.outcomes())


async def test_two_workers_share_the_work_and_send_each_alert_once(start: Start, receiver: HttpReceiver) -> None:
    receiver.always(Answer(delay=0.01))
    one, _ = await start(hook(receiver))
    two, _ = await start(hook(receiver))
    alerts = [make_alert(f"al{i}") for i in range(40)]
    await asyncio.gather(one.handle(incoming(*alerts[:30])), two.handle(incoming(*alerts[10:])))
    await asyncio.to_thread(receiver.wait_for, 40)
    await asyncio.sleep(0.2)
    assert sorted(r.json()["data"]["id"] for r in receiver.requests) == sorted(a.id for a in alerts)


async def test_stop_finishes_the_attempt_under_way(start: Start, receiver: HttpReceiver) -> None:
    receiver.always(Answer(delay=0.3))
    step, published = await start(hook(receiver))
    await step.handle(incoming(make_alert(), make_alert("al2")))
    await asyncio.to_thread(receiver.wait_for, 1)
    await step.stop()
    assert published.outcomes() == ["delivered"]
    assert len(receiver.requests) == 1


async def test_stop_does_not_wait_for_ever(start: Start, receiver: HttpReceiver) -> None:
    receiver.always(Answer(fault="hang"))
    step, _ = await start(hook(receiver, timeout=60), drain_seconds=0.2)
    await step.handle(incoming(make_alert()))
    await asyncio.to_thread(receiver.wait_for, 1)
    began = time.monotonic()
    await step.stop()
    assert time.monotonic() - began < 1.5


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


async def test_a_channel_that_breaks_its_promise_does_not_end_the_lane(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.notify.lane.LEASE_MARGIN_SECONDS", 0.0)
    channel = FakeChannel(answers=[RuntimeError("unforeseen")])
    step, published = await start(TerminalReceiver(name="t", timeout=0.3), channel=lambda _: channel)
    await step.handle(incoming(make_alert()))
    await until(lambda: "delivered" in published.outcomes())


async def test_while_kafka_is_away_alerts_still_go_out_and_records_follow(start: Start, receiver: HttpReceiver) -> None:
    step, published = await start(hook(receiver), published=Published(broken=True))
    await step.handle(incoming(make_alert()))
    await asyncio.to_thread(receiver.wait_for, 1)
    assert published.deliveries() == []
    published.broken = False
    await until(lambda: published.outcomes() == ["delivered"])


async def test_while_redis_is_away_nothing_is_acknowledged_and_it_goes_on_afterwards(receiver: HttpReceiver) -> None:
    with real_redis() as server:
        client = aioredis.Redis.from_url(server.url, decode_responses=True, socket_timeout=1)
        step = Notify(Receivers((hook(receiver),), None), client, namespace="tocsin", poll_seconds=0.02)
        published = Published()
        await step.start(published)
        await step.handle(incoming(make_alert()))
        await until(published.deliveries)
        server.kill()
        with pytest.raises(TransientError, match="Redis does not take the alerts: "):
            await step.handle(incoming(make_alert("al2")))
        await asyncio.sleep(0.2)
        server.start()
        await step.handle(incoming(make_alert("al2")))
        await until(lambda: published.outcomes() == ["delivered"] * 2, 20)
        assert [r.json()["data"]["id"] for r in receiver.requests] == ["al1", "al2"]
        await step.stop()
        await client.aclose()


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


async def test_pauses_are_drawn_from_the_chance_that_is_given(start: Start) -> None:
    channel = FakeChannel(answers=[Attempt("retry")])
    policy = RetryPolicy(first=100.0, longest=100.0)
    step, published = await start(
        TerminalReceiver(name="t", retry=policy), channel=lambda _: channel, chance=random.Random(7)
    )
    await step.handle(incoming(make_alert()))
    await until(published.deliveries)
    (record,) = published.deliveries()
    assert record.next_attempt_at is not None
    pause = (record.next_attempt_at - record.attempted_at).total_seconds()
    assert pause == pytest.approx(random.Random(7).uniform(0, 100), abs=0.5)
