"""Fetches and parses many feeds over HTTP, and says what came of each: articles, or a named reason."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from topics.articles import Article
from workers.addresses import PrivateHosts
from workers.feeds.entries import Entry
from workers.feeds.fetch import FeedError, Fetched, Fetcher, Wanted
from workers.feeds.isolated import parse_within
from workers.feeds.parse import NotAFeed, read_feed

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HERE = PrivateHosts.parse("127.0.0.1")
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a feed: `reason` is why there is none; `crash` is what should never be.

    `entries` are also those that make no article, for want of words; they are read only if asked for.
    """

    name: str
    title: str | None = None
    entries: tuple[Entry, ...] = ()
    articles: tuple[Article, ...] = ()
    problems: tuple[str, ...] = ()
    reason: str | None = None
    crash: str | None = None
    seconds: float = 0.0


async def outcomes(feeds: Iterable[tuple[str, str]], *, with_entries: bool = False) -> list[Outcome]:
    """What comes of each feed (name, address), fetched as the poller does."""
    free = asyncio.Semaphore(AT_ONCE)
    async with Fetcher(private=HERE) as fetcher:

        async def one(name: str, url: str) -> Outcome:
            async with free:
                return await outcome(fetcher, name, url, with_entries=with_entries)

        return await asyncio.gather(*(one(name, url) for name, url in feeds))


async def outcome(fetcher: Fetcher, name: str, url: str, *, with_entries: bool = False) -> Outcome:
    """What comes of one feed."""
    begun = time.monotonic()
    try:
        document = await fetcher.fetch(Wanted(url))
        assert isinstance(document, Fetched)
        found = await parse_within(
            document.body, url=url, base=document.url, content_type=document.content_type, fetched_at=NOW
        )
        entries: tuple[Entry, ...] = ()
        if with_entries:
            entries = read_feed(document.body, base=document.url, now=NOW, content_type=document.content_type).entries
    except (FeedError, NotAFeed) as error:
        return Outcome(name, reason=str(error), seconds=time.monotonic() - begun)
    except Exception as error:  # noqa: BLE001 - that there is none is what is measured
        return Outcome(name, crash=f"{type(error).__name__}: {error}", seconds=time.monotonic() - begun)
    return Outcome(name, found.title, entries, found.articles, found.problems, seconds=time.monotonic() - begun)


def resident_bytes() -> int:
    """Memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def peak_bytes() -> int:
    """The most memory that this process has held since `forget_peak`."""
    said = Path("/proc/self/status").read_text()
    line = next(each for each in said.splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def forget_peak() -> None:
    """Count the peak anew."""
    Path("/proc/self/clear_refs").write_text("5")
