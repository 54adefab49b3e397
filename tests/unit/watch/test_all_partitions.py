"""No watermark while any partition's state is missing: after Redis lost it, or before it was ever there."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import pytest

from tests.unit.watch.builders import annotation, at, event
from tests.unit.watch.test_step import Heard, handled, incoming
from tests.unit.watch.test_waiting import World, launch, unanswered
from workers.errors import TocsinError, TransientError, Unreachable
from workers.redis_keys import Keys
from workers.watch import upstream
from workers.watch.ringing import Clock
from workers.watch.stream_clock import StreamClock


@pytest.fixture
def world() -> World:
    found = World()
    found.on_topic = (0, 1)
    return found


async def test_after_redis_lost_all_one_worker_alone_moves_no_deadline(client, world) -> None:
    """Of two workers the first reads again what it had; the second's partition, with the denial, is still missing."""
    first, second, heard = world.step(client, unanswered()), world.step(client, unanswered()), Heard()
    for step in (first, second):
        await step.start(heard.publish)
    await first.applied(0)
    await second.applied(1)
    denial = annotation("d", at(2), event("denial", "KP"))
    await handled(first, heard, incoming(launch("a", at(0)), 0))
    await handled(second, heard, incoming(denial, 0, partition=1))
    await client.flushdb()
    reborn = world.step(client, unanswered())
    await reborn.start(heard.publish)
    await reborn.applied(0)
    await handled(reborn, heard, incoming(launch("a", at(0)), 0, rebuilding=True))
    await handled(reborn, heard, incoming(launch("c", at(30)), 1))
    world.now = at(50)
    await reborn.tick()
    assert not heard.alerts
    with pytest.raises(TocsinError, match="Redis has lost counts") as lost:
        await second.tick()
    assert not isinstance(lost.value, TransientError), "it would be tried for ever"
    second = world.step(client, unanswered())
    await second.start(heard.publish)
    assert await second.applied(1) == 0
    await handled(second, heard, incoming(denial, 0, partition=1, rebuilding=True))
    world.done = (0, 1)
    await second.tick()
    assert len(heard.firing) == 1, "c, which nobody denied; not a"
    assert heard.outgoing[-1].record.evidence[0].article_id == "c"  # type: ignore[attr-defined]  # an alert


async def test_a_partition_whose_commit_is_at_its_end_but_whose_state_is_lost_is_asked_from_its_state(client) -> None:
    """Kafka's commit says that nothing waits; the state, lost with Redis, says that all does."""

    class Topic(World):
        ends: Mapping[int, int] = {0: 1, 1: 1}

        async def drained(self, done: Mapping[int, int]) -> Collection[int]:
            return {partition for partition, end in self.ends.items() if done.get(partition, 0) >= end}

    world, heard = Topic(), Heard()
    world.on_topic = (0, 1)
    step = world.step(client, unanswered())
    await step.start(heard.publish)
    await step.applied(0)
    await handled(step, heard, incoming(launch("a", at(0)), 0))
    world.now = at(50)
    await step.tick()
    assert not heard.alerts
    world.ends = {0: 1, 1: 0}  # nothing was ever there
    await step.tick()
    assert len(heard.firing) == 1


async def test_state_that_is_lost_while_kafka_is_asked_counts_for_nothing() -> None:
    answer = upstream.Answer(frozenset({0, 1, 2}), {0: 5, 1: 7}, 0)
    assert answer.still_true({0: 5, 1: 8}) == {0, 1, 2}
    assert answer.still_true({1: 6}) == {2}


async def test_a_missing_partition_keeps_articles_from_getting_too_old(client) -> None:
    time = StreamClock(client, Keys("t"))
    time.partitions = frozenset({0})
    assert await time.read() == Clock(slowest=0, watermark=None)


async def test_while_kafka_thinks_batches_go_on_and_its_answer_is_taken_up_later(client, world, monkeypatch) -> None:
    """A question may take ten seconds; the turn between batches must not be held so long."""
    answered = asyncio.Event()

    class Slow(World):
        asked = 0

        async def drained(self, done: Mapping[int, int]) -> Collection[int]:
            self.asked += 1
            await answered.wait()
            return (0,)

    monkeypatch.setattr(upstream, "PATIENCE_SECONDS", 0.01)
    slow, heard, woken = Slow(), Heard(), asyncio.Event()
    step = slow.step(client, unanswered())
    step.wakes(woken.set)
    await step.start(heard.publish)
    await step.applied(0)
    await handled(step, heard, incoming(launch("a", at(0)), 0))
    slow.now = at(7)
    for _ in range(3):
        await asyncio.wait_for(step.tick(), 10)
    assert (slow.asked, heard.alerts) == (1, [])
    # What comes meanwhile is younger than the question, and counts.
    await handled(step, heard, incoming(annotation("d", at(3), event("denial", "KP")), 1))
    assert not woken.is_set()
    answered.set()
    await asyncio.wait_for(woken.wait(), 10)  # nobody waits for the next full second
    await step.tick()
    await step.tick()
    assert not heard.alerts
    await step.stop()


async def test_what_was_not_drained_when_it_was_asked_long_ago_is_asked_again_at_once(client, monkeypatch) -> None:
    """The last batch's tick finds an answer of before it; the one it needs must not wait for a full second."""
    answered = asyncio.Event()

    class Busy(World):
        asked = 0

        async def drained(self, done: Mapping[int, int]) -> Collection[int]:
            self.asked += 1
            if self.asked == 1:
                await answered.wait()
                return ()
            return (0,)

    monkeypatch.setattr(upstream, "PATIENCE_SECONDS", 0.01)
    busy, heard, woken = Busy(), Heard(), asyncio.Event()
    step = busy.step(client, unanswered())
    step.wakes(woken.set)
    await step.start(heard.publish)
    await step.applied(0)
    await handled(step, heard, incoming(launch("a", at(0)), 0))
    busy.now = at(7)
    await step.tick()
    answered.set()
    monkeypatch.setattr(upstream, "PATIENCE_SECONDS", 10)
    for _ in range(2):
        await asyncio.wait_for(woken.wait(), 10)
        woken.clear()
        await step.tick()
    assert (busy.asked, len(heard.firing)) == (2, 1)
    assert not woken.is_set()
    await step.stop()


async def test_after_what_the_articles_decided_what_hangs_on_time_waits_for_no_full_second(client) -> None:
    """A tick that need not ask leaves the next deadline to one that must: that one comes at once."""

    class Asked(World):
        asked = 0

        async def drained(self, done: Mapping[int, int]) -> Collection[int]:
            self.asked += 1
            return (0, 1)

    world, heard, woken = Asked(), Heard(), asyncio.Event()
    world.on_topic = (0, 1)
    step = world.step(client, unanswered())
    step.wakes(woken.set)
    await step.start(heard.publish)
    for partition in (0, 1):
        await step.applied(partition)
    await handled(step, heard, incoming(annotation("c", at(0), event("protest", "FR")), 0, partition=1))
    await handled(step, heard, incoming(launch("a", at(0)), 0))
    await handled(step, heard, incoming(launch("b", at(30)), 1))
    # The slower partition's clock ends the first one's silence, and no launch came with it.
    await handled(step, heard, incoming(annotation("d", at(30), event("protest", "FR")), 1, partition=1))
    world.now = at(50)
    decided = []
    for _ in range(3):
        woken.clear()
        await step.tick()
        decided.append((world.asked, len(heard.firing), woken.is_set()))
    assert decided == [(0, 1, True), (1, 2, False), (1, 2, False)]
    await step.stop()


async def test_a_slow_kafka_on_which_something_waits_is_asked_ever_more_rarely(monkeypatch) -> None:
    class Slow(World):
        async def drained(self, done: Mapping[int, int]) -> Collection[int]:
            await asyncio.sleep(0.02)
            return ()

    monkeypatch.setattr(upstream, "PATIENCE_SECONDS", 0.01)
    inquiry, woken = upstream.Inquiry(Slow()), asyncio.Event()
    inquiry.soon = woken.set
    loop = asyncio.get_running_loop()
    for turn, pause in enumerate((0.1, 0.2, 0.4)):
        while await inquiry.ask({0: turn}, 0) is None:  # another worker is at it; it asks for itself
            await asyncio.wait_for(woken.wait(), 10)
        woken.clear()
        answered = loop.time()
        await asyncio.wait_for(woken.wait(), 10)
        woken.clear()
        assert loop.time() - answered > pause * 0.9


async def test_a_question_that_failed_is_told_and_asked_again(client) -> None:
    class Away(World):
        tries = 0

        async def drained(self, done: Mapping[int, int]) -> Collection[int]:
            self.tries += 1
            if self.tries == 1:
                raise TransientError("Kafka is away")
            return (0,)

    away, heard = Away(), Heard()
    step = away.step(client, unanswered())
    await step.start(heard.publish)
    await step.applied(0)
    await handled(step, heard, incoming(launch("a", at(0)), 0))
    away.now = at(7)
    with pytest.raises(TransientError):
        await step.tick()
    await step.tick()
    assert len(heard.firing) == 1


async def test_what_a_dead_worker_decided_and_could_not_say_is_said_by_who_takes_over(client, world) -> None:
    """It died between storing and publishing; nothing on the topic brings that back, and nobody starts it again."""
    heard = Heard()
    first, second = world.step(client, unanswered()), world.step(client, unanswered())
    for step in (first, second):
        await step.start(heard.publish)
    await first.applied(0)
    await second.applied(1)
    await handled(first, heard, incoming(launch("a", at(0)), 0))
    for step in (first, second):
        await step.tick()
    world.now, world.done = at(50), (0, 1)
    first._publish = unreachable  # the moment at which it is killed
    with pytest.raises(TransientError):
        await first.tick()
    await second.tick()
    assert not heard.alerts, "a living worker may be about to say it"
    second.revoked([1])
    for partition in (0, 1):  # the group is without the first one now
        await second.applied(partition)
    await second.tick()
    assert len(heard.firing) == 1
    await second.tick()
    assert len(heard.alerts) == 1


async def unreachable(_outgoing: object) -> None:
    raise TransientError("killed")


async def test_a_partition_that_the_topic_has_no_more_holds_nothing_back(client, world) -> None:
    """The topic was made anew with fewer partitions; what Redis knows of the others never moves again."""
    heard = Heard()
    world.on_topic = (0, 1, 2)
    before = world.step(client, unanswered())
    await before.start(heard.publish)
    for partition in world.on_topic:
        await before.applied(partition)
        await handled(
            before, heard, incoming(annotation(f"b{partition}", at(0), event("summit", "FR")), 0, partition=partition)
        )
    world.on_topic = world.done = (0, 1)
    after = world.step(client, unanswered())
    await after.start(heard.publish)
    for partition in world.on_topic:
        await after.applied(partition)
    await handled(after, heard, incoming(launch("a", at(1)), 1))
    world.now = at(50)
    await after.tick()
    assert len(heard.firing) == 1


async def test_a_topic_that_was_made_anew_is_asked_from_where_it_is_read(client) -> None:
    """Redis knows offsets of the former one, and nobody answers what is asked beyond the end."""

    class Anew(World):
        async def drained(self, done: Mapping[int, int]) -> Collection[int]:
            if done.get(0, 0) > 0:
                raise Unreachable("nobody answers")
            return (0,)

    heard = Heard()
    world = Anew()
    world.on_topic = (0,)
    before = world.step(client, unanswered())
    await before.start(heard.publish)
    await before.applied(0)
    await handled(before, heard, incoming(launch("a", at(0)), 4999))
    after = world.step(client, unanswered())
    await after.start(heard.publish)
    assert await after.applied(0) == 5000
    await after.reads_from(0, 0)
    world.now = at(50)
    await after.tick()
    assert len(heard.firing) == 1
    await handled(after, heard, incoming(launch("b", at(51)), 0))
    assert await after.applied(0) == 1
