"""Brings polled feeds to Kafka, and tells which of them Kafka has in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from topics.articles import Article
from workers.errors import PermanentError
from workers.feeds.fetch import Validators
from workers.feeds.poll import Polled


class ArticleSink(Protocol):
    """What takes articles: `workers.kafka_client.ArticleProducer`."""

    def send_article(self, article: Article, *, on_confirmed: Callable[[], None] | None = None) -> None:
        """Hand over an article. Raises PermanentError for one that can never be sent."""


class Publisher:
    """Sends the articles of polled feeds. A feed is confirmed when Kafka has confirmed each of its articles."""

    def __init__(self, sink: ArticleSink, on_problem: Callable[[str], None]) -> None:
        self._sink = sink
        self._on_problem = on_problem
        self._waiting: dict[str, int] = {}
        self._validators: dict[str, Validators] = {}

    def publish(self, polled: Polled) -> None:
        """Hand over the articles; raises what the sink raises for want of Kafka."""
        url = polled.url
        # One more than there are articles, so that the feed is not confirmed before the last one is handed over.
        self._waiting[url] = 1

        def confirmed() -> None:
            self._waiting[url] -= 1

        for article in polled.articles:
            self._waiting[url] += 1
            try:
                self._sink.send_article(article, on_confirmed=confirmed)
            except PermanentError as error:
                self._waiting[url] -= 1
                self._on_problem(f"{polled.name}: {error}")
        self._validators[url] = polled.validators
        confirmed()

    def confirmed(self) -> dict[str, Validators]:
        """Validators of the feeds that Kafka has in full, by address: only these may be remembered."""
        return {url: self._validators[url] for url, left in self._waiting.items() if left == 0}
