"""The watch step as the command line and the supervisor start it; the work is in `step.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from time import monotonic

from topics.names import TopicKind
from topics.rejects import Step
from workers.kafka_client import Backlog
from workers.redis_client import connect
from workers.settings import Settings
from workers.watch.event_types import EventTypes
from workers.watch.reloading import PatternFolder
from workers.watch.step import Watch

ASK_SECONDS = 10.0
"""How long Kafka may take for all of one question."""

CLOSE_SECONDS = 1.0
"""How long the end waits for an open question."""


def make_handler(settings: Settings, types: EventTypes) -> Watch:
    """The handler as configured; `types` are those of the ontology. Raises ConfigurationError for a broken pattern."""
    folder = PatternFolder([settings.patterns_path], types)
    return Watch(
        folder.load(),
        types,
        connect(settings),
        settings.namespace,
        upstream=KafkaUpstream(settings),
        clock=settings.clock,
        folder=folder,
    )


class KafkaUpstream:
    """Asks Kafka what still waits. In a thread: the client blocks. One question at a time; connections are kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._backlogs: dict[TopicKind, Backlog] = {}
        self._asking = Lock()

    async def partitions(self) -> frozenset[int]:
        """See `upstream.Upstream`."""
        return await asyncio.to_thread(self._partitions)

    async def drained(self, done: Mapping[int, int]) -> frozenset[int]:
        """See `upstream.Upstream`."""
        return await asyncio.to_thread(self._drained, done)

    def close(self) -> None:
        """See `upstream.Upstream`. A question that is open keeps its connection, which ends with the process."""
        if self._asking.acquire(timeout=CLOSE_SECONDS):
            try:
                self._forget()
            finally:
                self._asking.release()

    def _partitions(self) -> frozenset[int]:
        with self._question() as until:
            return self._backlog("annotations", "watch").partitions(until)

    def _drained(self, done: Mapping[int, int]) -> frozenset[int]:
        with self._question() as until:
            # In this order: an article that was read in between has its annotation on the topic already.
            articles = self._backlog("articles", "annotate")
            if articles.read_to_end(until) != articles.partitions(until):
                return frozenset()
            return self._backlog("annotations", "watch").read_to_end(until, done)

    @contextmanager
    def _question(self) -> Iterator[float]:
        """Gives the moment by which it must be answered. One that fails leaves no connection to the next."""
        until = monotonic() + ASK_SECONDS
        with self._asking:
            try:
                yield until
            except BaseException:
                self._forget()
                raise

    def _backlog(self, kind: TopicKind, step: Step) -> Backlog:
        if kind not in self._backlogs:
            self._backlogs[kind] = Backlog(self._settings, kind, f"{self._settings.namespace}.{step}")
        return self._backlogs[kind]

    def _forget(self) -> None:
        for kind in list(self._backlogs):
            self._backlogs.pop(kind).close()
