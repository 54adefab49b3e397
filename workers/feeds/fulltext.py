"""Puts the text of its page in place of an entry's summary, where robots.txt allows it and no wall stands before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Self
from urllib.parse import urlsplit

from topics.articles import Article, revision_of
from workers.feeds.failures import FeedError
from workers.feeds.fetch import PAGE_TYPES, Fetched, Fetcher, Pace, Wanted, origin
from workers.feeds.pages import PageReader
from workers.feeds.robots import Robots, utc_now
from workers.web.page_process import PageError

MAX_PAGE_BYTES = 5 * 1024 * 1024
_HTML = ("text/html", "application/xhtml+xml", "")
_WALLS = ("login", "signin", "sign-in", "subscribe", "subscription", "register", "consent", "paywall", "account")
"""Last parts of a path that a redirect leads to instead of the article."""


class FullText:
    """Completes articles; an async context manager. One for all feeds: it remembers each site's robots.txt."""

    def __init__(
        self, fetcher: Fetcher, *, clock: Callable[[], datetime] = utc_now, pages: PageReader | None = None
    ) -> None:
        self._fetcher = fetcher
        self._robots = Robots(fetcher, clock)
        self._pages = pages or PageReader()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *args: object) -> None:
        await self._pages.__aexit__(*args)

    async def complete(
        self, article: Article, *, headers: Mapping[str, str], pace: Pace, allow_private: bool
    ) -> tuple[Article, str | None]:
        """The article with its page's text; or as it is, marked `summary_only`, and the reason.

        `headers` are the feed's own: they go to its origin only, and `allow_private` is for its host only. `pace` is
        awaited before every request, of robots.txt too; what it raises passes.
        """
        if not article.summary_only:
            return article, None
        if article.url is None:
            return article, "the entry names no page"
        try:
            text = await self._text(article, article.url, headers, pace, allow_private=allow_private)
        except (FeedError, PageError) as error:
            return article, str(error)
        changes = {"text": text, "revision": revision_of(article.title, text), "summary_only": False}
        return article.model_copy(update=changes), None

    async def _text(
        self, article: Article, url: str, headers: Mapping[str, str], pace: Pace, *, allow_private: bool
    ) -> str:
        feed = article.feed or url
        at_home = allow_private and urlsplit(url).hostname == urlsplit(feed).hostname

        async def admitted(address: str) -> None:
            home = at_home and urlsplit(address).hostname == urlsplit(feed).hostname
            if (refused := await self._robots.refusal(address, pace, allow_private=home)) is not None:
                raise FeedError(refused)
            await pace(address)

        found = await self._fetcher.fetch(
            Wanted(
                url,
                headers=headers if origin(url) == origin(feed) else {},
                accept=PAGE_TYPES,
                limit=MAX_PAGE_BYTES,
                allow_private=at_home,
            ),
            admitted,
        )
        if not isinstance(found, Fetched):
            raise FeedError("the page answers that it is unchanged, though it was never asked for")
        self._check(found, url)
        return await self._pages.text_of(
            found.body, url=found.url, content_type=found.content_type, title=article.title, summary=article.text
        )

    def _check(self, found: Fetched, asked: str) -> None:
        kind = (found.content_type or "").partition(";")[0].strip().lower()
        if kind not in _HTML:
            raise FeedError(f"the page is no HTML but {kind[:60]}")
        last = urlsplit(found.url).path.rstrip("/").rpartition("/")[2].lower()
        if found.url != asked and last.startswith(_WALLS):
            raise FeedError("the page is for subscribers: it leads to a login")
        if found.url != asked and urlsplit(found.url).path in ("", "/") and urlsplit(asked).path not in ("", "/"):
            raise FeedError("the page is gone: it leads to the front page")
