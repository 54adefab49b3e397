"""Rolling counts in Redis, per entity, event type and pair, over 1 h, 24 h and 7 d of event time.

Each partition of `annotations` has counts of its own in one hash slot, with the offset up to which they are applied;
whoever reads sums over partitions. What an article contributes is decided in `contributions`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from topics.annotations import Annotation
from workers.errors import TransientError
from workers.redis_client import Redis
from workers.redis_keys import Keys
from workers.watch.contributions import SECONDS_TO_LIVE, Guard, Move, counted
from workers.watch.count_log import KINDS, head_of, hour_of, period_of
from workers.watch.durations import DAY, SECOND, Micros, to_micros
from workers.watch.revisions import Known, is_late
from workers.watch.scripts import Call, Script, run
from workers.watch.sightings import Stamp
from workers.watch.stories import mark_of, story_id, text_id
from workers.watch.story_index import Assigned

_COUNT = Script.load("count.lua")
_DONE = Script.load("done.lua")
_META_SECONDS = 60 * DAY // SECOND
"""Longer than any count: who finds the counts gone must not believe that they are complete."""

_GUARD_ATTEMPTS = 5


class StateLost(TransientError):
    """Redis answers, but its state is older than what this worker wrote: it was emptied or restored.

    The step ends; at its next start it reads again from where Redis stands.
    """


@dataclass(frozen=True, slots=True)
class Countable:
    """A record to be counted."""

    partition: int
    offset: int
    stamp: Stamp
    annotation: Annotation
    assigned: Assigned | None = None

    @property
    def mark(self) -> str:
        """Stands for the article."""
        return mark_of(self.annotation.article_id, to_micros(self.annotation.event_time))

    @property
    def found(self) -> Assigned:
        """Its story and text; its own where nothing is known of them."""
        return self.assigned or Assigned(story_id(self.mark), text_id(self.mark))


@dataclass(frozen=True, slots=True)
class Counted:
    """What counting found out: whether a newer revision is known, what is known of the article, if it came before."""

    stale: bool
    known: Known
    revised: bool


class Counts:
    """Writes counts. `known` offsets tell whether Redis has lost something behind this worker's back."""

    def __init__(self, client: Redis, keys: Keys, symmetric: frozenset[str]) -> None:
        self._client = client
        self._keys = keys
        self._symmetric = symmetric
        self._known: dict[int, int] = {}
        self._done: dict[int, int] = {}
        """Of this worker's own partitions: so far all of the step's effects are in Redis."""

    async def apply(self, batch: Sequence[Countable]) -> list[Counted]:
        """Count `batch`, records of one partition in the order of their offsets. Two round trips.

        Raises StateLost; TransientError if somebody else writes the same articles all the while.
        """
        for _ in range(_GUARD_ATTEMPTS):
            moves = self._moves(batch, *await self._remembered(batch))
            answers = await run(
                self._client, [self._call(item, *move) for item, move in zip(batch, moves, strict=True)]
            )
            if "lost" in answers:
                raise _lost()
            if "moved" not in answers:
                for item in batch:
                    self._known[item.partition] = max(item.offset + 1, self._known.get(item.partition, 0))
                return [Counted(move.stale, move.known, move.revised) for move, _ in moves]
        raise TransientError("Another worker counts the same articles; has this one been replaced?")

    async def _remembered(self, batch: Sequence[Countable]) -> tuple[dict[tuple[int, str], str], dict[int, Micros]]:
        """The articles' guards, and the newest event time of each partition."""
        partitions: dict[int, list[Countable]] = {}
        for item in batch:
            partitions.setdefault(item.partition, []).append(item)
        pipe = self._client.pipeline(transaction=False)
        for partition, items in partitions.items():
            pipe.hmget(self._keys.counts(partition).meta, ["newest", "done"])
            pipe.mget([self._guard_key(item) for item in items])
        answers = await pipe.execute() if batch else []
        guards: dict[tuple[int, str], str] = {}
        times: dict[int, Micros] = {}
        for (partition, items), meta, found in zip(partitions.items(), answers[::2], answers[1::2], strict=True):
            newest, done = meta
            if int(done or 0) < self._done.get(partition, 0):
                raise _lost()
            if newest:
                times[partition] = int(newest)
            for item, guard in zip(items, found, strict=True):
                guards[partition, item.annotation.article_id] = (guard or "").rpartition("@")[0]
        return guards, times

    def _guard_key(self, item: Countable) -> str:
        return self._keys.counts(item.partition).guard(item.annotation.article_id)

    def _moves(
        self, batch: Sequence[Countable], guards: dict[tuple[int, str], str], newest: dict[int, Micros]
    ) -> list[tuple[Move, str]]:
        """Each record's move, and the guard it expects: that of an earlier record of the batch, if it changed it."""
        moves = []
        for item in batch:
            place = item.partition, item.annotation.article_id
            expected = guards[place]
            guard = Guard.from_wire(expected) if expected else None
            time = to_micros(item.annotation.event_time)
            late = is_late(time, newest.get(item.partition))
            move = counted(guard, item.stamp, item.annotation, self._symmetric, late=late)
            moves.append((move, expected))
            if item.annotation.event_time_source == "published":
                newest[item.partition] = max(time, newest.get(item.partition, time))
            if move.guard is not None:
                guards[place] = move.guard.to_wire()
        return moves

    def _call(self, item: Countable, move: Move, expected: str) -> Call:
        k = self._keys.counts(item.partition)
        keys = [k.meta, k.guard(item.annotation.article_id)]
        args: list[str | int | float | bytes] = [
            item.offset + 1,
            self._known.get(item.partition, 0),
            "" if move.added is None else move.added.time,
            "newest" if move.added is None or move.added.dated else "newest_undated",
            expected,
            "" if move.guard is None else move.guard.to_wire(),
            SECONDS_TO_LIVE,
            _META_SECONDS,
        ]
        if move.added is not None:
            hour = hour_of(move.added.time)
            keys += [k.log(hour), k.numbers(period_of(hour)), k.names(period_of(hour))]
            args += [head_of(move.added.time, item.found, item.mark), move.added.source or ""]
            for kind in KINDS:
                args += [len(move.added.members[kind]), *move.added.members[kind]]
        if move.taken_back is not None:
            keys.append(k.log(move.taken_back))
        return Call(_COUNT, keys, args)

    async def done(self, next_offsets: dict[int, int]) -> None:
        """The whole step has its effects up to these offsets. One round trip. Raises StateLost.

        What is stored between the counts and this may be lost alone, if Redis fails over to a copy that lags.
        """
        calls = [
            Call(_DONE, [self._keys.counts(partition).meta], [offset, self._done.get(partition, ""), _META_SECONDS])
            for partition, offset in next_offsets.items()
        ]
        if not calls:
            return
        registered = self._client.sadd(self._keys.partitions, *(str(partition) for partition in next_offsets))
        answers, _ = await asyncio.gather(run(self._client, calls), registered)
        if not all(answers):
            raise _lost()
        self._done |= {partition: offset for partition, offset in next_offsets.items() if partition in self._done}

    async def applied(self, partition: int) -> int:
        """The next offset that the step's state misses; 0 if there is none. From now on it is this worker's own."""
        applied, done = await self._client.hmget(self._keys.counts(partition).meta, ["applied", "done"])
        await self._client.sadd(self._keys.partitions, str(partition))
        self._known[partition] = int(applied or 0)
        self._done[partition] = int(done or 0)
        return self._done[partition]

    async def read_again(self, partition: int, offset: int) -> None:
        """The partition is read from `offset` on, below what was done."""
        await self._client.hset(self._keys.counts(partition).meta, "done", str(offset))
        self._done[partition] = offset

    def forget(self, partitions: Collection[int]) -> None:
        """They are another worker's from now on, who may have to count them anew."""
        for partition in partitions:
            self._known.pop(partition, None)
            self._done.pop(partition, None)

    async def verify(self) -> None:
        """Raises StateLost if Redis no longer has what this worker has written. One round trip.

        For a worker without traffic: whoever counts notices by counting.
        """
        written = sorted({partition for known in (self._known, self._done) for partition in known if known[partition]})
        pipe = self._client.pipeline(transaction=False)
        for partition in written:
            pipe.hmget(self._keys.counts(partition).meta, ["applied", "done"])
        answers: list[list[str | None]] = await pipe.execute() if written else []
        for partition, (applied, done) in zip(written, answers, strict=True):
            if int(applied or 0) < self._known.get(partition, 0) or int(done or 0) < self._done.get(partition, 0):
                raise _lost()


def _lost() -> StateLost:
    return StateLost(
        "Redis has lost counts that this worker had written.",
        hint="The step ends and, when it is started again, rebuilds them from the annotations.",
    )
