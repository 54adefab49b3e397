"""Redis is lost while alerts are held back, told in groups or repeated: the ledger made anew goes on as before."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.notify.simulated import HOUR, PLAIN, World, alert, grouped, retracted, rule, updated
from workers.notify.targets import Grouping
from workers.notify.verdicts import Attempt
from workers.redis_client import Redis


async def lose(world: World) -> None:
    await world.redis.flushall()
    await world.rebuild()


async def test_a_notification_under_way_keeps_its_id_and_its_content(redis: Redis) -> None:
    world = World(redis, grouped("actor"))
    world.channels["t"].answers = [Attempt("retry", "no")]
    await world.take(alert("a"), alert("b"))
    await world.until(30)
    await lose(world)
    await world.take(alert("c"))
    await world.until(100)
    first, second = world.sent[:2]
    assert (first.id, first.changes) == (second.id, second.changes)
    assert second.told == [("a", "firing"), ("b", "firing")]
    assert [s.told for s in world.sent[2:]] == [[("c", "firing")]]


async def test_what_waits_in_its_group_is_told(redis: Redis) -> None:
    world = World(redis, grouped("actor"))
    await world.take(alert("a"), alert("b"))
    await world.until(10)
    await lose(world)
    await world.until(100)
    assert [told for _, told in world.told()] == [[("a", "firing"), ("b", "firing")]]


async def test_what_is_silenced_stays_so_however_long_it_was(redis: Redis) -> None:
    world = World(redis, PLAIN)
    await world.silence("actor=XN", seconds=2 * HOUR)
    await world.take(alert("a"), alert("b", stands=HOUR))
    await world.until(1.5 * HOUR, every=60)
    await lose(world)
    assert [entry.shown for entry in await world.entries("a")] == ["muted"]
    assert world.sent == []
    await world.until(3 * HOUR, every=60)
    assert [told for _, told in world.told()] == [[("a", "firing")]], "b stood no more"


async def test_an_alert_that_inhibits_still_does(redis: Redis) -> None:
    world = World(redis, PLAIN, rules=[rule("level=critical", "level=high", "actor")])
    await world.take(alert("big", level="critical"))
    await lose(world)
    await world.take(alert("small"))
    assert world.outcomes()[-1] == ("small", "muted")


async def test_repeats_and_closings_come_when_they_would_have_come(redis: Redis) -> None:
    world = World(redis, replace(PLAIN, grouping=Grouping(repeat=1000.0, closings=True)))
    await world.take(alert("a", stands=2500))
    await world.until(1500, every=10)
    await lose(world)
    await world.until(5000, every=10)
    assert world.told() == [
        (0.0, [("a", "firing")]), (1000.0, [("a", "standing")]), (2000.0, [("a", "standing")]),
        (2500.0, [("a", "expired")]),
    ]  # fmt: skip


async def test_updates_still_wait_for_their_interval(redis: Redis) -> None:
    world = World(redis, replace(PLAIN, grouping=Grouping(updates=True)))
    await world.take(alert("a"))
    await lose(world)
    await world.until(10)
    await world.take(updated("a", 10))
    await world.until(400, every=5)
    assert world.told() == [(0.0, [("a", "firing")]), (300.0, [("a", "updated")])]


async def test_a_retraction_under_way_is_tried_again(redis: Redis) -> None:
    """What was being tried had been right to send, whatever the records of others say by now."""
    world = World(redis, PLAIN)
    await world.take(alert("a"))
    world.channels["t"].answers = [Attempt("retry", "no")]
    await world.take(retracted("a", 10))
    await lose(world)
    await world.until(60)
    assert [s.told for s in world.sent] == [[("a", "firing")], [("a", "retracted")], [("a", "retracted")]]
    assert world.sent[1].id == world.sent[2].id
