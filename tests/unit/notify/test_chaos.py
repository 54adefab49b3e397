"""Workers that die without a word, a receiver that fails in every way: what comes through in the end is complete."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest
import redis.asyncio as aioredis
from pydantic import SecretStr

from tests.rig.http_receiver import Answer, HttpReceiver
from tests.unit.notify.samples import Published, incoming, make_alert
from topics.alerts import Alert
from workers.notify.routing import Receivers
from workers.notify.step import Notify
from workers.notify.targets import RetryPolicy, WebhookReceiver

FAULTS = (Answer(), Answer(500), Answer(fault="reset"), Answer(delay=0.3), Answer(429), Answer(200, b"x", fault="half"))


async def die(step: Notify) -> None:
    """As a process ends that is killed: nothing is finished, nothing is written down."""
    for task in step._tasks:
        task.cancel()
    _, late = await asyncio.wait(step._tasks, timeout=5)
    assert not late, "a task did not let itself be cancelled"
    for lane in step._lanes.values():
        await lane.close()


def story(chance: random.Random) -> list[Alert]:
    """Alerts, some of them taken back, in the order of their topic."""
    told = []
    for i in range(40):
        told.append(make_alert(f"al{i}"))
        if chance.random() < 0.3:
            told.append(make_alert(f"al{chance.randrange(i + 1)}", state="retracted"))
    return told


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_all_that_stands_comes_through(
    redis_url: str, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("workers.notify.gate.LEASE_MARGIN_SECONDS", 0.1)
    chance = random.Random(seed)
    receiver.answer(*(chance.choice(FAULTS) for _ in range(60)))
    retry = RetryPolicy(first=0.01, longest=0.1, give_up_after=600)
    one = WebhookReceiver(name="ops", url=SecretStr(receiver.url), allow_private=True, timeout=0.25, retry=retry)
    client = aioredis.Redis.from_url(redis_url, decode_responses=True)
    published = Published()

    async def begin() -> Notify:
        step = Notify(Receivers((one,)), client, namespace="tocsin", poll_seconds=0.02, drain_seconds=2)
        await step.start(published)
        return step

    workers = [await begin(), await begin()]
    alerts = story(chance)
    for start in range(0, len(alerts), 8):
        await chance.choice(workers).handle(incoming(*alerts[start : start + 8]))
        await asyncio.sleep(chance.random() * 0.1)
        victim = chance.randrange(2)
        await die(workers[victim])
        workers[victim] = await begin()
    await workers[0].handle(incoming(*alerts))  # the last batch was not acknowledged: all of it comes again
    standings = workers[0]._standings
    for _ in range(1000):
        if not await standings.parked("ops") and not await standings.unpublished("ops"):
            break
        await asyncio.sleep(0.02)
    for step in workers:
        await step.stop()
    await client.aclose()

    ended = {(d.alert_id, d.alert_state): d.outcome for d in published.deliveries() if d.outcome != "retrying"}
    heard = Counter((r.json()["data"]["id"], r.json()["data"]["state"]) for r in receiver.requests)
    taken_back = {a.id for a in alerts if a.state == "retracted"}
    stand = {a.id for a in alerts} - taken_back
    assert {(name, "firing") for name in stand} <= set(heard)
    assert "failed" not in ended.values()
    for name in taken_back:
        told = {state for state in ("firing", "retracted") if (name, state) in heard}
        assert told in (set(), {"firing", "retracted"}), name
    assert len({r.header("webhook-id") for r in receiver.requests}) == len(heard)
    order = [(r.json()["data"]["id"], r.json()["data"]["state"]) for r in receiver.requests]
    assert all(order.index((name, "firing")) <= order.index((name, state)) for name, state in heard)
