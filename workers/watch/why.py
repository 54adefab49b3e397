"""Why an alert rang: for each of its join values the window, its bounds, every event, the cooldown, who corroborates.
Pure: from what a pattern holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from topics.alerts import Alert
from workers.watch.completions import Completion, Instance, Scope, Supply, completions, counted
from workers.watch.durations import Micros, to_datetime, to_micros
from workers.watch.explanation import NearMiss, near_misses, nearest, span
from workers.watch.independence import independent_sources
from workers.watch.matching import Match, Rang, Rung, decided, instances_of, walk
from workers.watch.patterns import Pattern
from workers.watch.ringing import Ring, match_id, rung_of
from workers.watch.sightings import Sighting, Value

_MANY = 10_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is held of a pattern: its sightings, what it rang, and the moments that can be decided from them."""

    sightings: Sequence[Sighting]
    rings: Sequence[Ring]
    scope: Scope

    @property
    def earlier(self) -> Rung:
        """What rang before the scope's beginning."""
        return rung_of(ring for ring in self.rings if ring.time < self.scope.since)


@dataclass(frozen=True, slots=True)
class Quiet:
    """A match within the cooldown, at the article `anchor`, and the ring (time, article) that quiets it."""

    time: Micros
    anchor: str
    by: Rang


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the pattern rang for one join value.

    The window reaches from `start` to `end`, as `bounds` says. `before`: the last ring of this value before.
    `quieted`: matches in its cooldown. `facts`: what was asked for and how it was met.
    """

    value: Value
    completion: Completion
    start: Micros
    end: Micros
    before: Rang | None
    quieted: tuple[Quiet, ...]
    facts: tuple[str, ...]

    @property
    def window(self) -> Sequence[Supply]:
        """The articles, in order of time."""
        return self.completion.window

    def bounds(self, pattern: Pattern) -> str:
        """From when to when, with which ends: half-open, whichever way the pattern looks."""
        first, last = f"{to_datetime(self.start):%F %T}Z", f"{to_datetime(self.end):%F %T}Z"
        if pattern.waits and not pattern.counts:
            return f"from {first} until before {last}"
        return f"after {first} up to {last}"

    def place(self, pattern: Pattern, sighting: Sighting) -> str:
        """Where in the window an article lies."""
        if pattern.waits and not pattern.counts and sighting.time == self.start:
            return "opens the window"
        if sighting.time == self.end:
            return "completes the match"
        return f"{span(self.end - sighting.time)} before its end"


@dataclass(frozen=True, slots=True)
class Why:
    """All that can be said. Without `reasons` the alert is not what the pattern would ring now: `instead` says why."""

    match: Match | None
    reasons: tuple[Reason, ...]
    instead: tuple[str, ...]
    near: tuple[NearMiss, ...]


def why(pattern: Pattern, alert: Alert, held: Evidence, *, near: int = 3) -> Why:
    """Why `alert` rings, or no longer does; and the other join values that came `near` around it."""
    walked = walk(pattern, held.sightings, held.scope, held.earlier)
    match = next((m for m in walked.matches if match_id(pattern, m) == alert.id), None)
    misses = near_misses(pattern, held.sightings, held.scope, held.earlier, limit=near) if near else []
    if match is None:
        return Why(None, (), tuple(_instead(pattern, alert, held)), tuple(misses))
    instances = instances_of(pattern, held.sightings, held.scope)
    reasons = [_reason(pattern, Instance.of(value, instances[value]), match, held) for value in match.values]
    return Why(match, tuple(reasons), (), tuple(misses))


def _reason(pattern: Pattern, instance: Instance, match: Match, held: Evidence) -> Reason:
    rung = held.earlier.get(instance.value, ())
    all_of_it = list(decided(pattern, instance, held.scope, rung))
    here = next(
        found
        for found, quieted_by in all_of_it
        if quieted_by is None and (found.anchor.sighting.article_id, found.mark) == (match.anchor, match.mark)
    )
    rang = [*rung, *(Rang(c.time, c.anchor.sighting.article_id, c.old) for c, by in all_of_it if by is None)]
    this = here.time, match.anchor
    quieted = [Quiet(c.time, c.anchor.sighting.article_id, by) for c, by in all_of_it if by and by[:2] == this]
    start, end = here.time - pattern.timespan, here.time
    return Reason(
        instance.value,
        here,
        start,
        end,
        max((ring for ring in rang if ring[:2] < this), default=None),
        tuple(quieted),
        tuple(_facts(pattern, here)),
    )


def _facts(pattern: Pattern, found: Completion) -> list[str]:
    """What the pattern asked for and how it was met, in words."""
    told = []
    if pattern.counts:
        what = f"different values of {pattern.field}" if pattern.field else "articles"
        bound = f"{pattern.bound.comparison} {pattern.bound.number}"
        if pattern.spike is not None:
            bound = f"at least {pattern.spike.least} and {pattern.spike.times:g} times the usual"
        told.append(f"{counted(pattern, found.window)} {what}; asked for is {bound}")
    else:
        there = {name for supply in found.window for name in supply.rules}
        met = next((c for c in pattern.clauses if c.present <= there and not c.absent & there), None)
        if met is not None:
            absent = f"; nothing of: {', '.join(sorted(met.absent))}" if met.absent else ""
            told.append(f"there: {', '.join(sorted(met.present))}{absent}")
    if pattern.corroboration > 1:
        named = {name for supply in found.window for name in supply.rules}
        groups: Mapping[str, Sequence[Supply]] = (
            {"the count": found.window}
            if pattern.counts
            else {name: [s for s in found.window if name in s.rules] for name in sorted(named)}
        )
        for name, supplies in groups.items():
            voices = independent_sources((supply.sighting for supply in supplies), enough=_MANY)
            told.append(f"{voices} independent outlets behind {name}; asked for are {pattern.corroboration}")
    return told


def _instead(pattern: Pattern, alert: Alert, held: Evidence) -> list[str]:
    """Why the pattern does not ring it now."""
    told = []
    if alert.superseded_by is not None:
        told.append(f"its place was taken by {alert.superseded_by}: other news completes the match at another article")
    if alert.pattern_version != pattern.version:
        told.append(f"the pattern has changed since: {alert.pattern_version} then, {pattern.version} now")
    if held.scope.since > to_micros(alert.first_event_at):
        told.append(f"what is held reaches back to {to_datetime(held.scope.since):%F %R}Z only")
    values = {tuple(value) for value in _values(pattern, alert)}
    for value, supplies in instances_of(pattern, held.sightings, held.scope).items():
        if value in values:
            instance = Instance.of(value, supplies)
            told += _missing_now(pattern, instance, alert, held)
    return told or ["none of its articles is held any more, or revisions took its events back"]


def _values(pattern: Pattern, alert: Alert) -> list[Value]:
    if not pattern.group_by:
        return [()]
    if len(pattern.group_by) == 1:
        return [(value,) for value in alert.group.get(pattern.group_by[0], ())]
    return [tuple(alert.group.get(field, ("",))[0] for field in pattern.group_by)]


def _missing_now(pattern: Pattern, instance: Instance, alert: Alert, held: Evidence) -> list[str]:
    shown = {item.article_id for item in alert.evidence}
    for found, by in decided(pattern, instance, held.scope, held.earlier.get(instance.value, ())):
        if by is not None and found.anchor.sighting.article_id in shown:
            return [f"it would match at {by_words(by)} already, and this lies within the cooldown of that"]
    if any(True for _ in completions(pattern, instance, held.scope)):
        return ["the same join value matches at another article now"]
    miss = nearest(pattern, instance, held.scope)
    return [f"now it lacks: {words}" for words in miss.lacks] if miss is not None else []


def by_words(ring: Rang) -> str:
    """A ring, in words."""
    return f"{ring.article}, {to_datetime(ring.time):%F %R}Z"
