"""The store of windows, as a protocol, and its implementation in memory for tests of patterns and for backtests.

A store keeps, per pattern, sightings with their words, alerts, and an outbox of what is still to be announced. Writers
are kept apart by compare-and-set on a version: `commit` changes nothing if the pattern changed since `load`.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from topics.alerts import Alert
from workers.watch.durations import Micros
from workers.watch.patterns import Pattern
from workers.watch.ringing import Plan, Ring, Window
from workers.watch.sightings import Body, Sighting

KEPT_SIGHTINGS = 100_000
"""Articles a pattern holds at most, whatever its timespan; the oldest go first."""

KEPT_ALERTS = 1000
"""Alerts a pattern keeps for `tocsin alerts list` beyond those that may still change."""


BY_CLOCK = -1

_BEGINNING: Micros = -(2**60)
"""Before all event times."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """An alert that Kafka has not confirmed yet. `key` orders the announcements of one pattern.

    `partition` is that of the record whose arrival caused it: who reads the record again announces it again. It is
    `BY_CLOCK` if no record did.
    """

    key: str
    pattern_id: str
    partition: int
    alert: Alert


@dataclass(frozen=True, slots=True)
class Ask:
    """What to load: the window of `pattern` around the earliest time that `articles` bear on, now or as stored.

    Of a pattern that waits also what lies around the watermark up to which it was decided. `earliest` is None if only
    the watermark moved.
    """

    pattern: Pattern
    articles: tuple[str, ...]
    earliest: Micros | None


@dataclass(frozen=True, slots=True)
class Held:
    """What was loaded, and the version it had."""

    version: int
    window: Window
    outbox: tuple[Announcement, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """Bodies by article id and alerts by alert id."""

    bodies: Mapping[str, Body]
    alerts: Mapping[str, Alert]


@dataclass(frozen=True, slots=True)
class Change:
    """What to store, if the pattern still has `version`. `bodies` has those of the plan's changed sightings."""

    pattern: Pattern
    version: int
    plan: Plan
    bodies: Mapping[str, Body]
    alerts: Sequence[tuple[Ring, Alert]] = ()
    announcements: Sequence[Announcement] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """By what a pattern's state was collected: `in_force` as JSON, None if nobody has said so yet.

    `version` is that of the state, 0 if there is none; `settled` and `blind` are those of the window.
    """

    version: int = 0
    in_force: str | None = None
    settled: Micros | None = None
    blind: Micros | None = None
    due: Micros | None = None


@dataclass(frozen=True, slots=True)
class Horizon:
    """What is dropped: sightings older than `sightings`, and alerts older than `rings` beyond KEPT_ALERTS."""

    sightings: Micros
    rings: Micros

    @classmethod
    def of(cls, pattern: Pattern, newest: Micros) -> Horizon:
        """A match may still complete within the retention, on what lies a timespan before, quieted by a ring before."""
        settled = newest - pattern.retention
        return cls(settled - pattern.lookback, settled - pattern.reach)


class WindowStore(Protocol):
    """Any of its methods may raise a connection error; `commit` may be repeated after one without harm."""

    async def load(self, asks: Sequence[Ask]) -> Sequence[Held]:
        """What is held, one answer an ask."""

    async def words(self, pattern: Pattern, articles: Sequence[str], alerts: Sequence[str]) -> Words:
        """The words of articles and the alerts of `pattern`; what is not there is left out."""

    async def commit(self, changes: Sequence[Change]) -> Sequence[bool]:
        """Store each change, or nothing of it if its pattern's version moved; which were stored."""

    async def announced(self, announcements: Sequence[Announcement]) -> None:
        """Kafka has confirmed them: they leave the outbox."""

    async def outbox(self, pattern_ids: Sequence[str]) -> Sequence[Announcement]:
        """All that is still to be announced, in order."""

    async def due(self, pattern_ids: Sequence[str]) -> Sequence[Micros | None]:
        """Of each pattern, the moment from which on the watermark may change something by itself."""

    async def taken(self, pattern_ids: Sequence[str]) -> Sequence[Taken]:
        """By what each pattern's state was collected."""

    async def take(self, taken: Sequence[tuple[Pattern, Taken]]) -> Sequence[bool]:
        """Store it for each pattern whose state still has that version; for which it was."""


@dataclass
class _Shelf:
    """One pattern's share of memory."""

    version: int = 0
    newest: Micros | None = None
    floor: Micros | None = None
    settled: Micros | None = None
    due: Micros | None = None
    blind: Micros | None = None
    in_force: str | None = None
    sightings: dict[str, Sighting] = field(default_factory=dict)
    order: list[tuple[Micros, str]] = field(default_factory=list)
    bodies: dict[str, Body] = field(default_factory=dict)
    rings: dict[str, Ring] = field(default_factory=dict)
    ring_order: list[tuple[Micros, str]] = field(default_factory=list)
    alerts: dict[str, Alert] = field(default_factory=dict)
    outbox: dict[str, Announcement] = field(default_factory=dict)


class MemoryWindows:
    """Windows in this process. Nothing outlives it."""

    def __init__(self) -> None:
        self._shelves: dict[str, _Shelf] = {}

    async def load(self, asks: Sequence[Ask]) -> Sequence[Held]:
        """See WindowStore."""
        return [self._held(ask) for ask in asks]

    def _held(self, ask: Ask) -> Held:
        shelf = self._shelves.setdefault(ask.pattern.id, _Shelf())
        stored = (shelf.sightings[article].time for article in ask.articles if article in shelf.sightings)
        known = [moment for moment in (ask.earliest, *stored) if moment is not None]
        if ask.pattern.waits and shelf.settled is not None:
            known.append(shelf.settled)
        earliest = min(known) if known and not (ask.pattern.waits and shelf.settled is None) else _BEGINNING
        from_sighting = bisect_left(shelf.order, (earliest - ask.pattern.lookback, ""))
        sightings = [shelf.sightings[article] for _, article in shelf.order[from_sighting:]]
        from_ring = bisect_left(shelf.ring_order, (earliest - ask.pattern.reach, ""))
        rings = tuple(shelf.rings[ring] for _, ring in shelf.ring_order[from_ring:])
        outbox = tuple(shelf.outbox[key] for key in sorted(shelf.outbox))
        window = Window(shelf.newest, shelf.floor, shelf.settled, tuple(sightings), rings, shelf.blind)
        return Held(shelf.version, window, outbox)

    async def words(self, pattern: Pattern, articles: Sequence[str], alerts: Sequence[str]) -> Words:
        """See WindowStore."""
        shelf = self._shelves.setdefault(pattern.id, _Shelf())
        return Words(
            {article: shelf.bodies[article] for article in articles if article in shelf.bodies},
            {alert: shelf.alerts[alert] for alert in alerts if alert in shelf.alerts},
        )

    async def commit(self, changes: Sequence[Change]) -> Sequence[bool]:
        """See WindowStore."""
        return [self._commit(change) for change in changes]

    def _commit(self, change: Change) -> bool:
        shelf = self._shelves.setdefault(change.pattern.id, _Shelf())
        if shelf.version != change.version:
            return False
        shelf.version += 1
        shelf.newest, shelf.settled, shelf.due = change.plan.newest, change.plan.settled, change.plan.due
        for sighting in change.plan.changed:
            self._put_sighting(shelf, sighting, change.bodies[sighting.article_id])
        for ring, alert in change.alerts:
            if ring.id in shelf.rings:  # a revision may have moved its completing article in time
                del shelf.ring_order[bisect_left(shelf.ring_order, (shelf.rings[ring.id].time, ring.id))]
            insort(shelf.ring_order, (ring.time, ring.id))
            shelf.rings[ring.id], shelf.alerts[ring.id] = ring, alert
        shelf.outbox.update({announcement.key: announcement for announcement in change.announcements})
        if shelf.newest is not None:
            self._prune(shelf, Horizon.of(change.pattern, shelf.newest))
        excess = len(shelf.order) - KEPT_SIGHTINGS
        if excess > 0:
            shelf.floor = shelf.order[excess - 1][0]
            self._drop_sightings(shelf, excess)
        return True

    @staticmethod
    def _put_sighting(shelf: _Shelf, sighting: Sighting, body: Body) -> None:
        earlier = shelf.sightings.get(sighting.article_id)
        if earlier is not None:
            del shelf.order[bisect_left(shelf.order, earlier.position)]
        insort(shelf.order, sighting.position)
        shelf.sightings[sighting.article_id], shelf.bodies[sighting.article_id] = sighting, body

    @staticmethod
    def _drop_sightings(shelf: _Shelf, number: int) -> None:
        for _, article in shelf.order[:number]:
            del shelf.sightings[article], shelf.bodies[article]
        del shelf.order[:number]

    @staticmethod
    def _prune(shelf: _Shelf, horizon: Horizon) -> None:
        MemoryWindows._drop_sightings(shelf, bisect_left(shelf.order, (horizon.sightings, "")))
        old = min(bisect_left(shelf.ring_order, (horizon.rings, "")), max(0, len(shelf.ring_order) - KEPT_ALERTS))
        for _, ring in shelf.ring_order[:old]:
            del shelf.rings[ring], shelf.alerts[ring]
        del shelf.ring_order[:old]

    async def announced(self, announcements: Sequence[Announcement]) -> None:
        """See WindowStore."""
        for announcement in announcements:
            self._shelves[announcement.pattern_id].outbox.pop(announcement.key, None)

    async def outbox(self, pattern_ids: Sequence[str]) -> Sequence[Announcement]:
        """See WindowStore."""
        shelves = [self._shelves[pattern_id] for pattern_id in pattern_ids if pattern_id in self._shelves]
        return [shelf.outbox[key] for shelf in shelves for key in sorted(shelf.outbox)]

    async def due(self, pattern_ids: Sequence[str]) -> Sequence[Micros | None]:
        """See WindowStore."""
        return [self._shelves[id_].due if id_ in self._shelves else None for id_ in pattern_ids]

    async def taken(self, pattern_ids: Sequence[str]) -> Sequence[Taken]:
        """See WindowStore."""
        shelves = [self._shelves.get(id_, _Shelf()) for id_ in pattern_ids]
        return [Taken(s.version, s.in_force, s.settled, s.blind, s.due) for s in shelves]

    async def take(self, taken: Sequence[tuple[Pattern, Taken]]) -> Sequence[bool]:
        """See WindowStore."""
        return [self._take(self._shelves.setdefault(pattern.id, _Shelf()), found) for pattern, found in taken]

    @staticmethod
    def _take(shelf: _Shelf, taken: Taken) -> bool:
        if shelf.version != taken.version:
            return False
        shelf.version += 1
        shelf.in_force, shelf.settled, shelf.blind, shelf.due = taken.in_force, taken.settled, taken.blind, taken.due
        return True

    def alerts(self) -> list[Alert]:
        """All alerts kept, retracted ones too, in order of pattern and completing event."""
        return [shelf.alerts[ring] for shelf in self._shelves.values() for _, ring in shelf.ring_order]
