"""The annotate step: articles in, one annotation per article revision out. The reading itself is in `reader.py`."""

from __future__ import annotations

from collections.abc import Sequence

from topics.names import TopicKind
from topics.rejects import Step
from workers import metrics
from workers.annotate.reader_link import ReaderDiedError, ReaderLink
from workers.annotate.reader_messages import Answer, Setup, Told
from workers.errors import TransientError
from workers.logs import bind_article, get_logger, is_debugging
from workers.settings import Settings
from workers.steps import Encoded, Incoming, Outcome, Outgoing, Publish, Refused

log = get_logger("annotate")

DEATHS = 2
"""So many readers in a row must die of a record that each had alone, before it is the record's fault."""

MODELS_SECONDS = 10.0
"""CPU seconds that the models may take for a batch, which its length bounds. An ordinary one takes a third of one."""


class Annotate:
    """The handler. It moves bytes; the reader has a process, and so a core, of its own."""

    step: Step = "annotate"
    input: TopicKind = "articles"
    works_ahead = True

    def __init__(self, reader: ReaderLink) -> None:
        self._reader = reader

    async def start(self, publish: Publish) -> None:
        """Wait for the reader."""
        await self._reader.start()

    async def handle(self, batch: Sequence[Incoming]) -> Sequence[Outcome]:
        """One annotation for each article; what is no article is refused, and so is what cannot be read in time.

        Raises ReaderDiedError if the reader dies of several: the caller finds out of which one. Raises TransientError
        if somebody kills it each time: that is no record's fault.
        """
        try:
            answer, annotations = await self._read([record.value for record in batch])
        except ReaderDiedError as error:
            if len(batch) == 1 and error.too_slow:
                return [Refused("too-slow", error.message)]
            raise
        metrics.COPIES.inc(answer.copies)
        metrics.REPEATED_SENTENCES.inc(answer.repeated_sentences)
        for lang, number in answer.langs.items():
            metrics.ARTICLES_READ.labels(lang).inc(number)
        for type_, status, number in answer.events:
            metrics.EVENTS.labels(type_, status).inc(number)
        if is_debugging():
            _tell(batch, answer.told)
        return [_outcome(*one) for one in zip(batch, answer.told, annotations, strict=True)]

    async def _read(self, values: Sequence[bytes | None]) -> tuple[Answer, list[bytes]]:
        for death in range(1, DEATHS + 1):
            try:
                return await self._reader.read(values)
            except ReaderDiedError as error:
                if len(values) > 1 or error.too_slow:
                    raise
                if death == DEATHS:
                    raise (TransientError(error.message) if error.killed else error) from error
        raise AssertionError("the last death is raised")

    async def confirmed(self, batch: Sequence[Incoming]) -> None:
        """Nothing is kept."""

    async def applied(self, partition: int) -> int | None:
        """No state of its own."""
        del partition
        return None

    async def stop(self) -> None:
        """End the reader."""
        await self._reader.stop()


def _outcome(record: Incoming, told: Told, annotation: bytes) -> Outcome:
    if told.error is not None:
        return Refused(told.error, told.reason)
    return [Outgoing("annotations", told.article_id, Encoded(annotation, told.schema_version), record.trace_id)]


def _tell(batch: Sequence[Incoming], told: Sequence[Told]) -> None:
    for record, one in zip(batch, told, strict=True):
        if one.error is None:
            with bind_article(one.article_id, record.trace_id):
                log.debug("article.read", source=one.source, entities=one.entities, events=one.events)


def cpu_limit(settings: Settings) -> float:
    """CPU seconds for a batch: over before the watchdog, who would end the step and learn nothing of the record."""
    return min(MODELS_SECONDS + 2 * settings.read_seconds, settings.watchdog_seconds / 2)


def make_handler(settings: Settings) -> Annotate:
    """The handler as configured; its reader loads its model from now on."""
    setup = Setup(
        model=settings.model,
        ontology=settings.ontology,
        batch_size=settings.batch_size,
        seconds=settings.read_seconds,
        cpu_limit=cpu_limit(settings),
        log_level=settings.log_level,
        log_format=settings.log_format,
    )
    return Annotate(ReaderLink(setup))
