"""Arrivals against patterns: finds the patterns concerned, lets `ringing` decide, stores and returns what to announce.

It works on any `WindowStore`; it knows no Redis, no Kafka, and takes the time it needs as an argument.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from topics.alerts import Alert
from topics.annotations import Annotation
from workers.errors import TransientError
from workers.watch.alert_records import (
    firing_alert,
    retracted_alert,
    sequenced,
    shown_articles,
    updated_alert,
)
from workers.watch.durations import Micros
from workers.watch.interest import Interest
from workers.watch.patterns import Pattern
from workers.watch.ringing import Clock, Plan, Ring, plan
from workers.watch.sightings import Body, Circumstances, Observed, Sighting, Stamp, stamp_of
from workers.watch.windows import BY_CLOCK, Announcement, Ask, Change, Held, WindowStore

COMMIT_ATTEMPTS = 20
"""Lost races against other writers of the same pattern, before the batch is given back to be tried later."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An annotation and what is known about it.

    `types`: event types that any revision of the article has had. `late`: it came out of order (see `revisions`).
    `revised`: the article has come before, in this or another revision; so patterns may hold it that this one does not
    concern. `story`: the coverage of one happening; `text`: the same for copies of one text.
    """

    annotation: Annotation
    story: str | None
    types: frozenset[str]
    partition: int = 0
    offset: int = 0
    trace_id: str | None = None
    rebuilding: bool = False
    late: bool = False
    revised: bool = True
    text: str | None = None

    @property
    def stamp(self) -> Stamp:
        """Orders the revisions of an article."""
        return stamp_of(self.annotation, self.offset)

    def judged(self, types: frozenset[str], *, late: bool, revised: bool) -> Arrival:
        """A copy that knows of the article's other revisions, and whether it came out of order."""
        return replace(self, types=types, late=late, revised=revised)

    @property
    def circumstances(self) -> Circumstances:
        """What a sighting needs to know."""
        return Circumstances(self.story, self.stamp, self.trace_id, self.late, self.rebuilding, self.text)


@dataclass(frozen=True)
class Report:
    """What came of some arrivals. `suppressed` and `too_late` count by pattern id."""

    announcements: tuple[Announcement, ...]
    suppressed: Mapping[str, int]
    too_late: Mapping[str, int]


_NO_CLOCK = Clock()


@dataclass
class _Report:
    """A report under way."""

    announcements: dict[tuple[str, str], Announcement] = field(default_factory=dict)
    suppressed: Counter[str] = field(default_factory=Counter)
    too_late: Counter[str] = field(default_factory=Counter)

    def note(self, task: _Task, decided: Plan, announcements: Sequence[Announcement]) -> None:
        """Add what came of one task."""
        self.announcements.update({(a.pattern_id, a.key): a for a in announcements})
        self.suppressed[task.pattern.id] += decided.suppressed
        self.too_late[task.pattern.id] += decided.too_late

    def made(self) -> Report:
        """The report."""
        return Report(tuple(self.announcements.values()), +self.suppressed, +self.too_late)


@dataclass
class _Task:
    """The arrivals of one batch that concern one pattern, all of them rebuilding or none; or none, if time is up.

    `cause` is the partition of the last of them.
    """

    pattern: Pattern
    sightings: list[Sighting]
    bodies: dict[str, Body]
    partitions: set[int]
    cause: int

    def ask(self) -> Ask:
        articles = tuple(dict.fromkeys(sighting.article_id for sighting in self.sightings))
        return Ask(self.pattern, articles, min((sighting.time for sighting in self.sightings), default=None))


class Engine:
    """Patterns over a store of windows."""

    def __init__(self, patterns: Sequence[Pattern], store: WindowStore) -> None:
        self._store = store
        self._waiting = [pattern for pattern in patterns if pattern.waits]
        self._interest = Interest(patterns)

    async def apply(self, arrivals: Sequence[Arrival], now: datetime, clock: Clock = _NO_CLOCK) -> Report:
        """Take `arrivals` in their order into the windows.

        Returns what is to be announced: what they changed, and what earlier arrivals from the same partitions had
        changed but nobody confirmed. Raises TransientError if other writers keep getting ahead.
        """
        report = _Report()
        for rebuilding in (True, False):
            tasks = self._tasks([arrival for arrival in arrivals if arrival.rebuilding == rebuilding])
            await self._settle(tasks, now, clock, report)
        return report.made()

    async def next_due(self) -> Micros | None:
        """The moment from which on the watermark may change something by itself; None if no pattern waits for it."""
        if not self._waiting:
            return None
        due = await self._store.due([pattern.id for pattern in self._waiting])
        return min((moment for moment in due if moment is not None), default=None)

    async def tick(self, now: datetime, clock: Clock) -> Report:
        """Decide what waited for the watermark and needs no further article. Announces and raises as `apply` does."""
        report = _Report()
        if clock.watermark is not None and self._waiting:
            due = await self._store.due([pattern.id for pattern in self._waiting])
            tasks = [
                _Task(pattern, [], {}, {BY_CLOCK}, BY_CLOCK)
                for pattern, moment in zip(self._waiting, due, strict=True)
                if moment is not None and moment <= clock.watermark
            ]
            await self._settle(tasks, now, clock, report)
        return report.made()

    async def _settle(self, tasks: list[_Task], now: datetime, clock: Clock, report: _Report) -> None:
        for _ in range(COMMIT_ATTEMPTS):
            if not tasks:
                return
            tasks = await self._attempt(tasks, now, clock, report)
        if tasks:
            raise TransientError(
                f"pattern {tasks[0].pattern.id}: {COMMIT_ATTEMPTS} times another worker wrote first",
                hint="It is tried again. If it goes on, run fewer watch workers or split the pattern.",
            )

    def _tasks(self, arrivals: Sequence[Arrival]) -> list[_Task]:
        tasks: dict[str, _Task] = {}
        for arrival in arrivals:
            patterns = (
                self._interest.in_types(arrival.types)
                if arrival.revised
                else self._interest.in_annotation(arrival.annotation)
            )
            if not patterns:
                continue
            observed = Observed(arrival.annotation, arrival.circumstances, patterns[0].symmetric)
            for pattern in patterns:
                sighting, body = observed.by(pattern)
                task = tasks.setdefault(pattern.id, _Task(pattern, [], {}, set(), arrival.partition))
                task.sightings.append(sighting)
                task.bodies[_revision_key(sighting)] = body
                task.partitions.add(arrival.partition)
                task.cause = arrival.partition
        return list(tasks.values())

    async def _attempt(self, tasks: Sequence[_Task], now: datetime, clock: Clock, report: _Report) -> list[_Task]:
        """One round of load, decide and commit; the tasks that lost a race."""
        held = await self._store.load([task.ask() for task in tasks])
        changes: list[Change] = []
        waiting: list[tuple[_Task, Held, Plan]] = []
        for task, window in zip(tasks, held, strict=True):
            decided = plan(task.pattern, window.window, task.sightings, clock)
            if decided.stores:
                changes.append(await self._change(task, window, decided, now))
                waiting.append((task, window, decided))
            else:
                report.note(task, decided, _unconfirmed(task, window, ()))
        stored = await self._store.commit(changes) if changes else []
        lost = []
        for (task, window, decided), change, ok in zip(waiting, changes, stored, strict=True):
            if ok:
                report.note(task, decided, [*_unconfirmed(task, window, change.announcements), *change.announcements])
            else:
                lost.append(task)
        return lost

    async def _change(self, task: _Task, held: Held, decided: Plan, now: datetime) -> Change:
        pattern = task.pattern
        bodies = {s.article_id: task.bodies[_revision_key(s)] for s in decided.changed}
        needed = [a for f in (*decided.fired, *decided.updated) for a in shown_articles(pattern, f.match)]
        missing = [article for article in dict.fromkeys(needed) if article not in bodies]
        before = [gone.ring.id for gone in decided.gone]
        before += [f.known.id for f in (*decided.fired, *decided.updated) if f.known]
        words = await self._store.words(pattern, missing, before) if missing or before else None
        known = {**words.bodies, **bodies} if words else bodies
        earlier = words.alerts if words else {}
        alerts: list[tuple[Ring, Alert]] = []
        said: list[Alert] = []
        for fired in decided.fired:
            alert = sequenced(firing_alert(pattern, fired, known, now), earlier.get(fired.ring.id), now)
            alerts.append((fired.ring, alert))
            said += [] if fired.ring.silent else [alert]
        heard = None if all(s.rebuilt for s in decided.changed) and decided.changed else now
        for fired in decided.updated:
            if fired.ring.id in earlier:
                alert, is_news = updated_alert(pattern, fired, known, earlier[fired.ring.id], heard)
                alerts.append((fired.ring, alert))
                said += [alert.model_copy(update={"state": "updated"})] if is_news else []
        for gone in decided.gone:
            if gone.ring.id in earlier:
                alert = sequenced(retracted_alert(gone, earlier[gone.ring.id]), earlier[gone.ring.id], now)
                alerts.append((gone.retracted_ring(), alert))
                said += [alert] if gone.announced else []
        announcements = [
            Announcement(
                key=f"{held.version:015d}.{place:04d}",
                pattern_id=pattern.id,
                partition=task.cause,
                alert=alert,
            )
            for place, alert in enumerate(said)
        ]
        return Change(pattern, held.version, decided, bodies, alerts, announcements)


def _revision_key(sighting: Sighting) -> str:
    return f"{sighting.article_id}\0{sighting.revision}\0{sighting.stamp.read}"


def _unconfirmed(task: _Task, held: Held, news: Sequence[Announcement]) -> list[Announcement]:
    """What is to be announced again, before `news`: what an earlier try at records of the same partitions left behind;
    and what another worker may be about to say of the same alerts, so that nobody hears of an end before the beginning.
    """
    alerts = {announcement.alert.id for announcement in news}
    return [a for a in held.outbox if a.partition in task.partitions or a.alert.id in alerts]
