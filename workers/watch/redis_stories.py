"""Stories in Redis: cells of `story_cells`, in hashes that each hold a share of one span of event time.

A worker remembers what it read and wrote, and what all of it stood at: a version, new with every batch that anybody
stores. So two workers that read the same news at once cannot both found a story: who comes second is told what has
changed meanwhile, and decides again what hangs on that.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from topics.annotations import Annotation
from workers.errors import TransientError
from workers.redis_client import Redis
from workers.redis_keys import Keys, StoryKeys
from workers.watch.durations import DAY, HOUR, SECOND
from workers.watch.scripts import Call, Script, run
from workers.watch.story_cache import UNKNOWN, Desk, Recent, StoryCache
from workers.watch.story_cells import Cell, Place, cell_of, wire_of
from workers.watch.story_index import KEPT_ERAS, Assigned, Assignment, Sought, assignment, newest_era

_READ = Script.load("story_read.lua")
_COMMIT = Script.load("story_commit.lua")

SECONDS_TO_LIVE = 13 * DAY // (2 * SECOND)
"""Of wall-clock time, for a span's share: at least six days after the last write."""

_REFRESHED_SECONDS = 12 * HOUR // SECOND
"""A worker that has set how long a share lives does not set it again for so long."""

_REFRESHED_MOST = 50_000
_NEVER = float("-inf")

_MOST_CELLS = 1000
"""Read in one call."""

_LOG_ENTRIES = 64
"""Batches of which it is told what they changed. Who has missed more forgets all that it knew."""

_FRUITLESS_ATTEMPTS = 20
"""Times that other workers stored a batch first, before this one is given back to be tried later."""

_FIRST_PAUSE_SECONDS = 0.001
_LONGEST_PAUSE_SECONDS = 0.5
"""At most, doubled from try to try: whoever needs longest for a try would otherwise always come too late.

Long enough for sixteen workers' tries side by side: any that is stored in between makes a try worthless.
"""

_UNLINKED = 1000
"""Keys dropped in one round trip."""

_ANY = "*"
_ALL = "null"
_BEYOND = 2
"""Spans beyond the newest dated article in which undated ones may lie, where no version says how far cells go."""


def cells_call(keys: StoryKeys, places: Sequence[Place], known: str = "") -> Call:
    """The call that reads cells, for a caller that knows the version `known`; see `read_cells`."""
    return Call(
        _READ,
        [keys.version, keys.log, *(keys.cells(*place) for place in places)],
        [known, *(field for _, _, field in places)],
    )


def read_cells(places: Sequence[Place], answer: Sequence[Any]) -> dict[Place, Cell | None]:
    """What stands at `places`, from the answer to `cells_call`."""
    found: dict[Place, Cell | None] = dict.fromkeys(places)
    for at, wire in zip(answer[2::2], answer[3::2], strict=True):
        place = places[int(at)]
        found[place] = cell_of(place, wire)
    return found


_Written = tuple[str, str, Cell]
"""Key of the hash, field, value."""


class _Decided:
    """What is to become of one article of a batch, and all that this hangs on."""

    def __init__(self, made: Assignment, asked: Sequence[Place]) -> None:
        self.made = made
        self.asked = asked

    def stands(self, changed: frozenset[Place]) -> bool:
        """Whether it hangs on nothing that has changed."""
        return changed.isdisjoint(self.asked)


class Stories:
    """Assigns stories."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys.stories
        self._cache = StoryCache()
        self._refreshed: Recent[str, float] = Recent(_REFRESHED_MOST)
        self._newest: int | None = None

    async def assign(self, annotations: Sequence[Annotation]) -> list[Assigned]:
        """Story and text of each article, in order. Two round trips: one to read what is not remembered, one to store.

        Raises TransientError if other workers keep adding to the same stories.
        """
        articles = [Sought(annotation) for annotation in annotations]
        decided: list[_Decided] = []
        self._cache.unpin()
        for attempt in range(_FRUITLESS_ATTEMPTS):
            decided = await self._decide(articles, decided)
            if await self._stored(decided):
                await self._forget(annotations)
                return [one.made.assigned for one in decided]
            longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt)
            await asyncio.sleep(longest * random.random())  # noqa: S311 - who goes first is left to chance
            decided = _standing(decided, await self._read(()))
        raise TransientError(f"{_FRUITLESS_ATTEMPTS} times other workers wrote to the stories first")

    async def _decide(self, articles: Sequence[Sought], decided: list[_Decided]) -> list[_Decided]:
        """For each article; of the first ones it may be known."""
        asked = [place for article in articles[len(decided) :] for place in article.asked]
        decided = _standing(decided, await self._look_up(asked))
        while True:
            desk = Desk(self._cache)
            for one in decided:
                desk.write(one.made.writes)
            unknown: list[Place] = []
            for article in articles[len(decided) :]:
                desk.begin()
                made = assignment(article, desk.look)
                unknown += desk.unknown
                # From the first on that was found by halves, the others only say what they will want to know.
                if not unknown:
                    decided.append(_Decided(made, desk.asked))
                    desk.write(made.writes)
            if not unknown:
                return decided
            decided = _standing(decided, await self._look_up(unknown))

    async def _look_up(self, places: Iterable[Place]) -> frozenset[Place] | None:
        """Have the cells of `places` known; see `_read`."""
        changed: frozenset[Place] | None = frozenset()
        wanted = [place for place in dict.fromkeys(places) if self._cache.get(place) is UNKNOWN]
        for at in range(0, len(wanted), _MOST_CELLS):
            found = await self._read(wanted[at : at + _MOST_CELLS])
            changed = None if changed is None or found is None else changed | found
        return changed

    async def _read(self, places: Sequence[Place]) -> frozenset[Place] | None:
        """Read cells, and forget what others have changed since; that, or None if it may be anything."""
        (answer,) = await run(self._client, [cells_call(self._keys, places, self._cache.version)])
        changed = self._caught_up(answer[0], answer[1])
        self._cache.pin(read_cells(places, answer))
        return changed

    def _caught_up(self, version: str, since: str) -> frozenset[Place] | None:
        if not since:
            return frozenset()
        entries = None if since == _ANY else [places for _, places in json.loads(since)]
        self._cache.stands_at(version)
        if entries is None or None in entries:
            self._cache.clear()
            self._refreshed.clear()
            return None
        changed = frozenset((kind, era, field) for places in entries for kind, era, field in places)
        self._cache.drop(changed)
        return changed

    async def _stored(self, decided: Sequence[_Decided]) -> bool:
        """Whether nobody was faster."""
        writes: dict[Place, Cell] = {}
        for one in decided:
            writes |= one.made.writes
        if not writes:
            return True
        version = await self._commit(self._cache.version, writes)
        if version:
            self._cache.stands_at(version)
            self._cache.keep(writes)
        return bool(version)

    async def _commit(self, known: str, writes: Mapping[Place, Cell], changed: str | None = None) -> str:
        """Store `writes` if Redis still stands at `known`: the version that it then stands at, or ''."""
        newest = max((era for _, era, _ in writes), default=0)
        if not self._cache.version:  # nor does a `known` of _ANY say how far cells go
            eras = map(int, await self._client.smembers(self._keys.eras))
            newest = max((newest, *eras)) + _BEYOND
        now = time.monotonic()
        longer: list[_Written] = []
        others: list[_Written] = []
        for place, cell in writes.items():
            key = self._keys.cells(*place)
            refreshed = self._refreshed.get(key, _NEVER)
            (others if now - refreshed < _REFRESHED_SECONDS else longer).append((key, place[2], cell))
        told = changed or json.dumps(list(writes), ensure_ascii=False, separators=(",", ":"))
        args: list[str | int] = [known, secrets.token_hex(4), newest, SECONDS_TO_LIVE, _LOG_ENTRIES, told, len(longer)]
        keys = [self._keys.version, self._keys.log]
        for key, field, cell in (*longer, *others):
            keys.append(key)
            args += (field, wire_of(cell))
        (version,) = await run(self._client, [Call(_COMMIT, keys, args)])
        if version:
            self._refreshed.keep((key, now) for key, _, _ in longer)
        return str(version)

    async def _forget(self, annotations: Sequence[Annotation]) -> None:
        """Drop the spans that are too old, when a new one begins."""
        newest = newest_era(annotations)
        if newest is None or (self._newest is not None and newest <= self._newest):
            return
        await self._client.sadd(self._keys.eras, str(newest))
        await self._client.expire(self._keys.eras, SECONDS_TO_LIVE)
        known = {int(era): str(era) for era in await self._client.smembers(self._keys.eras)}
        old = sorted(era for era in known if era <= max(known) - KEPT_ERAS)
        for era in old:
            keys = self._keys.share_names(era)
            for at in range(0, len(keys), _UNLINKED):
                await self._client.unlink(*keys[at : at + _UNLINKED])
            await self._client.srem(self._keys.eras, known[era])
        if old:
            # Nobody, this worker included, may go on believing that it knows what was there.
            await self._commit(_ANY, {}, changed=_ALL)
        self._newest = newest  # not before: what is cut off in the middle is done again with the next batch


def _standing(decided: list[_Decided], changed: frozenset[Place] | None) -> list[_Decided]:
    """Those before the first that hangs on something that has `changed`: the ones after it may hang on that one."""
    if changed is None:
        return []
    first = next((n for n, one in enumerate(decided) if not one.stands(changed)), len(decided))
    return decided[:first]
