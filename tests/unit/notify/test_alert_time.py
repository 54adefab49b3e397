"""More evidence for what rang, repeats while it stands, and its end, in simulated time."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.notify.simulated import HOUR, PLAIN, World, alert, grouped, retracted, updated
from workers.notify.targets import Grouping
from workers.notify.verdicts import Attempt
from workers.redis_client import Redis


class TestUpdates:
    async def test_a_storm_of_evidence_is_told_once_in_an_interval(self, redis: Redis) -> None:
        world = World(redis, replace(PLAIN, grouping=Grouping(updates=True)))
        await world.take(alert("a"))
        for second in range(10, 610, 10):
            await world.until(second)
            await world.take(updated("a", second))
        await world.until(2000, every=10)
        assert world.told() == [
            (0.0, [("a", "firing")]), (300.0, [("a", "updated")]), (600.0, [("a", "updated")]),
            (900.0, [("a", "updated")]),
        ]  # fmt: skip

    async def test_who_does_not_ask_for_updates_is_not_told(self, redis: Redis) -> None:
        world = World(redis, PLAIN)
        await world.take(alert("a"))
        await world.take(updated("a", 10))
        assert len(world.sent) == 1
        assert world.published.deliveries()[-1].reason == (
            "more evidence for what was told; this receiver does not ask for updates"
        )
        await world.take(retracted("a", 20))
        assert world.told()[-1][1] == [("a", "retracted")]

    async def test_who_heard_nothing_yet_hears_of_a_firing_with_all_evidence(self, redis: Redis) -> None:
        world = World(redis, grouped("actor"))
        await world.take(alert("a"), updated("a", 10))
        await world.until(40)
        assert world.told() == [(30.0, [("a", "firing")])]
        assert world.sent[0].id.startswith("group_")
        assert sorted(world.outcomes()) == [("a", "delivered"), ("a", "suppressed")]

    async def test_an_update_of_what_failed_is_told_as_a_firing(self, redis: Redis) -> None:
        world = World(redis, PLAIN)
        world.channels["t"].answers = [Attempt("permanent", "400")]
        await world.take(alert("a"))
        await world.take(updated("a", 10))
        assert world.told() == [(0.0, [("a", "firing")])]

    async def test_an_update_of_what_is_silenced_keeps_it_silent(self, redis: Redis) -> None:
        world = World(redis, PLAIN)
        await world.silence("actor=XN", seconds=HOUR)
        await world.take(alert("a"))
        await world.take(updated("a", 10), updated("a", 20))
        await world.until(HOUR, every=60)
        assert world.told() == [(HOUR, [("a", "firing")])]
        assert [outcome for _, outcome in world.outcomes()].count("muted") == 2, "the last of them must be known, too"


class TestRepeatsAndClosings:
    async def test_off_unless_asked_for(self, redis: Redis) -> None:
        world = World(redis, PLAIN)
        await world.take(alert("a", stands=HOUR))
        await world.until(2 * HOUR, every=60)
        assert len(world.sent) == 1
        assert await world.standings.parked("t") == 0

    async def test_what_stands_is_repeated_until_it_is_closed(self, redis: Redis) -> None:
        world = World(redis, replace(PLAIN, grouping=Grouping(repeat=1000.0, closings=True)))
        await world.take(alert("a", stands=2500))
        await world.until(5000, every=10)
        assert world.told() == [
            (0.0, [("a", "firing")]), (1000.0, [("a", "standing")]), (2000.0, [("a", "standing")]),
            (2500.0, [("a", "expired")]),
        ]  # fmt: skip
        assert len({s.id for s in world.sent}) == 4
        assert await world.standings.parked("t") == 0

    async def test_not_after_it_was_taken_back(self, redis: Redis) -> None:
        world = World(redis, replace(PLAIN, grouping=Grouping(repeat=1000.0, closings=True)))
        await world.take(alert("a", stands=2500))
        await world.until(1500, every=10)
        await world.take(retracted("a", 1500))
        await world.until(5000, every=50)
        assert [told for _, told in world.told()] == [[("a", s)] for s in ("firing", "standing", "retracted")]

    async def test_more_evidence_keeps_it_open_even_where_it_is_not_told(self, redis: Redis) -> None:
        world = World(redis, replace(PLAIN, grouping=Grouping(closings=True)))
        await world.take(alert("a", stands=1000))
        await world.until(900, every=10)
        await world.take(updated("a", 900, stands=1000))
        await world.until(3000, every=10)
        assert world.told() == [(0.0, [("a", "firing")]), (1900.0, [("a", "expired")])]

    async def test_a_repeat_that_is_silenced_comes_when_the_silence_ends(self, redis: Redis) -> None:
        world = World(redis, replace(PLAIN, grouping=Grouping(repeat=1000.0)))
        await world.take(alert("a"))
        await world.until(900, every=10)
        await world.silence("actor=XN", seconds=600)
        await world.until(2000, every=10)
        assert world.told() == [(0.0, [("a", "firing")]), (1500.0, [("a", "standing")])]

    async def test_a_group_is_repeated_as_a_group(self, redis: Redis) -> None:
        world = World(redis, grouped("actor", repeat=1000.0))
        await world.take(alert("a"), alert("b"))
        await world.until(1100, every=5)
        assert world.told() == [
            (30.0, [("a", "firing"), ("b", "firing")]), (1030.0, [("a", "standing"), ("b", "standing")]),
        ]  # fmt: skip

    async def test_a_repeat_is_tried_under_one_id(self, redis: Redis) -> None:
        world = World(redis, replace(PLAIN, grouping=Grouping(repeat=1000.0)))
        await world.take(alert("a"))
        world.channels["t"].answers = [Attempt("retry", "no")] * 2
        await world.until(1100, every=5)
        assert [s.taken for s in world.sent] == [True, False, False, True]
        assert len({s.id for s in world.sent[1:]}) == 1

    async def test_an_asker_of_repeats_who_asks_no_more_is_left_alone(self, redis: Redis) -> None:
        world = World(redis, replace(PLAIN, grouping=Grouping(repeat=1000.0)))
        await world.take(alert("a"))
        later = World(redis, PLAIN)
        await later.until(2000, every=10)
        assert later.sent == []
        assert later.published.deliveries()[-1].outcome == "suppressed"
