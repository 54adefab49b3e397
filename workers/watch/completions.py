"""When one join value's articles hold what a pattern asks for: moments of event time, each with its window. Pure.

Most patterns complete at an article, in the window that ends there. Those that wait complete at a moment that the
watermark must have passed: the end of the window in which something had to stay away, the moment at which a count
falls, the moment from which on a rate can be judged. docs/decisions/0004 defines each kind.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workers.watch.conditions import Clause
from workers.watch.durations import Micros
from workers.watch.independence import independent_sources, pairing_size
from workers.watch.patterns import Height, Pattern
from workers.watch.sightings import Happening, Sighting, Value

RISES = ""
FALLS = "end"
"""Marks of matches: with the arrival of their anchor, or with its leaving the window."""


MANY_OF_AN_ARTICLE = frozenset({"actor", "target", "place"})
"""Fields of which one article may have several values."""


@dataclass(frozen=True, slots=True)
class Supply:
    """One article's part in one instance (join value) of a pattern: its events by rule."""

    sighting: Sighting
    rules: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Instance:
    """One join value, its articles in order of their position, and their times."""

    value: Value
    supplies: Sequence[Supply]
    times: Sequence[Micros]

    @classmethod
    def of(cls, value: Value, supplies: Sequence[Supply]) -> Instance:
        """Of `supplies` in order."""
        return cls(value, supplies, [supply.sighting.time for supply in supplies])

    def until(self, moment: Micros, span: Micros) -> Sequence[Supply]:
        """Of the window that ends with `moment`: later than `span` before it, not later than it."""
        return self.supplies[bisect_right(self.times, moment - span) : bisect_right(self.times, moment)]

    def before(self, moment: Micros, span: Micros) -> Sequence[Supply]:
        """Of the window that ends before `moment`: not earlier than `span` before it, earlier than it."""
        return self.supplies[bisect_left(self.times, moment - span) : bisect_left(self.times, moment)]

    def at(self, moment: Micros) -> Sequence[Supply]:
        """Of that very moment."""
        return self.supplies[bisect_left(self.times, moment) : bisect_right(self.times, moment)]


@dataclass(frozen=True, slots=True)
class Scope:
    """The moments that are asked about: from `since` on; patterns that wait, up to `until`, the watermark.

    `oldest` is the first event time of the whole stream: before it, nothing is known of any rate.
    """

    since: Micros
    until: Micros | None = None
    oldest: Micros | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """A match of one join value. `core` names the articles that made it complete; `old`: old news did (`old_news`)."""

    value: Value
    time: Micros
    anchor: Supply
    mark: str
    window: Sequence[Supply]
    core: frozenset[str]
    old: bool = False


def completions(pattern: Pattern, instance: Instance, scope: Scope) -> Iterator[Completion]:
    """All completions within `scope`, in order of time."""
    if not pattern.waits:
        return _on_arrival(pattern, instance, scope.since)
    if scope.until is None:
        return iter(())
    if pattern.spike is not None:
        return _spikes(pattern, pattern.spike, instance, scope)
    return (_turns if pattern.counts else _absences)(pattern, instance, scope.since, scope.until)


# --- decided on arrival ----------------------------------------------------------------------------------------------


def _on_arrival(pattern: Pattern, instance: Instance, since: Micros) -> Iterator[Completion]:
    supplies, times = instance.supplies, instance.times
    first = bisect_left(times, since)
    start = bisect_left(times, since - pattern.timespan + 1)
    present = Counter(name for supply in supplies[start:first] for name in supply.rules)
    for end in range(first, len(supplies)):
        present.update(supplies[end].rules.keys())
        while times[end] - times[start] >= pattern.timespan:
            present.subtract(supplies[start].rules.keys())
            start += 1
        # Cheap and necessary first; the window itself is looked at only if it may be complete.
        if _may_be_complete(pattern, present, end + 1 - start) and complete(pattern, supplies[start : end + 1]):
            window = supplies[start : end + 1]
            yield Completion(instance.value, times[end], supplies[end], RISES, window, _core(pattern, window))


def _may_be_complete(pattern: Pattern, present: Counter[str], articles: int) -> bool:
    if pattern.kind == "temporal_ordered":
        return all(present[selection.name] > 0 for selection in pattern.selections)
    if pattern.counts:
        return pattern.field in MANY_OF_AN_ARTICLE or articles >= pattern.bound.least
    return any(all(present[name] > 0 for name in clause.present) for clause in pattern.clauses)


def complete(pattern: Pattern, window: Sequence[Supply]) -> bool:
    """Whether the articles of one window hold all that a pattern which is decided on arrival asks for."""
    if pattern.counts:
        return pattern.bound.holds(counted(pattern, window)) and corroborated(pattern, window)
    if pattern.kind == "temporal_ordered":
        return _in_order(pattern, window) and _all_corroborated(pattern, _names(pattern), window)
    return any(meets(pattern, clause, window) for clause in pattern.clauses)


def _names(pattern: Pattern) -> list[str]:
    return [selection.name for selection in pattern.selections]


def meets(pattern: Pattern, clause: Clause, window: Sequence[Supply]) -> bool:
    """Whether the articles of one window hold all that `clause` asks for, and nothing that it forbids."""
    there = {name for supply in window for name in supply.rules}
    if not clause.present <= there or clause.absent & there:
        return False
    names = sorted(clause.present)
    if pattern.distinct_articles:
        holders = {name: [s.sighting.article_id for s in window if name in s.rules] for name in names}
        if pairing_size(holders, enough=len(names)) < len(names):
            return False
    return _all_corroborated(pattern, names, window)


def _all_corroborated(pattern: Pattern, names: Sequence[str], window: Sequence[Supply]) -> bool:
    return pattern.corroboration <= 1 or all(
        corroborated(pattern, [supply for supply in window if name in supply.rules]) for name in names
    )


def corroborated(pattern: Pattern, window: Sequence[Supply]) -> bool:
    """Whether enough outlets tell it in words of their own."""
    wanted = pattern.corroboration
    return wanted <= 1 or independent_sources((s.sighting for s in window), enough=wanted) >= wanted


def _in_order(pattern: Pattern, window: Sequence[Supply]) -> bool:
    """Whether the rules come one after the other: later articles, or within one article events of later dates."""
    names = _names(pattern)
    reached = 0
    start = 0
    while start < len(window) and reached < len(names):
        end = start
        best = reached
        while end < len(window) and window[end].sighting.time == window[start].sighting.time:
            best = max(best, reached + _steps_within(window[end], names[reached:], pattern.distinct_articles))
            end += 1
        reached, start = best, end
    return reached == len(names)


def _steps_within(supply: Supply, names: Sequence[str], distinct: bool) -> int:
    """How many of `names`, in this order, one article supplies: the first, and more only if its events have dates."""
    if not names or names[0] not in supply.rules:
        return 0
    if distinct:
        return 1
    by_index = {happening.index: happening for happening in supply.sighting.happenings}
    events = [[_days(by_index[index]) for index in supply.rules.get(name, ())] for name in names]
    steps, ends = 1, [last for _, last in filter(None, events[0])]
    for following in events[1:]:
        later = [(first, last) for first, last in filter(None, following) if any(end < first for end in ends)]
        if not later:
            break
        steps, ends = steps + 1, [last for _, last in later]
    return steps


def _days(happening: Happening) -> tuple[str, str] | None:
    """First and last day of the date that the text gives; ISO dates compare as text, a month ends after its days."""
    if not happening.when:
        return None
    first, _, last = happening.when.partition("/")
    return first, (last or first) + "~"


def _core(pattern: Pattern, window: Sequence[Supply]) -> frozenset[str]:
    """The articles nearest to the end that complete the match: what must be the same for two values to ring as one."""
    if not pattern.counts:
        wanted = frozenset().union(*(clause.present for clause in pattern.clauses))
        nearest = {name: s.sighting.article_id for s in window for name in s.rules if name in wanted}
        return frozenset(nearest.values())
    enough = pattern.bound.least
    start = len(window) - (1 if pattern.field in MANY_OF_AN_ARTICLE else max(1, enough))
    while start > 0 and counted(pattern, window[start:]) < enough:
        start -= 1
    return frozenset(supply.sighting.article_id for supply in window[max(0, start) :])


# --- counts ----------------------------------------------------------------------------------------------------------


def counted(pattern: Pattern, window: Sequence[Supply]) -> int:
    """How many articles, or different values of the pattern's field."""
    if pattern.kind == "event_count":
        return len(window)
    return len({value for supply in window for value in _values_of(pattern, supply)})


def _values_of(pattern: Pattern, supply: Supply) -> set[str]:
    sighting, field = supply.sighting, pattern.field
    if field == "article":
        return {sighting.article_id}
    if field == "story":
        return {sighting.story or f"article:{sighting.article_id}"}
    if field == "source":
        return {sighting.source} if sighting.source else set()
    indices = {index for events in supply.rules.values() for index in events}
    chosen = [happening for happening in sighting.happenings if happening.index in indices]
    if field == "place":
        return {happening.place for happening in chosen if happening.place}
    return {who for happening in chosen for who in (happening.actors if field == "actor" else happening.targets)}


# --- decided when the watermark has passed ---------------------------------------------------------------------------


def _absences(pattern: Pattern, instance: Instance, since: Micros, until: Micros) -> Iterator[Completion]:
    """Of the window that begins with an article: all there that must be, nothing that must not, and time is up."""
    for place in range(bisect_left(instance.times, since - pattern.timespan), len(instance.times)):
        opener = instance.supplies[place]
        closes = instance.times[place] + pattern.timespan
        if closes > until:
            return
        window = instance.before(closes, pattern.timespan)
        opened = [clause for clause in pattern.clauses if not clause.present.isdisjoint(opener.rules)]
        if any(meets(pattern, clause, window) for clause in opened):
            yield Completion(instance.value, closes, opener, RISES, window, _core(pattern, window))


def _turns(pattern: Pattern, instance: Instance, since: Micros, until: Micros) -> Iterator[Completion]:
    """Moments at which the sliding count begins to satisfy the condition: it had not just before."""
    span = pattern.timespan
    moments = {moment for time in instance.times for moment in (time, time + span)}
    for now in sorted(moment for moment in moments if since <= moment <= until):
        window = instance.until(now, span)
        if pattern.bound.holds(counted(pattern, instance.before(now, span))):
            continue
        if not pattern.bound.holds(counted(pattern, window)):
            continue
        entering, leaving = instance.at(now), instance.at(now - span)
        shown = window if entering else [*leaving, *window]
        core = frozenset(supply.sighting.article_id for supply in shown)
        yield Completion(instance.value, now, (entering or leaving)[-1], RISES if entering else FALLS, shown, core)


def _spikes(pattern: Pattern, spike: Height, instance: Instance, scope: Scope) -> Iterator[Completion]:
    """Articles at which the count of the window that ends there stands high above what went before."""
    for end in range(bisect_left(instance.times, scope.since), len(instance.times)):
        now = instance.times[end]
        if scope.until is None or now > scope.until:
            return
        if scope.oldest is None or now - pattern.timespan - spike.reference < scope.oldest:
            continue  # what is usual is not known yet
        window = instance.supplies[bisect_right(instance.times, now - pattern.timespan) : end + 1]
        count = counted(pattern, window)
        if count < spike.least or count < spike.times * usual(pattern, spike, instance, now):
            continue
        if corroborated(pattern, window):
            core = frozenset(supply.sighting.article_id for supply in window)
            yield Completion(instance.value, now, instance.supplies[end], RISES, window, core)


def usual(pattern: Pattern, spike: Height, instance: Instance, now: Micros) -> float:
    """What a timespan brought on average, over the whole timespans that fit into the reference."""
    windows = spike.reference // pattern.timespan
    ends = [now - pattern.timespan * (back + 1) for back in range(windows)]
    return sum(counted(pattern, instance.until(end, pattern.timespan)) for end in ends) / windows
