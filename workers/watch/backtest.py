"""Would it have rung? Patterns over annotations of the past, all at once: what rings is a function of the set of them.

The same matching that runs live, without windows to keep: no Kafka, no Redis, no clock but the archive's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from topics.alerts import Alert
from topics.annotations import Annotation
from workers.watch.alert_records import firing_alert
from workers.watch.completions import Scope
from workers.watch.durations import ALLOWED_LATENESS, DAY, Micros, to_datetime, to_micros
from workers.watch.explanation import NearMiss, near_misses
from workers.watch.interest import Interest
from workers.watch.matching import walk
from workers.watch.patterns import Pattern
from workers.watch.revisions import began
from workers.watch.ringing import Fired, ring_of
from workers.watch.sightings import Body, Circumstances, Observed, Sighting, Stamp, prevailing, stamp_of
from workers.watch.story_index import MemoryStories
from workers.watch.why import Evidence

_BEGINNING: Micros = -(2**60)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one pattern. `articles`: how many it was concerned with; `too_late`: how many came too late."""

    pattern: Pattern
    alerts: tuple[Alert, ...]
    suppressed: int
    articles: int
    too_late: int = 0


@dataclass(slots=True)
class _Shelf:
    """What one pattern has seen. `newest`: how far its clock has come, from which the retention is reckoned."""

    pattern: Pattern
    sightings: dict[str, Sighting] = field(default_factory=dict)
    newest: Micros | None = None
    too_late: int = 0

    def is_too_late(self, time: Micros) -> bool:
        """As `ringing` has it: too old for the clock, though it may be news."""
        return self.newest is not None and time < self.newest - self.pattern.retention

    def take(self, sighting: Sighting) -> bool:
        """Whether it was taken: not if it is of no concern, or comes too late."""
        earlier = self.sightings.pop(sighting.article_id, None)
        if not sighting.happenings:
            return False
        if earlier is None and self.is_too_late(sighting.time):
            self.too_late += 1
            return False
        self.sightings[sighting.article_id] = sighting.after(earlier)
        if sighting.dated and (self.newest is None or sighting.time > self.newest):
            self.newest = sighting.time
        return True


class _Bodies(Mapping[str, Body]):
    """The words of one pattern's articles, cut to what an alert shows only when they are asked for."""

    def __init__(self, held: Mapping[str, _Held], sightings: Mapping[str, Sighting]) -> None:
        self._held = held
        self._sightings = sightings

    def __getitem__(self, article_id: str) -> Body:
        return self._held[article_id].observed.body(self._sightings[article_id])

    def __iter__(self) -> Iterator[str]:
        return iter(self._sightings)

    def __len__(self) -> int:
        return len(self._sightings)


@dataclass(frozen=True, slots=True)
class _Held:
    """The newest revision of an article that concerns any pattern, and the patterns that hold it."""

    stamp: Stamp
    observed: Observed
    concerned: tuple[str, ...]


class Backtest:
    """Takes annotations in the order in which they came, then says what would have rung.

    Without `stories`, each article counts as a story of its own: several times as fast, and the same alerts of patterns
    that do not ask for stories.
    """

    def __init__(self, patterns: Sequence[Pattern], *, stories: bool = True) -> None:
        self._patterns = patterns
        self._interest = Interest(patterns)
        self._symmetric = patterns[0].symmetric if patterns else frozenset()
        self._shelves = {pattern.id: _Shelf(pattern) for pattern in patterns}
        self._stories = MemoryStories() if stories else None
        self._stamps: dict[str, Stamp] = {}
        self._held: dict[str, _Held] = {}
        self._days: dict[int, Micros] = {}
        self._by_day: Counter[int] = Counter()
        self._newest: Micros | None = None
        self.articles = 0

    def add(self, annotation: Annotation) -> None:
        """Take one annotation. A newer revision replaces the earlier one, an older one is left out."""
        time = to_micros(annotation.event_time)
        story, text = self._stories.assign(annotation) if self._stories is not None else (None, None)
        self._move_clock(annotation, time)
        article = annotation.article_id
        before = self._stamps.get(article)
        stamp = prevailing(before, stamp_of(annotation, self.articles))
        self.articles += 1
        if stamp == before:
            return
        self._stamps[article] = stamp
        earlier = self._held.pop(article, None) if before is not None else None
        concerned: tuple[str, ...] = ()
        if patterns := self._interest.in_annotation(annotation):
            known = Circumstances(story, stamp, None, late=False, rebuilt=False, text=text)
            observed = Observed(annotation, known, self._symmetric)
            concerned = tuple(p.id for p in patterns if self._shelves[p.id].take(observed.sighting(p)))
            if concerned:
                self._held[article] = _Held(stamp, observed, concerned)
        for pattern_id in earlier.concerned if earlier is not None else ():
            if pattern_id not in concerned:
                self._shelves[pattern_id].sightings.pop(article, None)

    def _move_clock(self, annotation: Annotation, time: Micros) -> None:
        if annotation.event_time_source == "published":
            day = time // DAY
            self._by_day[day] += 1
            if time < self._days.get(day, time + 1):
                self._days[day] = time
            if self._newest is None or time > self._newest:
                self._newest = time

    @property
    def by_day(self) -> dict[str, int]:
        """How many dated articles there were on each day."""
        return {f"{to_datetime(day * DAY):%F}": number for day, number in self._by_day.items()}

    def verdicts(
        self, fired_at: datetime, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[Verdict]:
        """What would have rung, in the order of the patterns, for completions with `since <= time < until`.

        `fired_at` is put into the alerts as the time at which they were found.
        """
        first = _BEGINNING if since is None else to_micros(since)
        last = None if until is None else to_micros(until)
        return [self._verdict(pattern, first, last, fired_at) for pattern in self._patterns]

    def near_misses(self, pattern: Pattern, limit: int) -> list[NearMiss]:
        """Join values for which `pattern` came near and did not ring."""
        return near_misses(pattern, self._shelves[pattern.id].sightings.values(), self._scope, {}, limit=limit)

    def evidence(self, pattern: Pattern) -> tuple[Evidence, Mapping[str, Body]]:
        """All that is held of `pattern`, and the words of its articles."""
        shelf = self._shelves[pattern.id]
        return Evidence(tuple(shelf.sightings.values()), (), self._scope), _Bodies(self._held, shelf.sightings)

    @property
    def _scope(self) -> Scope:
        """From the beginning, whatever is asked for: a cooldown before it reaches into it."""
        watermark = None if self._newest is None else self._newest - ALLOWED_LATENESS
        return Scope(_BEGINNING, watermark, began(self._days))

    def _verdict(self, pattern: Pattern, first: Micros, last: Micros | None, fired_at: datetime) -> Verdict:
        shelf = self._shelves[pattern.id]
        walked = walk(pattern, shelf.sightings.values(), self._scope, {})
        bodies = _Bodies(self._held, shelf.sightings)
        rings = [
            (ring_of(pattern, match), match)
            for match in walked.matches
            if first <= match.time and (last is None or match.time < last)
        ]
        alerts = [firing_alert(pattern, Fired(r, match, muted=r.muted), bodies, fired_at) for r, match in rings]
        return Verdict(pattern, tuple(alerts), len(walked.suppressed), len(shelf.sightings), shelf.too_late)


@dataclass(frozen=True, slots=True)
class Difference:
    """Alerts of two runs of one pattern, by what became of them. Of `same` the newer ones."""

    new: tuple[Alert, ...]
    gone: tuple[Alert, ...]
    same: tuple[Alert, ...]


def compare(now: Iterable[Alert], before: Iterable[Alert]) -> Difference:
    """What a changed pattern would ring that it did not, what it no longer would, and what stays."""
    new, old = {alert.id: alert for alert in now}, {alert.id: alert for alert in before}
    return Difference(
        new=tuple(alert for alert in new.values() if alert.id not in old),
        gone=tuple(alert for alert in old.values() if alert.id not in new),
        same=tuple(alert for alert in new.values() if alert.id in old),
    )
