"""Puts the text of its page in place of an entry's summary, where robots.txt allows it and no wall stands before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import urlsplit

from topics.articles import Article, revision_of
from workers.feeds.failures import FeedError, NotYet
from workers.feeds.fetch import PAGE_TYPES, Fetched, Fetcher, Wanted, origin
from workers.feeds.hints import retry_at
from workers.feeds.later import PagePace, Shortfall
from workers.feeds.pages import PageReader
from workers.feeds.robots import Robots, utc_now
from workers.web.page_process import PageError

MAX_PAGE_BYTES = 5 * 1024 * 1024
_HTML = ("text/html", "application/xhtml+xml", "")
_WALLS = ("login", "signin", "sign-in", "subscribe", "subscription", "register", "consent", "paywall", "account")
"""Last parts of a path that a redirect leads to instead of the article."""

_PASSING = frozenset({408, 425, 429})
_SERVERS_FAULT = 500


class _Refused(FeedError):
    """The page would be the same, or forbidden, at the next try."""


class FullText:
    """Completes articles; an async context manager. One for all feeds: it remembers each site's robots.txt."""

    def __init__(
        self, fetcher: Fetcher, *, clock: Callable[[], datetime] = utc_now, pages: PageReader | None = None
    ) -> None:
        self._fetcher = fetcher
        self._robots = Robots(fetcher, clock)
        self._clock = clock
        self._pages = pages or PageReader()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *args: object) -> None:
        await self._pages.__aexit__(*args)

    async def complete(
        self, article: Article, *, headers: Mapping[str, str], pace: PagePace, allow_private: bool
    ) -> tuple[Article, Shortfall | None]:
        """The article with its page's text; or as it is, marked `summary_only`, and the reason.

        `headers` are the feed's own: they go to its origin only, and `allow_private` is for its host only. `pace` is
        awaited before every request, of robots.txt too; what it raises passes.
        """
        if not article.summary_only:
            return article, None
        if article.url is None:
            return article, Shortfall("the entry names no page")
        try:
            text = await self._text(article, article.url, headers, pace, allow_private=allow_private)
        except NotYet as error:
            return article, Shortfall(str(error), passes=True, wait=error.wait, asked=False)
        except FeedError as error:
            return article, self._shortfall(error)
        except PageError as error:
            return article, Shortfall(str(error))
        changes = {"text": text, "revision": revision_of(article.title, text), "summary_only": False}
        return article.model_copy(update=changes), None

    def _shortfall(self, error: FeedError) -> Shortfall:
        """What nobody answered, and what a server says of its own state, passes; what it says of the page does not."""
        told = error.told
        passes = not isinstance(error, _Refused) and (
            told is None or told.status in _PASSING or told.status >= _SERVERS_FAULT
        )
        now = self._clock()
        at = None if told is None else retry_at(told.retry_after, now)
        return Shortfall(str(error), passes=passes, wait=max(timedelta(0), at - now) if at else timedelta(0))

    async def _text(
        self, article: Article, url: str, headers: Mapping[str, str], pace: PagePace, *, allow_private: bool
    ) -> str:
        feed = article.feed or url
        at_home = allow_private and urlsplit(url).hostname == urlsplit(feed).hostname

        async def admitted(address: str) -> None:
            home = at_home and urlsplit(address).hostname == urlsplit(feed).hostname
            if (refused := await self._robots.refusal(address, pace, allow_private=home)) is not None:
                raise FeedError(refused) if self._robots.unknown(address) else _Refused(refused)
            await pace(address, self._robots.pause(address))

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
            raise _Refused("the page answers that it is unchanged, though it was never asked for")
        self._check(found, url)
        return await self._pages.text_of(
            found.body, url=found.url, content_type=found.content_type, title=article.title, summary=article.text
        )

    def _check(self, found: Fetched, asked: str) -> None:
        kind = (found.content_type or "").partition(";")[0].strip().lower()
        if kind not in _HTML:
            raise _Refused(f"the page is no HTML but {kind[:60]}")
        last = urlsplit(found.url).path.rstrip("/").rpartition("/")[2].lower()
        if found.url != asked and last.startswith(_WALLS):
            raise _Refused("the page is for subscribers: it leads to a login")
        if found.url != asked and urlsplit(found.url).path in ("", "/") and urlsplit(asked).path not in ("", "/"):
            raise _Refused("the page is gone: it leads to the front page")
