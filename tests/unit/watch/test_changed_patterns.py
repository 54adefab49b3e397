"""Patterns changed while they hold state: what was never looked for cannot be missing; no deadline is the old one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.watch.builders import annotation, at, event, make_pattern
from tests.unit.watch.oracle import must_ring
from tests.unit.watch.streams import FACTOR, articles, patterns
from tests.unit.watch.test_engine_against_oracle import NOW
from tests.unit.watch.test_step import Heard, handled, incoming
from tests.unit.watch.test_waiting import World
from workers.watch.durations import to_micros
from workers.watch.engine import Arrival, Engine
from workers.watch.in_force import InForce, covers
from workers.watch.patterns import Pattern, Selection
from workers.watch.revisions import MemoryRevisions
from workers.watch.ringing import Clock
from workers.watch.taking_over import take_over
from workers.watch.windows import MemoryWindows


def silence(*denials: str, timespan: str = "6h", **more: object) -> Pattern:
    """A launch, and none of `denials`."""
    correlation = {
        "type": "temporal",
        "rules": ["missile_launch", *denials],
        "condition": f"missile_launch and not ({' or '.join(denials)})",
        "timespan": timespan,
    }
    return make_pattern(correlation=correlation, **more)


def other(name: str, hours: float, type_: str) -> object:
    return annotation(name, at(hours), event(type_, "KP"))


class Life:
    """A step whose patterns are swapped as a reload swaps them."""

    def __init__(self, client, *found: Pattern) -> None:
        self.world, self.heard = World(), Heard()
        self.world.done = (0,)
        self.client = client
        self.step = self.world.step(client, *found)
        self.offset = 0

    async def start(self) -> Life:
        await self.step.start(self.heard.publish)
        await self.step.applied(0)
        return self

    async def reads(self, *found) -> None:
        for one in found:
            await handled(self.step, self.heard, incoming(one, self.offset))
            self.offset += 1

    async def reloads(self, *found: Pattern) -> None:
        self.step._swap(replace(self.step._patterns, patterns=found))
        await self.step.tick()

    async def restarts(self, *found: Pattern) -> None:
        self.step = self.world.step(self.client, *found)
        await self.start()

    async def until(self, hours: float) -> list[str]:
        self.world.now = at(hours)
        for _ in range(3):  # one tick may only find out when the next moment is
            await self.step.tick()
        return [out.record.evidence[0].article_id for out in self.heard.outgoing]  # type: ignore[attr-defined]  # alerts


@pytest.mark.parametrize("way", ["reloads", "restarts"])
async def test_a_rule_added_to_an_absence_knows_nothing_of_before(client, way) -> None:
    """b was read before the change, and was of no concern then: a must not ring for its absence."""
    life = await Life(client, silence("denial")).start()
    await life.reads(other("a", 0, "missile_launch"), other("b", 1, "apology"))
    await getattr(life, way)(silence("denial", "apology"))
    await life.reads(other("c", 2, "missile_launch"), other("x", 3, "summit"))
    assert await life.until(12) == ["c"]


async def test_a_pattern_that_is_new_to_a_running_stream_counts_from_now_on(client) -> None:
    life = await Life(client).start()
    await life.reads(other("a", 0, "missile_launch"), other("b", 1, "denial"))
    await life.reloads(silence("denial"))
    await life.reads(other("late", 0.5, "missile_launch"), other("c", 2, "missile_launch"))
    assert await life.until(12) == ["c"]


async def test_a_rule_made_narrower_was_collected_all_along(client) -> None:
    wide = silence("denial")
    life = await Life(client, wide).start()
    await life.reads(other("a", 0, "missile_launch"))
    narrow = make_pattern(
        rules={"denial": {"type": "denial", "actor": ["RU"]}},
        correlation=wide.document.correlation.model_dump(by_alias=True),
    )
    await life.reads(other("b", 1, "denial"))
    await life.reloads(narrow)
    assert await life.until(7) == ["a"], "KP's denial is none of RU's"


async def test_a_title_changes_nothing(client) -> None:
    life = await Life(client, silence("denial")).start()
    await life.reads(other("a", 0, "missile_launch"))
    await life.reloads(silence("denial", title="Another"))
    assert await life.until(7) == ["a"]
    assert await life.until(70) == ["a"]


async def test_a_timespan_made_shorter_rings_at_once_and_no_more_than_once(client) -> None:
    life = await Life(client, silence("denial", timespan="12h")).start()
    await life.reads(other("old", -24, "missile_launch"), other("a", 0, "missile_launch"), other("x", 3, "summit"))
    assert await life.until(3) == ["old"]
    await life.reloads(silence("denial", timespan="30m", cooldown="0s"))
    assert await life.until(3) == ["old", "a"]
    assert await life.until(30) == ["old", "a"]


async def test_a_timespan_made_longer_waits_longer(client) -> None:
    life = await Life(client, silence("denial", timespan="1h")).start()
    await life.reads(other("a", 0, "missile_launch"))
    await life.reloads(silence("denial", timespan="6h"))
    assert await life.until(5) == []
    assert await life.until(7) == ["a"]


async def test_a_count_that_now_counts_more_does_not_fall_for_what_it_did_not_see(client) -> None:
    def quiet(*rules: str) -> Pattern:
        correlation = {"type": "event_count", "rules": list(rules), "timespan": "2h", "condition": {"lt": 1}}
        return make_pattern(correlation=correlation, cooldown="0s")

    life = await Life(client, quiet("missile_launch")).start()
    await life.reads(other("a", 0, "missile_launch"), other("b", 1, "summit"), other("c", 1.5, "summit"))
    await life.reloads(quiet("missile_launch", "summit"))
    assert await life.until(3) == [], "it would be silent since 0:00, but for the summits that it did not see"
    await life.reads(other("d", 4, "summit"))
    assert await life.until(9) == ["d"]


async def test_what_rang_before_the_change_stays_and_a_late_article_takes_nothing_back(client) -> None:
    life = await Life(client, silence("denial")).start()
    await life.reads(other("a", 0, "missile_launch"), other("x", 9, "summit"))
    assert await life.until(9) == ["a"]
    await life.reloads(silence("denial", "apology"))
    await life.reads(other("late", 5, "missile_launch"))
    await life.until(20)
    assert [state for _, state in life.heard.alerts] == ["firing"]


async def test_two_workers_that_reload_one_after_the_other(client) -> None:
    """Until the second has the new rule too, it goes on collecting by the old one."""
    first, second = await Life(client, silence("denial")).start(), await Life(client, silence("denial")).start()
    await first.reloads(silence("denial", "apology"))
    first.offset = second.offset = 0
    await first.reads(other("a", 0, "missile_launch"))
    second.offset = first.offset
    await second.reads(other("b", 1, "apology"))
    await second.reloads(silence("denial", "apology"))
    assert await second.until(12) == []


async def test_two_workers_that_are_restarted_one_after_the_other(client) -> None:
    """A rolling restart: the first has the new rule, the second reads its partition by the old one for a while."""
    old, new = silence("denial"), silence("denial", "apology")
    world, heard = World(), Heard()
    world.on_topic = world.done = (0, 1)
    first, second = world.step(client, old), world.step(client, old)
    for partition, step in enumerate((first, second)):
        await step.start(heard.publish)
        await step.applied(partition)
    await handled(first, heard, incoming(other("x", -1, "summit"), 0))
    first = world.step(client, new)
    await first.start(heard.publish)
    await first.applied(0)
    await handled(first, heard, incoming(other("a", 0, "missile_launch"), 1))
    await handled(second, heard, incoming(other("b", 1, "apology"), 0, partition=1))
    second = world.step(client, new)
    await second.start(heard.publish)
    await second.applied(1)
    await handled(first, heard, incoming(other("c", 2, "missile_launch"), 2))
    world.now = at(12)
    for _ in range(3):
        await first.tick()
    assert [out.record.evidence[0].article_id for out in heard.outgoing] == ["c"]  # type: ignore[attr-defined]  # alerts


async def test_a_partition_that_was_taken_away_is_not_said_to_be_read_by_what_this_worker_loads(client) -> None:
    """The first has the new rule, the second reads by the old one; then the second dies, and the first reads on."""
    old, new = silence("denial"), silence("denial", "apology")
    world, heard = World(), Heard()
    world.on_topic = world.done = (0, 1)
    first, second = world.step(client, old), world.step(client, old)
    await first.start(heard.publish)
    for partition in (0, 1):
        await first.applied(partition)
    await handled(first, heard, incoming(other("x", -1, "summit"), 0))
    await second.start(heard.publish)
    first.revoked([0, 1])  # Kafka gives the second one its share
    await first.applied(0)
    await second.applied(1)
    await handled(first, heard, incoming(other("a", 0, "missile_launch"), 1))
    first._swap(replace(first._patterns, patterns=(new,)))
    await first.tick()
    await handled(second, heard, incoming(other("b", 2, "apology"), 0, partition=1))
    await handled(first, heard, incoming(other("c", 1, "missile_launch"), 2))
    first.revoked([0])
    for partition in (0, 1):
        await first.applied(partition)
    await handled(first, heard, incoming(other("d", 3, "missile_launch"), 3))
    world.now = at(12)
    for _ in range(3):
        await first.tick()
    assert [out.record.evidence[0].article_id for out in heard.outgoing] == ["d"]  # type: ignore[attr-defined]  # alerts


async def test_a_restart_with_the_same_patterns_keeps_what_they_collected(client) -> None:
    pattern = silence("denial")
    life = await Life(client).start()
    await life.reads(other("x", -1, "summit"))
    await life.reloads(pattern)
    await life.reads(other("a", 0, "missile_launch"), other("y", 1, "summit"))
    await life.restarts(pattern)
    assert await life.until(12) == ["a"]


async def test_a_reload_while_redis_is_away_is_made_up_for(client, monkeypatch) -> None:
    life = await Life(client, silence("denial")).start()
    await life.reads(other("a", 0, "missile_launch"), other("b", 1, "apology"))

    async def away(*_: object) -> None:
        raise ConnectionError("Redis is away")

    with monkeypatch.context() as patch:
        patch.setattr("workers.watch.step.take_over", away)
        with pytest.raises(ConnectionError):
            await life.reloads(silence("denial", "apology"))
    assert await life.until(12) == []


RULE = Selection("x", frozenset({"missile_launch", "summit"}), frozenset({"actual"}))


@pytest.mark.parametrize(
    ("narrow", "covered"),
    [
        (RULE, True),
        (replace(RULE, name="y", types=frozenset({"summit"})), True),
        (replace(RULE, types=frozenset({"talks"})), False),
        (replace(RULE, statuses=frozenset({"actual", "future"})), False),
        (replace(RULE, texts=frozenset({"envoy"}), min_confidence=0.5), True),
    ],
)
def test_what_a_wider_rule_collected(narrow, covered) -> None:
    assert covers(RULE, narrow) == covered
    assert not covers(replace(RULE, min_confidence=0.6), replace(RULE, min_confidence=0.5))
    assert not covers(replace(RULE, places=frozenset({"SE"})), RULE)


@given(pattern=patterns())
def test_what_is_in_force_survives_the_wire(pattern) -> None:
    found = InForce.of(pattern, 7)
    assert InForce.from_wire(found.to_wire()) == found


@settings(max_examples=150 * FACTOR, deadline=None)
@given(
    before=patterns(grouped_by=((), ("article",))),
    after=patterns(grouped_by=((), ("article",))),
    stream=articles(least=4),
    share=st.floats(0, 1),
)
def test_a_pattern_changed_in_the_middle_rings_nothing_that_the_whole_stream_denies(
    before, after, stream, share
) -> None:
    """`after` is decided on less than if it had been there all the while; it must not ring for what it lacks."""
    after = replace(after, cooldown=0, rearms=False)
    stream = sorted(stream, key=lambda one: one.annotation.event_time)
    middle = int(len(stream) * share)
    told = asyncio.run(_lives(before, after, stream[:middle], stream[middle:]))
    if after.waits:
        end = stream[-1].annotation.event_time
        assert told <= must_ring(after, stream, end, stream[0].annotation.event_time)


async def _lives(before: Pattern, after: Pattern, first: Sequence[Arrival], second: Sequence[Arrival]) -> set[str]:
    """Ids of alerts that `after` announced as firing and did not take back."""
    store, revisions = MemoryWindows(), MemoryRevisions()
    told: dict[str, str] = {}
    clock = Clock()

    async def reads(pattern: Pattern, found: Sequence[Arrival]) -> None:
        nonlocal clock
        engine = Engine([pattern], store)
        for one in found:
            when = to_micros(one.annotation.event_time)
            oldest = when if clock.oldest is None else clock.oldest
            clock = Clock(watermark=when, newest=when, oldest=oldest)
            for report in (await engine.apply(revisions.current([one]), NOW, clock), await engine.tick(NOW, clock)):
                told.update({a.alert.id: a.alert.state for a in report.announcements})
                await store.announced(report.announcements)

    await take_over(store, [before], {}, clock)
    await reads(before, first)
    told.clear()
    await take_over(store, [after], {before.id: before}, clock)
    await reads(after, second)
    return {alert for alert, state in told.items() if state == "firing"}
