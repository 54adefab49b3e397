"""Why a pattern rang for a join value, and why it did not although it came near. Pure: from events and the pattern."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workers.watch.completions import Instance, Scope, Supply, counted, usual
from workers.watch.conditions import Clause
from workers.watch.durations import DAY, HOUR, MINUTE, SECOND, Micros, to_datetime
from workers.watch.independence import independent_sources
from workers.watch.matching import Rung, instances_of, walk
from workers.watch.patterns import Height, Pattern
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
        nearest(pattern, Instance.of(value, supplies), scope)
        for value, supplies in instances_of(pattern, listed, scope).items()
        if value not in ringing
    ]
    known = [miss for miss in found if miss is not None]
    return sorted(known, key=lambda miss: (-miss.nearness, miss.value))[:limit]


def nearest(pattern: Pattern, instance: Instance, scope: Scope) -> NearMiss | None:
    """The window of `instance` that came nearest, and what it lacks; None if there is no article."""
    best: NearMiss | None = None
    for place in range(len(instance.supplies)):
        window = _window(pattern, instance, place)
        nearness, lacks = _lacking(pattern, window, instance, scope)
        if window and (best is None or nearness > best.nearness):
            best = NearMiss(instance.value, tuple(window), tuple(lacks), nearness)
    return best


def _window(pattern: Pattern, instance: Instance, place: int) -> Sequence[Supply]:
    """That which ends with the article at `place`; of an absence, that which it opens."""
    moment = instance.times[place]
    if pattern.waits and not pattern.counts:
        return instance.before(moment + pattern.timespan, pattern.timespan)
    start = next(i for i, time in enumerate(instance.times) if moment - time < pattern.timespan)
    return instance.supplies[start : place + 1]


def _lacking(pattern: Pattern, window: Sequence[Supply], instance: Instance, scope: Scope) -> tuple[float, list[str]]:
    if pattern.spike is not None:
        return _lacking_spike(pattern, pattern.spike, window, instance, scope)
    if pattern.counts:
        return (_lacking_fall if pattern.waits else _lacking_count)(pattern, window)
    ways = [_lacking_clause(pattern, clause, window, instance, scope) for clause in pattern.clauses]
    return max(ways, key=lambda way: way[0])


def _lacking_count(pattern: Pattern, window: Sequence[Supply]) -> tuple[float, list[str]]:
    count, wanted = counted(pattern, window), pattern.bound.least
    asked = f"{pattern.bound.comparison} {pattern.bound.number}"
    lacks = [] if count >= wanted else [f"{_count_words(pattern, count)}; asked for is {asked}"]
    lacks += _lacking_voices(pattern, "the count", window)
    return min(1.0, count / max(1, wanted)) - 0.1 * len(lacks), lacks


def _lacking_fall(pattern: Pattern, window: Sequence[Supply]) -> tuple[float, list[str]]:
    """Silence and the like: the fewer there were, the nearer it came."""
    count, bound = counted(pattern, window), pattern.bound
    words = f"{_count_words(pattern, count)}; it rings when that begins to be {bound.comparison} {bound.number}"
    return 1 / (1 + abs(count - bound.number)) - 0.1, [words]


def _lacking_spike(
    pattern: Pattern, spike: Height, window: Sequence[Supply], instance: Instance, scope: Scope
) -> tuple[float, list[str]]:
    count, now = counted(pattern, window), window[-1].sighting.time
    least = max(float(spike.least), spike.times * usual(pattern, spike, instance, now))
    lacks = []
    judged = scope.oldest is not None and now - pattern.surveyed >= scope.oldest
    if count < least:
        what = f"at least {spike.least} and {spike.times:g} times the usual {usual(pattern, spike, instance, now):.1f}"
        lacks.append(f"{_count_words(pattern, count)}; asked for is {what}")
    if not judged:
        lacks.append(f"the stream is not yet {span(pattern.surveyed)} old, so nobody knows what is usual")
    if scope.until is None or now > scope.until:
        lacks.append(_waits_for(now, scope))
    lacks += _lacking_voices(pattern, "the count", window)
    return min(1.0, count / max(1.0, least)) * (1 if judged else 0.3) - 0.1 * len(lacks), lacks


def _count_words(pattern: Pattern, count: int) -> str:
    what = f"different values of {pattern.field}" if pattern.field else "articles"
    return f"{count} {what} within {span(pattern.timespan)}"


def _lacking_clause(
    pattern: Pattern, clause: Clause, window: Sequence[Supply], instance: Instance, scope: Scope
) -> tuple[float, list[str]]:
    there = {name for supply in window for name in supply.rules}
    missing = sorted(clause.present - there)
    lacks = [_missing(pattern, name, window, instance) for name in missing]
    lacks += [_intruder(name, window) for name in sorted(clause.absent & there)]
    for name in sorted(clause.present & there):
        lacks += _lacking_voices(pattern, name, [supply for supply in window if name in supply.rules])
    if pattern.distinct_articles and not lacks and len(window) < len(clause.present):
        lacks.append("each rule needs an article of its own")
    if not lacks and pattern.kind == "temporal_ordered":
        lacks.append("the rules are there, but not one after the other in the order asked for")
    if not lacks and pattern.waits and window:
        closes = window[0].sighting.time + pattern.timespan
        if scope.until is None or closes > scope.until:
            lacks.append(_waits_for(closes, scope))
    share = (len(clause.present) - len(missing)) / max(1, len(clause.present))
    return share - 0.1 * len(lacks), lacks


def _intruder(name: str, window: Sequence[Supply]) -> str:
    first = next(supply for supply in window if name in supply.rules)
    later = span(first.sighting.time - window[0].sighting.time)
    return f"{name} is there, and must not be: {first.sighting.article_id}, {later} after the window began"


def _waits_for(moment: Micros, scope: Scope) -> str:
    known = "nothing" if scope.until is None else f"all before {to_datetime(scope.until):%F %R}Z"
    return f"time: it is decided at {to_datetime(moment):%F %R}Z, and so far {known} is known to have come"


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
