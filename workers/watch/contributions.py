"""What one article adds to the rolling counts, and into which buckets of event time. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from topics.annotations import Annotation
from workers.watch.durations import DAY, HOUR, MINUTE, SECOND, Micros, to_micros
from workers.watch.revisions import Known, judged
from workers.watch.sightings import Stamp

CountKind = Literal["entity", "event", "pair"]
"""`entity` by its id; `event` by its type; `pair` as `missile_launch:KP`, type and actor. Events only if actual."""

KINDS: tuple[CountKind, ...] = get_args(CountKind)

MAX_MEMBERS = 500
"""Of one kind, in one article: lists of names longer than this are not news."""


@dataclass(frozen=True, slots=True)
class BucketSize:
    """Buckets of one length. Their keys live for `seconds_to_live` of wall-clock time after the last write."""

    letter: str
    length: Micros
    seconds_to_live: int


MINUTES = BucketSize("m", MINUTE, 26 * HOUR // SECOND)
HOURS = BucketSize("h", HOUR, 9 * DAY // SECOND)
SIZES = (MINUTES, HOURS)

WINDOWS: Mapping[str, tuple[BucketSize, int]] = {"1h": (MINUTES, 60), "24h": (HOURS, 24), "7d": (HOURS, 168)}
"""A window is so many buckets, the one that holds its end included: exact to a minute, or to an hour."""

GUARD_SECONDS = HOURS.seconds_to_live
"""An article's contribution is remembered for as long as the counts it went into."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What an article revision counts for: each id once, however often the article names it.

    `dated`: its time is the publisher's, not only that of its ingest.
    """

    time: Micros
    members: Mapping[CountKind, tuple[str, ...]]
    dated: bool = True

    def buckets(self) -> Iterator[tuple[CountKind, BucketSize, int, tuple[str, ...]]]:
        """Kind, size and index of each bucket, and what goes into it."""
        for kind, members in self.members.items():
            for size in SIZES:
                if members:
                    yield kind, size, self.time // size.length, members


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
        {kind: tuple(dict.fromkeys(ids))[:MAX_MEMBERS] for kind, ids in members.items()},
        annotation.event_time_source == "published",
    )


@dataclass(frozen=True, slots=True)
class Guard:
    """What is remembered of an article: its newest revision's stamp, all types it has had, what it has contributed."""

    known: Known
    contribution: Contribution

    def to_wire(self) -> str:
        """Short JSON."""
        c = self.contribution
        k = self.known
        members = [c.members.get(kind, ()) for kind in KINDS]
        value = [k.stamp, sorted(k.types), int(k.late), c.time, members]
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_wire(cls, text: str) -> Guard:
        """The inverse of `to_wire`."""
        stamp, types, late, time, members = json.loads(text)
        listed = {kind: tuple(ids) for kind, ids in zip(KINDS, members, strict=True)}
        return cls(Known((stamp[0], stamp[1]), frozenset(types), bool(late)), Contribution(time, listed))


@dataclass(frozen=True, slots=True)
class Move:
    """What counting one record changes: `guard` is None if nothing. `stale`: a newer revision is known already.

    `revised`: the article has come before.
    """

    guard: Guard | None
    taken_back: Contribution | None
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
    return Move(
        Guard(known, added), guard.contribution if guard else None, added, known, stale=False, revised=guard is not None
    )
