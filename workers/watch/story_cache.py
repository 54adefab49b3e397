"""What a worker remembers of the cells in Redis, so that it need not read them again; and what a batch adds to them.

It holds what Redis held at one version of the stories. Who writes says what changed, and that is dropped here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Generic, TypeVar

from workers.watch.story_cells import Cell, CellKind, Place

K = TypeVar("K")
V = TypeVar("V")

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

    def __getitem__(self, key: K) -> V:
        """Raises KeyError."""
        try:
            return self._young[key]
        except KeyError:
            value = self._old.pop(key)
            self[key] = value
            return value

    def __setitem__(self, key: K, value: V) -> None:
        if len(self._young) >= self._most:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def __contains__(self, key: K) -> bool:
        return key in self._young or key in self._old

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
        self.at_once = MOST_HEAVY // 2
        """So many cells that are unknown may be read before they are used: more would push each other out for ever."""
        self._heavy: Recent[Place, Cell | None] = Recent(MOST_HEAVY)
        self._light: Recent[Place, Cell | None] = Recent(MOST_LIGHT)

    def stands_at(self, version: str) -> None:
        """What is held is what Redis holds at `version`, which names the newest span after the last colon."""
        self.version = version
        self.newest = int(version.rpartition(":")[2]) if version else None

    def get(self, place: Place) -> Cell | None:
        """What is there. Raises KeyError if that is not known."""
        if self.newest is not None and place[1] > self.newest:
            return None
        return (self._heavy if place[0] in _HEAVY else self._light)[place]

    def knows(self, place: Place) -> bool:
        """Whether `get` has an answer."""
        if self.newest is not None and place[1] > self.newest:
            return True
        return place in (self._heavy if place[0] in _HEAVY else self._light)

    def keep(self, cells: Mapping[Place, Cell | None]) -> None:
        """Remember what is there."""
        for place, cell in cells.items():
            (self._heavy if place[0] in _HEAVY else self._light)[place] = cell

    def drop(self, places: Iterable[Place]) -> None:
        """Somebody has written there."""
        places = list(places)
        self._heavy.drop(places)
        self._light.drop(places)

    def clear(self) -> None:
        """Nobody knows what was written."""
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
        if (cell := self._written.get(place)) is not None:
            return cell
        try:
            return self._cache.get(place)
        except KeyError:
            self.unknown.append(place)
            return None

    def write(self, cells: Mapping[Place, Cell]) -> None:
        """From now on this is what is there."""
        self._written |= cells
