"""Reads rolling counts from the logs of hours: by articles, texts, stories or sources, summed over partitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from workers.redis_client import Redis
from workers.redis_keys import Keys
from workers.watch.contributions import WINDOWS
from workers.watch.count_log import KINDS, CountKind, CountRecord, period_of, records
from workers.watch.durations import HOUR, MINUTE, Micros

Measure = Literal["articles", "texts", "stories", "sources"]
"""What is counted of the articles that name a thing: they themselves; without copies; stories; known outlets."""

MEASURES: tuple[Measure, ...] = get_args(Measure)

PARTS: Mapping[str, int] = {"1h": 1, "24h": 60, "7d": 360}
"""Minutes of one part of a series over a window."""

_LOGS_AT_ONCE = 16

_WHAT_BITS = 32
_MOST_UNSORTED = 2_000_000
"""Pairs, of 8 bytes."""


@dataclass(frozen=True, slots=True)
class SpanCounts:
    """The count of each id, and how many articles there were at all."""

    counts: Mapping[str, int]
    articles: int


@dataclass(frozen=True, slots=True)
class StoryCount:
    """A story within a window. `texts` leaves out copies."""

    story: str
    articles: int
    texts: int
    sources: int


@dataclass
class _Names:
    """The names of a period that are read so far, and how many bytes they took."""

    listed: list[str] = field(default_factory=list)
    length: int = 0


@dataclass
class _StoryTally:
    articles: int = 0
    texts: set[int] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes since 1970, from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def hours(self) -> range:
        """The hours in which they lie."""
        return range(self.first // 60, self.last // 60 + 1)


def span_of(window: str, at: Micros) -> Span:
    """The minutes of the `window` (1h, 24h, 7d) that ends at `at`: exact to a minute, beyond 1h to an hour."""
    hours = WINDOWS[window]
    last = at // MINUTE if hours == 1 else (at // HOUR) * 60 + 59
    return Span(last - hours * 60 + 1, last)


class Tally:
    """Counts ids of one kind, by one measure."""

    def __init__(self, kind: CountKind, by: Measure) -> None:
        self._kind = KINDS.index(kind)
        self._by = by
        self._articles: Counter[str] = Counter()
        self._distinct = _Distinct()

    def add(self, found: Sequence[CountRecord], names: Sequence[str]) -> None:
        """Take records whose ids are places in `names`."""
        kind = self._kind
        if self._by == "articles":
            counts = Counter(number for record in found for number in record.ids[kind])
            for number, count in counts.items():
                self._articles[names[number]] += count
            return
        told = [(what, record.ids[kind]) for record in found if (what := self._what(record, names)) is not None]
        self._distinct.add(told, names)

    def _what(self, record: CountRecord, names: Sequence[str]) -> str | int | None:
        if self._by == "texts":
            return record.text
        if self._by == "stories":
            return record.story
        return None if record.source is None else names[record.source]

    def counts(self) -> dict[str, int]:
        """The count of each id."""
        return dict(self._articles) if self._by == "articles" else self._distinct.counts()


class _Distinct:
    """How many different things name each id. A pair of numbers for each, sorted now and again: a set for each id
    takes a hundred times the memory, and Python's collector minutes to look through them.
    """

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._whats: dict[str | int, int] = {}
        self._pairs: list[NDArray[np.int64]] = []
        self._unsorted = 0

    def add(self, told: Sequence[tuple[str | int, Sequence[int]]], names: Sequence[str]) -> None:
        """What names ids, which are places in `names`."""
        whats = [self._whats.setdefault(what, len(self._whats)) for what, _ in told]
        numbers = np.array([number for _, ids in told for number in ids], dtype=np.int64)
        known, places = np.unique(numbers, return_inverse=True)
        own = [self._ids.setdefault(names[number], len(self._ids)) for number in known.tolist()]
        pairs = np.array(own, dtype=np.int64)[places] << _WHAT_BITS
        self._pairs.append(pairs | np.repeat(np.array(whats, dtype=np.int64), [len(ids) for _, ids in told]))
        self._unsorted += len(pairs)
        if self._unsorted > _MOST_UNSORTED:
            self._sort()

    def _sort(self) -> NDArray[np.int64]:
        pairs = np.unique(np.concatenate(self._pairs)) if self._pairs else np.array([], dtype=np.int64)
        self._pairs, self._unsorted = [pairs], 0
        return pairs

    def counts(self) -> dict[str, int]:
        """The count of each id that anything names."""
        found = np.bincount(self._sort() >> _WHAT_BITS, minlength=len(self._ids)).tolist()
        return dict(zip(self._ids, found, strict=True))


class CountReader:
    """Reads counts."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def newest(self) -> Micros | None:
        """The newest event time that any partition has counted; that of undated articles if there are no others."""
        partitions = await self._partitions()
        pipe = self._client.pipeline(transaction=False)
        for partition in partitions:
            pipe.hmget(self._keys.counts(partition).meta, ["newest", "newest_undated"])
        times: list[list[str | None]] = await pipe.execute() if partitions else []
        for number in (0, 1):
            known = [int(time) for answer in times if (time := answer[number])]
            if known:
                return max(known)
        return None

    async def top(
        self, kind: CountKind, window: str, at: Micros, limit: int | None = None, *, by: Measure = "articles"
    ) -> list[tuple[str, int]]:
        """The ids most often counted in the `window` (1h, 24h, 7d) that ends at `at`; ties by id."""
        found = await self.counts(kind, span_of(window, at), by=by)
        return sorted(found.counts.items(), key=lambda item: (-item[1], item[0]))[:limit]

    async def counts(self, kind: CountKind, span: Span, *, by: Measure = "articles") -> SpanCounts:
        """The count of each id in the minutes of `span`."""
        tally, articles = Tally(kind, by), 0
        async for found, names in self._records(span):
            tally.add(found, names)
            articles += len(found)
        return SpanCounts(tally.counts(), articles)

    async def series(
        self, kind: CountKind, id_: str, window: str, at: Micros, *, by: Measure = "articles"
    ) -> list[tuple[Micros, int]]:
        """The count of `id_` in each part of the window that ends at `at`: when it begins, and how many.

        Parts are of 1 minute in 1h, of 1 hour in 24h, of 6 hours in 7d.
        """
        span, part = span_of(window, at), PARTS[window]
        place = KINDS.index(kind)
        tallies = [Tally(kind, by) for _ in range((span.last - span.first + 1) // part)]
        async for listed, names in self._records(span):
            number = names.index(id_) if id_ in names else None
            for record in listed:
                if number in record.ids[place]:
                    tallies[(record.minute - span.first) // part].add([record], names)
        starts = range(span.first, span.last + 1, part)
        return [(start * MINUTE, tally.counts().get(id_, 0)) for start, tally in zip(starts, tallies, strict=True)]

    async def stories(self, span: Span) -> list[StoryCount]:
        """The stories told in the minutes of `span`, those that most outlets tell first."""
        tallies: dict[str, _StoryTally] = {}
        async for found, names in self._records(span):
            for record in found:
                tally = tallies.setdefault(record.story, _StoryTally())
                tally.articles += 1
                tally.texts.add(record.text)
                if record.source is not None:
                    tally.sources.add(names[record.source])
        counted = [StoryCount(story, t.articles, len(t.texts), len(t.sources)) for story, t in tallies.items()]
        return sorted(counted, key=lambda s: (-s.sources, -s.texts, -s.articles, s.story))

    async def of_story(self, story: str, span: Span) -> AsyncIterator[tuple[CountRecord, str | None]]:
        """The articles of `story` in the minutes of `span`, each with its outlet."""
        async for found, names in self._records(span):
            for record in found:
                if record.story == story:
                    yield record, None if record.source is None else names[record.source]

    async def _records(self, span: Span) -> AsyncIterator[tuple[list[CountRecord], Sequence[str]]]:
        """The records of each hour and partition, and the names that their numbers stand for."""
        partitions = await self._partitions()
        wanted = [(partition, hour) for partition in partitions for hour in span.hours]
        names: dict[tuple[int, int], _Names] = {}
        for at in range(0, len(wanted), _LOGS_AT_ONCE):
            part = wanted[at : at + _LOGS_AT_ONCE]
            logs = await self._logs(part)
            read = [(partition, hour, log) for (partition, hour), log in zip(part, logs, strict=True) if log]
            # After the logs, which may have grown since names were read last.
            for of in dict.fromkeys((partition, period_of(hour)) for partition, hour, _ in read):
                await self._read_on(names.setdefault(of, _Names()), *of)
            for partition, hour, log in read:
                found = [record for record in records(log, hour) if span.first <= record.minute <= span.last]
                yield found, names[partition, period_of(hour)].listed

    async def _logs(self, wanted: Sequence[tuple[int, int]]) -> list[bytes | None]:
        pipe = self._client.pipeline(transaction=False)
        for partition, hour in wanted:
            pipe.execute_command("GET", self._keys.counts(partition).log(hour), NEVER_DECODE=True)
        return cast("list[bytes | None]", await pipe.execute())

    async def _read_on(self, names: _Names, partition: int, period: int) -> None:
        more = str(await self._client.getrange(self._keys.counts(partition).names(period), names.length, -1))
        names.length += len(more.encode())
        names.listed += more.split("\n")[:-1]

    async def _partitions(self) -> list[int]:
        found = await self._client.smembers(self._keys.partitions)
        return sorted(int(partition) for partition in found)
