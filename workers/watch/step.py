"""The watch step without Faust: an annotation gets its story, is counted, and is set against the patterns.

Every effect may happen twice without harm, so a batch can be tried again as a whole; what it announces stays in an
outbox until Kafka has confirmed it. Only `agent.py` knows Faust.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from redis.exceptions import (
    ClusterDownError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)

from topics.annotations import Annotation
from topics.codec import DecodeError, decode
from topics.names import TopicKind
from topics.rejects import Step
from workers import metrics
from workers.errors import TocsinError, TransientError
from workers.logs import bind_article, get_logger
from workers.redis_client import Redis
from workers.redis_keys import Keys
from workers.steps import Incoming, Outcome, Outgoing, Publish, Refused
from workers.watch.counts import Countable, Counts, StateLost
from workers.watch.durations import ALLOWED_LATENESS, Micros, to_micros
from workers.watch.engine import Arrival, Engine, Report
from workers.watch.event_types import EventTypes
from workers.watch.pattern_file import PatternSet
from workers.watch.patterns import Pattern
from workers.watch.readers import Readers
from workers.watch.redis_stories import Stories
from workers.watch.redis_windows import RedisWindows
from workers.watch.reloading import PatternFolder, difference
from workers.watch.ringing import Clock
from workers.watch.story_index import Assigned
from workers.watch.stream_clock import StreamClock
from workers.watch.taking_over import take_over
from workers.watch.upstream import Inquiry, NothingUpstream, Upstream
from workers.watch.windows import BY_CLOCK, Announcement

log = get_logger("watch")

_MAY_PASS = (OutOfMemoryError, ReadOnlyError, ClusterDownError, MasterDownError, TryAgainError)
_MAY_PASS_CODES = ("MISCONF", "BUSY", "NOREPLICAS")
"""Refusals by Redis that come from its state, not from the command."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Read:
    """An incoming record and the annotation in it."""

    record: Incoming
    annotation: Annotation


class Watch:
    """Implements `workers.steps.Handler`.

    `patterns` and `types` are loaded by the caller, `client` is closed by `stop`; `now` says when an alert was found.
    `upstream` says on which partitions of `annotations` nothing waits, here or before; those follow the `clock`.
    `folder` has the patterns' files, if they may change.
    """

    step: Step = "watch"
    input: TopicKind = "annotations"

    def __init__(
        self,
        patterns: PatternSet,
        types: EventTypes,
        client: Redis,
        namespace: str,
        *,
        now: Callable[[], datetime] = _now,
        upstream: Upstream | None = None,
        clock: Literal["wall", "archive"] = "wall",
        folder: PatternFolder | None = None,
    ) -> None:
        keys = Keys(namespace)
        self._patterns = patterns
        self._client = client
        self._now = now
        self._windows = RedisWindows(client, keys)
        self._engine = Engine(patterns.patterns, self._windows)
        self._counts = Counts(client, keys, types.symmetric)
        self._stories = Stories(client, keys)
        self._time = StreamClock(client, keys)
        self._readers = Readers(client, keys)
        self._mine: set[int] = set()
        self._folder = folder
        self._upstream = upstream or NothingUpstream()
        self._inquiry = Inquiry(self._upstream)
        self._follows = clock
        self._former: Mapping[str, Pattern] | None = {}
        self._publish: Publish | None = None
        self._may_be_unsaid = False
        self._unconfirmed: dict[tuple[int, int], Sequence[Announcement]] = {}
        self._decided: Micros | None = None
        self._soon: Callable[[], None] = self._inquiry.soon

    async def start(self, publish: Publish) -> None:
        """Announce what a worker before this one stored and could not announce any more."""
        self._publish = publish
        self._time.partitions = frozenset(await self._upstream.partitions())
        await self._put_in_force()
        with _refusals_that_may_pass():
            if gone := await self._time.forget_others():
                log.warning("partitions.gone", partitions=sorted(gone), todo="the topic has fewer than it had")
            ids = {pattern.id for pattern in self._patterns.patterns} | set(await self._windows.known_patterns())
            leftovers = await self._windows.outbox(sorted(ids))
        log.info("patterns.loaded", patterns=[f"{p.id}@{p.version}" for p in self._patterns.patterns])
        if leftovers:
            log.info("alerts.left_over", count=len(leftovers))
            await publish([_outgoing(announcement) for announcement in leftovers])
            await self._windows.announced(leftovers)
            _tell(leftovers)

    async def handle(self, batch: Sequence[Incoming]) -> Sequence[Outcome]:
        """Story, counts and windows for all of `batch`; the alerts to announce, all with one of the records."""
        await self._put_in_force()
        read, refused = _decoded(batch)
        with _refusals_that_may_pass():
            stories = await self._stories.assign([item.annotation for item in read])
            arrivals = await self._counted(read, stories)
            await self._time.note(item.annotation for item in read)
            report = await self._engine.apply(arrivals, self._now(), await self._time.read())
            await self._counts.done({record.partition: record.offset + 1 for record in _last_of_partitions(batch)})
        self._inquiry.moved()
        _note(report)
        # All with the last record that could be read: the order in which a pattern's alerts are told must stay.
        self._unconfirmed = {_place(read[-1].record): report.announcements} if read else {}
        return [self._outcome(record, refused) for record in batch]

    def reload(self) -> None:
        """Have the pattern files loaded anew at the next tick, even if they look unchanged."""
        if self._folder is not None:
            self._folder.asked = True

    async def tick(self) -> None:
        """Look at the pattern files and at the time. Called while no batch is in hand.

        Raises TocsinError if Redis has lost what this worker wrote: unlike a batch, a tick would be tried for ever.
        """
        if self._folder is not None and (changed := await self._folder.reloaded()) is not None:
            self._swap(changed)
        await self._put_in_force()
        try:
            await self._counts.verify()
        except StateLost as error:
            raise TocsinError(error.message, hint=error.hint) from error
        if self._may_be_unsaid:
            await self._announce_left_over()
        # Until it has come to its end: what was stored and not announced has no record that brings it back.
        self._may_be_unsaid = True
        await self._decide()
        self._may_be_unsaid = False

    def wakes(self, soon: Callable[[], None]) -> None:
        """`soon` is called when Kafka has answered what a tick could not wait for, or there may be more to decide."""
        self._soon = self._inquiry.soon = soon

    async def _announce_left_over(self) -> None:
        """What an earlier tick, or that of a worker that is gone, stored and could not announce any more."""
        with _refusals_that_may_pass():
            waiting = [pattern.id for pattern in self._patterns.patterns if pattern.waits]
            found = [a for a in await self._windows.outbox(waiting) if a.partition == BY_CLOCK]
        await self._announce(found)

    async def _announce(self, announcements: Sequence[Announcement]) -> None:
        """What no record brought about."""
        if announcements and self._publish is not None:
            await self._publish([_outgoing(announcement) for announcement in announcements])
            with _refusals_that_may_pass():
                await self._windows.announced(announcements)
            _tell(announcements)

    def _swap(self, patterns: PatternSet) -> None:
        """All at once, between two batches. State in Redis is kept by pattern id: nothing is lost or counted anew."""
        log.info("patterns.reloaded", **difference(patterns, self._patterns))
        if self._former is None:
            self._former = {pattern.id: pattern for pattern in self._patterns.patterns}
        self._patterns = patterns
        self._engine = Engine(patterns.patterns, self._windows)

    async def _put_in_force(self) -> None:
        """Before any of the patterns is asked: they take over what is held by their ids. Once for each set."""
        if self._former is not None:
            with _refusals_that_may_pass():
                await take_over(self._windows, self._patterns.patterns, self._former, await self._time.read())
                await self._readers.note(self._mine, self._patterns.patterns)
            self._former = None

    async def _decide(self) -> None:
        """Decide what waits for time to pass: absences, falling counts, rates."""
        with _refusals_that_may_pass():
            due = await self._engine.next_due()
            if due is None or self._publish is None:
                return
            clock = await self._time.read()
            if clock.watermark is None or due > clock.watermark:
                clock = await self._moved_on(clock, due)
            elif due != self._decided:
                # The articles themselves bring it about. What is due next may hang on time, and was not asked for yet.
                self._decided = due
                self._soon()
            report = await self._engine.tick(self._now(), clock)
        _note(report)
        await self._announce(report.announcements)

    async def _moved_on(self, clock: Clock, due: Micros) -> Clock:
        """Partitions on which nothing waits follow the clock, if that can bring anything about."""
        # Before it is asked what waits: what is published from now on may be of now.
        moment = to_micros(self._now()) if self._follows == "wall" else clock.newest
        if moment is None or due > moment - ALLOWED_LATENESS:
            return clock
        answer = await self._inquiry.ask(await self._time.done(), moment)
        if answer is None:
            return clock
        caught_up = answer.still_true(await self._time.done())
        self._time.partitions |= caught_up
        await self._time.caught_up(caught_up, answer.moment)
        return await self._time.read()

    async def _counted(self, read: Sequence[_Read], stories: Sequence[Assigned]) -> list[Arrival]:
        """Counts all, and leaves out articles of which a newer revision is known."""
        arrivals = [
            Arrival(
                annotation=item.annotation,
                story=assigned.story,
                text=assigned.text,
                types=frozenset(event.type for event in item.annotation.events),
                partition=item.record.partition,
                offset=item.record.offset,
                trace_id=item.record.trace_id,
                rebuilding=item.record.rebuilding,
            )
            for item, assigned in zip(read, stories, strict=True)
        ]
        counted = await self._counts.apply(
            [
                Countable(a.partition, a.offset, a.stamp, a.annotation, assigned)
                for a, assigned in zip(arrivals, stories, strict=True)
            ]
        )
        return [
            # Who reads again may have lost what is remembered of the article, and not the windows that hold it.
            arrival.judged(found.known.types, late=found.known.late, revised=found.revised or arrival.rebuilding)
            for arrival, found in zip(arrivals, counted, strict=True)
            if not found.stale
        ]

    def _outcome(self, record: Incoming, refused: Mapping[tuple[int, int], Refused]) -> Outcome:
        place = _place(record)
        if place in refused:
            return refused[place]
        return [_outgoing(announcement) for announcement in self._unconfirmed.get(place, ())]

    async def confirmed(self, batch: Sequence[Incoming]) -> None:
        """Kafka has the alerts of `batch`: they leave the outbox."""
        places = [_place(record) for record in batch]
        announcements = [a for place in places for a in self._unconfirmed.get(place, ())]
        with _refusals_that_may_pass():
            await self._windows.announced(announcements)
        for place in places:
            self._unconfirmed.pop(place, None)
        _tell(announcements)

    async def applied(self, partition: int) -> int | None:
        """The next offset of `annotations` that counts and windows miss. From now on the partition is this worker's."""
        await self._put_in_force()
        with _refusals_that_may_pass():
            self._mine.add(partition)
            self._may_be_unsaid = True  # whoever had it may have died between storing and announcing
            self._time.partitions |= {partition}
            if behind := await self._readers.left_behind(partition, self._patterns.patterns):
                await take_over(self._windows, behind, {}, await self._time.read(), behind=True)
            await self._readers.note([partition], self._patterns.patterns)
            return await self._counts.applied(partition)

    async def reads_from(self, partition: int, offset: int) -> None:
        """What comes from `offset` on is not done, whatever the state says: its offsets may be a former topic's."""
        with _refusals_that_may_pass():
            await self._counts.read_again(partition, offset)

    def revoked(self, partitions: Collection[int]) -> None:
        """Another worker may read them now, by other patterns, and find and mend what Redis lost of them."""
        self._mine.difference_update(partitions)
        self._counts.forget(partitions)

    async def stop(self) -> None:
        """Close the connections to Redis and Kafka."""
        self._inquiry.stop()
        await asyncio.to_thread(self._upstream.close)
        await self._client.aclose()


def _place(record: Incoming) -> tuple[int, int]:
    return record.partition, record.offset


def _decoded(batch: Sequence[Incoming]) -> tuple[list[_Read], dict[tuple[int, int], Refused]]:
    read: list[_Read] = []
    refused: dict[tuple[int, int], Refused] = {}
    for record in batch:
        try:
            annotation = decode(Annotation, record.value)
            to_micros(annotation.event_time)
        except DecodeError as error:
            refused[_place(record)] = Refused(error.error, error.reason)
        else:
            read.append(_Read(record, annotation))
    return read, refused


def _last_of_partitions(batch: Sequence[Incoming]) -> Iterator[Incoming]:
    last: dict[int, Incoming] = {}
    for record in batch:
        if record.partition not in last or record.offset > last[record.partition].offset:
            last[record.partition] = record
    yield from last.values()


def _outgoing(announcement: Announcement) -> Outgoing:
    alert = announcement.alert
    return Outgoing(kind="alerts", key=alert.pattern_id, record=alert, trace_id=alert.trace_id)


def _note(report: Report) -> None:
    for pattern_id, number in report.suppressed.items():
        metrics.SUPPRESSED.labels(pattern_id).inc(number)
    for pattern_id, number in report.too_late.items():
        log.warning("events.too_late", pattern=pattern_id, count=number)


def _tell(announcements: Sequence[Announcement]) -> None:
    for announcement in announcements:
        alert = announcement.alert
        metrics.ALERTS.labels(alert.pattern_id, alert.state).inc()
        article = alert.evidence[-1].article_id if alert.evidence else None
        with bind_article(article or "", alert.trace_id):
            log.info(
                f"alert.{alert.state}",
                alert_id=alert.id,
                pattern=alert.pattern_id,
                level=alert.level,
                group={field: list(values) for field, values in alert.group.items()},
                articles=alert.counts.articles,
                late=alert.late,
            )


@contextmanager
def _refusals_that_may_pass() -> Iterator[None]:
    """A full or loading Redis is worth another try; a command that it does not understand is an error of ours."""
    try:
        yield
    except ResponseError as error:
        if isinstance(error, _MAY_PASS) or any(code in str(error) for code in _MAY_PASS_CODES):
            raise TransientError(f"Redis refuses to write: {error}") from error
        raise
