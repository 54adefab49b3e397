"""Which part of an archive is played, in what order, and how fast. Pure: no file, no clock.

Items are numbered as the archive gives them, so that a checkpoint can say which of them are done with.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from topics.articles import Article, event_time
from workers.archives.formats import Malformed
from workers.archives.numbers import Numbered

SORT_ARTICLES = 10_000
SORT_BYTES = 64 * 1024 * 1024
"""The sort buffer holds so many articles, of so much text together; an archive in rough order needs no more."""

_OVERHEAD = 1_000
"""Bytes of an article beside its text, roughly."""

_SPEED = re.compile(r"(\d+(?:\.\d+)?)x?", re.ASCII)


Item = Article | Malformed | Numbered
"""What is played. What bears no number is numbered in the order of reading, which must be the same each time."""


@dataclass
class Span:
    """The articles from `since` on and before `until`, by event time; one that bears no date is in no span.

    `left_out` and `undated` count what was not taken.
    """

    since: datetime | None = None
    until: datetime | None = None
    left_out: int = 0
    undated: int = 0

    def within(self, found: Iterable[Numbered], dropped: Callable[[int], None]) -> Iterator[Numbered]:
        """What is taken of `found`; what is malformed always is. `dropped` is told the numbers of the others."""
        for each in found:
            if isinstance(each.item, Malformed) or self._takes(each.item):
                yield each
            else:
                dropped(each.number)

    def _takes(self, article: Article) -> bool:
        if self.since is None and self.until is None:
            return True
        time, stated = event_time(article.published_at, article.fetched_at)
        if stated == "fetched":
            self.undated += 1
            return False
        inside = (self.since is None or time >= self.since) and (self.until is None or time < self.until)
        self.left_out += not inside
        return inside


@dataclass
class Sorted:
    """Articles by event time, as far as a bounded buffer can sort them.

    What bears no date, or is malformed, goes through where it stands. `late` counts the articles that came after
    younger ones had left the buffer: they follow out of order.
    """

    articles: int = SORT_ARTICLES
    text_bytes: int = SORT_BYTES
    late: int = 0
    _held: list[tuple[datetime, int, Numbered]] = field(default_factory=list)
    _bytes: int = 0
    _left: datetime | None = None

    def of(self, found: Iterable[Numbered]) -> Iterator[Numbered]:
        """`found`, sorted."""
        for each in found:
            time = _stated(each.item)
            if time is None:
                yield each
                continue
            heapq.heappush(self._held, (time, each.number, each))
            self._bytes += _size(each.item)
            while len(self._held) > self.articles or (self._bytes > self.text_bytes and len(self._held) > 1):
                yield self._next()
        while self._held:
            yield self._next()

    def _next(self) -> Numbered:
        time, _, each = heapq.heappop(self._held)
        self._bytes -= _size(each.item)
        self.late += self._left is not None and time < self._left
        self._left = time if self._left is None else max(self._left, time)
        return each


def _stated(item: Article | Malformed) -> datetime | None:
    if isinstance(item, Malformed):
        return None
    time, stated = event_time(item.published_at, item.fetched_at)
    return time if stated == "published" else None


def _size(item: Article | Malformed) -> int:
    return _OVERHEAD + (len(item.text) if isinstance(item, Article) else 0)


def speed_of(text: str) -> float:
    """How many seconds of event time pass in one of ours: `60x` or `60`. Raises ValueError."""
    found = _SPEED.fullmatch(text.strip().lower())
    if found is None or not float(found[1]):
        raise ValueError(f"{text!r} is no speed: write 60x for an hour of news in a minute")
    return float(found[1])


class Pace:
    """When each article of a replay at `speed` is due, in seconds after the first; earlier ones are due at once."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._first: datetime | None = None

    def due(self, item: Article | Malformed) -> timedelta:
        """How long after the first dated article."""
        time = _stated(item)
        if time is None:
            return timedelta()
        if self._first is None:
            self._first = time
        return max(timedelta(), (time - self._first) / self._speed)


def numbered(found: Iterable[Item], done: Callable[[int], bool] = lambda _number: False) -> Iterator[Numbered]:
    """The items of an archive with their numbers, without those that are done with."""
    for count, item in enumerate(found):
        each = item if isinstance(item, Numbered) else Numbered(count, item)
        if not done(each.number):
            yield each
