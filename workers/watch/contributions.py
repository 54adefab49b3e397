"""What one article adds to the rolling counts, and what is remembered of it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from topics.annotations import Annotation
from workers.watch.count_log import KINDS, CountKind, hour_of
from workers.watch.durations import DAY, SECOND, Micros, to_micros
from workers.watch.revisions import Known, judged
from workers.watch.sightings import Stamp

MAX_MEMBERS = 500
"""Of one kind, in one article: lists of names longer than this are not news."""

WINDOWS: Mapping[str, int] = {"1h": 1, "24h": 24, "7d": 168}
"""Hours. The shortest is exact to a minute, the others to an hour: the one that holds its end is included."""

SECONDS_TO_LIVE = 9 * DAY // SECOND
"""An hour's log, its names and the articles in it live for so long of wall-clock time after the last write."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What an article revision counts for: each id once, however often the article names it.

    `dated`: its time is the publisher's, not only that of its ingest.
    """

    time: Micros
    source: str | None
    members: Mapping[CountKind, tuple[str, ...]]
    dated: bool = True


def contribution_of(annotation: Annotation, symmetric: frozenset[str]) -> Contribution:
    """What `annotation` counts for. Of an event type in `symmetric` all parties are actors."""
    actual = [event for event in annotation.events if event.status == "actual"]
    pairs = [
        f"{event.type}:{party.id}"
        for event in actual
        for party in (*event.actor, *(event.target if event.type in symmetric else ()))
        if party.id
    ]
    members: dict[CountKind, list[str]] = {
        "entity": [entity.id for entity in annotation.entities if entity.id],
        "event": [event.type for event in actual],
        "pair": pairs,
    }
    return Contribution(
        to_micros(annotation.event_time),
        None if annotation.source is None else _on_a_line(annotation.source),
        {kind: tuple(dict.fromkeys(map(_on_a_line, members[kind])))[:MAX_MEMBERS] for kind in KINDS},
        annotation.event_time_source == "published",
    )


def _on_a_line(name: str) -> str:
    """Names are kept one a line."""
    return name.replace("\n", " ")


@dataclass(frozen=True, slots=True)
class Guard:
    """What is remembered of an article: its newest revision's stamp, all types it has had, in which hour's log it is.

    Where in the log is known to Redis alone, which adds it to what is written here.
    """

    known: Known
    hour: int

    def to_wire(self) -> str:
        """Short JSON."""
        k = self.known
        flags = k.late * 1 + (not k.stamp.said[0]) * 2
        value = [*k.stamp.read, flags, self.hour, [k.stamp.words, *k.stamp.said[1:]], *sorted(k.types)]
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_wire(cls, text: str) -> Guard:
        """The inverse of `to_wire`."""
        fetched, offset, flags, hour, *types = json.loads(text)
        # An earlier version kept no words.
        words, *said = types.pop(0) if types and isinstance(types[0], list) else ("", fetched, offset)
        stamp = Stamp(words, (not flags & 2, said[0], said[1]), (fetched, offset))
        return cls(Known(stamp, frozenset(types), bool(flags & 1)), hour)


@dataclass(frozen=True, slots=True)
class Move:
    """What counting one record changes: `guard` is None if nothing. `taken_back`: the hour of what counted before.

    `stale`: a newer revision is known already. `revised`: the article has come before.
    """

    guard: Guard | None
    taken_back: int | None
    added: Contribution | None
    known: Known
    stale: bool
    revised: bool


def counted(
    guard: Guard | None, stamp: Stamp, annotation: Annotation, symmetric: frozenset[str], *, late: bool
) -> Move:
    """What `annotation` changes, when `guard` is what is remembered of its article."""
    types = frozenset(event.type for event in annotation.events)
    verdict, known = judged(guard.known if guard else None, stamp, types, late=late)
    if verdict != "newer":
        return Move(None, None, None, known, verdict == "stale", revised=True)
    added = contribution_of(annotation, symmetric)
    after = Guard(known, hour_of(added.time))
    return Move(after, guard.hour if guard else None, added, known, stale=False, revised=guard is not None)
