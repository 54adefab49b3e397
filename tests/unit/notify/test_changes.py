"""An alert that fires, is taken back and fires again: each change is told once, and in order."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.notify.samples import QUICK, FakeChannel, Published, Start, incoming, make_alert, unsent, until
from topics.alerts import Alert
from topics.deliveries import Delivery
from workers.notify.keys import Keys, TaskId
from workers.notify.receivers.webhook import message_id
from workers.notify.routing import Receivers
from workers.notify.standing import Standings
from workers.notify.step import Notify
from workers.notify.targets import TerminalReceiver
from workers.notify.verdicts import Attempt
from workers.redis_client import Redis


def change(sequence: int, state: str | None = None, **fields: Any) -> Alert:
    """Change number `sequence` of one alert: even ones fire."""
    return make_alert(sequence=sequence, state=state or ("retracted" if sequence % 2 else "firing"), **fields)


def told(channel: FakeChannel) -> list[int]:
    return [message.alert.sequence for message in channel.sent]


async def test_each_change_is_told_once_and_in_order(start: Start) -> None:
    channel = FakeChannel()
    step, published = await start(TerminalReceiver(name="t"), channel=lambda _: channel)
    for last in range(4):
        await step.handle(incoming(*(change(n) for n in range(last + 1))))  # with all that came before, once more
        await until(lambda last=last: len(published.outcomes()) == last + 1)
    assert told(channel) == [0, 1, 2, 3]
    assert [(d.alert_sequence, d.alert_state) for d in published.deliveries()] == [
        (0, "firing"), (1, "retracted"), (2, "firing"), (3, "retracted"),
    ]  # fmt: skip


async def test_later_changes_wait_for_one_that_is_being_tried(start: Start) -> None:
    channel = FakeChannel(answers=[Attempt("retry")] * 3)
    step, published = await start(TerminalReceiver(name="t", retry=QUICK), channel=lambda _: channel)
    await step.handle(incoming(change(0)))
    await until(lambda: channel.sent)
    await step.handle(incoming(change(1), change(2)))
    await until(lambda: published.outcomes().count("delivered") == 3)
    assert told(channel) == [0, 0, 0, 0, 1, 2]


async def test_what_is_taken_back_before_it_was_sent_again_is_not_sent(redis: Redis, start: Start) -> None:
    channel = FakeChannel()
    step, published = await start(TerminalReceiver(name="t"), channel=lambda _: channel)
    await step.handle(incoming(change(0), change(1), change(2)))
    await until(published.deliveries)
    (outcome,) = await step.handle(incoming(change(3)))
    await until(lambda: len(channel.sent) == 2)
    assert unsent(outcome) == []
    assert told(channel) == [2, 3]


async def test_an_alert_without_a_sequence_is_of_a_writer_that_knew_none() -> None:
    assert TaskId.of(make_alert()) == TaskId("al1", 0)
    assert TaskId.of(make_alert(state="retracted")) == TaskId("al1", 1)
    record = {"alert_id": "al1", "pattern_id": "p", "receiver": "r", "attempt": 1, "outcome": "delivered"}
    old = Delivery.model_validate({**record, "alert_state": "retracted", "attempted_at": "2026-03-01T12:00:00Z"})
    assert TaskId.told_by(old) == TaskId("al1", 1)


def test_each_change_has_a_message_id_of_its_own() -> None:
    assert len({message_id(change(n)) for n in range(5)}) == 5
    assert message_id(change(2)) == message_id(change(2))


async def test_a_change_that_comes_after_a_later_one_is_not_told(start: Start) -> None:
    channel = FakeChannel()
    step, published = await start(TerminalReceiver(name="t"), channel=lambda _: channel)
    await step.handle(incoming(change(2)))
    await until(published.deliveries)
    outcomes = await step.handle(incoming(change(0), change(1)))
    assert [d.reason for o in outcomes for d in unsent(o)] == [
        "a later change of the same alert had come in before it"
    ] * 2


async def test_a_news_of_a_firing_that_was_told_does_not_hide_its_end(start: Start) -> None:
    """More evidence for what stands may be a change, too: taken back unsent, the end is told nevertheless."""
    channel = FakeChannel()
    step, published = await start(TerminalReceiver(name="t"), channel=lambda _: channel)
    await step.handle(incoming(change(0)))
    await until(published.deliveries)
    outcomes = await step.handle(incoming(change(1, "firing"), change(2, "retracted")))
    await until(lambda: len(channel.sent) == 2)
    assert told(channel) == [0, 2]
    assert [(d.alert_sequence, d.outcome) for o in outcomes for d in unsent(o)] == [(1, "suppressed")]


async def test_alerts_that_take_turns_ring_a_human_once(start: Start) -> None:
    channel = FakeChannel()
    step, published = await start(TerminalReceiver(name="t"), channel=lambda _: channel)
    await step.handle(incoming(make_alert("a")))
    await until(published.deliveries)
    await step.handle(
        incoming(
            make_alert("b", supersedes=("a",)),
            make_alert("a", state="retracted", sequence=1, superseded_by="b"),
            make_alert("a", sequence=2, supersedes=("b",)),
            make_alert("b", state="retracted", sequence=1, superseded_by="a"),
        )
    )
    await asyncio.sleep(0.1)
    assert channel.told() == [("a", "firing")]
    await step.handle(incoming(make_alert("a", state="retracted", sequence=3)))
    await until(lambda: len(channel.sent) == 2)
    assert channel.told()[-1] == ("a", "retracted")


@pytest.mark.parametrize("every_change", [False, True])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 7), st.lists(st.integers(0, 6), max_size=10), st.integers())
async def test_whatever_fails_changes_are_told_in_order_and_the_last_word_is_the_last_state(
    redis: Redis, every_change: bool, last: int, repeats: list[int], seed: int
) -> None:
    await redis.flushall()
    chance = random.Random(seed)
    channel = FakeChannel(answers=[Attempt(chance.choice(["retry", "delivered"])) for _ in range(10)])
    receiver = TerminalReceiver(name="t", retry=QUICK, every_change=every_change)
    step = Notify(Receivers((receiver,)), redis, namespace="tocsin", poll_seconds=0.005, channel=lambda _: channel)
    await step.start(Published())
    for n in range(last):
        await step.handle(incoming(change(n)))
        if n in repeats:
            await asyncio.sleep(0.01)
            await step.handle(incoming(*(change(r) for r in repeats if r <= n)))
    standings = Standings(redis, Keys("tocsin"))
    for _ in range(400):
        if not await standings.parked("t"):
            break
        await asyncio.sleep(0.01)
    await step.stop()
    assert not await standings.parked("t")
    heard = list(dict.fromkeys(told(channel)))
    assert heard == sorted(heard)
    if heard:
        assert [m.alert.state for m in channel.sent][-1] == change(last - 1).state
    else:
        assert change(last - 1).state == "retracted"


async def test_entries_tell_what_became_of_each_change(redis: Redis, start: Start) -> None:
    channel = FakeChannel(answers=[Attempt("permanent", "no")])
    step, published = await start(TerminalReceiver(name="t"), channel=lambda _: channel)
    await step.handle(incoming(change(0)))
    await until(published.deliveries)
    await step.handle(incoming(change(1)))
    found = await Standings(redis, Keys("tocsin")).entries("t", "al1")
    assert [(e.task.sequence, e.state, e.outcome, e.cause, e.attempts) for e in found] == [
        (0, "firing", "failed", "", 1), (1, "retracted", "suppressed", "untold", 0),
    ]  # fmt: skip
    assert found[0].last is not None
    assert found[0].last.reason == "no"
