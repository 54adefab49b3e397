"""Asks a feed once, and pages for the text of its entries. What goes wrong is a reason in words, not an exception."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from topics.articles import Article
from workers.feeds.access import Access, NoAccess, access_to
from workers.feeds.clock import Clock
from workers.feeds.failures import FeedError
from workers.feeds.fetch import Fetched, Fetcher, Pace, Unchanged, Wanted
from workers.feeds.hints import hints_of
from workers.feeds.isolated import parse_within
from workers.feeds.later import PagePace, Shortfall
from workers.feeds.parse import NotAFeed
from workers.feeds.state import FeedState, Visit
from workers.feeds.subscriptions import Subscription
from workers.logs import get_logger

log = get_logger("feeds")


class FullText(Protocol):
    """Puts the text of its page in an article: `workers.feeds.fulltext`."""

    async def complete(
        self, article: Article, *, headers: Mapping[str, str], pace: PagePace, allow_private: bool
    ) -> tuple[Article, Shortfall | None]:
        """The article with its text; or as it is, and the reason."""


@dataclass(frozen=True)
class Visitor:
    """What visits need. `folder` is where a relative `password_file` lies; `cores` bounds what is parsed at once."""

    fetcher: Fetcher
    full_text: FullText | None
    clock: Clock
    environment: Mapping[str, str]
    folder: Path
    cores: asyncio.Semaphore

    @classmethod
    def make(cls, fetcher: Fetcher, full_text: FullText | None, clock: Clock, folder: Path) -> Visitor:
        """With all cores of this machine and the process's environment."""
        return cls(fetcher, full_text, clock, os.environ, folder, asyncio.Semaphore(os.cpu_count() or 1))

    def access(self, feed: Subscription) -> Access:
        """What is asked for `feed`. Raises NoAccess."""
        return access_to(feed, self.environment, self.folder)

    async def visit(self, feed: Subscription, state: FeedState, pace: Pace) -> Visit:
        """Ask `feed`, which stands as `state` says; `pace` is awaited before each request that follows the first."""
        access = None
        try:
            access = self.access(feed)
            return await self._visit(feed, access, state, _after_the_first(pace))
        except NoAccess as error:
            return Visit(self.clock.now(), failed=str(error))
        except FeedError as error:
            told = error.told
            return Visit(
                self.clock.now(),
                status=None if told is None else told.status,
                failed=access.scrubbed(str(error)) if access else str(error),
                retry_after=None if told is None else told.retry_after,
            )
        except NotAFeed as error:
            return Visit(self.clock.now(), status=200, failed=str(error))
        except Exception as error:  # one feed's oddity must not end the others
            log.exception("feeds.visit_failed", feed=feed.url, error=repr(error))
            return Visit(self.clock.now(), failed=f"an error of Tocsin's own: {type(error).__name__}")

    async def complete(self, feed: Subscription, article: Article, pace: PagePace) -> tuple[Article, Shortfall | None]:
        """`article` with the text of its page if `feed` asks for that; or as it is, and the reason."""
        if not feed.full_text or self.full_text is None:
            return article, None
        try:
            access = self.access(feed)
            page = None if article.url is None else access.unmasked(article.url)
            done, short = await self.full_text.complete(
                article.model_copy(update={"url": page}),
                headers=access.headers,
                pace=pace,
                allow_private=feed.allow_private,
            )
        except NoAccess as error:
            return article, Shortfall(str(error))
        except Exception as error:  # one page's oddity must not keep its entry
            log.exception("feeds.page_failed", feed=feed.url, page=article.url, error=repr(error))
            return article, Shortfall(f"an error of Tocsin's own: {type(error).__name__}")
        done = done.model_copy(update={"url": article.url})
        return done, None if short is None else replace(short, reason=access.scrubbed(short.reason))

    async def _visit(self, feed: Subscription, access: Access, state: FeedState, pace: Pace) -> Visit:
        wanted = Wanted(
            address(access, state),
            state.validators,
            headers=access.headers,
            user_agent=access.user_agent,
            allow_private=feed.allow_private,
        )
        found = await self.fetcher.fetch(wanted, pace)
        moved_to = None if access.private else found.told.moved_to
        if isinstance(found, Unchanged):
            return Visit(
                self.clock.now(),
                status=found.told.status,
                unchanged=True,
                validators=found.validators,
                moved_to=moved_to,
                retry_after=found.told.retry_after,
                cache_control=found.told.cache_control,
            )
        return await self._read(feed, access, found)

    async def _read(self, feed: Subscription, access: Access, found: Fetched) -> Visit:
        async with self.cores:
            parsed = await parse_within(
                found.body,
                url=feed.url,
                base=access.masked(found.url),
                fetched_at=self.clock.now(),
                content_type=found.content_type,
            )
        document = tuple(_subscribed(article, feed, access) for article in parsed.articles)
        return Visit(
            self.clock.now(),
            status=found.told.status,
            whole=not any(problem.startswith("broken XML") for problem in parsed.problems),
            validators=found.validators,
            moved_to=None if access.private else found.told.moved_to,
            retry_after=found.told.retry_after,
            cache_control=found.told.cache_control,
            hints=hints_of(found.body),
            document=document,
            problems=tuple(map(access.scrubbed, parsed.problems)),
        )


def address(access: Access, state: FeedState) -> str:
    """What is asked: where the feed has moved to for good, but never with secrets to another place."""
    return state.moved_to if state.moved_to is not None and not access.private else access.url


def _after_the_first(pace: Pace) -> Pace:
    """The first request's turn was waited for before the visit began."""
    first = True

    async def paced(url: str) -> None:
        nonlocal first
        if first:
            first = False
        else:
            await pace(url)

    return paced


def _subscribed(article: Article, feed: Subscription, access: Access) -> Article:
    """With the names that the subscription gives, and no secret of its address. They are no part of a revision."""
    tags = tuple(dict.fromkeys((*feed.tags, *article.tags)))
    url = None if article.url is None else access.masked(article.url)
    return article.model_copy(update={"url": url, "source": feed.source or article.source, "tags": tags})
