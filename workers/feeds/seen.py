"""Which entries of a feed were produced already, and in which revision. Pure, bounded, kept as text.

It only saves work: an entry that is forgotten is produced again with the id and the revision that it had, and counts
once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from topics.articles import Article, canonical_url
from topics.base import digest

KEPT = 1000
"""Entries remembered beyond those that a document holds now: some come back after they had left."""

KEPT_PAGES = 200
"""As KEPT, for pages: their guid changes at the next poll if it does at all."""

_DIGITS = 12
"""Of an id: two of 100,000 entries of one feed are alike once in 50,000 feeds. Of a revision half: it compares two."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Short ids and the revision of each, in order of when they were last in a document.

    `pages` are the ids by page, title and day, of entries that have their id from a guid: some publishers make up a new
    one for the same entry at every poll.
    """

    entries: dict[str, str] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Seen:
        """From what `dump` wrote; what cannot be read counts as not seen."""
        pairs = [line.partition(":") for line in (text or "").split("\n")]
        found = {name: value for name, _, value in pairs if name and value}
        pages = {name.removeprefix("@"): value for name, value in found.items() if name.startswith("@")}
        return cls({name: value for name, value in found.items() if not name.startswith("@")}, pages)

    def dump(self) -> str:
        """As text: 20 bytes an entry, and 36 for one with a guid and a page."""
        lines = [f"{name}:{revision}" for name, revision in self.entries.items()]
        return "\n".join([*lines, *(f"@{page}:{identity}" for page, identity in self.pages.items())])

    def recognised(self, articles: Sequence[Article]) -> tuple[Article, ...]:
        """`articles`, of which one with a new guid has the id that its page had under that title and day."""
        standing = {article.id for article in articles}
        pages = [_page(article) for article in articles]
        times = Counter(pages)
        found = []
        for article, page in zip(articles, pages, strict=True):
            before = self.pages.get(page) if page else None
            # Not if the old guid is still there, or if the page is a list of many entries.
            renamed = before is not None and before not in standing and times[page] == 1
            if renamed and _name(article) not in self.entries:
                found.append(article.model_copy(update={"id": before}))
            else:
                found.append(article)
        return tuple(found)

    def unseen(self, articles: Sequence[Article]) -> tuple[Article, ...]:
        """Those that are new or edited, in their order. Of an entry that stands twice in a document, the first."""
        first = {article.id: article for article in reversed(articles)}
        return tuple(
            article
            for article in articles
            if first[article.id] is article and self.entries.get(_name(article)) != _revision(article)
        )

    def with_these(self, articles: Sequence[Article]) -> Seen:
        """After `articles`, a whole document, were produced."""
        document = {_name(article): _revision(article) for article in reversed(articles)}
        older = [name for name in self.entries if name not in document]
        kept = {name: self.entries[name] for name in older[max(0, len(older) - KEPT) :]}
        pages = {page: article.id for article in articles if (page := _page(article))}
        gone = [page for page in self.pages if page not in pages]
        return Seen(kept | document, {page: self.pages[page] for page in gone[-KEPT_PAGES:]} | pages)


NOTHING = Seen()
"""Of a feed that was never read."""


def _name(article: Article) -> str:
    return digest("seen", article.id, length=_DIGITS)


def _page(article: Article) -> str | None:
    """Page, title and day; None for an article without a page, or whose id is that of its page.

    Without the day, what a publisher says each day on one page under one title ("Situation report") would be one entry.
    """
    if article.url is None or not article.id.startswith("g"):
        return None
    day = "" if article.published_at is None else article.published_at.date().isoformat()
    return digest("page", canonical_url(article.url), article.title, day, length=_DIGITS)


def _revision(article: Article) -> str:
    return digest("seen", article.revision, length=_DIGITS // 2 + 1)
