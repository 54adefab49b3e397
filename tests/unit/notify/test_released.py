"""What a mute let go is not taken from who is telling it, nor from its pause; what cannot be read mutes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from tests.unit.notify.simulated import BEGIN, PLAIN, World, alert, grouped, rule
from workers.notify.changes import Arrival
from workers.notify.targets import Receiver, RetryPolicy
from workers.notify.verdicts import Attempt
from workers.redis_client import Redis

TOLD = {"plain": PLAIN, "grouped": grouped("pattern", wait=0.0)}


@pytest.mark.parametrize("kind", TOLD)
async def test_what_one_worker_is_telling_is_not_told_by_another_that_sees_the_silence_end(
    redis: Redis, kind: str
) -> None:
    receiver: Receiver = TOLD[kind]
    world = World(redis, receiver)
    await world.silence("actor=XN", seconds=100)
    await world.take(alert("a"), alert("b"))
    other = world.reborn(redis)
    channel = world.channels["t"]
    send, seen = channel.send, []

    async def slow(message, attempted_at):  # while it is sent, the other worker looks after what is muted
        if not seen:
            seen.append(True)
            await other.upkeep.look(other.clock())
            await other.work()
        return await send(message, attempted_at)

    channel.send = slow  # type: ignore[method-assign]  # a receiver that takes its time
    world.now = other.now = world.now + 101
    await world.work()
    told = [change for one in world.sent for change in one.changes]
    assert sorted(told) == [("a", 0), ("b", 0)]


async def test_a_silence_is_heeded_behind_a_slow_receiver(redis: Redis) -> None:
    """Sixteen alerts are due, and each takes the receiver ten seconds: nothing is told after the silence began."""
    world = World(redis, PLAIN)
    await world.silence("actor=ZZ", seconds=10_000, name="unconcerned")
    channel = world.channels["t"]
    send = channel.send

    async def slow(message, attempted_at):  # the desk has had enough after the second
        answer = await send(message, attempted_at)
        world.now += 10
        if len(world.sent) == 2:
            await world.silence("actor=XN", seconds=3600)
        return answer

    channel.send = slow  # type: ignore[method-assign]  # a receiver that takes its time
    for n in range(16):
        await world.parking.park(Arrival(alert(f"a{n:02}"), None, f"tocsin.alerts/0/{n}"))
    await world.work()
    assert len(world.sent) == 2
    assert [outcome for _, outcome in world.outcomes()].count("muted") == 14


async def test_so_is_an_alert_that_inhibits_since(redis: Redis) -> None:
    world = World(redis, PLAIN, rules=[rule("level=critical", "level=~high|medium", "actor")])
    channel = world.channels["t"]
    send = channel.send

    async def slow(message, attempted_at):
        answer = await send(message, attempted_at)
        world.now += 2
        await world.mutes.remember(alert("big", level="critical"))
        return answer

    channel.send = slow  # type: ignore[method-assign]  # a receiver that takes its time
    for n in range(3):
        await world.parking.park(Arrival(alert(f"a{n}"), None, f"tocsin.alerts/0/{n}"))
    await world.work()
    assert len(world.sent) == 1


async def test_the_pause_before_the_next_try_is_kept(redis: Redis) -> None:
    world = World(redis, replace(PLAIN, retry=RetryPolicy(first=60, longest=60, give_up_after=600)))
    await world.silence("actor=XN", seconds=100)
    world.channels["t"].answers = [Attempt("retry", "busy")]
    await world.take(alert("a"))
    world.now += 101
    await world.work()
    due = await world.ledger.next_due("t")
    assert due is not None
    await world.until(300)
    assert [one.at for one in world.sent] == [101.0, pytest.approx(due - BEGIN, abs=1)]


async def test_a_silence_that_only_another_version_can_read_stops_no_alert(redis: Redis) -> None:
    world = World(redis, PLAIN)
    await world.silence("actor=XN")
    stored = cast("dict[str, str]", await redis.hgetall("{tocsin:notify}:silences"))
    for identity, text in stored.items():
        await redis.hset("{tocsin:notify}:silences", identity, text.replace('"operator":"="', '"operator":"like"'))
    await world.take(alert("a"))
    await world.until(1)
    assert world.told() == [(0.0, [("a", "firing")])]
