"""Whatever the order of arrival, the alerts that ring are those that the brute-force oracle names."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.watch.builders import annotation, arrival, at, event, event_count, temporal
from tests.unit.watch.oracle import must_ring
from workers.watch.engine import Arrival, Engine
from workers.watch.patterns import Pattern
from workers.watch.revisions import MemoryRevisions
from workers.watch.windows import MemoryWindows

TYPES = ("missile_launch", "summit", "protest")
ACTORS = ("KP", "RU", "US")


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    group_by = draw(st.sampled_from([(), ("actor",), ("article",), ("story",), ("place",), ("actor", "place")]))
    shared = {
        "group_by": group_by,
        "timespan": draw(st.sampled_from(["1h", "3h", "12h"])),
        "corroboration": draw(st.sampled_from([1, 1, 1, 2])),
    }
    if cooldown := draw(st.sampled_from([None, "0s", "2h", "20h"])):
        shared["cooldown"] = cooldown
    if draw(st.booleans()):
        return event_count(draw(st.integers(1, 4)), rules=draw(st.sampled_from([TYPES[:1], TYPES[1:]])), **shared)
    if draw(st.booleans()):
        shared["distinct"] = "article"
    shared["rules"] = draw(st.sampled_from([TYPES[:2], TYPES]))
    return temporal(**shared)


@st.composite
def events(draw: st.DrawFn):
    return event(
        draw(st.sampled_from(TYPES)),
        *draw(st.lists(st.sampled_from(ACTORS), max_size=2, unique=True)),
        target=draw(st.lists(st.sampled_from(ACTORS), max_size=1)),
        place=draw(st.sampled_from([None, "SE", "FI"])),
        status=draw(st.sampled_from(["actual", "actual", "actual", "negated"])),
    )


@st.composite
def streams(draw: st.DrawFn) -> list[Arrival]:
    """Up to 12 articles of up to three revisions, some delivered twice, in any order."""
    found: list[Arrival] = []
    for number in range(draw(st.integers(1, 12))):
        for revision in range(1, draw(st.sampled_from([1, 1, 2, 3])) + 1):
            told = annotation(
                f"a{number}",
                # Quarter hours, so that ties and exact edges of windows happen.
                at(minutes=15 * draw(st.integers(0, 96))),
                *draw(st.lists(events(), max_size=3)),
                revision=revision,
                source=draw(st.sampled_from(["x", "y", "z"])),
            )
            found.append(arrival(told, story=draw(st.sampled_from(["s1", "s2", "s3", "s4"])), offset=len(found)))
    again = draw(st.lists(st.sampled_from(found), max_size=4))
    return draw(st.permutations([*found, *again]))


def batches() -> st.SearchStrategy[list[int]]:
    """Where the stream is cut: after every arrival, nowhere, or anywhere."""
    return st.one_of(st.just(list(range(1, 41))), st.lists(st.integers(0, 20), max_size=8))


async def feed(engine: Engine, revisions: MemoryRevisions, stream: Sequence[Arrival], cuts: Sequence[int]) -> None:
    start = 0
    for end in [*(cut for cut in sorted(cuts) if cut < len(stream)), len(stream)]:
        await engine.apply(revisions.current(stream[start:end]), now=at(days=2000))
        start = max(start, end)


@settings(max_examples=400, deadline=None)
@given(pattern=patterns(), stream=streams(), cuts=batches())
def test_any_order_duplicates_and_revisions_ring_what_the_oracle_names(pattern, stream, cuts) -> None:
    store = MemoryWindows()
    asyncio.run(feed(Engine([pattern], store), MemoryRevisions(), stream, cuts))
    firing = {alert.id for alert in store.alerts() if alert.state == "firing"}
    assert firing == must_ring(pattern, stream)


@settings(max_examples=100, deadline=None)
@given(pattern=patterns(), stream=streams(), cuts=batches())
def test_announcements_tell_the_same_story_as_the_store(pattern, stream, cuts) -> None:
    """Who only listens ends with the same alerts, and hears of no retraction of what was never said."""
    store, heard = MemoryWindows(), {}
    engine, revisions = Engine([pattern], store), MemoryRevisions()

    async def listen() -> None:
        start = 0
        for end in [*(cut for cut in sorted(cuts) if cut < len(stream)), len(stream)]:
            report = await engine.apply(revisions.current(stream[start:end]), now=at(days=2000))
            for announcement in report.announcements:
                alert = announcement.alert
                assert alert.state == "firing" or heard.get(alert.id) == "firing"
                heard[alert.id] = alert.state
            await store.announced(report.announcements)
            start = max(start, end)

    asyncio.run(listen())
    assert {id_ for id_, state in heard.items() if state == "firing"} == must_ring(pattern, stream)


@settings(max_examples=50, deadline=None)
@given(pattern=patterns(), stream=streams())
def test_a_second_delivery_of_everything_announces_nothing(pattern, stream) -> None:
    store = MemoryWindows()
    engine, revisions = Engine([pattern], store), MemoryRevisions()

    async def twice() -> None:
        report = await engine.apply(revisions.current(stream), now=at(days=2000))
        await store.announced(report.announcements)
        for one in stream:
            assert not (await engine.apply(revisions.current([replace(one)]), now=at(days=2001))).announcements

    asyncio.run(twice())
