"""Pages that could not be had, and when they are asked for again: their articles are summaries until then. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from topics.articles import Article
from topics.base import UtcDatetime

AGAIN = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=8))
"""After each failure; after the last one the article stays a summary."""

KEPT = 30
"""Of a feed; the newest."""

MAX_SUMMARY_CHARS = 4000
"""What is longer says enough: it is kept with the feed's state, for comparison with the page."""


NO_WAIT = timedelta(0)


class PagePace(Protocol):
    """As `fetch.Pace`, for pages: `least` is the pause that robots.txt asks for.

    Raises NotYet if the turn is long in coming.
    """

    async def __call__(self, url: str, least: timedelta = NO_WAIT) -> None:
        """Wait for its turn."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why an article is its summary only. `passes`: it may be otherwise after `wait`; `asked`: the page was asked for.

    What was not asked for had to wait for its turn, and that is no failure.
    """

    reason: str
    passes: bool = False
    wait: timedelta = NO_WAIT
    asked: bool = True


class Later(BaseModel):
    """An article whose page is asked for again at `at`, after `tries` failures."""

    model_config = ConfigDict(frozen=True)

    article: Article
    tries: int
    at: UtcDatetime


def put_off(article: Article, tries: int, why: Shortfall, now: datetime) -> Later | None:
    """When to ask for the page of `article` again, after `tries` failures before this one; None: no more."""
    if not why.passes or len(article.text) > MAX_SUMMARY_CHARS:
        return None
    if not why.asked:
        return Later(article=article, tries=tries, at=now + why.wait)
    if tries >= len(AGAIN):
        return None
    return Later(article=article, tries=tries + 1, at=now + max(AGAIN[tries], why.wait))


def kept(before: Sequence[Later], fresh: Sequence[Article], new: Sequence[Later]) -> tuple[Later, ...]:
    """What is still to be asked for: an entry that was edited is asked for by its edit only."""
    edited = {article.id for article in fresh}
    return (*(each for each in before if each.article.id not in edited), *new)[-KEPT:]


def first_due(waiting: Sequence[Later]) -> Later | None:
    """The one that is due first."""
    return min(waiting, key=lambda each: (each.at, each.article.id), default=None)
