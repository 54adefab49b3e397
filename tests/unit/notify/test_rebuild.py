"""Redis is lost, or set back: the ledger is made anew from Kafka; nothing is lost, and what is repeated has one id."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rig.broker import BrokerServer
from tests.unit.notify.samples import FakeChannel, Published, Start, incoming, make_alert, until
from topics.alerts import Alert
from topics.deliveries import Delivery
from topics.silences import Silence
from workers.errors import Unreachable
from workers.kafka_client import RecordProducer, create_topics
from workers.notify.changes import Arrival, Claim, Ending, Past, suppressed
from workers.notify.circuit import Circuit
from workers.notify.history import Acknowledged, KafkaHistory
from workers.notify.keys import Keys, TaskId
from workers.notify.ledger import Ledger
from workers.notify.mute_store import MuteStore
from workers.notify.rebuild import Rebuilder, known, past_of
from workers.notify.routing import Receivers
from workers.notify.standing import Standings
from workers.notify.targets import TerminalReceiver
from workers.notify.verdicts import Attempt
from workers.redis_client import Redis
from workers.settings import Settings
from workers.steps import Incoming, Outgoing

NOW = datetime.now(UTC)
SLOW = [Attempt("retry", "no answer", retry_after=600.0)]


@dataclass
class Kept:
    """What Kafka would hold: alerts with the time at which they were written, and records of attempts."""

    told: list[tuple[Alert, datetime]] = field(default_factory=list)
    published: Published = field(default_factory=Published)
    acknowledged: int = 1_000_000
    silenced: list[Silence] = field(default_factory=list)

    def commits(self) -> dict[int, int]:
        return {0: min(self.acknowledged, len(self.told))}

    def deliveries(self) -> Iterator[Delivery]:
        yield from self.published.deliveries()

    def silences(self) -> Iterator[Silence]:
        yield from self.silenced

    def alerts(self, commits: dict[int, int]) -> Iterator[Acknowledged]:
        for offset, (alert, moment) in enumerate(self.told[: commits[0]]):
            yield Acknowledged(Arrival(alert, None, f"tocsin.alerts/0/{offset}"), moment.timestamp())

    def take(self, *alerts: Alert, at: datetime | None = None) -> list[Incoming]:
        first = len(self.told)
        self.told += [(alert, at or datetime.now(UTC)) for alert in alerts]
        return incoming(*alerts, offset=first)


def record(alert_id: str = "al1", outcome: str = "delivered", attempt: int = 1, **fields: Any) -> Delivery:
    given = {"alert_id": alert_id, "pattern_id": "p", "receiver": "r", "attempt": attempt, "attempted_at": NOW}
    return Delivery(outcome=outcome, **{**given, **fields})  # type: ignore[arg-type]  # pydantic checks it


def test_what_the_records_say_of_each_change() -> None:
    soon = NOW + timedelta(minutes=5)
    found = known(
        [
            record("a", "retrying", 1), record("a", "delivered", 2), record("a", "retrying", 1),
            record("b", "retrying", 1), record("b", "retrying", 3, next_attempt_at=soon),
            record("c", "suppressed", 0, reason="its firing did not reach this receiver", alert_sequence=4),
            record("d", "failed", 7), record("d", "delivered", 1, receiver="other"),
        ]
    )  # fmt: skip
    assert found == {
        ("r", TaskId("a")): Past("delivered", told_at=NOW.timestamp()),
        ("r", TaskId("b")): Past("pending", "", attempts=3, due=soon.timestamp()),
        ("r", TaskId("c", 4)): Past("suppressed", "untold"),
        ("r", TaskId("d")): Past("failed"),
        ("other", TaskId("d")): Past("delivered", told_at=NOW.timestamp()),
    }


def test_what_nobody_knows_of_is_told_while_its_schedule_would_run() -> None:
    receiver = TerminalReceiver(name="r")
    young = Acknowledged(Arrival(make_alert()), NOW.timestamp() - 3600)
    assert past_of(receiver, young, {}, NOW.timestamp()) is None
    old = replace(young, written_at=NOW.timestamp() - 90_000)
    assert past_of(receiver, old, {}, NOW.timestamp()) == Past("delivered")


async def test_delivered_stays_delivered_and_parked_is_parked_again(start: Start, redis: Redis) -> None:
    begun = datetime.now(UTC).timestamp()
    kept = Kept()
    channel = FakeChannel(answers=[Attempt("delivered"), *SLOW])
    step, _ = await start(TerminalReceiver(name="t"), channel=lambda _: channel, history=kept, published=kept.published)
    await step.handle(kept.take(make_alert("done"), make_alert("waits")))
    await until(lambda: sorted(kept.published.outcomes()) == ["delivered", "retrying"])
    await redis.flushall()
    await step.handle(kept.take(make_alert("new")))
    await until(lambda: [m.alert.id for m in channel.sent].count("new") == 1)
    standings = Standings(redis, Keys("tocsin"))
    (waits,) = await standings.entries("t", "waits")
    assert (waits.outcome, waits.attempts) == ("pending", 1)
    due = await redis.zscore(Keys("tocsin").due("t"), "waits:0")
    assert due is not None
    assert 550 < due - begun < 700, "when it was due before"
    (done,) = await standings.entries("t", "done")
    assert (done.outcome, done.cause) == ("delivered", "rebuilt")
    assert [m.alert.id for m in channel.sent] == ["done", "waits", "new"]
    await step.handle(kept.take(make_alert("done", state="retracted", sequence=1)))
    await until(lambda: channel.told()[-1] == ("done", "retracted"))


async def test_what_was_parked_and_never_tried_is_told(start: Start, redis: Redis) -> None:
    kept = Kept()
    kept.take(make_alert("a"), make_alert("old"))
    kept.told[1] = (kept.told[1][0], NOW - timedelta(days=3))
    channel = FakeChannel()
    await start(TerminalReceiver(name="t"), channel=lambda _: channel, history=kept)
    await until(lambda: channel.sent)
    await asyncio.sleep(0.1)
    assert [m.alert.id for m in channel.sent] == ["a"]


async def test_an_old_alert_that_was_not_acknowledged_is_told_nevertheless(start: Start) -> None:
    """All workers were away for days, and Redis was lost meanwhile."""
    kept = Kept(acknowledged=0)
    records = kept.take(make_alert("old"), at=NOW - timedelta(days=3))
    channel = FakeChannel()
    step, _ = await start(TerminalReceiver(name="t"), channel=lambda _: channel, history=kept)
    await step.handle(records)
    await until(lambda: channel.sent)


async def test_a_loss_is_noticed_while_nothing_comes_in(
    start: Start, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.notify.step.LOOK_SECONDS", 0.05)
    kept = Kept()
    channel = FakeChannel(answers=[Attempt("retry", "no", retry_after=1.0)])
    step, _ = await start(TerminalReceiver(name="t"), channel=lambda _: channel, history=kept, published=kept.published)
    await step.handle(kept.take(make_alert()))
    await until(lambda: kept.published.outcomes() == ["retrying"])
    await redis.flushall()
    await until(lambda: "delivered" in kept.published.outcomes())
    assert [d.attempt for d in kept.published.deliveries()] == [1, 2]


async def test_a_redis_that_was_set_back_learns_what_was_delivered_since(start: Start, redis: Redis) -> None:
    kept = Kept()
    channel = FakeChannel(answers=[Attempt("retry", "no", retry_after=1.0)])
    step, _ = await start(TerminalReceiver(name="t"), channel=lambda _: channel, history=kept, published=kept.published)
    await step.handle(kept.take(make_alert("a")))
    await until(lambda: kept.published.outcomes() == ["retrying"])
    copy = {key: await redis.dump(key.encode()) for key in await redis.keys("*")}
    await until(lambda: "delivered" in kept.published.outcomes())
    await step.handle(kept.take(make_alert("b")))
    await until(lambda: kept.published.outcomes().count("delivered") == 2)
    await step.stop()
    await redis.flushall()
    raw = redis.client()
    for key, value in copy.items():
        await raw.restore(key, 0, value)
    await raw.aclose()
    sent = len(channel.sent)
    again, _ = await start(TerminalReceiver(name="t"), channel=lambda _: channel, history=kept)
    assert await again.applied(0) == 2
    records = incoming(make_alert("b"), offset=1)
    await again.handle([replace(one, rebuilding=True) for one in records])
    await asyncio.sleep(1.2)
    assert len(channel.sent) == sent
    assert await again.applied(0) == 2


@pytest.mark.parametrize("acknowledged", [1, 2])
@pytest.mark.parametrize("noticed", ["by the next alert", "while nothing comes in"])
async def test_a_running_worker_whose_redis_failed_over_to_a_copy_that_lags_loses_no_alert(
    start: Start, redis: Redis, monkeypatch: pytest.MonkeyPatch, noticed: str, acknowledged: int
) -> None:
    """What was parked in its last second is gone, and acknowledged, or will be in a second: nobody reads it again."""
    if noticed == "while nothing comes in":
        monkeypatch.setattr("workers.notify.step.LOOK_SECONDS", 0.05)
    kept = Kept()
    channel = FakeChannel(answers=[Attempt("delivered"), *SLOW])
    step, _ = await start(TerminalReceiver(name="t"), channel=lambda _: channel, history=kept, published=kept.published)
    await step.applied(0)
    await step.handle(kept.take(make_alert("done")))
    await until(lambda: kept.published.outcomes() == ["delivered"])
    await step.confirmed([])
    copy = {key: await redis.dump(key.encode()) for key in await redis.keys("*")}
    kept.acknowledged = acknowledged
    await step.handle(kept.take(make_alert("parked")))
    await until(lambda: kept.published.outcomes() == ["delivered", "retrying"])  # all of the attempt is written
    assert [m.alert.id for m in channel.sent] == ["done", "parked"]
    kept.published.records = kept.published.records[:1]  # the attempt's record was in Redis only
    async with redis.pipeline(transaction=True) as pipe:
        pipe.flushall()
        for key, value in copy.items():
            pipe.execute_command("RESTORE", key, 0, value)
        await pipe.execute()
    if noticed == "by the next alert":
        await step.handle(kept.take(make_alert("new")))
    await until(lambda: [m.alert.id for m in channel.sent].count("parked") == 2)
    assert [m.alert.id for m in channel.sent].count("done") == 1


async def test_partitions_that_come_and_go_are_no_loss(start: Start, redis: Redis) -> None:
    """The other worker is further; the one that lost the partition in the middle of a batch sets nobody back."""

    class Counted(Kept):
        read = 0

        def alerts(self, commits: dict[int, int]) -> Iterator[Acknowledged]:
            self.read += 1
            return super().alerts(commits)

    kept, channel = Counted(), FakeChannel()
    slow, _ = await start(TerminalReceiver(name="t"), channel=lambda _: channel, history=kept)
    quick, _ = await start(TerminalReceiver(name="t"), channel=lambda _: channel, history=kept)
    await slow.applied(0)
    slow.revoked([0])
    await quick.applied(0)
    records = kept.take(make_alert("a"), make_alert("b"))
    await quick.handle(records)
    await slow.handle(records[:1])
    await quick.handle(records[1:])  # it reads again from the commit
    await quick.handle(kept.take(make_alert("c")))
    await until(lambda: len(channel.sent) == 3)
    assert kept.read == 0


async def test_a_topic_of_alerts_that_was_made_anew_is_no_loss(start: Start, redis: Redis) -> None:
    kept, channel = Kept(), FakeChannel()
    await Standings(redis, Keys("tocsin")).set_applied({0: 5000})
    step, _ = await start(TerminalReceiver(name="t"), channel=lambda _: channel, history=kept)
    assert await step.applied(0) == 5000
    await step.reads_from(0, 0)
    await step.handle(kept.take(make_alert("a")))
    await step.handle(kept.take(make_alert("b")))
    await until(lambda: [m.alert.id for m in channel.sent] == ["a", "b"])
    assert await step.applied(0) == 2


async def test_replays_and_first_starts_have_nothing_to_rebuild(start: Start, redis: Redis) -> None:
    kept = Kept()
    step, _ = await start(TerminalReceiver(name="t"), channel=lambda _: FakeChannel(), history=kept)
    assert not await Standings(redis, Keys("tocsin")).is_behind({})
    assert await step.applied(0) == 0


async def lived(redis: Redis, changes: list[tuple[str, str]], *, every_change: bool, seed: int) -> tuple[Any, Any]:
    """The ledger after a stream with failing attempts, lost and made anew: how it ends each time, and what was tried.

    It ends when all that is due has had its turn and was taken.
    """
    await redis.flushall()
    ledger, standings, chance = Ledger(redis, Keys("tocsin")), Standings(redis, Keys("tocsin")), random.Random(seed)
    receiver, kept, now = TerminalReceiver(name="t", every_change=every_change), Kept(), NOW.timestamp()
    for alert in as_watch_says_it(changes):
        kept.take(alert, at=NOW)
        accepted = await ledger.accept(Arrival(alert), "t", now=now, give_up_at=now + 3600, every_change=every_change)
        for told in suppressed(alert, "t", accepted, now=NOW):
            kept.published.records.append(Outgoing("deliveries", alert.id, told))
        for task in await ledger.due("t", now) if chance.random() < 0.6 else ():
            claim = await ledger.claim("t", task, now=now, lease=1)
            if isinstance(claim, Claim):
                await ledger.finish(claim, ending(claim, chance, now), now=now)
        kept.published.records += (await standings.unpublished("t", 1000)).values()
        now += 2
    before = await tried(standings), await ended(ledger, standings, now)
    await redis.flushall()
    mutes = MuteStore(redis, Keys("tocsin"))
    rebuilder = Rebuilder(Receivers((receiver,)), ledger, standings, mutes, kept)
    assert await rebuilder.if_lost(now, {})
    await rebuilder.rebuild(now)
    return before, (await tried(standings), await ended(ledger, standings, now))


async def tried(standings: Standings) -> dict[TaskId, int]:
    """Attempts of what is still to be told."""
    return {task: attempts for task, (outcome, attempts) in (await outcomes(standings, "abc")).items() if attempts}


async def ended(ledger: Ledger, standings: Standings, now: float) -> dict[TaskId, str]:
    """How each change stands when all have had their turn."""
    while await standings.parked("t"):
        now += 60
        for task in await ledger.due("t", now):
            claim = await ledger.claim("t", task, now=now, lease=1)
            if isinstance(claim, Claim):
                outcome = "delivered" if claim.what == "send" else "suppressed"
                await ledger.finish(claim, Ending(outcome, record(task.alert_id, outcome)), now=now)
    return {task: outcome for task, (outcome, _) in (await outcomes(standings, "abc")).items()}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "a", "b", "c"])), max_size=14),
    st.booleans(),
    st.integers(),
)
async def test_what_is_made_anew_ends_as_what_was_lost(
    redis: Redis, changes: list[tuple[str, str]], every_change: bool, seed: int
) -> None:
    """Whatever happened to alerts that come, go and replace each other."""
    before, after = await lived(redis, changes, every_change=every_change, seed=seed)
    assert after == before


def as_watch_says_it(changes: list[tuple[str, str]]) -> Iterator[Alert]:
    """Each alert fires and is taken back in turn; one that takes another's place says so, and the other says it too."""
    count: dict[str, int] = {}

    def change(name: str, **links: Any) -> Alert:
        sequence = count[name] = count.get(name, -1) + 1
        return make_alert(name, state="retracted" if sequence % 2 else "firing", sequence=sequence, **links)

    for name, other in changes:
        fires, other_stands = count.get(name, -1) % 2 == 1, count.get(other, -1) % 2 == 0
        if fires and other_stands:
            yield change(name, supersedes=(other,))
            yield change(other, superseded_by=name)
        else:
            yield change(name)


def ending(claim: Claim, chance: random.Random, now: float) -> Ending:
    """An attempt's end by chance."""
    outcome: Any = (
        "suppressed" if claim.what != "send" else chance.choice(["delivered", "delivered", "retrying", "failed"])
    )
    reason = "its firing did not reach this receiver" if outcome == "suppressed" else None
    due = now + 1 if outcome == "retrying" else None
    task = claim.task
    moment = datetime.fromtimestamp(now, UTC)
    told = record(
        task.alert_id, outcome, claim.attempt, receiver="t", reason=reason, alert_sequence=task.sequence,
        alert_state=claim.alert.state, attempted_at=moment,
        next_attempt_at=None if due is None else datetime.fromtimestamp(due, UTC),
    )  # fmt: skip
    return Ending(outcome, told, due, circuit=Circuit())


async def outcomes(standings: Standings, names: str) -> dict[TaskId, tuple[str, int]]:
    """How each change stands; attempts of what is still to be told."""
    entries = [entry for name in names for entry in await standings.entries("t", name)]
    return {e.task: (e.outcome, e.attempts if e.outcome == "pending" else 0) for e in entries}


def test_kafka_remembers(broker: BrokerServer) -> None:
    settings = Settings(namespace="rebuild", kafka_bootstrap_servers=broker.bootstrap, partitions=2)
    history = KafkaHistory(settings)
    for past in (history.commits, lambda: list(history.deliveries()), lambda: list(history.silences())):
        with pytest.raises(Unreachable):  # a broker that knows nothing of the topic does not say that nothing was told
            past()
    create_topics(settings)
    assert history.commits() == {0: 0, 1: 0}
    assert list(history.deliveries()) == []
    with RecordProducer(settings, kinds=("alerts", "deliveries")) as producer:
        for n in range(6):
            alert = make_alert(f"al{n}", pattern_id=f"p{n % 3}")
            producer.send("alerts", alert.pattern_id, alert)
            producer.send("deliveries", alert.id, record(alert.id))
        producer.send("deliveries", "x", make_alert())
    everything = list(history.alerts({0: 99, 1: 99}))
    assert sorted(one.arrival.alert.id for one in everything) == [f"al{n}" for n in range(6)]
    assert all(abs(one.written_at - datetime.now(UTC).timestamp()) < 60 for one in everything)
    first = [one for one in everything if one.arrival.origin.startswith("rebuild.alerts/0/")]
    assert [one.arrival.origin for one in first] == [f"rebuild.alerts/0/{n}" for n in range(len(first))]
    some = list(history.alerts({0: 1, 1: 0}))
    assert [one.arrival.alert.id for one in some] == [first[0].arrival.alert.id]
    assert sorted(d.alert_id for d in history.deliveries()) == [f"al{n}" for n in range(6)]
