"""Which entries of a feed were produced already, and in which revision. Pure, bounded, kept as text.

It only saves work: an entry that is forgotten is produced again with the id and the revision that it had, and counts
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from topics.articles import Article
from topics.base import digest

KEPT = 1000
"""Entries remembered beyond those that a document holds now: some come back after they had left."""

_DIGITS = 12
"""Of an id: two of 100,000 entries of one feed are alike once in 50,000 feeds. Of a revision half: it compares two."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Short ids and the revision of each, in order of when they were last in a document."""

    entries: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Seen:
        """From what `dump` wrote; what cannot be read counts as not seen."""
        pairs = (line.partition(":") for line in (text or "").split("\n"))
        return cls({name: revision for name, _, revision in pairs if name and revision})

    def dump(self) -> str:
        """As text: 20 bytes an entry."""
        return "\n".join(f"{name}:{revision}" for name, revision in self.entries.items())

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
        return Seen(kept | document)


NOTHING = Seen()
"""Of a feed that was never read."""


def _name(article: Article) -> str:
    return digest("seen", article.id, length=_DIGITS)


def _revision(article: Article) -> str:
    return digest("seen", article.revision, length=_DIGITS // 2 + 1)
