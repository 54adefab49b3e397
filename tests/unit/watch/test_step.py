"""The watch step on a real Redis: raw records in, alerts out, counts and windows kept through crashes and repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.unit.watch.builders import annotation, at, event, event_count, temporal
from topics.annotations import Annotation
from topics.codec import MAX_RECORD_BYTES, encode
from workers.errors import TocsinError
from workers.redis_client import Redis
from workers.redis_keys import Keys
from workers.steps import Incoming, Outgoing, Refused
from workers.watch.count_reader import CountReader
from workers.watch.counts import StateLost
from workers.watch.durations import to_micros
from workers.watch.event_types import DEFAULT_EVENT_TYPES
from workers.watch.pattern_file import PatternSet
from workers.watch.redis_windows import RedisWindows
from workers.watch.ringing import Plan
from workers.watch.step import Watch
from workers.watch.windows import Change

NAMESPACE = "t"


def incoming(found: Annotation, offset: int, *, partition: int = 0, rebuilding: bool = False) -> Incoming:
    return Incoming(
        topic="t.annotations",
        partition=partition,
        offset=offset,
        key=found.article_id.encode(),
        value=encode(found),
        headers={"trace_id": f"trace-{found.article_id}".encode()},
        rebuilding=rebuilding,
    )


class Heard:
    """A Kafka that confirms all, and remembers it."""

    def __init__(self) -> None:
        self.alerts: list[tuple[str, str]] = []
        self.outgoing: list[Outgoing] = []

    async def publish(self, outgoing: Sequence[Outgoing]) -> None:
        self.outgoing += outgoing
        self.alerts += [(out.record.id, out.record.state) for out in outgoing]  # type: ignore[attr-defined]  # only alerts come here

    @property
    def firing(self) -> set[str]:
        last = dict(self.alerts)
        return {alert for alert, state in last.items() if state == "firing"}


def watch(client: Redis, *patterns) -> Watch:
    return Watch(PatternSet(tuple(patterns)), DEFAULT_EVENT_TYPES, client, NAMESPACE, now=lambda: at(days=2000))


async def handled(step: Watch, heard: Heard, *batch: Incoming) -> list:
    outcomes = await step.handle(batch)
    for outcome in outcomes:
        if not isinstance(outcome, Refused):
            await heard.publish(outcome)
    await step.confirmed(batch)
    return list(outcomes)


LAUNCH = annotation(
    "launch", at(0), event("missile_launch", "KP", sentence="It fired one."), source="a", entities=("KP",)
)
SUMMIT = annotation("summit", at(5), event("summit", "KP", "RU"), source="b", entities=("KP", "RU"))


async def test_a_launch_and_a_summit_ring_once_with_their_evidence(client) -> None:
    step, heard = watch(client, temporal()), Heard()
    await step.start(heard.publish)
    first, second = await handled(step, heard, incoming(LAUNCH, 0), incoming(SUMMIT, 1))
    assert first == []
    (out,) = second
    assert (out.kind, out.key, out.trace_id) == ("alerts", "p", "trace-summit")
    alert = out.record
    assert alert.group == {"actor": ("KP",)}
    assert [(e.article_id, e.rule, e.source, e.sentence.text) for e in alert.evidence] == [
        ("launch", "missile_launch", "a", "It fired one."),
        ("summit", "summit", "b", "summit"),
    ]
    assert (alert.counts.articles, alert.counts.stories, alert.counts.sources) == (2, 2, 2)
    assert (alert.first_event_at, alert.last_event_at, alert.late) == (at(0), at(5), False)


async def test_the_same_records_again_change_nothing(client) -> None:
    step, heard = watch(client, temporal()), Heard()
    for _ in range(3):
        await handled(step, heard, incoming(LAUNCH, 0), incoming(SUMMIT, 1))
    assert len(heard.alerts) == 1
    assert await CountReader(client, Keys(NAMESPACE)).top("entity", "24h", to_micros(at(5))) == [("KP", 2), ("RU", 1)]


async def test_what_was_stored_but_not_confirmed_is_announced_when_the_record_comes_again(client) -> None:
    crashed = watch(client, temporal())
    await crashed.handle([incoming(LAUNCH, 0)])
    await crashed.handle([incoming(SUMMIT, 1)])  # and dies before Kafka hears of it
    step, heard = watch(client, temporal()), Heard()
    await handled(step, heard, incoming(LAUNCH, 0), incoming(SUMMIT, 1))
    assert len(heard.alerts) == 1
    await handled(step, heard, incoming(LAUNCH, 0), incoming(SUMMIT, 1))
    assert len(heard.alerts) == 1


async def test_what_was_stored_but_not_confirmed_is_announced_at_the_next_start(client) -> None:
    crashed = watch(client, temporal())
    await crashed.handle([incoming(LAUNCH, 0), incoming(SUMMIT, 1)])
    heard = Heard()
    await watch(client).start(heard.publish)  # even if its pattern is gone by then
    assert len(heard.alerts) == 1
    await watch(client, temporal()).start(heard.publish)
    assert len(heard.alerts) == 1


async def test_records_of_another_partition_do_not_repeat_what_a_living_worker_is_about_to_announce(client) -> None:
    one, other, heard = watch(client, temporal()), watch(client, temporal()), Heard()
    await one.handle([incoming(LAUNCH, 0), incoming(SUMMIT, 1)])
    talks = annotation("more", at(6), event("summit", "KP"))
    await handled(other, heard, incoming(talks, 0, partition=1))
    assert heard.alerts == []


async def test_bad_records_are_refused_and_the_good_ones_beside_them_are_not(client) -> None:
    step, heard = watch(client, temporal()), Heard()
    bad = Incoming("t.annotations", 0, 1, None, b"{", {})
    outcomes = await handled(step, heard, incoming(LAUNCH, 0), bad, incoming(SUMMIT, 2))
    assert isinstance(outcomes[1], Refused)
    assert outcomes[1].error == "not-json"
    assert len(heard.alerts) == 1
    assert await step.applied(0) == 3


async def test_an_alert_fits_its_record_whatever_its_articles_hold(client) -> None:
    """Else it would be refused again and again, with every record that concerns its pattern."""
    step, heard = watch(client, event_count(60), temporal()), Heard()
    crowd = tuple(f"entity-{n}-{'e' * 400}" for n in range(900))
    batch = [
        incoming(
            annotation(
                f"a{n}",
                at(minutes=n),
                event("protest", place="SE", sentence="They marched. " * 3000),
                source=f"{n}" + "s" * 30_000,
                entities=crowd,
            ),
            n,
        )
        for n in range(60)
    ]
    await handled(step, heard, *batch)
    (out,) = heard.outgoing
    assert len(encode(out.record)) < MAX_RECORD_BYTES
    assert out.record.evidence
    assert out.record.counts.sources == 60


async def test_a_batch_of_bad_records_only_is_done(client) -> None:
    step, heard = watch(client, temporal()), Heard()
    await handled(step, heard, Incoming("t.annotations", 4, 7, None, None, {}))
    assert await step.applied(4) == 8
    assert await step.applied(5) == 0


async def test_a_revision_without_the_event_takes_back_the_alert_and_its_counts(client) -> None:
    step, heard = watch(client, temporal()), Heard()
    await handled(step, heard, incoming(LAUNCH, 0), incoming(SUMMIT, 1))
    correction = annotation("launch", at(0), event("denial", "KP"), revision=2, entities=("US",))
    await handled(step, heard, incoming(correction, 2))
    assert [state for _, state in heard.alerts] == ["firing", "retracted"]
    reader = CountReader(client, Keys(NAMESPACE))
    assert await reader.top("entity", "24h", to_micros(at(5))) == [("KP", 1), ("RU", 1), ("US", 1)]
    assert await reader.top("event", "7d", to_micros(at(5))) == [("denial", 1), ("summit", 1)]
    await handled(step, heard, incoming(LAUNCH, 0))  # the first revision, read again
    assert len(heard.alerts) == 2


async def test_a_late_article_that_moves_the_match_replaces_the_alert(client) -> None:
    step, heard = watch(client, temporal()), Heard()
    await handled(step, heard, incoming(LAUNCH, 0), incoming(SUMMIT, 1))
    earlier = annotation("earlier", at(2), event("summit", "KP", "CN"))
    await handled(step, heard, incoming(earlier, 2))
    assert [state for _, state in heard.alerts] == ["firing", "firing", "retracted"]
    old, new, gone = (out.record for out in heard.outgoing)
    assert new.supersedes == (old.id,)
    assert new.late
    assert (gone.id, gone.superseded_by) == (old.id, new.id)


async def test_counts_are_summed_over_partitions_and_end_at_a_time(client) -> None:
    step, heard = watch(client, temporal()), Heard()
    await handled(step, heard, incoming(LAUNCH, 0), incoming(SUMMIT, 0, partition=3))
    reader = CountReader(client, Keys(NAMESPACE))
    assert await reader.newest() == to_micros(at(5))
    assert await reader.top("pair", "24h", to_micros(at(5))) == [
        ("missile_launch:KP", 1),
        ("summit:KP", 1),
        ("summit:RU", 1),
    ]
    assert await reader.top("event", "1h", to_micros(at(5))) == [("summit", 1)]
    assert await reader.top("event", "24h", to_micros(at(4.9))) == [("missile_launch", 1)]
    assert await reader.top("event", "7d", to_micros(at(days=30))) == []
    assert await reader.top("entity", "7d", to_micros(at(5)), limit=1) == [("KP", 2)]


async def test_only_actual_events_are_counted_as_events(client) -> None:
    step, heard = watch(client, temporal()), Heard()
    future = annotation("plan", at(0), event("summit", "KP", status="future"), entities=("KP",))
    await handled(step, heard, incoming(future, 0))
    reader = CountReader(client, Keys(NAMESPACE))
    assert await reader.top("event", "1h", to_micros(at(0))) == []
    assert await reader.top("entity", "1h", to_micros(at(0))) == [("KP", 1)]


async def test_what_redis_lost_of_a_partition_that_was_taken_away_ends_its_new_worker_only(client) -> None:
    first, second, heard = watch(client, temporal()), watch(client, temporal()), Heard()
    await first.start(heard.publish)
    for partition in (0, 1):
        await first.applied(partition)
    await handled(first, heard, incoming(LAUNCH, 0, partition=1))
    first.revoked([0, 1])
    await first.applied(0)
    await client.flushall()
    assert await second.applied(1) == 0  # it finds the loss, and mends it
    await first.tick()
    await handled(second, heard, incoming(LAUNCH, 0, partition=1, rebuilding=True))
    assert await first.applied(1) == 1


async def test_a_redis_that_lost_its_state_is_noticed_and_rebuilt_without_announcing_again(client) -> None:
    step, heard = watch(client, temporal()), Heard()
    batch = [incoming(LAUNCH, 0), incoming(SUMMIT, 1)]
    await handled(step, heard, *batch)
    await client.flushall()
    later = annotation("later", at(6), event("protest", place="SE"))
    with pytest.raises(StateLost):
        await step.handle([incoming(later, 2)])
    again = watch(client, temporal())
    assert await again.applied(0) == 0
    await handled(again, heard, *(replace(record, rebuilding=True) for record in batch), incoming(later, 2))
    assert len(heard.alerts) == 1
    (kept,) = await RedisWindows(client, Keys(NAMESPACE)).alerts(["p"], 10)
    assert (kept.id, kept.state) == (heard.alerts[0][0], "firing")
    assert await CountReader(client, Keys(NAMESPACE)).top("event", "24h", to_micros(at(6))) == [
        ("missile_launch", 1),
        ("protest", 1),
        ("summit", 1),
    ]


async def snapshot(client: Redis) -> dict[str, tuple[bytes, int]]:
    """All that Redis holds, and how long it still lives."""
    raw = Redis.from_url(client_url(client))
    found = {}
    async for key in raw.scan_iter():
        found[key.decode()] = (await raw.dump(key), max(0, await raw.pttl(key)))
    await raw.aclose()
    return found


async def set_back(client: Redis, then: dict[str, tuple[bytes, int]], *, keeping: str = "(nothing)") -> None:
    """As after a failover to a copy that had not heard the last writes, but those to keys that hold `keeping`."""
    raw = Redis.from_url(client_url(client))
    async for key in raw.scan_iter():
        if keeping not in key.decode():
            await raw.delete(key)
    for key, (value, lives) in then.items():
        if keeping not in key:
            await raw.restore(key, lives, value, replace=True)
    await raw.aclose()


def client_url(client: Redis) -> str:
    given = client.connection_pool.connection_kwargs
    return f"redis://{given['host']}:{given['port']}/{given.get('db') or 0}"


@pytest.mark.parametrize("finds", ["batch", "tick"])
async def test_a_failover_that_forgot_only_the_windows_is_noticed(client, finds: str) -> None:
    """Counts are written first; what came after them was not copied any more: the launch would be in no window."""
    step, heard = watch(client, temporal()), Heard()
    await step.applied(0)
    await handled(step, heard, incoming(annotation("before", at(0), event("protest", place="SE")), 0))
    then = await snapshot(client)
    done = await client.hget(Keys(NAMESPACE).counts(0).meta, "done")
    await handled(step, heard, incoming(LAUNCH, 1))
    await set_back(client, then, keeping=Keys(NAMESPACE).counts(0).meta.partition("{")[2].partition("}")[0])
    await client.hset(Keys(NAMESPACE).counts(0).meta, "done", done)
    finding = step.tick() if finds == "tick" else step.handle([incoming(SUMMIT, 2)])
    with pytest.raises(TocsinError, match="Redis has lost"):
        await finding
    again = watch(client, temporal())
    assert await again.applied(0) == 1
    await handled(again, heard, incoming(LAUNCH, 1, rebuilding=True), incoming(SUMMIT, 2))
    assert len(heard.firing) == 1


async def test_what_was_decided_on_state_that_a_failover_forgot_is_not_stored_over_other_state(client) -> None:
    """A version that was lost must not come back as the name of something else."""
    store, pattern = RedisWindows(client, Keys(NAMESPACE)), temporal()

    def change(version: int) -> Change:
        return Change(pattern, version, Plan(newest=1, stores=True), {})

    assert await store.commit([change(0)]) == [True]
    then = await snapshot(client)
    (first,) = await store.taken([pattern.id])
    assert await store.commit([change(first.version)]) == [True]
    (lost,) = await store.taken([pattern.id])
    await set_back(client, then)
    assert await store.take([(pattern, first)]) == [True]
    assert await store.commit([change(lost.version)]) == [False]
    assert await store.take([(pattern, lost)]) == [False]
    assert await store.take([(pattern, first)]) == [False]


async def test_a_worker_that_lost_a_partition_in_the_middle_of_a_batch_sets_nobody_back(client) -> None:
    slow, quick, heard = watch(client, temporal()), watch(client, temporal()), Heard()
    await slow.applied(0)
    slow.revoked([0])
    assert await quick.applied(0) == 0
    await handled(quick, heard, incoming(LAUNCH, 0), incoming(SUMMIT, 1))
    await handled(slow, heard, incoming(LAUNCH, 0))
    later = annotation("later", at(6), event("protest", place="SE"))
    await handled(quick, heard, incoming(later, 2))
    await quick.tick()
    assert await quick.applied(0) == 3
    # Its own, read again from the commit, may go back.
    await handled(quick, heard, incoming(SUMMIT, 1))
    await quick.tick()
    assert await quick.applied(0) == 2
    assert len(heard.firing) == 1


async def test_what_rebuilt_and_new_articles_complete_together_is_announced(client) -> None:
    """The rebuilt half was acknowledged, the match never was: it must be said, whichever half comes last."""
    step, heard = watch(client, temporal()), Heard()
    await handled(step, heard, incoming(SUMMIT, 0, partition=1))
    await handled(step, heard, incoming(LAUNCH, 0, rebuilding=True))
    assert len(heard.alerts) == 1


async def test_a_retraction_after_a_rebuild_is_announced(client) -> None:
    step, heard = watch(client, temporal()), Heard()
    await handled(step, heard, incoming(LAUNCH, 0, rebuilding=True), incoming(SUMMIT, 1, rebuilding=True))
    correction = annotation("launch", at(0), revision=2)
    await handled(step, heard, incoming(correction, 2))
    assert [state for _, state in heard.alerts] == ["retracted"]


async def test_one_batch_may_hold_two_revisions_of_an_article(client) -> None:
    step, heard = watch(client, event_count(1)), Heard()
    first = annotation("a", at(0), event("protest", place="SE"), entities=("SE",))
    second = annotation("a", at(1), event("protest", place="FI"), entities=("FI",), revision=2)
    await handled(step, heard, incoming(first, 0), incoming(second, 1))
    assert [out.record.group for out in heard.outgoing] == [{"place": ("FI",)}]
    reader = CountReader(client, Keys(NAMESPACE))
    assert await reader.top("entity", "24h", to_micros(at(1))) == [("FI", 1)]


async def test_all_keys_expire_but_the_registry_and_lie_in_their_slots(client) -> None:
    step, heard = watch(client, temporal()), Heard()
    await handled(step, heard, incoming(LAUNCH, 0), incoming(SUMMIT, 1))
    keys = [key async for key in client.scan_iter()]
    assert keys
    for key in keys:
        assert key.startswith("{t:")
        assert await client.ttl(key) > 0 or key.startswith("{t:registry}")


async def test_a_long_archive_read_one_partition_after_another_loses_nothing(client) -> None:
    """Sixty days on two partitions; the second is read when the first is done."""
    pairs = [(f"l{day}", f"s{day}", day) for day in range(0, 60, 5)]
    launches = [annotation(name, at(days=day), event("missile_launch", f"X{day}")) for name, _, day in pairs]
    summits = [annotation(name, at(3, days=day), event("summit", f"X{day}", "Z")) for _, name, day in pairs]
    step, heard = watch(client, temporal()), Heard()
    for partition in (0, 1):
        await step.applied(partition)  # as at assignment: now it is known that there are two
    for partition, found in ((0, launches), (1, summits)):
        for offset, one in enumerate(found):
            await handled(step, heard, incoming(one, offset, partition=partition))
    assert len(heard.firing) == len(pairs)
