"""Alerts that are held back or told together, in simulated time: silences, inhibition, old news, groups."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.notify.simulated import BEGIN, HOUR, PLAIN, World, alert, grouped, moment, retracted, rule, updated
from workers.metrics import MUTED
from workers.notify.silences import expired
from workers.notify.verdicts import Attempt
from workers.redis_client import Redis


class TestSilences:
    async def test_what_is_silenced_is_stored_with_its_reason_and_told_when_the_silence_ends(
        self, redis: Redis
    ) -> None:
        world = World(redis, PLAIN)
        await world.silence("actor=XN", seconds=HOUR)
        await world.take(alert("a"), alert("b", group={"actor": ("ZZ",)}))
        assert world.told() == [(0.0, [("b", "firing")])]
        (muted,) = [d for d in world.published.deliveries() if d.outcome == "muted"]
        assert (muted.alert_id, muted.attempt, muted.muted_by) == ("a", 0, "silence:s1")
        assert muted.reason == "silenced until 2026-03-01 13:00:00Z by night desk: known"
        assert muted.next_attempt_at == moment(BEGIN + HOUR)
        (entry,) = await world.entries("a")
        assert (entry.outcome, entry.muted_by) == ("pending", "silence:s1")
        await world.until(HOUR - 1, every=60)
        assert len(world.sent) == 1
        await world.until(HOUR + 1)
        assert world.told()[1:] == [(HOUR, [("a", "firing")])]
        assert sorted(world.outcomes()) == [("a", "delivered"), ("a", "muted"), ("b", "delivered")]

    async def test_its_mute_is_recorded_once_however_often_somebody_looks(self, redis: Redis) -> None:
        before = MUTED.labels("t", "silence")._value.get()
        world = World(redis, PLAIN)
        await world.silence("actor=XN", seconds=HOUR)
        await world.take(alert("a"), alert("a"))
        await redis.zadd("{tocsin:notify:t}:queue", {"a:0": world.now})
        await world.until(100)
        assert world.outcomes() == [("a", "muted")]
        assert MUTED.labels("t", "silence")._value.get() == before + 1

    async def test_expired_by_hand_it_is_told_at_the_next_look(self, redis: Redis) -> None:
        world = World(redis, PLAIN)
        made = await world.silence("actor=XN", seconds=HOUR)
        await world.take(alert("a"))
        await world.until(10)
        await world.put(expired(made, world.clock()))
        await world.until(12)
        assert world.told() == [(11.0, [("a", "firing")])]

    async def test_one_silence_after_another_is_recorded_each(self, redis: Redis) -> None:
        world = World(redis, PLAIN)
        await world.silence("actor=XN", seconds=100)
        await world.take(alert("a"))
        await world.until(50)
        await world.silence("pattern=launch-plus-summit", seconds=100, name="s2")
        await world.until(200)
        assert [d.muted_by for d in world.published.deliveries()] == ["silence:s1", "silence:s2", None]
        assert world.told() == [(150.0, [("a", "firing")])]

    async def test_what_is_taken_back_while_it_is_silenced_is_never_told(self, redis: Redis) -> None:
        world = World(redis, PLAIN)
        await world.silence("actor=XN", seconds=HOUR)
        await world.take(alert("a"))
        await world.take(retracted("a", 10))
        await world.until(2 * HOUR, every=60)
        assert world.sent == []
        assert sorted(world.outcomes()) == [("a", "muted"), ("a", "suppressed"), ("a", "suppressed")]

    async def test_what_stands_no_more_when_the_silence_ends_is_not_told(self, redis: Redis) -> None:
        world = World(redis, PLAIN)
        await world.silence("actor=XN", seconds=HOUR)
        await world.take(alert("a", stands=600))
        await world.until(2 * HOUR, every=60)
        assert world.sent == []
        assert world.published.deliveries()[-1].reason == (
            "nothing new came of it while it was muted, and it stands no more"
        )

    async def test_a_retraction_of_what_was_told_waits_for_the_end_of_a_silence(self, redis: Redis) -> None:
        world = World(redis, PLAIN)
        await world.take(alert("a"))
        await world.silence("actor=XN", seconds=HOUR)
        await world.take(retracted("a", 10))
        await world.until(2 * HOUR, every=60)
        assert world.told() == [(0.0, [("a", "firing")]), (HOUR, [("a", "retracted")])]

    async def test_what_takes_the_place_of_a_silenced_alert_is_told_if_it_is_not_silenced(self, redis: Redis) -> None:
        world = World(redis, PLAIN)
        await world.silence("alert=a", seconds=HOUR)
        await world.take(alert("a"))
        await world.take(alert("b", 5, supersedes=("a",)), retracted("a", 5, superseded_by="b"))
        assert world.told() == [(0.0, [("b", "firing")])]
        await world.until(2 * HOUR, every=60)
        assert len(world.sent) == 1

    async def test_a_silence_for_one_receiver_holds_for_that_one(self, redis: Redis) -> None:
        world = World(redis, PLAIN, replace(PLAIN, name="u"))
        await world.silence("receiver=t")
        await world.take(alert("a"))
        assert (world.told("t"), world.told("u")) == ([], [(0.0, [("a", "firing")])])

    async def test_what_is_being_tried_is_not_held_back_any_more(self, redis: Redis) -> None:
        world = World(redis, PLAIN)
        world.channels["t"].answers = [Attempt("retry", "no")]
        await world.take(alert("a"))
        await world.silence("actor=XN")
        await world.until(10)
        assert [s.taken for s in world.sent] == [False, True]

    async def test_its_schedule_begins_when_the_silence_ends(self, redis: Redis) -> None:
        world = World(redis, PLAIN)
        await world.silence("actor=XN", seconds=2 * HOUR)
        world.channels["t"].answers = [Attempt("retry", "no")] * 3
        await world.take(alert("a"))
        await world.until(2 * HOUR + 60, every=5)
        assert [s.taken for s in world.sent] == [False, False, False, True]


class TestOldNewsPushedAfterwards:
    async def test_nobody_is_told_and_the_reason_is_kept(self, redis: Redis) -> None:
        world = World(redis, PLAIN, replace(grouped("actor"), name="g"))
        await world.take(alert("a", muted="backfill"), updated("a", 5, muted="backfill"))
        await world.take(retracted("a", 10, muted="backfill"))
        await world.until(400)
        assert world.sent == []
        first = world.published.deliveries("t")[0]
        assert (first.outcome, first.reason) == (
            "suppressed", "old news pushed afterwards: it is stored, and nobody is told",
        )  # fmt: skip
        assert [entry.shown for entry in await world.entries("a")] == ["muted", "muted", "suppressed"]

    async def test_who_was_told_of_the_alert_whose_place_it_takes_hears_that_nothing_is_left(
        self, redis: Redis
    ) -> None:
        world = World(redis, PLAIN)
        await world.take(alert("a"))
        await world.take(alert("b", muted="backfill", supersedes=("a",)), retracted("a", 5, superseded_by="b"))
        await world.take(retracted("b", 10, muted="backfill"))
        assert world.told() == [(0.0, [("a", "firing")]), (0.0, [("b", "retracted")])]

    async def test_fired_again_because_live_news_brings_it_about_it_is_told_once(self, redis: Redis) -> None:
        world = World(redis, PLAIN, replace(grouped("actor"), name="g"))
        again = alert("a", 60, sequence=60_000)
        await world.take(alert("a", muted="backfill"), again, again)
        await world.take(retracted("a", 100))
        await world.until(400)
        assert [states for _, states in world.told()] == [[("a", "firing")], [("a", "retracted")]]
        assert [entry.shown for entry in await world.entries("a")][:2] == ["muted", "delivered"]


class TestInhibition:
    RULE = rule("level=critical", "level=~high|medium", "actor")

    async def test_muted_while_a_weightier_alert_about_the_same_stands(self, redis: Redis) -> None:
        world = World(redis, PLAIN, rules=[self.RULE])
        await world.take(alert("big", level="critical"))
        await world.take(alert("small"), alert("else", group={"actor": ("ZZ",)}))
        assert [told for _, told in world.told()] == [[("big", "firing")], [("else", "firing")]]
        (muted,) = [d for d in world.published.deliveries() if d.outcome == "muted"]
        assert (muted.alert_id, muted.muted_by) == ("small", "alert:big")
        assert muted.reason == "inhibited while alert big stands (Launch plus summit)"
        await world.until(60)
        await world.take(retracted("big", 60, level="critical"))
        await world.until(62)
        assert world.told()[-1] == (61.0, [("small", "firing")])

    async def test_until_the_source_is_closed(self, redis: Redis) -> None:
        world = World(redis, PLAIN, rules=[self.RULE])
        await world.take(alert("big", stands=500, level="critical"))
        await world.take(alert("small", stands=HOUR))
        await world.until(600, every=10)
        assert world.told()[-1] == (500.0, [("small", "firing")])

    async def test_the_source_is_not_muted_by_its_target_nor_by_itself(self, redis: Redis) -> None:
        world = World(redis, PLAIN, rules=[rule("actor=XN", "actor=XN")])
        await world.take(alert("a"), alert("b"))
        assert len(world.told()) == 2

    async def test_a_retraction_is_told_whatever_inhibits(self, redis: Redis) -> None:
        world = World(redis, PLAIN, rules=[self.RULE])
        await world.take(alert("small"))
        await world.take(alert("big", level="critical"))
        await world.take(retracted("small", 5))
        assert world.told()[-1][1] == [("small", "retracted")]

    @pytest.mark.parametrize(
        ("source", "target", "muted"),
        [(("XN", "ZZ"), ("ZZ",), True), (("XN",), ("ZZ",), False), ((), (), True), (("XN",), (), False)],
    )
    async def test_labels_agree_if_they_share_a_value(
        self, redis: Redis, source: tuple[str, ...], target: tuple[str, ...], muted: bool
    ) -> None:
        world = World(redis, PLAIN, rules=[self.RULE])
        await world.take(alert("big", level="critical", group={"actor": source} if source else {}))
        await world.take(alert("small", group={"actor": target} if target else {}))
        assert ("small", "muted") in world.outcomes() if muted else ("small", "delivered") in world.outcomes()


class TestGroups:
    async def test_the_first_waits_and_takes_along_what_comes_meanwhile(self, redis: Redis) -> None:
        world = World(redis, grouped("actor"))
        await world.take(alert("a"))
        await world.until(20)
        await world.take(alert("b"), alert("c", group={"actor": ("ZZ",)}))
        await world.until(60)
        assert world.told() == [(30.0, [("a", "firing"), ("b", "firing")]), (50.0, [("c", "firing")])]
        assert len({d.notification for d in world.published.deliveries() if d.alert_id in "ab"}) == 1
        assert all(s.id.startswith("group_") for s in world.sent)

    async def test_what_follows_waits_for_the_interval_and_then_a_quiet_group_begins_anew(self, redis: Redis) -> None:
        world = World(redis, grouped("actor"))
        await world.take(alert("a"))
        await world.until(100)
        await world.take(alert("b"))
        await world.until(200)
        await world.take(alert("c"))
        await world.until(1000, every=2)
        await world.take(alert("d"))
        await world.until(1100)
        assert world.told() == [
            (30.0, [("a", "firing")]), (330.0, [("b", "firing"), ("c", "firing")]), (1030.0, [("d", "firing")]),
        ]  # fmt: skip

    async def test_an_urgent_one_waits_for_nothing_and_takes_the_others_along(self, redis: Redis) -> None:
        world = World(redis, grouped("actor", urgent_from="critical"))
        await world.take(alert("a"))
        await world.until(10)
        await world.take(alert("big", level="critical"))
        assert world.told() == [(10.0, [("a", "firing"), ("big", "firing")])]
        await world.take(alert("b"))
        await world.until(20)
        await world.take(alert("big2", level="critical"))
        assert world.told()[1:] == [(20.0, [("b", "firing"), ("big2", "firing")])]

    async def test_every_attempt_has_one_id_and_one_content(self, redis: Redis) -> None:
        world = World(redis, grouped("actor"))
        world.channels["t"].answers = [Attempt("retry", "no")] * 3
        await world.take(alert("a"), alert("b"))
        await world.until(31)
        await world.take(alert("c"))
        await world.until(400)
        first = [s for s in world.sent if ("a", "firing") in s.told]
        assert len(first) == 4
        assert {(s.id, tuple(s.told)) for s in first} == {(first[0].id, (("a", "firing"), ("b", "firing")))}
        assert world.sent[-1].told == [("c", "firing")]
        assert world.sent[-1].id != first[0].id

    async def test_what_is_taken_back_before_its_group_is_told_is_left_out(self, redis: Redis) -> None:
        world = World(redis, grouped("actor"))
        await world.take(alert("a"), alert("b"))
        await world.take(retracted("a", 5))
        await world.until(60)
        assert world.told() == [(30.0, [("b", "firing")])]

    async def test_one_of_a_group_that_is_silenced_is_left_out_and_told_later(self, redis: Redis) -> None:
        world = World(redis, grouped("actor"))
        await world.silence("alert=b", seconds=HOUR)
        await world.take(alert("a"), alert("b"), alert("c"))
        await world.until(HOUR + 60, every=5)
        assert [told for _, told in world.told()] == [[("a", "firing"), ("c", "firing")], [("b", "firing")]]

    async def test_more_than_fit_follow_in_the_next_notification(self, redis: Redis) -> None:
        world = World(redis, grouped())
        await world.take(*(alert(f"a{n:03}") for n in range(120)))
        await world.until(31)
        assert [len(told) for _, told in world.told()] == [50, 50, 20]
        assert len({name for _, told in world.told() for name, _ in told}) == 120

    async def test_all_of_a_notification_that_failed_are_kept(self, redis: Redis) -> None:
        world = World(redis, grouped("actor"))
        world.channels["t"].answers = [Attempt("permanent", "400", status_code=400)]
        await world.take(alert("a"), alert("b"))
        await world.until(31)
        assert sorted(world.outcomes()) == [("a", "failed"), ("b", "failed")]
        assert len(world.published.of_kind("rejects")) == 2
        assert len(world.published.of_kind("alerts")) == 1, "the receiver's trouble is told once"


class TestOldNewsInTheWay:
    async def test_old_news_does_not_take_the_place_of_an_alert_that_waits_for_the_end_of_a_silence(
        self, redis: Redis
    ) -> None:
        world = World(redis, PLAIN)
        await world.silence("actor=XN", seconds=HOUR)
        await world.take(alert("a"))
        await world.take(alert("b", muted="backfill", supersedes=("a",)), retracted("a", 5, superseded_by="b"))
        await world.until(2 * HOUR, every=60)
        assert world.told() == [(HOUR, [("a", "firing")])]
        await world.take(retracted("b", 8000, muted="backfill"))
        assert world.told()[1:] == [(2 * HOUR, [("b", "retracted")])]
