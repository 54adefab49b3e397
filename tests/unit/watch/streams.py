"""Generated patterns and streams of arrivals, for the property tests of the watch step."""

from __future__ import annotations

import os
from datetime import datetime

from hypothesis import strategies as st

from tests.unit.watch.builders import annotation, arrival, at, event, make_pattern
from topics.annotations import Event
from workers.watch.engine import Arrival
from workers.watch.patterns import Pattern

FACTOR = int(os.environ.get("PROPERTY_FACTOR", "1"))
"""So many times the usual number of generated streams, for a long look."""

TYPES = ("missile_launch", "summit", "protest")
ACTORS = ("KP", "RU", "US")


@st.composite
def patterns(draw: st.DrawFn, *, grouped_by: tuple[tuple[str, ...], ...] | None = None, id_: str = "p") -> Pattern:
    """A pattern over TYPES, of any kind."""
    groups = grouped_by or ((), ("actor",), ("article",), ("story",), ("place",), ("actor", "place"))
    document: dict[str, object] = {"id": id_}
    if cooldown := draw(st.sampled_from([None, "0s", "2h", "20h"])):
        document["cooldown"] = cooldown
    correlation: dict[str, object] = {
        "group-by": list(draw(st.sampled_from(groups))),
        "timespan": draw(st.sampled_from(["1h", "3h", "12h"])),
    }
    making = draw(st.sampled_from([_temporal, _temporal, _ordered, _absent, _counting, _counting, _falling, _spiking]))
    draw(making(document, correlation))
    return make_pattern(correlation=correlation, **document)


def _rearm(draw: st.DrawFn, document: dict[str, object]) -> None:
    if draw(st.booleans()):
        document["rearm_on"] = ["new_story"]


@st.composite
def _temporal(draw: st.DrawFn, document: dict[str, object], correlation: dict[str, object]) -> None:
    correlation |= {"type": "temporal", "rules": list(draw(st.sampled_from([TYPES[:2], TYPES])))}
    condition = draw(st.sampled_from([None, None, "{0} or {1}", "{0} and ({1} or {0})", "({0} and {1}) or {1}"]))
    if condition:
        correlation["rules"] = list(TYPES[:2])
        correlation["condition"] = condition.format(*TYPES)
    document["corroboration"] = draw(st.sampled_from([1, 1, 1, 2]))
    _rearm(draw, document)
    if draw(st.booleans()):
        document["distinct"] = "article"


@st.composite
def _ordered(draw: st.DrawFn, document: dict[str, object], correlation: dict[str, object]) -> None:
    correlation |= {"type": "temporal_ordered", "rules": list(draw(st.sampled_from([TYPES[:2], TYPES, TYPES[:0:-1]])))}
    document["corroboration"] = draw(st.sampled_from([1, 1, 2]))
    _rearm(draw, document)
    if draw(st.booleans()):
        document["distinct"] = "article"


@st.composite
def _absent(draw: st.DrawFn, document: dict[str, object], correlation: dict[str, object]) -> None:
    a, b, c = TYPES
    condition = draw(
        st.sampled_from(
            [f"{a} and not {b}", f"{a} and {b} and not {c}", f"({a} or {b}) and not {c}", f"{a} and not {b} or {c}"]
        )
    )
    correlation |= {"type": "temporal", "rules": [t for t in TYPES if t in condition], "condition": condition}
    document["corroboration"] = draw(st.sampled_from([1, 1, 2]))
    if draw(st.booleans()):
        document["distinct"] = "article"


def _count_of(draw: st.DrawFn, correlation: dict[str, object]) -> dict[str, object]:
    correlation["rules"] = list(draw(st.sampled_from([TYPES[:1], TYPES[1:]])))
    field = draw(st.sampled_from([None, "story", "source", "actor", "target", "place", "article"]))
    correlation["type"] = "value_count" if field else "event_count"
    return {"field": field} if field else {}


@st.composite
def _counting(draw: st.DrawFn, document: dict[str, object], correlation: dict[str, object]) -> None:
    condition = _count_of(draw, correlation)
    correlation["condition"] = condition | draw(st.sampled_from([{"gte": 1}, {"gte": 2}, {"gte": 4}, {"gt": 1}]))
    document["corroboration"] = draw(st.sampled_from([1, 1, 1, 2]))
    _rearm(draw, document)


@st.composite
def _falling(draw: st.DrawFn, document: dict[str, object], correlation: dict[str, object]) -> None:
    del document
    condition = _count_of(draw, correlation)
    bounds = [{"lt": 1}, {"lt": 2}, {"lt": 3}, {"lte": 1}, {"eq": 1}, {"eq": 2}, {"eq": 0}]
    correlation["condition"] = condition | draw(st.sampled_from(bounds))


@st.composite
def _spiking(draw: st.DrawFn, document: dict[str, object], correlation: dict[str, object]) -> None:
    condition = _count_of(draw, correlation)
    if condition:
        correlation["condition"] = condition
    correlation["timespan"] = draw(st.sampled_from(["1h", "2h"]))
    document["spike"] = {
        "reference": draw(st.sampled_from(["2h", "5h", "7h"])),
        "height": draw(st.sampled_from([1.5, 2, 4])),
        "min": draw(st.integers(1, 3)),
    }
    document["corroboration"] = draw(st.sampled_from([1, 1, 2]))
    _rearm(draw, document)


@st.composite
def events(draw: st.DrawFn) -> Event:
    """An event, sometimes without actors, sometimes not actual."""
    return event(
        draw(st.sampled_from(TYPES)),
        *draw(st.lists(st.sampled_from(ACTORS), max_size=2, unique=True)),
        target=draw(st.lists(st.sampled_from(ACTORS), max_size=1)),
        place=draw(st.sampled_from([None, "SE", "FI"])),
        status=draw(st.sampled_from(["actual", "actual", "actual", "negated"])),
        when=draw(st.sampled_from([None, "2026-03-01", "2026-03-02"])),
    )


@st.composite
def articles(draw: st.DrawFn, *, partitions: int = 1, least: int = 1) -> list[Arrival]:
    """Up to 12 articles of up to three revisions. All revisions of one lie in one partition."""
    found: list[Arrival] = []
    for number in range(draw(st.integers(least, 12))):
        for revision in range(1, draw(st.sampled_from([1, 1, 2, 3])) + 1):
            told = annotation(
                f"a{number}",
                # Quarter hours, so that ties and exact edges of windows happen.
                at(minutes=15 * draw(st.integers(0, 96))),
                *draw(st.lists(events(), max_size=3)),
                revision=revision,
                source=draw(st.sampled_from(["x", "y", "z"])),
                entities=tuple(draw(st.lists(st.sampled_from(ACTORS), max_size=2, unique=True))),
            )
            if draw(st.sampled_from([False] * 9 + [True])):  # undated, or dated in the future: its time is its ingest's
                told = told.model_copy(update={"event_time_source": "fetched", "published_at": None})
            story = draw(st.sampled_from(["s1", "s2", "s3", "s4"]))
            text = draw(st.sampled_from([None, "t1", "t2"]))
            found.append(arrival(told, story=story, text=text, offset=len(found), partition=number % partitions))
    return found


@st.composite
def pushed(draw: st.DrawFn) -> list[Arrival]:
    """Live articles and old news that is pushed among them, in the order in which both come; some come again."""
    found: list[Arrival] = []
    for number in range(draw(st.integers(3, 14))):
        earlier = draw(st.sampled_from([None, None, None, *found]))
        told = annotation(
            f"a{number}" if earlier is None else earlier.annotation.article_id,
            at(minutes=15 * draw(st.integers(0, 30))) if earlier is None else earlier.annotation.event_time,
            event(draw(st.sampled_from(TYPES[:2])), "KP", place="SE"),
            source=draw(st.sampled_from(["x", "y", "z"])),
        )
        changed: dict[str, object] = {
            "revision": draw(st.sampled_from(["r1", "r2"])),
            "backfill": draw(st.booleans()),
            "fetched_at": at(minutes=15 * draw(st.integers(0, 40))),
        }
        told = told.model_copy(update=changed)
        found.append(arrival(told, story=draw(st.sampled_from(["s1", "s2"])), offset=number))
    return found


@st.composite
def streams(draw: st.DrawFn) -> list[Arrival]:
    """Articles in any order, some delivered twice."""
    found = draw(articles())
    again = draw(st.lists(st.sampled_from(found), max_size=4))
    return draw(st.permutations([*found, *again]))


def batches() -> st.SearchStrategy[list[int]]:
    """Where a stream is cut: after every arrival, nowhere, or anywhere."""
    return st.one_of(st.just(list(range(1, 41))), st.lists(st.integers(1, 20), max_size=8))


def cut(stream: list[Arrival], places: list[int]) -> list[list[Arrival]]:
    """`stream` in pieces."""
    ends = [*sorted({place for place in places if place < len(stream)}), len(stream)]
    return [stream[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@st.composite
def watermarks(draw: st.DrawFn, pieces: int) -> list[datetime | None]:
    """A watermark after each piece: it never goes back, may be unknown at first, and may outrun the articles."""
    unknown = draw(st.integers(0, pieces))
    known = sorted(draw(st.lists(st.integers(-4, 200), min_size=pieces - unknown, max_size=pieces - unknown)))
    return [None] * unknown + [at(minutes=15 * quarter) for quarter in known]
