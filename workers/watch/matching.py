"""What rings: a pure function of the set of events, whatever the order in which they came (docs/decisions/0002, 0004).

`completions` says at which moments of event time a join value's articles hold what the pattern asks for; here the
cooldown is applied along them, and what the same articles complete for several join values becomes one match.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from workers.watch.completions import Completion, Instance, Scope, Supply, completions
from workers.watch.durations import Micros
from workers.watch.old_news import is_old_news
from workers.watch.patterns import Pattern
from workers.watch.sightings import Sighting, Value, supplied


class Rang(NamedTuple):
    """When a join value rang, at which article, and whether old news did it, so that nobody was told."""

    time: Micros
    article: str
    old: bool = False


Rung = Mapping[Value, Sequence[Rang]]
"""When each join value rang, in order of time."""


@dataclass(frozen=True, slots=True)
class Match:
    """A match that rings. `window` has, in order of the walk, all articles that support it for any of its values.

    `anchor` is the article by which it is known; `mark` tells apart two matches of one anchor (the count that rose
    with it, the count that fell when it left the window). `time` is when it was complete. `old`: the values for which
    old news brought it about.
    """

    anchor: str
    mark: str
    time: Micros
    values: tuple[Value, ...]
    window: tuple[Supply, ...]
    old: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Walked:
    """What rings, and the articles at which a match completed within the cooldown (once per join value).

    `due`: the next moment beyond the scope at which something may complete by itself; None if there is none.
    """

    matches: tuple[Match, ...]
    suppressed: tuple[str, ...]


def walk(pattern: Pattern, sightings: Iterable[Sighting], scope: Scope, rung: Rung) -> Walked:
    """All matches that complete within `scope`.

    `sightings` must reach back from the scope's beginning by the pattern's lookback; `rung` says when each join value
    rang before it, as far back as the cooldown reaches.
    """
    instances = instances_of(pattern, sightings, scope)
    found: list[Completion] = []
    suppressed: list[str] = []
    for value in sorted(instances):
        instance = Instance.of(value, instances[value])
        fired, quiet = _walk_instance(pattern, instance, scope, list(rung.get(value, ())))
        found += fired
        suppressed += quiet
    return Walked(tuple(_merged(found)), tuple(suppressed))


def instances_of(pattern: Pattern, sightings: Iterable[Sighting], scope: Scope) -> dict[Value, list[Supply]]:
    """The articles of every join value at which something can complete."""
    ordered = sorted(sightings, key=lambda sighting: sighting.position)
    parts = [(sighting, supplied(pattern, sighting)) for sighting in ordered if sighting.happenings]
    # What is decided on arrival completes at an article; what waits may complete when an older one leaves the window.
    earliest = scope.since - pattern.timespan if pattern.waits else scope.since
    wanted = {value for sighting, by_value in parts if sighting.time >= earliest for value in by_value}
    instances: dict[Value, list[Supply]] = {value: [] for value in wanted}
    for sighting, by_value in parts:
        for value, rules in by_value.items():
            if value in wanted:
                instances[value].append(Supply(sighting, rules))
    return instances


def next_due(pattern: Pattern, sightings: Iterable[Sighting], after: Micros | None) -> Micros | None:
    """The next moment after `after` at which a waiting pattern may complete without any further article."""
    if not pattern.waits:
        return None
    times = [sighting.time for sighting in sightings if sighting.happenings]
    moments = [*times, *(time + pattern.timespan for time in times)]
    return min((moment for moment in moments if after is None or moment > after), default=None)


def _walk_instance(
    pattern: Pattern, instance: Instance, scope: Scope, rung: Sequence[Rang]
) -> tuple[list[Completion], list[str]]:
    fired: list[Completion] = []
    suppressed: list[str] = []
    for completion, quieted_by in decided(pattern, instance, scope, rung):
        if quieted_by is None:
            fired.append(completion)
        else:
            suppressed.append(completion.anchor.sighting.article_id)
    return fired, suppressed


def decided(
    pattern: Pattern, instance: Instance, scope: Scope, rung: Sequence[Rang]
) -> Iterator[tuple[Completion, Rang | None]]:
    """All completions of one join value; None beside those that ring, beside the others the ring that quiets them.

    Of what old news rang nobody was told: it quiets old news, but nothing live.
    """
    has_old = any(supply.sighting.backfill for supply in instance.supplies)
    for found in completions(pattern, instance, scope):
        completion = replace(found, old=True) if has_old and is_old_news(pattern, instance, found) else found
        rung = [ring for ring in rung if completion.time - ring.time < pattern.cooldown]
        heard = [ring for ring in rung if completion.old or not ring.old]
        if heard and not (pattern.rearms and _is_new_story(pattern, completion, instance.supplies, heard)):
            yield completion, heard[-1]
            continue
        rung.append(Rang(completion.time, completion.anchor.sighting.article_id, completion.old))
        yield completion, None


def _is_new_story(pattern: Pattern, completion: Completion, supplies: Sequence[Supply], recent: Sequence[Rang]) -> bool:
    """Whether the completing article tells a story that no alert within the cooldown has told."""
    told = {
        story_of(supply.sighting)
        for time, anchor, _ in recent
        for supply in supplies
        if time - pattern.timespan < supply.sighting.time and supply.sighting.position <= (time, anchor)
    }
    return story_of(completion.anchor.sighting) not in told


def story_of(sighting: Sighting) -> str:
    """The article's story; an article of no known story is one of its own."""
    return sighting.story or f"article:{sighting.article_id}"


def _merged(found: Iterable[Completion]) -> list[Match]:
    """One match where the same articles complete the pattern for several join values."""
    together: dict[tuple[str, str, frozenset[str]], list[Completion]] = {}
    for completion in found:
        anchor = completion.anchor.sighting.article_id
        together.setdefault((anchor, completion.mark, completion.core), []).append(completion)
    matches = []
    for (anchor, mark, _), group in together.items():
        union = _union(supply for completion in group for supply in completion.window)
        values = tuple(sorted(completion.value for completion in group))
        old = tuple(sorted(completion.value for completion in group if completion.old))
        matches.append(Match(anchor, mark, max(c.time for c in group), values, union, old))
    return sorted(matches, key=lambda match: (match.time, match.anchor, match.mark, match.values))


def _union(supplies: Iterable[Supply]) -> tuple[Supply, ...]:
    rules: dict[str, dict[str, set[int]]] = {}
    articles: dict[str, Sighting] = {}
    for supply in supplies:
        articles[supply.sighting.article_id] = supply.sighting
        by_rule = rules.setdefault(supply.sighting.article_id, {})
        for name, events in supply.rules.items():
            by_rule.setdefault(name, set()).update(events)
    return tuple(
        Supply(sighting, {name: tuple(sorted(events)) for name, events in rules[sighting.article_id].items()})
        for sighting in sorted(articles.values(), key=lambda sighting: sighting.position)
    )
