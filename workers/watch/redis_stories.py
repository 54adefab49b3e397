"""Stories in Redis: an article keeps the story it was first given, and is found again by the bands of its fingerprint.

Deciding is in `stories`. Two workers that read two copies at once cannot both found a story: who comes second sees that
the bands have moved, and decides again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from topics.annotations import Annotation
from workers.errors import TransientError
from workers.redis_client import Redis
from workers.redis_keys import Keys
from workers.watch.durations import DAY, SECOND, Micros, to_micros
from workers.watch.scripts import Call, Script, run
from workers.watch.stories import MAX_BAND, Told, bands, eras, story_of

_COMMIT = Script.load("story_commit.lua")
_SECONDS_TO_LIVE = 6 * DAY // SECOND
_FRUITLESS_ATTEMPTS = 20
"""Rounds in which not one of a batch's articles could be stored. Alone, a worker stores at least one in each."""


@dataclass(frozen=True, slots=True)
class _Open:
    """An article without a story yet, and the keys of its bands: those of its own era first."""

    article_id: str
    time: Micros
    minhash: str
    own: tuple[str, ...]
    near: tuple[str, ...]

    @property
    def bands(self) -> tuple[str, ...]:
        return (*self.own, *self.near)


class Stories:
    """Assigns stories."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys.stories

    async def assign(self, annotations: Sequence[Annotation]) -> list[str]:
        """The story of each article, in order. Two round trips if all are known, four if not.

        Raises TransientError if other workers keep adding copies.
        """
        found = await self._known([annotation.article_id for annotation in annotations])
        waiting = {a.article_id: self._open(a) for a in annotations if a.article_id not in found}
        attempts_left = _FRUITLESS_ATTEMPTS
        while waiting:
            stories = await self._attempt(list(waiting.values()))
            found |= stories
            waiting = {article: item for article, item in waiting.items() if article not in stories}
            attempts_left -= not stories
            if not attempts_left:
                raise TransientError(
                    f"{_FRUITLESS_ATTEMPTS} times other workers found stories for copies of the same articles first"
                )
        return [found[annotation.article_id] for annotation in annotations]

    def _open(self, annotation: Annotation) -> _Open:
        time = to_micros(annotation.event_time)
        minhash = annotation.fingerprint.minhash
        digests = bands(minhash)
        own, *near = ([self._keys.band(era, n, d) for n, d in enumerate(digests)] for era in eras(time))
        return _Open(annotation.article_id, time, minhash, tuple(own), tuple(key for keys in near for key in keys))

    async def _known(self, articles: Sequence[str]) -> dict[str, str]:
        return {told.article_id: told.story for told in await self._told(list(dict.fromkeys(articles)))}

    async def _told(self, articles: Sequence[str]) -> list[Told]:
        texts = await self._client.mget([self._keys.article(article) for article in articles]) if articles else []
        return [_told(article, str(text)) for article, text in zip(articles, texts, strict=True) if text]

    async def _attempt(self, items: Sequence[_Open]) -> dict[str, str]:
        """One round of read, decide and commit; the stories that were stored."""
        pipe = self._client.pipeline(transaction=False)
        banded = [item for item in items if item.bands]
        for item in banded:
            pipe.sunion(list(item.bands))
        answers: list[set[str]] = await pipe.execute() if banded else []
        members = {item.article_id: set(answer) for item, answer in zip(banded, answers, strict=True)}
        told = {t.article_id: t for t in await self._told(sorted(set().union(*members.values())))}
        readers: dict[str, list[str]] = {}
        for item in banded:
            for band in item.bands:
                readers.setdefault(band, []).append(item.article_id)
        calls = [self._decided(item, members, told, readers) for item in items]
        outcome = await run(self._client, calls)
        return {
            item.article_id: told[item.article_id].story if answer == "ok" else _told(item.article_id, answer).story
            for item, answer in zip(items, outcome, strict=True)
            if answer != "moved"
        }

    def _decided(
        self, item: _Open, members: dict[str, set[str]], told: dict[str, Told], readers: Mapping[str, Sequence[str]]
    ) -> Call:
        """Decides on `item`, and lets those who read its bands see it as if it were stored."""
        seen = members.get(item.article_id, set()) - {item.article_id}
        candidates = [told[article] for article in sorted(seen) if article in told]
        story = story_of(item.article_id, item.time, item.minhash, candidates)
        told[item.article_id] = Told(item.article_id, item.time, item.minhash, story)
        for band in item.own:
            for reader in readers[band]:
                members[reader].add(item.article_id)
        value = json.dumps([item.time, item.minhash, story], separators=(",", ":"))
        return Call(
            _COMMIT,
            (self._keys.article(item.article_id), *item.bands),
            (item.article_id, value, len(item.own), _SECONDS_TO_LIVE, MAX_BAND, *sorted(seen)),
        )


def _told(article: str, text: str) -> Told:
    time, minhash, story = json.loads(text)
    return Told(article, time, minhash, story)
