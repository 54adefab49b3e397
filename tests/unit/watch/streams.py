"""Generated patterns and streams of arrivals, for the property tests of the watch step."""

from __future__ import annotations

import os

from hypothesis import strategies as st

from tests.unit.watch.builders import annotation, arrival, at, event, event_count, temporal
from topics.annotations import Event
from workers.watch.engine import Arrival
from workers.watch.patterns import Pattern

FACTOR = int(os.environ.get("PROPERTY_FACTOR", "1"))
"""So many times the usual number of generated streams, for a long look."""

TYPES = ("missile_launch", "summit", "protest")
ACTORS = ("KP", "RU", "US")


@st.composite
def patterns(draw: st.DrawFn, *, grouped_by: tuple[tuple[str, ...], ...] | None = None, id_: str = "p") -> Pattern:
    """A pattern over TYPES."""
    groups = grouped_by or ((), ("actor",), ("article",), ("story",), ("place",), ("actor", "place"))
    shared: dict[str, object] = {
        "id": id_,
        "group_by": draw(st.sampled_from(groups)),
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
def events(draw: st.DrawFn) -> Event:
    """An event, sometimes without actors, sometimes not actual."""
    return event(
        draw(st.sampled_from(TYPES)),
        *draw(st.lists(st.sampled_from(ACTORS), max_size=2, unique=True)),
        target=draw(st.lists(st.sampled_from(ACTORS), max_size=1)),
        place=draw(st.sampled_from([None, "SE", "FI"])),
        status=draw(st.sampled_from(["actual", "actual", "actual", "negated"])),
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
            story = draw(st.sampled_from(["s1", "s2", "s3", "s4"]))
            found.append(arrival(told, story=story, offset=len(found), partition=number % partitions))
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
