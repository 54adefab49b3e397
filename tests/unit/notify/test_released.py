"""What a mute let go is not taken from who is telling it, nor from its pause; what cannot be read mutes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from tests.unit.notify.simulated import BEGIN, PLAIN, World, alert, grouped
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

    channel.send = slow  # type: ignore[method-assign]
    world.now = other.now = world.now + 101
    await world.work()
    told = [change for one in world.sent for change in one.changes]
    assert sorted(told) == [("a", 0), ("b", 0)]


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
