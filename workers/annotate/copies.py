"""Copies: a text that was read a while ago is not read again. Wire stories reach us many times in the same words."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from datetime import date

from topics.annotations import Annotation, Timing
from topics.articles import Article, event_time

KEPT = 2_000
"""So many readings are remembered, the least used are forgotten first: some 30 MB."""


class Copies:
    """Readings by what they hang on: title, text, language and the day from which dates are counted."""

    def __init__(self, capacity: int = KEPT) -> None:
        self.capacity = capacity
        self.hits = 0
        self._known: OrderedDict[bytes, Annotation] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def key(self, article: Article) -> bytes:
        """The same for two articles that are read alike."""
        moment, _ = event_time(article.published_at, article.fetched_at)
        return _key(article.title, article.text, article.lang, moment.date())

    def find(self, key: bytes, article: Article) -> Annotation | None:
        """What was read in a copy of `article`, as the annotation of `article`."""
        known = self._known.get(key)
        if known is None:
            return None
        self._known.move_to_end(key)
        self.hits += 1
        return annotation_of(article, known)

    def keep(self, key: bytes, annotation: Annotation) -> None:
        """Remember a reading."""
        if not self.capacity:
            return
        self._known[key] = annotation
        if len(self._known) > self.capacity:
            self._known.popitem(last=False)


def annotation_of(article: Article, known: Annotation) -> Annotation:
    """The reading `known` as that of `article`: all that is said of the article itself is its own."""
    moment, source = event_time(article.published_at, article.fetched_at)
    own = {
        "article_id": article.id,
        "revision": article.revision,
        "published_at": article.published_at,
        "fetched_at": article.fetched_at,
        "event_time": moment,
        "event_time_source": source,
        "source": article.source,
        "feed": article.feed,
        "url": article.url,
        "tags": article.tags,
        "timing": Timing(),
    }
    return known.model_copy(update=own)


def _key(title: str, text: str, lang: str | None, day: date) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    for part in (title, text, lang or "", day.isoformat()):
        data = part.encode("utf-8", "surrogatepass")
        found.update(len(data).to_bytes(8, "little"))
        found.update(data)
    return found.digest()
