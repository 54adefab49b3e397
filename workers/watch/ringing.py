"""What changes when articles arrive at a pattern: which alerts are new, which are gone, which take whose place. Pure.

It compares what should ring (`matching`) with what is stored as ringing; the caller stores the plan and announces it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from topics.alerts import AlertState, Muted, alert_id
from topics.base import digest
from workers.watch.completions import RISES, Scope
from workers.watch.durations import Micros
from workers.watch.matching import Match, Rang, next_due, walk
from workers.watch.patterns import MOST_SKEW, Pattern
from workers.watch.sightings import Sighting, Value, prevailing

_FIELD_SEPARATOR = "\x1f"
"""Keeps the fields of one join value apart in the alert's identity."""


@dataclass(frozen=True, slots=True)
class Ring:
    """A stored alert, as far as the next arrival needs to know it.

    `basis` is a hash of all that supports it. `silent`: it was found again while state was rebuilt, not announced anew.
    `old`: the values for which old news brought it about.
    """

    id: str
    anchor: str
    time: Micros
    values: tuple[Value, ...]
    state: AlertState
    basis: str
    silent: bool = False
    old: tuple[Value, ...] = ()

    @property
    def muted(self) -> Muted | None:
        """Why nobody is told: old news brought it about, for all of its values."""
        return "backfill" if len(self.old) == len(self.values) else None

    def to_wire(self) -> list[Any]:
        """A short JSON value."""
        told = [self.id, self.anchor, self.time, self.values, self.state, self.basis, int(self.silent)]
        return [*told, self.old] if self.old else told

    @classmethod
    def from_wire(cls, value: list[Any]) -> Ring:
        """The inverse of `to_wire`."""
        id_, anchor, time, values, state, basis, silent, *rest = value
        old = tuple(tuple(v) for v in rest[0]) if rest else ()
        return cls(id_, anchor, time, tuple(tuple(v) for v in values), state, basis, bool(silent), old)


@dataclass(frozen=True, slots=True)
class Window:
    """What a store holds of a pattern, from `reach` before the earliest change on.

    `newest`: how far the pattern's clock has come, from which the retention is reckoned.
    `floor`: the time of the newest sighting that was dropped because there were too many; None if none was.
    `settled`: the watermark up to which a pattern that waits was decided. `blind`: before this moment, not all was
    collected that the pattern now asks for; None if there is no such moment.
    """

    newest: Micros | None = None
    floor: Micros | None = None
    settled: Micros | None = None
    sightings: tuple[Sighting, ...] = ()
    rings: tuple[Ring, ...] = ()
    blind: Micros | None = None


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that now rings. `known` is the stored one: it rings on other evidence, or rang and was taken back."""

    ring: Ring
    match: Match
    late: bool = False
    muted: Muted | None = None
    supersedes: tuple[str, ...] = ()
    known: Ring | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """An alert that no longer rings; `superseded_by` names the one that took its place."""

    ring: Ring
    superseded_by: str | None
    announced: bool

    def retracted_ring(self) -> Ring:
        """What is stored in its place."""
        return replace(self.ring, state="retracted")


@dataclass(frozen=True, slots=True)
class Plan:
    """What arrivals and the watermark change. `due`: when the watermark may change something again by itself."""

    changed: tuple[Sighting, ...] = ()
    fired: tuple[Fired, ...] = ()
    updated: tuple[Fired, ...] = ()
    gone: tuple[Gone, ...] = ()
    newest: Micros | None = None
    settled: Micros | None = None
    due: Micros | None = None
    stores: bool = False
    suppressed: int = 0
    too_late: int = 0


@dataclass(frozen=True, slots=True)
class Clock:
    """How far event time has come, over all partitions.

    `slowest`: the newest event time of the partition that is furthest behind; None if there is but one order.
    `watermark`: before this moment nothing more is expected; None if nothing is known. `oldest` and `newest`: the
    first and the last event time of the whole stream; before the first, nothing is known of any rate.
    """

    slowest: Micros | None = None
    watermark: Micros | None = None
    oldest: Micros | None = None
    newest: Micros | None = None


@dataclass
class _Admission:
    """Arrivals taken into the window one after the other, as they came."""

    pattern: Pattern
    newest: Micros | None
    slowest: Micros | None
    current: dict[str, Sighting]
    changed: dict[str, Sighting] = field(default_factory=dict)
    times: list[Micros] = field(default_factory=list)
    too_late: int = 0

    def take(self, sighting: Sighting) -> None:
        """Replace an older revision; refuse what is older than the retention, or no news."""
        earlier = self.current.get(sighting.article_id)
        if earlier is None and not sighting.happenings:
            return
        stamp = prevailing(earlier.stamp if earlier is not None else None, sighting.stamp)
        if earlier is not None and stamp == earlier.stamp:
            return
        if earlier is None and self.newest is not None and sighting.time < self.newest - self.pattern.retention:
            self.too_late += 1
            return
        sighting = replace(sighting.after(earlier), stamp=stamp)
        # Taken out and put in again, so that the dictionary's order is the order of arrival.
        self.changed.pop(sighting.article_id, None)
        self.current[sighting.article_id] = self.changed[sighting.article_id] = sighting
        self.times += [sighting.time] if earlier is None else [sighting.time, earlier.time]
        if sighting.happenings and sighting.dated:
            time = self._clock(sighting.time)
            self.newest = time if self.newest is None else max(self.newest, time)

    def _clock(self, time: Micros) -> Micros:
        """Nothing gets too old while a partition still lags behind; one without traffic does not hold it for ever."""
        return time if self.slowest is None else min(time, max(self.slowest, time - MOST_SKEW))


def plan(pattern: Pattern, window: Window, arrivals: Iterable[Sighting], clock: Clock) -> Plan:
    """What `arrivals`, in their order, and the clock change in what `pattern` holds."""
    admission = _Admission(pattern, window.newest, clock.slowest, {s.article_id: s for s in window.sightings})
    for sighting in arrivals:
        admission.take(sighting)
    settled = _later(window.settled, clock.watermark) if pattern.waits else None
    advanced = settled is not None and settled != window.settled
    if not admission.changed and not advanced:
        return Plan(newest=window.newest, settled=settled, too_late=admission.too_late)
    sightings = list(admission.current.values())
    scope = Scope(_since(pattern, window, admission, settled), settled, clock.oldest)
    seeds = [ring for ring in window.rings if ring.time < scope.since]
    walked = walk(pattern, sightings, scope, rung_of(seeds))
    silent: frozenset[str] = frozenset()
    if not pattern.waits and any(sighting.rebuilt for sighting in admission.changed.values()):
        silent = _silent_ids(pattern, sightings, scope, seeds)
    matches = [(ring_of(pattern, match, silent=match_id(pattern, match) in silent), match) for match in walked.matches]
    decided = _compared(pattern, admission, matches, (window.rings, scope.since), walked.suppressed)
    due = next_due(pattern, sightings, settled)
    return replace(decided, settled=settled, due=due, stores=True)


def _later(one: Micros | None, other: Micros | None) -> Micros | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)


def _since(pattern: Pattern, window: Window, admission: _Admission, settled: Micros | None) -> Micros:
    """From when on something may be different now."""
    moments = list(admission.times)
    if settled is not None:
        # What waited for the watermark completes after the last one; before the first one nothing did.
        before = [s.time for s in window.sightings] if window.settled is None else [window.settled + 1]
        moments += before or [settled]
    since = min(moments)
    # What completed before this is settled: part of what it stood on may be gone from the window.
    if window.newest is not None:
        since = max(since, window.newest - pattern.retention)
    if window.floor is not None:
        since = max(since, window.floor + pattern.lookback)
    # Before it nothing can be said to be missing; what rang there was decided by what the pattern was then.
    if window.blind is not None and pattern.waits:
        since = max(since, window.blind + pattern.surveyed)
    return since


def rung_of(rings: Iterable[Ring]) -> dict[Value, list[Rang]]:
    """When each join value rang, and at which article."""
    found: dict[Value, list[Rang]] = {}
    for ring in sorted(rings, key=lambda ring: (ring.time, ring.anchor)):
        if ring.state == "firing":
            for value in ring.values:
                found.setdefault(value, []).append(Rang(ring.time, ring.anchor, value in ring.old))
    return found


def _silent_ids(
    pattern: Pattern,
    sightings: Sequence[Sighting],
    scope: Scope,
    seeds: Sequence[Ring],
) -> frozenset[str]:
    """Alerts that stand on rebuilt articles alone: they were announced before Redis lost them.

    Of patterns that wait for time nobody knows that: they are announced again, under the same id.
    """
    rebuilt = (sighting for sighting in sightings if sighting.rebuilt)
    walked = walk(pattern, rebuilt, scope, rung_of(ring for ring in seeds if ring.silent))
    return frozenset(match_id(pattern, match) for match in walked.matches)


def match_id(pattern: Pattern, match: Match) -> str:
    """The alert id of `match`."""
    anchor = match.anchor if match.mark == RISES else f"{match.anchor}{_FIELD_SEPARATOR}{match.mark}"
    return alert_id(pattern.id, tuple(_FIELD_SEPARATOR.join(value) for value in match.values), anchor)


def ring_of(pattern: Pattern, match: Match, *, silent: bool = False) -> Ring:
    """What is stored of `match`."""
    basis = [
        [supply.sighting.article_id, supply.sighting.revision, sorted(supply.rules.items())] for supply in match.window
    ]
    known_by = match_id(pattern, match)
    known_as = digest(json.dumps(basis), length=12)
    return Ring(known_by, match.anchor, match.time, match.values, "firing", known_as, silent, match.old)


def _compared(
    pattern: Pattern,
    admission: _Admission,
    matches: Sequence[tuple[Ring, Match]],
    held: tuple[Sequence[Ring], Micros],
    suppressed: Sequence[str],
) -> Plan:
    """`held`: what is stored as ringing, and the moment from which on it was decided anew."""
    # A changed timespan may complete a match anew whose alert lies before `since`: it stays the same alert.
    stored, since = held
    known = {ring.id: ring for ring in stored}
    ringing = {ring.id for ring, _ in matches}
    fresh, updated = [], []
    for ring, match in matches:
        before = known.get(ring.id)
        # What nobody was told of, and what live news now brings about, is told as if it were new.
        if before is None or before.state == "retracted" or (before.muted and not ring.muted):
            cause = _cause(match, admission.changed)
            fresh.append(Fired(ring, match, late=cause is not None and cause.late, muted=ring.muted, known=before))
        elif (before.basis, before.old) != (ring.basis, ring.old):
            updated.append(Fired(replace(ring, silent=before.silent), match, known=before))
    lost = [ring for ring in stored if ring.time >= since and ring.state == "firing" and ring.id not in ringing]
    heirs = {ring.id: _heir(pattern, ring, [fired.ring for fired in fresh]) for ring in lost}
    rebuilding = bool(admission.changed) and all(sighting.rebuilt for sighting in admission.changed.values())
    return Plan(
        changed=tuple(admission.changed.values()),
        fired=tuple(replace(fired, supersedes=_superseded(fired.ring.id, heirs)) for fired in fresh),
        updated=tuple(updated),
        gone=tuple(Gone(ring, heirs[ring.id], not (ring.silent and rebuilding)) for ring in lost),
        newest=admission.newest,
        suppressed=sum(anchor in admission.changed for anchor in suppressed),
        too_late=admission.too_late,
    )


def _cause(match: Match, arrived: Mapping[str, Sighting]) -> Sighting | None:
    """The last of its articles to arrive; None if none of them arrived just now."""
    inside = {supply.sighting.article_id for supply in match.window}
    return next((s for article, s in reversed(list(arrived.items())) if article in inside), None)


def _heir(pattern: Pattern, lost: Ring, fresh: Sequence[Ring]) -> str | None:
    """The nearest new alert that says the same: it shares a join value and lies within the pattern's reach."""
    near = [
        (abs(ring.time - lost.time), ring.id)
        for ring in fresh
        if not set(ring.values).isdisjoint(lost.values) and abs(ring.time - lost.time) < pattern.reach
    ]
    return min(near)[1] if near else None


def _superseded(new_id: str, heirs: Mapping[str, str | None]) -> tuple[str, ...]:
    return tuple(sorted(old for old, heir in heirs.items() if heir == new_id))
