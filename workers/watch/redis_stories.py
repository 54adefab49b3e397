"""Stories in Redis: cells of `story_index`, in hashes that each hold a share of one span of event time.

Two workers that read the same news at once cannot both found a story: who comes second sees that the cells it looked at
have moved, and decides again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from topics.annotations import Annotation
from workers.errors import TransientError
from workers.redis_client import Redis
from workers.redis_keys import Keys, StoryKeys
from workers.watch.durations import DAY, SECOND
from workers.watch.scripts import Call, Script, run
from workers.watch.story_index import KEPT_ERAS, Assigned, Assignment, Place, Search, assignment, newest_era

_READ = Script.load("story_read.lua")
_COMMIT = Script.load("story_commit.lua")

SECONDS_TO_LIVE = 6 * DAY // SECOND
"""Of wall-clock time, after the last write of a span's share."""

_MOST_CELLS = 1000
"""Read in one call."""

_FRUITLESS_ATTEMPTS = 20
"""Rounds in which not one of a batch's articles could be stored. Alone, a worker stores at least one in each."""

_UNLINKED = 1000
"""Keys dropped in one round trip."""


@dataclass
class _Round:
    """What is known in one round of reading and deciding: `cells` as Redis had them, with what the round will write."""

    cells: dict[Place, str] = field(default_factory=dict)
    asked: set[Place] = field(default_factory=set)

    def answer(self, places: Iterable[Place]) -> dict[Place, str]:
        """Those of `places` that are not empty."""
        return {place: self.cells[place] for place in places if place in self.cells}

    def write(self, cells: Mapping[Place, str]) -> None:
        """From now on as if `cells` were in Redis."""
        self.cells.update(cells)
        self.asked.update(cells)


def cells_call(keys: StoryKeys, places: Iterable[Place]) -> tuple[Call, list[Place]]:
    """The call that reads cells, and the places in the order of its answer."""
    shares: dict[str, list[Place]] = {}
    for place in places:
        shares.setdefault(keys.cells(*place), []).append(place)
    fields = json.dumps([[place.field for place in inside] for inside in shares.values()], ensure_ascii=False)
    return Call(_READ, list(shares), (fields,)), [place for inside in shares.values() for place in inside]


class _Decided(NamedTuple):
    """What is to become of one article of a batch. `alone`: nothing that the batch is to write bears on it."""

    number: int
    alone: bool
    made: Assignment
    call: Call | None


class _Ahead:
    """A search under way: `places` is what it asks for now, `asked` all that it has asked for."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self.places: Sequence[Place] = next(search)
        self.asked: set[Place] = set(self.places)
        self.found: Assignment | None = None

    def go_on(self, known: _Round) -> None:
        """Give it what it asks for."""
        try:
            self.places = self._search.send(known.answer(self.places))
        except StopIteration as end:
            self.found = end.value
        else:
            self.asked.update(self.places)


class Stories:
    """Assigns stories."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys.stories
        self._newest: int | None = None

    async def assign(self, annotations: Sequence[Annotation]) -> list[Assigned]:
        """Story and text of each article, in order. One round trip if all are known, three or four if not.

        Raises TransientError if other workers keep adding to the same stories.
        """
        found: dict[int, Assigned] = {}
        waiting = dict(enumerate(annotations))
        attempts_left = _FRUITLESS_ATTEMPTS
        while waiting:
            stored = await self._attempt(waiting)
            found |= stored
            waiting = {number: item for number, item in waiting.items() if number not in stored}
            attempts_left -= not stored
            if not attempts_left:
                raise TransientError(
                    f"{_FRUITLESS_ATTEMPTS} times other workers wrote to the stories of the same articles first"
                )
        await self._forget(annotations)
        return [found[number] for number in range(len(annotations))]

    async def _attempt(self, items: Mapping[int, Annotation]) -> dict[int, Assigned]:
        """One round of read, decide and commit; what was stored, or had been."""
        known = _Round()
        decided: list[_Decided] = []
        written: set[Place] = set()
        searches = await self._look_ahead(known, list(items.values()))
        for (number, item), ahead in zip(items.items(), searches, strict=True):
            # What the batch itself has changed may lead it elsewhere.
            alone = written.isdisjoint(ahead.asked)
            made = ahead.found if alone and ahead.found is not None else await self._finished(known, assignment(item))
            decided.append(_Decided(number, alone, made, self._commit(known, made)))
            known.write(made.writes)
            written |= made.writes.keys()
        answers = iter(await run(self._client, [one.call for one in decided if one.call is not None]))
        stored = {one.number: one.call is None or next(answers) == "ok" for one in decided}
        all_stored = all(stored.values())
        # One that was found by what the batch was to write is only found if that was written.
        sure = [one for one in decided if stored[one.number] and (one.call or one.alone or all_stored)]
        return {one.number: one.made.assigned for one in sure}

    async def _look_ahead(self, known: _Round, items: Sequence[Annotation]) -> list[_Ahead]:
        """Search for all as if each were alone, in as few round trips as the longest search needs."""
        searches = [_Ahead(assignment(item)) for item in items]
        while asking := [search for search in searches if search.found is None]:
            await self._read(known, [place for search in asking for place in search.places])
            for search in asking:
                search.go_on(known)
        return searches

    async def _finished(self, known: _Round, search: Search) -> Assignment:
        """The end of `search`, which may ask for more than it did alone."""
        ahead = _Ahead(search)
        while ahead.found is None:
            await self._read(known, ahead.places)
            ahead.go_on(known)
        return ahead.found

    async def _read(self, known: _Round, places: Iterable[Place]) -> None:
        wanted = [place for place in dict.fromkeys(places) if place not in known.asked]
        known.asked.update(wanted)
        parts = [wanted[at : at + _MOST_CELLS] for at in range(0, len(wanted), _MOST_CELLS)]
        reads = [cells_call(self._keys, part) for part in parts]
        for (_, order), cells in zip(reads, await run(self._client, [call for call, _ in reads]), strict=True):
            known.cells.update((place, cell) for place, cell in zip(order, cells, strict=True) if cell)

    def _commit(self, known: _Round, made: Assignment) -> Call | None:
        """The call that stores it; None if there is nothing to store."""
        if not made.writes:
            return None
        numbers: dict[str, int] = {}

        def share(place: Place) -> int:
            return numbers.setdefault(self._keys.cells(*place), len(numbers) + 1)

        cells = known.cells
        reads = [(share(p), p.field, len(cells[p].encode()) if p in cells else 0) for p in made.read]
        story = [(share(made.story), made.story.field, made.articles)] if made.story is not None else []
        writes = [(share(place), place.field, cell) for place, cell in made.writes.items()]
        todo = json.dumps([reads, story, writes], ensure_ascii=False, separators=(",", ":"))
        return Call(_COMMIT, list(numbers), (SECONDS_TO_LIVE, todo))

    async def _forget(self, annotations: Sequence[Annotation]) -> None:
        """Drop the spans that are too old, when a new one begins."""
        newest = newest_era(annotations)
        if newest is None or (self._newest is not None and newest <= self._newest):
            return
        self._newest = newest
        await self._client.sadd(self._keys.eras, str(newest))
        await self._client.expire(self._keys.eras, SECONDS_TO_LIVE)
        known = {int(era): str(era) for era in await self._client.smembers(self._keys.eras)}
        for era in sorted(era for era in known if era <= max(known) - KEPT_ERAS):
            keys = self._keys.share_names(era)
            for at in range(0, len(keys), _UNLINKED):
                await self._client.unlink(*keys[at : at + _UNLINKED])
            await self._client.srem(self._keys.eras, known[era])
