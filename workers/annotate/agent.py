"""The annotate step: articles in, one annotation per article revision out. The reading itself is in `reader.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from topics.annotations import Annotation
from topics.articles import Article
from topics.codec import DecodeError, decode
from topics.names import TopicKind
from topics.rejects import Step
from workers import metrics
from workers.annotate.reader import Reader, Unread
from workers.logs import bind_article, get_logger
from workers.settings import Settings
from workers.steps import Incoming, Outcome, Outgoing, Publish, Refused

log = get_logger("annotate")


class Annotate:
    """The handler. The reader runs in a thread of its own, so that heartbeats go on while it works."""

    step: Step = "annotate"
    input: TopicKind = "articles"
    works_ahead = True

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")

    async def start(self, publish: Publish) -> None:
        """Nothing to open."""

    async def handle(self, batch: Sequence[Incoming]) -> Sequence[Outcome]:
        """One annotation for each article; what is no article is refused."""
        outcomes: list[Outcome] = [()] * len(batch)
        articles: list[tuple[int, Article]] = []
        for index, record in enumerate(batch):
            try:
                articles.append((index, decode(Article, record.value)))
            except DecodeError as error:
                outcomes[index] = Refused(error.error, error.reason)
        loop = asyncio.get_running_loop()
        before = self._reader.copies.hits
        read = await loop.run_in_executor(self._thread, self._reader.read_each, [article for _, article in articles])
        metrics.COPIES.inc(self._reader.copies.hits - before)
        for (index, article), annotation in zip(articles, read, strict=True):
            if isinstance(annotation, Unread):
                outcomes[index] = Refused(annotation.error, annotation.reason)
                continue
            _count(article, annotation, batch[index].trace_id)
            outcomes[index] = [Outgoing("annotations", article.id, annotation, batch[index].trace_id)]
        return outcomes

    async def confirmed(self, batch: Sequence[Incoming]) -> None:
        """Nothing is kept."""

    async def applied(self, partition: int) -> int | None:
        """No state of its own."""
        del partition
        return None

    async def stop(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _count(article: Article, annotation: Annotation, trace_id: str | None) -> None:
    metrics.ARTICLES_READ.labels(annotation.lang or "unknown").inc()
    for event in annotation.events:
        metrics.EVENTS.labels(event.type, event.status).inc()
    with bind_article(article.id, trace_id):
        log.debug(
            "article.read", source=article.source, entities=len(annotation.entities), events=len(annotation.events)
        )


def make_handler(settings: Settings) -> Annotate:
    """The handler as configured. Raises ConfigurationError for a missing model or a bad ontology."""
    reader = Reader.load(
        model=settings.model,
        ontology=settings.ontology,
        batch_size=settings.batch_size,
        seconds=settings.read_seconds,
    )
    return Annotate(reader)
