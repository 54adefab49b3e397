"""The annotate step: articles in, one annotation per article revision out. The reading itself is in `reader.py`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from topics.annotations import Annotation
from topics.articles import Article
from topics.codec import DecodeError, decode
from topics.names import TopicKind
from topics.rejects import Step
from workers import metrics
from workers.annotate.reader import Reader, Unread
from workers.logs import bind_article, get_logger, is_debugging
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
        told: list[Annotation] = []
        for (index, article), annotation in zip(articles, read, strict=True):
            if isinstance(annotation, Unread):
                outcomes[index] = Refused(annotation.error, annotation.reason)
                continue
            told.append(annotation)
            outcomes[index] = [Outgoing("annotations", article.id, annotation, batch[index].trace_id)]
            if is_debugging():
                _tell(annotation, batch[index].trace_id)
        _count(told)
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


def _count(annotations: Sequence[Annotation]) -> None:
    for lang, number in Counter(annotation.lang or "unknown" for annotation in annotations).items():
        metrics.ARTICLES_READ.labels(lang).inc(number)
    events = Counter((event.type, event.status) for annotation in annotations for event in annotation.events)
    for (type_, status), number in events.items():
        metrics.EVENTS.labels(type_, status).inc(number)


def _tell(annotation: Annotation, trace_id: str | None) -> None:
    with bind_article(annotation.article_id, trace_id):
        log.debug(
            "article.read", source=annotation.source, entities=len(annotation.entities), events=len(annotation.events)
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
