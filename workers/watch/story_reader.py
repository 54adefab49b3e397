"""Reads what is remembered of one story: what it is about, and who told it when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workers.redis_client import Redis
from workers.redis_keys import Keys
from workers.watch.count_log import mark_at
from workers.watch.count_reader import CountReader, Span
from workers.watch.durations import DAY, MINUTE, Micros
from workers.watch.independence import pairing
from workers.watch.redis_stories import cells_call, read_cells
from workers.watch.scripts import run
from workers.watch.stories import ERA_LETTERS, Story, era_of, era_of_mark, story_id
from workers.watch.story_cells import MARK, Cell, Place, Remembered

_LOOKED_BACK: Micros = 9 * DAY


@dataclass(frozen=True, slots=True)
class StoryArticle:
    """One article of a story, to the minute. `text`: the same for copies; `article_id` is None once it is forgotten."""

    article_id: str | None
    time: Micros
    outlet: str | None
    text: int


@dataclass(frozen=True, slots=True)
class WholeStory:
    """A story and its articles in order of time; `story` is None if only its articles are known any more."""

    id: str
    story: Story | None
    articles: tuple[StoryArticle, ...]

    @property
    def outlets(self) -> list[str]:
        """Names of those that tell it."""
        return sorted({article.outlet for article in self.articles if article.outlet})

    @property
    def independent(self) -> list[str]:
        """Outlets of which each tells it in words of its own."""
        texts: dict[str, list[int]] = {}
        for article in self.articles:
            texts.setdefault(article.outlet or "", []).append(article.text)
        return sorted(filter(None, pairing(texts, enough=len(texts)).values()))


class StoryReader:
    """Looks stories up."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._counts = CountReader(client, keys)

    async def known(self, ids: Sequence[str]) -> Mapping[str, Story]:
        """Those of the stories `ids` that are remembered."""
        newest = await self._newest_era()
        marks = [id_[1:] for id_ in ids if is_story_id(id_)]
        cells = await self._cells([("s", era_of_mark(mark, newest), mark) for mark in marks])
        return {story_id(story.mark): story for story in cells if isinstance(story, Story)}

    async def whole(self, id_: str) -> WholeStory | None:
        """The story and its articles; None if nothing is known of it."""
        story = (await self.known([id_])).get(id_)
        newest = await self._counts.newest()
        if story is not None:
            span = Span(story.first // MINUTE, story.last // MINUTE)
        elif newest is not None:
            span = Span((newest - _LOOKED_BACK) // MINUTE, newest // MINUTE)
        else:
            return None
        told = [(record, outlet) async for record, outlet in self._counts.of_story(id_, span)]
        if story is None and not told:
            return None
        places: list[Place] = [("a", era_of(r.minute * MINUTE), mark_at(r.article, r.minute)) for r, _ in told]
        cells = await self._cells(places)
        named = [cell.article_id if isinstance(cell, Remembered) else None for cell in cells]
        articles = [
            StoryArticle(name, record.minute * MINUTE, outlet, record.text)
            for name, (record, outlet) in zip(named, told, strict=True)
        ]
        return WholeStory(id_, story, tuple(sorted(articles, key=lambda a: (a.time, a.article_id or ""))))

    async def _newest_era(self) -> int:
        eras = await self._client.smembers(self._keys.stories.eras)
        return max(map(int, eras), default=0)

    async def _cells(self, places: Sequence[Place]) -> list[Cell | None]:
        if not places:
            return []
        (answer,) = await run(self._client, [cells_call(self._keys.stories, places)])
        found = read_cells(places, answer)
        return [found[place] for place in places]


def is_story_id(text: str) -> bool:
    """Whether `text` is written like the id of a story."""
    return len(text) == MARK + 1 and text[0] == "s" and set(text[1:]) <= set(ERA_LETTERS)
