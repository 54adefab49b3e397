"""What rings: a pure function of the set of events, whatever the order in which they came (docs/decisions/0002).

The walk goes through event time, article by article. A match completes at an article if the half-open window that ends
there holds what the pattern asks for; the cooldown is applied along the way.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from workers.watch.durations import Micros
from workers.watch.patterns import Pattern
from workers.watch.sightings import Sighting, Value, supplied


@dataclass(frozen=True, slots=True)
class Supply:
    """One article's part in one instance (join value) of a pattern: its events by rule."""

    sighting: Sighting
    rules: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Match:
    """A match that rings. `window` has, in order of the walk, all articles that support it for any of its values."""

    anchor: str
    time: Micros
    values: tuple[Value, ...]
    window: tuple[Supply, ...]


@dataclass(frozen=True, slots=True)
class Walked:
    """What rings, and the articles at which a match completed within the cooldown (once per join value)."""

    matches: tuple[Match, ...]
    suppressed: tuple[str, ...]


def walk(pattern: Pattern, sightings: Iterable[Sighting], since: Micros, last_fired: Mapping[Value, Micros]) -> Walked:
    """All matches that complete at `since` or later.

    `sightings` must reach back from `since` by at least the timespan; `last_fired` says when each join value last rang
    before `since`, as far back as the cooldown reaches.
    """
    ordered = sorted(sightings, key=lambda sighting: sighting.position)
    parts = [(sighting, supplied(pattern, sighting)) for sighting in ordered if sighting.happenings]
    wanted = {value for sighting, by_value in parts if sighting.time >= since for value in by_value}
    instances: dict[Value, list[Supply]] = {value: [] for value in wanted}
    for sighting, by_value in parts:
        for value, rules in by_value.items():
            if value in wanted:
                instances[value].append(Supply(sighting, rules))
    found: list[_Completion] = []
    suppressed: list[str] = []
    for value in sorted(wanted):
        fired, quiet = _walk_instance(pattern, value, instances[value], since, last_fired.get(value))
        found += fired
        suppressed += quiet
    return Walked(tuple(_merged(found)), tuple(suppressed))


@dataclass(frozen=True, slots=True)
class _Completion:
    """A match of one join value. `core` names the articles that made it complete."""

    value: Value
    window: Sequence[Supply]
    core: frozenset[str]


def _walk_instance(
    pattern: Pattern, value: Value, supplies: Sequence[Supply], since: Micros, last: Micros | None
) -> tuple[list[_Completion], list[str]]:
    fired: list[_Completion] = []
    suppressed: list[str] = []
    times = [supply.sighting.time for supply in supplies]
    for end in range(bisect_left(times, since), len(supplies)):
        now = times[end]
        start = bisect_left(times, now - pattern.timespan + 1)
        window = supplies[start : end + 1]
        if not complete(pattern, window):
            continue
        if last is not None and now - last < pattern.cooldown:
            suppressed.append(supplies[end].sighting.article_id)
            continue
        last = now
        fired.append(_Completion(value, window, _core(pattern, window)))
    return fired, suppressed


def complete(pattern: Pattern, window: Sequence[Supply]) -> bool:
    """Whether the articles of one window hold all that the pattern asks for."""
    if pattern.kind == "event_count":
        if len(window) < pattern.gte:
            return False
    elif not _all_rules(pattern, window):
        return False
    return pattern.corroboration <= 1 or _corroborated(pattern, window)


def _all_rules(pattern: Pattern, window: Sequence[Supply]) -> bool:
    names = [selection.name for selection in pattern.selections]
    if not all(any(name in supply.rules for supply in window) for name in names):
        return False
    if not pattern.distinct_articles:
        return True
    holders = {name: [s.sighting.article_id for s in window if name in s.rules] for name in names}
    return pairing_size(holders, enough=len(names)) == len(names)


def _corroborated(pattern: Pattern, window: Sequence[Supply]) -> bool:
    rules = [selection.name for selection in pattern.selections]
    groups = [rules] if pattern.kind == "event_count" else [[name] for name in rules]
    return all(
        independent_sources(
            (s.sighting for s in window if any(name in s.rules for name in group)), enough=pattern.corroboration
        )
        >= pattern.corroboration
        for group in groups
    )


def independent_sources(sightings: Iterable[Sighting], *, enough: int) -> int:
    """How many outlets tell it in words of their own: the most articles of which no two share a source or a text.

    It stops counting at `enough`.

    Articles without a source count as one unknown outlet; copies of one text as one voice.
    """
    texts: dict[str, list[str]] = {}
    for sighting in sightings:
        text = f"story:{sighting.story}" if sighting.story else f"article:{sighting.article_id}"
        told = texts.setdefault(sighting.source or "", [])
        if text not in told:
            told.append(text)
    return pairing_size(texts, enough=enough)


def pairing_size(choices: Mapping[str, Sequence[Hashable]], *, enough: int) -> int:
    """The size of a largest pairing of keys with choices, each used once, up to `enough` (Kuhn's augmenting paths).

    A path is never longer than the pairs already made, so `enough` also bounds the depth of the search.
    """
    taken: dict[Hashable, str] = {}

    def place(key: str, tried: set[Hashable]) -> bool:
        for choice in choices[key]:
            if choice in tried:
                continue
            tried.add(choice)
            if choice not in taken or place(taken[choice], tried):
                taken[choice] = key
                return True
        return False

    pairs = 0
    for key in sorted(choices):
        pairs += place(key, set())
        if pairs >= enough:
            break
    return pairs


def _core(pattern: Pattern, window: Sequence[Supply]) -> frozenset[str]:
    """The articles nearest to the end that complete the match: what must be the same for two values to ring as one."""
    if pattern.kind == "event_count":
        return frozenset(supply.sighting.article_id for supply in window[-pattern.gte :])
    nearest = {name: supply.sighting.article_id for supply in window for name in supply.rules}
    return frozenset(nearest.values())


def _merged(completions: Iterable[_Completion]) -> list[Match]:
    """One match where the same articles complete the pattern for several join values."""
    together: dict[tuple[str, frozenset[str]], list[_Completion]] = {}
    for completion in completions:
        anchor = completion.window[-1].sighting.article_id
        together.setdefault((anchor, completion.core), []).append(completion)
    matches = []
    for (anchor, _), group in together.items():
        union = _union(supply for completion in group for supply in completion.window)
        values = tuple(sorted(completion.value for completion in group))
        matches.append(Match(anchor, union[-1].sighting.time, values, union))
    return sorted(matches, key=lambda match: (match.time, match.anchor, match.values))


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
