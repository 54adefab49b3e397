"""Why a pattern rang for a join value, and why it did not although it came near. Pure: from events and the pattern."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workers.watch.completions import Instance, Scope, Supply, counted
from workers.watch.conditions import Clause
from workers.watch.durations import DAY, HOUR, MINUTE, SECOND, Micros
from workers.watch.independence import independent_sources
from workers.watch.matching import Rung, instances_of, walk
from workers.watch.patterns import Pattern
from workers.watch.sightings import Sighting, Value

_MANY = 10_000


@dataclass(frozen=True, slots=True)
class NearMiss:
    """The window of one join value that came nearest, and what it lacks, in words. `nearness` is 0 to 1."""

    value: Value
    window: tuple[Supply, ...]
    lacks: tuple[str, ...]
    nearness: float


def near_misses(
    pattern: Pattern, sightings: Iterable[Sighting], scope: Scope, rung: Rung, *, limit: int = 10
) -> list[NearMiss]:
    """Join values for which `pattern` did not ring within `scope`, the nearest first."""
    listed = list(sightings)
    walked = walk(pattern, listed, scope, rung)
    ringing = {value for match in walked.matches for value in match.values} | set(rung)
    found = [
        _nearest(pattern, Instance.of(value, supplies))
        for value, supplies in instances_of(pattern, listed, scope).items()
        if value not in ringing
    ]
    known = [miss for miss in found if miss is not None]
    return sorted(known, key=lambda miss: (-miss.nearness, miss.value))[:limit]


def _nearest(pattern: Pattern, instance: Instance) -> NearMiss | None:
    best: NearMiss | None = None
    for place, supply in enumerate(instance.supplies):
        now = supply.sighting.time
        start = next(i for i, time in enumerate(instance.times) if now - time < pattern.timespan)
        window = tuple(instance.supplies[start : place + 1])
        nearness, lacks = _lacking(pattern, window, instance)
        if best is None or nearness > best.nearness:
            best = NearMiss(instance.value, window, tuple(lacks), nearness)
    return best


def _lacking(pattern: Pattern, window: Sequence[Supply], instance: Instance) -> tuple[float, list[str]]:
    if pattern.counts:
        return _lacking_count(pattern, window)
    clauses = pattern.clauses
    ways = [_lacking_clause(pattern, clause, window, instance) for clause in clauses]
    return max(ways, key=lambda way: way[0])


def _lacking_count(pattern: Pattern, window: Sequence[Supply]) -> tuple[float, list[str]]:
    count = counted(pattern, window)
    if pattern.spike is not None:
        wanted, words = pattern.spike.least, f"a spike of at least {pattern.spike.least}"
    else:
        wanted, words = pattern.bound.least, f"{pattern.bound.comparison} {pattern.bound.number}"
    what = f"different values of {pattern.field}" if pattern.field else "articles"
    lacks = [] if count >= wanted else [f"{count} {what} within {span(pattern.timespan)}; asked for is {words}"]
    lacks += _lacking_voices(pattern, "the count", window)
    return min(1.0, count / max(1, wanted)) - 0.1 * len(lacks), lacks


def _lacking_clause(
    pattern: Pattern, clause: Clause, window: Sequence[Supply], instance: Instance
) -> tuple[float, list[str]]:
    there = {name for supply in window for name in supply.rules}
    missing = sorted(clause.present - there)
    lacks = [_missing(pattern, name, window, instance) for name in missing]
    lacks += [f"{name} is there, and must not be" for name in sorted(clause.absent & there)]
    for name in sorted(clause.present & there):
        lacks += _lacking_voices(pattern, name, [supply for supply in window if name in supply.rules])
    if pattern.distinct_articles and not lacks and len(window) < len(clause.present):
        lacks.append("each rule needs an article of its own")
    if not lacks and pattern.kind == "temporal_ordered":
        lacks.append("the rules are there, but not one after the other in the order asked for")
    return (len(clause.present) - len(missing)) / max(1, len(clause.present)) - 0.1 * len(lacks), lacks


def _missing(pattern: Pattern, name: str, window: Sequence[Supply], instance: Instance) -> str:
    """With how far the nearest one lies outside the window, if there is any."""
    first, last = window[0].sighting.time, window[-1].sighting.time
    times = [supply.sighting.time for supply in instance.supplies if name in supply.rules]
    if not times:
        return f"no {name}"
    distance, when = min((_distance(time, first, last), time) for time in times)
    side = "before" if when < first else "after"
    return f"no {name} within {span(pattern.timespan)}; the nearest is {span(distance)} {side}"


def _distance(time: Micros, first: Micros, last: Micros) -> Micros:
    return max(first - time, time - last, 0)


def _lacking_voices(pattern: Pattern, name: str, supplies: Sequence[Supply]) -> list[str]:
    wanted = pattern.corroboration
    if wanted <= 1:
        return []
    voices = independent_sources((supply.sighting for supply in supplies), enough=_MANY)
    return [] if voices >= wanted else [f"{voices} independent outlets behind {name}; asked for are {wanted}"]


def rules_of(window: Iterable[Supply]) -> Mapping[str, list[str]]:
    """Which articles supply each rule, in order."""
    found: dict[str, list[str]] = {}
    for supply in window:
        for name in supply.rules:
            found.setdefault(name, []).append(supply.sighting.article_id)
    return found


def span(length: Micros) -> str:
    """A length of time as a pattern writes it, to two units.

    >>> span(93_600_000_000), span(0)
    ('1d2h', '0s')
    """
    parts = []
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND)):
        number, length = divmod(length, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts[:2]) or "0s"
