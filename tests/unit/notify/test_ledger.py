"""The ledger on a real Redis: parked once, held by one, remembered, and told in the right order."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from typing import Any

import pytest
import redis.asyncio as aioredis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.notify.samples import make_alert
from topics.alerts import Alert
from topics.deliveries import Delivery
from topics.deliveries import Outcome as DeliveryOutcome
from workers.notify.changes import Accepted, Arrival, Claim, Ending, Past, suppressed
from workers.notify.keys import KEEP_SECONDS, Keys, TaskId
from workers.notify.ledger import Ledger
from workers.notify.standing import Standings
from workers.redis_client import Redis
from workers.redis_keys import Keys as AllKeys

NOW = 1_770_000_000.0
FIRING = TaskId("al1")
RETRACTED = TaskId("al1", 1)


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(redis, Keys("tocsin"))


def standings(ledger: Ledger) -> Standings:
    return Standings(ledger._redis, Keys("tocsin"))


async def accept(ledger: Ledger, alert: Alert, *, now: float = NOW, receiver: str = "r", **more: Any) -> Accepted:
    trace_id = more.pop("trace_id", None)
    return await ledger.accept(Arrival(alert, trace_id), receiver, now=now, give_up_at=now + 3600, **more)


async def claim(ledger: Ledger, task: TaskId = FIRING, *, now: float = NOW, lease: float = 30) -> Claim:
    found = await ledger.claim("r", task, now=now, lease=lease)
    assert isinstance(found, Claim)
    return found


async def finish(
    ledger: Ledger, held: Claim, outcome: DeliveryOutcome, *, due: float | None = None, now: float = NOW
) -> bool:
    record = Delivery(
        alert_id=held.task.alert_id, alert_state=held.alert.state,
        alert_sequence=held.task.sequence, pattern_id="p", receiver=held.receiver,
        attempt=held.attempt, outcome=outcome, attempted_at=datetime.fromtimestamp(now, UTC),
    )  # fmt: skip
    return await ledger.finish(held, Ending(outcome, record, due), now=now)


async def deliver(ledger: Ledger, task: TaskId = FIRING, *, now: float = NOW) -> None:
    assert await finish(ledger, await claim(ledger, task, now=now), "delivered", now=now)


def retraction(alert_id: str = "al1", **fields: Any) -> Alert:
    return make_alert(alert_id, state="retracted", **fields)


async def test_an_alert_is_parked_once_however_often_it_comes(ledger: Ledger) -> None:
    for _ in range(3):
        assert await accept(ledger, make_alert()) == Accepted("pending")
    assert await ledger.due("r", NOW) == [FIRING]
    await deliver(ledger)
    assert await accept(ledger, make_alert()) == Accepted("delivered")
    assert await ledger.due("r", NOW + 1e6) == []
    assert await standings(ledger).parked("r") == 0


async def test_each_receiver_has_its_own_fate(ledger: Ledger) -> None:
    await accept(ledger, make_alert())
    await accept(ledger, make_alert(), receiver="other")
    await deliver(ledger)
    assert await ledger.due("other", NOW) == [FIRING]
    assert await standings(ledger).seen() == {"r", "other"}


async def test_a_claim_carries_the_alert_and_counts_attempts(ledger: Ledger) -> None:
    alert = make_alert(title="Ü\n🚀")
    await accept(ledger, alert, trace_id="t1")
    held = await claim(ledger)
    assert (held.alert, held.attempt, held.trace_id, held.give_up_at) == (alert, 1, "t1", NOW + 3600)
    assert await finish(ledger, held, "retrying", due=NOW + 5)
    assert await ledger.next_due("r") == NOW + 5
    assert await ledger.claim("r", FIRING, now=NOW + 4, lease=30) is None
    assert (await claim(ledger, now=NOW + 5)).attempt == 2


async def test_what_one_worker_holds_no_other_gets_until_the_lease_ends(ledger: Ledger) -> None:
    await accept(ledger, make_alert())
    claims = await asyncio.gather(*(ledger.claim("r", FIRING, now=NOW, lease=30) for _ in range(20)))
    assert sum(c is not None for c in claims) == 1
    assert await ledger.due("r", NOW + 29) == []
    assert (await claim(ledger, now=NOW + 30)).attempt == 2


async def test_the_end_of_a_lost_lease_does_not_count_unless_it_was_delivered(ledger: Ledger) -> None:
    await accept(ledger, make_alert())
    slow = await claim(ledger)
    other = await claim(ledger, now=NOW + 31)
    assert not await finish(ledger, slow, "retrying", due=NOW + 40)
    assert not await finish(ledger, slow, "failed")
    assert await ledger.next_due("r") == NOW + 61
    assert await finish(ledger, slow, "delivered")
    assert not await finish(ledger, other, "failed")
    assert await accept(ledger, make_alert()) == Accepted("delivered")
    assert await standings(ledger).parked("r") == 0


async def test_commands_that_run_twice_do_the_same(
    ledger: Ledger, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uuid.uuid4", type("Same", (), {"hex": "token"}))
    await accept(ledger, make_alert())
    assert await ledger.claim("r", FIRING, now=NOW, lease=30) == await ledger.claim("r", FIRING, now=NOW, lease=30)
    held = await claim(ledger)
    assert held.attempt == 1
    assert await finish(ledger, held, "delivered")
    assert await finish(ledger, held, "delivered")


async def test_keys_share_a_hash_tag_and_expire_thirty_days_after_the_end(ledger: Ledger, redis: Redis) -> None:
    await accept(ledger, make_alert())
    await deliver(ledger)
    keys = Keys("tocsin")
    per_receiver = {keys.alert("r", "al1"), keys.outbox("r")}
    assert set(await redis.keys("*")) == per_receiver | {keys.receivers()}
    assert all(key.startswith("{tocsin:notify:r}:") for key in per_receiver)
    for key in per_receiver:
        assert KEEP_SECONDS - 5 <= await redis.ttl(key) <= KEEP_SECONDS
    assert "alert" not in await redis.hgetall(keys.alert("r", "al1"))


async def test_what_is_parked_outlives_its_schedule(ledger: Ledger, redis: Redis) -> None:
    await accept(ledger, make_alert())
    for key in (Keys("tocsin").alert("r", "al1"), Keys("tocsin").due("r")):
        assert await redis.ttl(key) > KEEP_SECONDS + 3000


async def test_namespaces_do_not_meet(redis: Redis) -> None:
    """And each can be found as a whole."""
    one, other = Ledger(redis, Keys("tocsin")), Ledger(redis, Keys("replay-1"))
    await accept(one, make_alert())
    assert await other.due("r", NOW) == []
    await accept(other, make_alert())
    everything = {
        namespace: set(await redis.keys(AllKeys(namespace).everything)) for namespace in ("tocsin", "replay-1")
    }
    assert set(await redis.keys("*")) == everything["tocsin"] | everything["replay-1"]
    assert len(everything["tocsin"]) == len(everything["replay-1"]) == 3


async def test_records_wait_for_kafka(ledger: Ledger) -> None:
    await accept(ledger, make_alert(), trace_id="t9")
    await finish(ledger, await claim(ledger), "retrying", due=NOW + 1)
    await finish(ledger, await claim(ledger, now=NOW + 1), "delivered")
    waiting = await standings(ledger).unpublished("r")
    assert sorted(out.record.attempt for out in waiting.values() if isinstance(out.record, Delivery)) == [1, 2]
    assert {out.trace_id for out in waiting.values()} == {"t9"}
    await standings(ledger).published("r", list(waiting)[:1])
    assert len(await standings(ledger).unpublished("r")) == 1
    await standings(ledger).published("r", [])


async def test_taken_as_told_when_the_ledger_is_rebuilt(ledger: Ledger) -> None:
    assert await accept(ledger, make_alert(), past=Past("delivered")) == Accepted("delivered", "rebuilt")
    assert await standings(ledger).parked("r") == 0
    assert await accept(ledger, retraction()) == Accepted("pending")


class TestRetraction:
    async def test_goes_to_whom_the_firing_reached(self, ledger: Ledger) -> None:
        await accept(ledger, make_alert())
        await deliver(ledger)
        assert await accept(ledger, retraction()) == Accepted("pending")
        assert (await claim(ledger, RETRACTED)).what == "send"

    async def test_not_to_whom_no_firing_was_sent(self, ledger: Ledger) -> None:
        assert await accept(ledger, retraction()) == Accepted("suppressed", "untold")

    async def test_not_to_whom_the_firing_failed(self, ledger: Ledger) -> None:
        await accept(ledger, make_alert())
        await finish(ledger, await claim(ledger), "failed")
        assert await accept(ledger, retraction()) == Accepted("suppressed", "untold")

    async def test_before_the_first_attempt_neither_is_sent(self, ledger: Ledger) -> None:
        await accept(ledger, make_alert())
        for _ in range(2):
            found = await accept(ledger, retraction())
            assert found == Accepted("suppressed", "unsent", took_back=((FIRING, "retracted"),))
            records = suppressed(retraction(), "r", found, now=datetime.now(UTC))
            assert [(d.alert_state, d.outcome, d.attempt) for d in records] == [
                ("firing", "suppressed", 0),
                ("retracted", "suppressed", 0),
            ]
        assert await standings(ledger).parked("r") == 0
        assert await accept(ledger, make_alert()) == Accepted("suppressed", "retracted")

    async def test_waits_behind_a_firing_that_is_being_tried(self, ledger: Ledger) -> None:
        await accept(ledger, make_alert())
        held = await claim(ledger)
        assert await accept(ledger, retraction()) == Accepted("pending")
        assert await ledger.claim("r", RETRACTED, now=NOW, lease=30) is None
        await finish(ledger, held, "retrying", due=NOW + 100)
        assert await ledger.claim("r", RETRACTED, now=NOW + 31, lease=30) is None
        assert await ledger.due("r", NOW + 99) == []
        await deliver(ledger, now=NOW + 100)
        assert (await claim(ledger, RETRACTED, now=NOW + 101)).what == "send"

    async def test_is_dropped_when_the_firing_it_waits_for_fails(self, ledger: Ledger) -> None:
        await accept(ledger, make_alert())
        held = await claim(ledger)
        await accept(ledger, retraction())
        await finish(ledger, held, "failed")
        late = await claim(ledger, RETRACTED)
        assert (late.what, late.attempt) == ("untold", 0)
        assert await finish(ledger, late, "suppressed")
        assert await standings(ledger).parked("r") == 0

    async def test_of_a_superseded_alert_is_not_told(self, ledger: Ledger) -> None:
        await accept(ledger, make_alert())
        await deliver(ledger)
        assert await accept(ledger, retraction(superseded_by="al2")) == Accepted("suppressed", "superseded")


class TestSuperseding:
    async def test_the_new_alert_is_not_told_where_the_old_one_was(self, ledger: Ledger) -> None:
        await accept(ledger, make_alert("old"))
        await accept(ledger, make_alert("other"), receiver="else")
        new = make_alert("new", supersedes=("old",))
        assert await accept(ledger, new) == Accepted("suppressed", "supersedes")
        assert await accept(ledger, new, receiver="else") == Accepted("pending")

    async def test_nor_where_the_old_one_is_only_parked_and_taken_back(self, ledger: Ledger) -> None:
        await accept(ledger, make_alert("old"))
        await accept(ledger, retraction("old", superseded_by="new"))
        assert await accept(ledger, make_alert("new", supersedes=("old",))) == Accepted("suppressed", "supersedes")
        assert await ledger.due("r", NOW) == [TaskId("old")]

    async def test_but_where_the_old_one_failed(self, ledger: Ledger) -> None:
        await accept(ledger, make_alert("old"))
        await finish(ledger, await claim(ledger, TaskId("old")), "failed")
        assert await accept(ledger, make_alert("new", supersedes=("old",))) == Accepted("pending")

    async def test_but_where_the_old_one_was_taken_back_unsent(self, ledger: Ledger) -> None:
        await accept(ledger, make_alert("old"))
        await accept(ledger, retraction("old"))
        assert await accept(ledger, make_alert("new", supersedes=("old",))) == Accepted("pending")

    async def test_an_old_alert_that_comes_in_after_the_new_one_is_not_told(self, ledger: Ledger) -> None:
        assert await accept(ledger, make_alert("new", supersedes=("old",))) == Accepted("pending")
        assert await accept(ledger, retraction("old", superseded_by="new")) == Accepted("suppressed", "superseded")
        assert await accept(ledger, make_alert("old")) == Accepted("suppressed", "superseded")

    async def test_a_chain_is_told_once(self, ledger: Ledger) -> None:
        await accept(ledger, make_alert("a"))
        await deliver(ledger, TaskId("a"))
        for name, olds in (("b", ("a",)), ("c", ("b",)), ("d", ("b", "c"))):
            assert (await accept(ledger, make_alert(name, supersedes=olds))).outcome == "suppressed"

    async def test_the_end_of_a_chain_taken_back_is_told_to_whom_its_beginning_was(self, ledger: Ledger) -> None:
        """Who was rung for a, which b and c replaced, must hear that nothing is left of it."""
        await accept(ledger, make_alert("a"))
        await deliver(ledger, TaskId("a"))
        await accept(ledger, make_alert("b", supersedes=("a",)))
        await accept(ledger, retraction("a", superseded_by="b"))
        await accept(ledger, make_alert("c", supersedes=("b",)))
        assert await accept(ledger, retraction("c")) == Accepted("pending")
        assert (await claim(ledger, TaskId("c", 1))).what == "send"

    async def test_and_if_its_beginning_is_still_unsent_nothing_is(self, ledger: Ledger) -> None:
        await accept(ledger, make_alert("a"))
        await accept(ledger, make_alert("b", supersedes=("a",)))
        assert await accept(ledger, retraction("b")) == Accepted(
            "suppressed", "unsent", took_back=((TaskId("a"), "retracted"),)
        )
        assert await standings(ledger).parked("r") == 0


async def test_who_wants_every_change_is_told_of_each(ledger: Ledger) -> None:
    """So that a program which follows ids ends with just the alerts that stand."""
    await accept(ledger, make_alert("old"), every_change=True)
    await deliver(ledger, TaskId("old"))
    for alert in (make_alert("new", supersedes=("old",)), retraction("old", superseded_by="new")):
        assert await accept(ledger, alert, every_change=True) == Accepted("pending")
    await deliver(ledger, TaskId("new"))
    assert await accept(ledger, retraction("new"), every_change=True) == Accepted("pending")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.sampled_from(["firing", "retracted"]), st.sampled_from(["", "a", "b", "c"])
        ),
        max_size=12,
    ),
    st.integers(),
)
async def test_whatever_comes_in_whatever_order_ends_and_nothing_is_told_twice(
    redis_url: str, events: list[tuple[str, Any, str]], seed: int
) -> None:
    client = aioredis.Redis.from_url(redis_url, decode_responses=True)
    await client.flushall()
    ledger = Ledger(client, Keys("tocsin"))
    chance = random.Random(seed)
    told: list[TaskId] = []
    now = NOW
    for name, state, old in events:
        links: dict[str, Any] = {}
        if old and old != name:
            links = {"supersedes": (old,)} if state == "firing" else {"superseded_by": old}
        await accept(ledger, make_alert(name, state=state, **links), now=now)
        if chance.random() < 0.5:
            now += 1
            told += await _work(ledger, now, chance)
    for _ in range(60):
        now += 60
        told += await _work(ledger, now, chance)
    assert await standings(ledger).parked("r") == 0
    assert len(told) == len(set(told))
    await client.aclose()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "a", "b", "c"])), max_size=16),
    st.booleans(),
    st.integers(),
)
async def test_alerts_that_come_and_go_and_replace_each_other_end_each_in_order(
    redis_url: str, changes: list[tuple[str, str]], every_change: bool, seed: int
) -> None:
    """Each alert fires and is taken back in turn, as the watch step says it; some at the cost of others."""
    client = aioredis.Redis.from_url(redis_url, decode_responses=True)
    await client.flushall()
    ledger = Ledger(client, Keys("tocsin"))
    chance = random.Random(seed)
    count: dict[str, int] = {}
    told: list[TaskId] = []
    said: list[Alert] = []
    now = NOW
    for name, other in changes:
        sequence = count[name] = count.get(name, -1) + 1
        links: dict[str, Any] = {}
        if other and other != name:
            links = {"superseded_by": other} if sequence % 2 else {"supersedes": (other,)}
        said.append(make_alert(name, state="retracted" if sequence % 2 else "firing", sequence=sequence, **links))
        for alert in [said[-1], *(said if chance.random() < 0.2 else ())]:  # sometimes all comes again
            await accept(ledger, alert, now=now, every_change=every_change)
        if chance.random() < 0.5:
            now += 1
            told += await _work(ledger, now, chance)
    for _ in range(80):
        now += 60
        told += await _work(ledger, now, chance)
    assert await standings(ledger).parked("r") == 0
    assert len(told) == len(set(told))
    for name in count:
        sequences = [task.sequence for task in told if task.alert_id == name]
        assert sequences == sorted(sequences)
    outcomes = [entry.outcome for name in count for entry in await standings(ledger).entries("r", name)]
    assert len(outcomes) == len(changes)
    assert "pending" not in outcomes
    await client.aclose()


async def _work(ledger: Ledger, now: float, chance: random.Random) -> list[TaskId]:
    done = []
    for task in await ledger.due("r", now):
        held = await ledger.claim("r", task, now=now, lease=30)
        if not isinstance(held, Claim):
            continue
        if held.what != "send":
            await finish(ledger, held, "suppressed", now=now)
        elif chance.random() < 0.3:
            await finish(ledger, held, "retrying", due=now + 10, now=now)
        elif chance.random() < 0.1:
            await finish(ledger, held, "failed", now=now)
        else:
            await finish(ledger, held, "delivered", now=now)
            done.append(task)
    return done
