"""Brings articles to Kafka and counts what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from topics.articles import Article
from workers.archives.readers import Malformed
from workers.errors import PermanentError


class ArticleSink(Protocol):
    """What takes articles: `workers.kafka_client.ArticleProducer`, or a test's list."""

    def send_article(self, article: Article) -> None:
        """Hand over an article. Raises PermanentError for one that can never be sent."""


@dataclass(slots=True)
class Tally:
    """Counts of records: `read` is `malformed` plus those handed over."""

    read: int = 0
    malformed: int = 0


def produce_all(
    found: Iterable[Article | Malformed], sink: ArticleSink, tally: Tally, on_problem: Callable[[str], None]
) -> None:
    """Send every article; tell `on_problem` of what is none, or cannot be sent, and go on.

    `tally` is kept up to date, so that it holds even when this is interrupted. Raises what the sink raises for want
    of Kafka.
    """
    for each in found:
        tally.read += 1
        if isinstance(each, Malformed):
            tally.malformed += 1
            on_problem(str(each))
            continue
        try:
            sink.send_article(each)
        except PermanentError as error:
            tally.malformed += 1
            on_problem(str(error))
