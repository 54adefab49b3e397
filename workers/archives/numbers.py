"""Which items of an archive are done with. Pure.

An archive has rows: its files, or the partitions of a topic. The items of each are numbered by themselves, so that a
row that is new, or grows, shifts nobody else's numbers.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from topics.articles import Article
from workers.archives.formats import Malformed

_ITEM_BITS = 48
"""Of a number; the row stands above them. An offset of Kafka's has room in them."""

Range = tuple[int, int]
"""The numbers from the first (inclusive) to the second (exclusive)."""


def number_of(row: int, item: int) -> int:
    """The number of an item by its place in its row; both count from 0."""
    return row << _ITEM_BITS | item


@dataclass(frozen=True, slots=True)
class Numbered:
    """One item of an archive, with its number (`number_of`)."""

    number: int
    item: Article | Malformed


@dataclass(frozen=True, slots=True)
class DoneOfRow:
    """What is done of one row: all items below `mark`, and some ranges above it."""

    mark: int
    above: list[Range]


class LowWater:
    """Which items are done with: all below `mark`, and some above it, since a sorted archive is sent out of order.

    Held as ranges, so that it stays small, and so that several rows of numbers may be done with side by side.
    """

    def __init__(self, mark: int = 0, above: Iterable[Range] = ()) -> None:
        self._firsts: list[int] = []
        self._ends: list[int] = []
        self.number_done = 0
        """How many items are done with."""
        # Kafka's confirmations and the reading come from different threads.
        self._lock = threading.Lock()
        for first, end in sorted([(0, mark), *above]):
            begins = max(first, self._ends[-1]) if self._ends else first
            if begins < end:
                self._put(len(self._ends), begins, end)

    @property
    def mark(self) -> int:
        """The first item that is not done with."""
        with self._lock:
            return self._ends[0] if self._firsts[:1] == [0] else 0

    def done(self, number: int) -> None:
        """The item is confirmed, or of no use. Numbers may come in any order, and twice."""
        with self._lock:
            place = bisect_right(self._firsts, number)
            if not place or number >= self._ends[place - 1]:
                self._put(place, number, number + 1)

    def has(self, number: int) -> bool:
        """Whether the item is done with."""
        with self._lock:
            place = bisect_right(self._firsts, number)
            return place > 0 and number < self._ends[place - 1]

    def ranges(self) -> list[Range]:
        """All that is done, in order."""
        with self._lock:
            return list(zip(self._firsts, self._ends, strict=True))

    def of_row(self, row: int) -> DoneOfRow:
        """What is done of one row."""
        begin, end = number_of(row, 0), number_of(row + 1, 0)
        with self._lock:
            first, last = bisect_left(self._firsts, begin), bisect_left(self._firsts, end)
            found = [(self._firsts[n] - begin, self._ends[n] - begin) for n in range(first, last)]
        mark = found.pop(0)[1] if found[:1] and found[0][0] == 0 else 0
        return DoneOfRow(mark, found)

    def _put(self, place: int, first: int, end: int) -> None:
        """A range that lies between those before and from `place` on; it is joined with what it touches."""
        self.number_done += end - first
        if place < len(self._firsts) and self._firsts[place] == end:
            end = self._ends[place]
            del self._firsts[place], self._ends[place]
        if place and self._ends[place - 1] == first:
            self._ends[place - 1] = end
        else:
            self._firsts.insert(place, first)
            self._ends.insert(place, end)
