"""What a worker remembers of the cells in Redis, so that it need not read them again; and what a batch adds to them.

It holds what Redis held at one version of the stories. Who writes says what changed, and that is dropped here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final, Generic, TypeVar

from workers.watch.story_cells import Cell, CellKind, Place

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")


class Unknown(Enum):
    """What is said of a place of which nobody knows what is there."""

    UNKNOWN = 0


UNKNOWN = Unknown.UNKNOWN

MOST_HEAVY = 3_000
MOST_LIGHT = 60_000
"""Cells in each half: of stories and texts, which take some kilobytes, and of the others."""

_HEAVY: Final[frozenset[CellKind]] = frozenset({"s", "t"})


class Recent(Generic[K, V]):
    """A dictionary of two halves: when the younger is full, it becomes the older, and what that held is forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K, default: D) -> V | D:
        """The value, or `default`."""
        found = self._young.get(key, default)
        if found is default and key in self._old:
            self[key] = found = self._old.pop(key)
        return found

    def __setitem__(self, key: K, value: V) -> None:
        if len(self._young) >= self._most:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def keep(self, items: Iterable[tuple[K, V]]) -> None:
        """Remember these."""
        for key, value in items:
            self[key] = value

    def drop(self, keys: Iterable[K]) -> None:
        """Forget these."""
        for key in keys:
            self._young.pop(key, None)
            self._old.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self._young, self._old = {}, {}


class StoryCache:
    """Cells as they were at `version`; of a place where nothing was, that too. `newest`: no cell is of a later span."""

    def __init__(self) -> None:
        self.version = ""
        self.newest: int | None = None
        self._heavy: Recent[Place, Cell | None] = Recent(MOST_HEAVY)
        self._light: Recent[Place, Cell | None] = Recent(MOST_LIGHT)
        self._pinned: dict[Place, Cell | None] = {}

    def unpin(self) -> None:
        """Another batch begins: until now, all that was read for the one before was held, however much it was."""
        self._pinned.clear()

    def stands_at(self, version: str) -> None:
        """What is held is what Redis holds at `version`, which names the newest span after the last colon."""
        self.version = version
        self.newest = int(version.rpartition(":")[2]) if version else None

    def get(self, place: Place) -> Cell | Unknown | None:
        """What is there."""
        kind, era, _ = place
        if self.newest is not None and era > self.newest:
            return None
        found = (self._heavy if kind in _HEAVY else self._light).get(place, UNKNOWN)
        return self._pinned.get(place, UNKNOWN) if found is UNKNOWN else found

    def keep(self, cells: Mapping[Place, Cell | None]) -> None:
        """Remember what was written there."""
        for place, cell in cells.items():
            (self._heavy if place[0] in _HEAVY else self._light)[place] = cell

    def pin(self, cells: Mapping[Place, Cell | None]) -> None:
        """Remember what was read there for this batch."""
        self._pinned |= cells
        self.keep(cells)

    def drop(self, places: Iterable[Place]) -> None:
        """Somebody has written there."""
        places = list(places)
        for place in places:
            self._pinned.pop(place, None)
        self._heavy.drop(places)
        self._light.drop(places)

    def clear(self) -> None:
        """Nobody knows what was written."""
        self._pinned.clear()
        self._heavy.clear()
        self._light.clear()


class Desk:
    """The cells for one search after the other: what is known, under what the batch is going to write.

    `asked` is what the search under way has looked at, `unknown` what nobody knew, so that its end means nothing.
    """

    def __init__(self, cache: StoryCache) -> None:
        self._cache = cache
        self._written: dict[Place, Cell] = {}
        self.asked: list[Place] = []
        self.unknown: list[Place] = []

    def begin(self) -> None:
        """Another search."""
        self.asked, self.unknown = [], []

    def look(self, place: Place) -> Cell | None:
        """What is there, as far as it is known."""
        self.asked.append(place)
        found = self._written.get(place) or self._cache.get(place)
        if found is UNKNOWN:
            self.unknown.append(place)
            return None
        return found

    def write(self, cells: Mapping[Place, Cell]) -> None:
        """From now on this is what is there."""
        self._written |= cells
