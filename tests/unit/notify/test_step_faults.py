"""The whole step when receivers, workers, Redis or Kafka fail: nothing lost, and nobody held up by another."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import redis.asyncio as aioredis
from pydantic import SecretStr

from tests.rig.http_receiver import Answer, HttpReceiver
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.redis import real_redis
from tests.unit.notify.samples import (
    FakeChannel,
    Published,
    Start,
    hook,
    incoming,
    make_alert,
    until,
)
from workers.errors import TransientError
from workers.notify.routing import Receivers
from workers.notify.step import Notify
from workers.notify.targets import RetryPolicy, TerminalReceiver
from workers.notify.verdicts import Attempt


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


@pytest.mark.parametrize("status", [301, 403, 404])
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
    monkeypatch.setattr("workers.notify.gate.LEASE_MARGIN_SECONDS", 0.2)
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


async def test_a_channel_that_breaks_its_promise_does_not_end_the_lane(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.notify.gate.LEASE_MARGIN_SECONDS", 0.0)
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
