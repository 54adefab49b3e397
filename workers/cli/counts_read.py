"""What `tocsin counts` and `tocsin stories` read from Redis; every function raises Unreachable if it is silent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from workers.cli.redis_session import redis_session
from workers.redis_client import Redis
from workers.redis_keys import Keys
from workers.settings import Settings
from workers.watch.count_log import KINDS, CountKind
from workers.watch.count_reader import MEASURES, CountReader, Measure, Span, StoryCount, span_of
from workers.watch.durations import DAY, to_datetime, to_micros
from workers.watch.stories import Story
from workers.watch.story_reader import StoryReader, WholeStory
from workers.watch.trends import Counts, Trend, trends

EARLIER_DAYS = 7
"""Days before with whose same hours a trend is compared. Counts are kept for nine."""


@dataclass(frozen=True)
class Asked:
    """What is to be counted, by what measure, in which window, and where that ends (None: see `read_top`)."""

    kind: str
    by: str
    window: str
    at: datetime | None


@dataclass(frozen=True)
class TopCounts:
    """What `read_top` found. `newest` is the newest event time ever counted; None if nothing was."""

    kind: str
    by: str
    window: str
    end: datetime
    newest: datetime | None
    ranked: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class TopStories:
    """What `read_stories` found: how much is told of each story, and what is remembered of it."""

    window: str
    end: datetime
    newest: datetime | None
    ranked: tuple[tuple[StoryCount, Story | None], ...]


@dataclass(frozen=True)
class _Look:
    """A look at the counts: where the window ends, and the newest event time ever counted."""

    client: Redis
    keys: Keys
    reader: CountReader
    end: datetime
    newest: datetime | None


@asynccontextmanager
async def _look(settings: Settings, at: datetime | None) -> AsyncIterator[_Look]:
    """The window ends `at`, else now, else (clock `archive`) with the newest article."""
    async with redis_session(settings) as client:
        keys = Keys(settings.namespace)
        reader = CountReader(client, keys)
        last = await reader.newest()
        newest = None if last is None else to_datetime(last)
        end = at or (newest if settings.clock == "archive" else None) or datetime.now(UTC)
        yield _Look(client, keys, reader, end, newest)


async def read_top(
    settings: Settings,
    *,
    kind: str,
    window: str,
    by: str = "articles",
    limit: int | None = None,
    at: datetime | None = None,
) -> TopCounts:
    """The ids most counted in the `window` that ends `at`, else now, else (clock `archive`) with the newest article."""
    async with _look(settings, at) as look:
        ranked = await look.reader.top(_kind(kind), window, to_micros(look.end), limit, by=_measure(by))
        return TopCounts(kind, by, window, look.end, look.newest, tuple(ranked))


async def read_series(settings: Settings, id_: str, asked: Asked) -> tuple[list[tuple[datetime, int]], datetime]:
    """The counts of `id_` in each part of the window and where that part begins; and where the window ends."""
    async with _look(settings, asked.at) as look:
        end = to_micros(look.end)
        found = await look.reader.series(_kind(asked.kind), id_, asked.window, end, by=_measure(asked.by))
        return [(to_datetime(time), count) for time, count in found], look.end


async def read_trends(settings: Settings, asked: Asked, least: int) -> tuple[list[Trend], datetime, int]:
    """What is counted more than on earlier days; where the window ends; on how many earlier days there was news."""
    async with _look(settings, asked.at) as look:
        spans = [span_of(asked.window, to_micros(look.end) - day * DAY) for day in range(EARLIER_DAYS, -1, -1)]
        *earlier, now = [await _counted(look.reader, _kind(asked.kind), span, _measure(asked.by)) for span in spans]
        return trends(now, earlier, least=least), look.end, sum(day.articles > 0 for day in earlier)


async def _counted(reader: CountReader, kind: CountKind, span: Span, by: Measure) -> Counts:
    found = await reader.counts(kind, span, by=by)
    return Counts(found.counts, found.articles)


async def read_stories(settings: Settings, window: str, limit: int, at: datetime | None) -> TopStories:
    """The stories that most outlets tell in the window."""
    async with _look(settings, at) as look:
        found = (await look.reader.stories(span_of(window, to_micros(look.end))))[:limit]
        known = await StoryReader(look.client, look.keys).known([story.story for story in found])
        ranked = tuple((count, known.get(count.story)) for count in found)
        return TopStories(window, look.end, look.newest, ranked)


async def read_story(settings: Settings, id_: str) -> WholeStory | None:
    """A story and its articles; None if nothing is known of it."""
    async with redis_session(settings) as client:
        return await StoryReader(client, Keys(settings.namespace)).whole(id_)


def _kind(name: str) -> CountKind:
    return next(known for known in KINDS if known == name)


def _measure(name: str) -> Measure:
    return next(known for known in MEASURES if known == name)
