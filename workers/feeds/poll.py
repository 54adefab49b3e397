"""One round over some feeds: fetch and parse each, and say what came of it. Knows no Kafka."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from topics.articles import Article
from workers.feeds.fetch import UNKNOWN, FeedError, Fetcher, Unchanged, Validators, Wanted, without_credentials
from workers.feeds.isolated import parse_within
from workers.feeds.parse import NotAFeed

AT_ONCE = 16
"""Feeds under way at a time: bounds memory to so many documents."""


@dataclass(frozen=True, slots=True)
class Polled:
    """What came of one feed.

    `url` is as given, `name` is for messages (without credentials). `reason` is why it is broken, None if it is not;
    `unchanged` says that nothing is new since the last poll.
    """

    url: str
    articles: tuple[Article, ...] = ()
    problems: tuple[str, ...] = ()
    validators: Validators = UNKNOWN
    unchanged: bool = False
    reason: str | None = None

    @property
    def name(self) -> str:
        """The address without user and password."""
        return without_credentials(self.url)


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


async def poll(
    fetcher: Fetcher,
    urls: Sequence[str],
    known: dict[str, Validators],
    clock: Callable[[], datetime],
) -> AsyncIterator[Polled]:
    """Poll every feed once; results come as they are ready. A broken feed is a result, never an exception."""
    free = asyncio.Semaphore(AT_ONCE)
    # Parsing is work for a core each: more at once would only run out of their time together.
    cores = asyncio.Semaphore(os.cpu_count() or 1)

    async def one(url: str) -> Polled:
        async with free:
            return await _poll_one(fetcher, url, known.get(url, UNKNOWN), clock, cores)

    tasks = [asyncio.create_task(one(url)) for url in dict.fromkeys(urls)]
    try:
        for finished in asyncio.as_completed(tasks):
            yield await finished
    finally:
        for task in tasks:
            task.cancel()


async def _poll_one(
    fetcher: Fetcher,
    url: str,
    known: Validators,
    clock: Callable[[], datetime],
    cores: asyncio.Semaphore,
) -> Polled:
    try:
        # Its address was named by the person who runs this, so it may be a private one.
        document = await fetcher.fetch(Wanted(url, known, allow_private=True))
        if isinstance(document, Unchanged):
            return Polled(url, unchanged=True, validators=document.validators)
        fetched_at = clock()
        async with cores:
            found = await parse_within(
                document.body,
                url=without_credentials(url),
                base=document.url,
                fetched_at=fetched_at,
                content_type=document.content_type,
            )
    except (FeedError, NotAFeed) as error:
        return Polled(url, reason=str(error))
    return Polled(url, articles=found.articles, problems=found.problems, validators=document.validators)
