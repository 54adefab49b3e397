"""Patterns that wait for time to pass, through the step on a real Redis: silence, falling counts, rates, backlogs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import permutations

import pytest

from tests.unit.watch.builders import annotation, at, event, make_pattern
from tests.unit.watch.test_step import NAMESPACE, Heard, handled, incoming
from workers.redis_client import Redis
from workers.redis_keys import Keys
from workers.watch.durations import to_micros
from workers.watch.event_types import DEFAULT_EVENT_TYPES
from workers.watch.pattern_file import PatternSet
from workers.watch.patterns import Pattern
from workers.watch.revisions import began, days_of
from workers.watch.step import Watch
from workers.watch.stream_clock import StreamClock


class World:
    """A clock that stands still until it is moved, and what waits upstream."""

    def __init__(self) -> None:
        self.now = at(0)
        self.on_topic: Collection[int] = ()
        self.done: Collection[int] = ()

    async def partitions(self) -> Collection[int]:
        return self.on_topic

    async def drained(self, done: Mapping[int, int]) -> Collection[int]:
        del done
        return self.done

    def close(self) -> None:
        """Nothing is open."""

    def step(self, client: Redis, *patterns: Pattern, clock: str = "wall") -> Watch:
        return Watch(
            PatternSet(patterns),
            DEFAULT_EVENT_TYPES,
            client,
            NAMESPACE,
            now=lambda: self.now,
            upstream=self,
            clock=clock,  # type: ignore[arg-type]  # a literal in every call
        )


def unanswered(**more: object) -> Pattern:
    """A launch that nobody denies within six hours."""
    correlation = {
        "type": "temporal",
        "rules": ["missile_launch", "denial"],
        "condition": "missile_launch and not denial",
        "group-by": ["actor"],
        "timespan": "6h",
    }
    return make_pattern(correlation=correlation, **more)


def launch(name: str, when: datetime) -> object:
    return annotation(name, when, event("missile_launch", "KP"))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def heard() -> Heard:
    return Heard()


async def test_absence_fires_in_total_silence_once_and_not_before_its_time(client, world, heard) -> None:
    step = world.step(client, unanswered())
    await step.start(heard.publish)
    await step.applied(0)
    await handled(step, heard, incoming(launch("a", at(0)), 0))
    world.done = {0}
    world.now = at(hours=6, minutes=14)  # the deadline is at six, and news may be 15 minutes late
    await step.tick()
    assert not heard.firing
    world.now = at(hours=6, minutes=15)
    await step.tick()
    assert len(heard.firing) == 1
    world.now = at(hours=60)
    await step.tick()
    assert len(heard.alerts) == 1


async def test_a_backlog_is_drained_before_a_deadline_closes(client, world, heard) -> None:
    step = world.step(client, unanswered())
    await step.start(heard.publish)
    await step.applied(0)
    await handled(step, heard, incoming(launch("a", at(0)), 0))
    world.now = at(hours=12)
    world.done = ()  # something still waits, here or before the reading
    await step.tick()
    assert not heard.alerts
    await handled(step, heard, incoming(annotation("b", at(hours=2), event("denial", "KP")), 1))
    world.done = {0}
    await step.tick()
    assert not heard.alerts


async def test_one_partition_that_lags_holds_the_deadline_back(client, world, heard) -> None:
    step = world.step(client, unanswered())
    await step.start(heard.publish)
    for partition in (0, 1):
        await step.applied(partition)
    await handled(step, heard, incoming(launch("a", at(0)), 0))
    world.now, world.done = at(hours=12), {0}
    await step.tick()
    assert not heard.alerts
    world.done = {0, 1}
    await step.tick()
    assert len(heard.firing) == 1


async def test_a_denial_that_turns_up_late_retracts_visibly(client, world, heard) -> None:
    step = world.step(client, unanswered())
    await step.start(heard.publish)
    await step.applied(0)
    await handled(step, heard, incoming(launch("a", at(0)), 0))
    world.now, world.done = at(hours=12), {0}
    await step.tick()
    await handled(step, heard, incoming(annotation("b", at(hours=3), event("denial", "KP")), 1))
    assert [state for _, state in heard.alerts] == ["firing", "retracted"]


async def test_newer_articles_move_the_clock_without_anybody_asking(client, world, heard) -> None:
    step = world.step(client, unanswered())
    await step.start(heard.publish)
    await step.applied(0)
    await handled(step, heard, incoming(launch("a", at(0)), 0))
    await handled(step, heard, incoming(annotation("b", at(hours=7), event("summit", "FR")), 1))
    await step.tick()
    assert len(heard.firing) == 1


async def test_in_a_replay_time_ends_with_the_archive(client, world, heard) -> None:
    step = world.step(client, unanswered(), clock="archive")
    await step.start(heard.publish)
    for partition in (0, 1):
        await step.applied(partition)
    await handled(step, heard, incoming(launch("a", at(0)), 0))
    await handled(step, heard, incoming(launch("b", at(hours=5)), 1))
    world.now, world.done = at(days=3000), {0, 1}
    await step.tick()
    assert not heard.alerts  # the archive ends five hours after the launch
    await handled(step, heard, incoming(annotation("c", at(hours=9), event("summit", "FR")), 2))
    await step.tick()
    assert len(heard.firing) == 1


async def test_an_article_dated_in_the_future_moves_no_deadline(client, world, heard) -> None:
    step = world.step(client, unanswered())
    await step.start(heard.publish)
    await step.applied(0)
    await handled(step, heard, incoming(launch("a", at(0)), 0))
    dreamt = annotation("b", at(hours=1), event("summit", "FR")).model_copy(
        update={"published_at": at(days=1800), "event_time_source": "fetched"}
    )
    await handled(step, heard, incoming(dreamt, 1))
    await step.tick()
    assert not heard.alerts


async def test_a_death_between_state_and_announcement_of_a_deadline_loses_nothing(client, world, heard) -> None:
    class Dead(Heard):
        async def publish(self, outgoing) -> None:
            raise ConnectionError("killed here")

    step = world.step(client, unanswered())
    await step.start(Dead().publish)
    await step.applied(0)
    await handled(step, heard, incoming(launch("a", at(0)), 0))
    world.now, world.done = at(hours=12), {0}
    with pytest.raises(ConnectionError):
        await step.tick()
    again = world.step(client, unanswered())
    await again.start(heard.publish)
    assert len(heard.firing) == 1
    await again.tick()
    assert len(heard.alerts) == 1


async def test_a_publish_that_fails_once_is_made_up_for_at_the_next_tick(client, world, heard) -> None:
    class Away(Heard):
        tries = 0

        async def publish(self, outgoing) -> None:
            self.tries += 1
            if self.tries == 1:
                raise ConnectionError("Kafka is away")
            await super().publish(outgoing)

    kafka = Away()
    step = world.step(client, unanswered())
    await step.start(kafka.publish)
    await step.applied(0)
    await handled(step, heard, incoming(launch("a", at(0)), 0))
    world.now, world.done = at(hours=12), {0}
    with pytest.raises(ConnectionError):
        await step.tick()
    await step.tick()
    await step.tick()
    assert [state for _, state in kafka.alerts] == ["firing"]


async def test_a_feed_that_falls_silent_rings_and_rings_again_only_after_it_spoke(client, world, heard) -> None:
    correlation = {
        "type": "event_count",
        "rules": ["missile_launch", "summit"],
        "timespan": "2h",
        "condition": {"lt": 1},
    }
    step = world.step(client, make_pattern(correlation=correlation, cooldown="0s"))
    await step.start(heard.publish)
    await step.applied(0)
    world.done = {0}
    world.now = at(hours=5)
    await step.tick()
    assert not heard.alerts  # what never spoke cannot fall silent
    await handled(step, heard, incoming(launch("a", at(hours=5)), 0))
    world.now = at(hours=8)
    await step.tick()
    await step.tick()
    assert len(heard.alerts) == 1
    await handled(step, heard, incoming(launch("b", at(hours=8)), 1))
    world.now = at(hours=12)
    await step.tick()
    assert len(heard.firing) == 2


async def test_a_spike_is_judged_against_what_was_usual(client, world, heard) -> None:
    correlation = {"type": "event_count", "rules": ["missile_launch"], "timespan": "1h"}
    pattern = make_pattern(correlation=correlation, spike={"reference": "10h", "height": 3, "min": 3}, cooldown="1d")
    step = world.step(client, pattern)
    await step.start(heard.publish)
    await step.applied(0)
    usual = [incoming(launch(f"u{hour}", at(hours=hour)), hour) for hour in range(12)]
    await handled(step, heard, *usual)
    rush = [incoming(launch(f"r{n}", at(hours=12, minutes=10 * n)), 12 + n) for n in range(4)]
    await handled(step, heard, *rush)
    world.now, world.done = at(hours=20), {0}
    await step.tick()
    assert len(heard.firing) == 1
    assert heard.outgoing[-1].record.counts.articles >= 3  # type: ignore[attr-defined]  # an alert


async def test_an_article_of_long_ago_does_not_make_the_stream_older(client, world, heard) -> None:
    correlation = {"type": "event_count", "rules": ["missile_launch"], "timespan": "1h"}
    pattern = make_pattern(correlation=correlation, spike={"reference": "10h", "height": 3, "min": 3}, cooldown="1d")
    step = world.step(client, pattern)
    await step.start(heard.publish)
    await step.applied(0)
    pinned = incoming(launch("pinned", at(days=-9000)), 0)
    rush = [incoming(launch(f"r{n}", at(minutes=10 * n)), 1 + n) for n in range(4)]
    await handled(step, heard, pinned, *rush, incoming(launch("again", at(days=-9000)), 6))
    world.now, world.done = at(hours=20), {0}
    await step.tick()
    assert not heard.alerts


@pytest.mark.parametrize(
    ("days", "began_on"),
    [
        ([5, 6, 4], 4),
        ([0, 8], 8),
        ([0, 7], 0),
        ([0, 5, 10], 0),
        ([-9000, 5, 6], 5),
        ([5, 200, 201, 208], 200),
    ],
)
async def test_when_a_stream_began_is_one_rule_whatever_the_order_and_wherever(client, days, began_on) -> None:
    for number, order in enumerate(permutations(days)):
        times = [at(days=day, hours=day % 3) for day in order]
        first = to_micros(at(days=began_on, hours=began_on % 3))
        assert began(days_of(map(to_micros, times))) == first
        time = StreamClock(client, Keys(f"began{number}"))
        for place, when in enumerate(times):
            await time.note([launch(f"a{place}", when)])
        assert (await time.read()).oldest == first
