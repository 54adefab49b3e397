"""The watch step as the command line and the supervisor start it; the work is in `step.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
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
    """Asks Kafka what still waits. In a thread: the client blocks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def partitions(self) -> frozenset[int]:
        """See `upstream.Upstream`."""
        return await asyncio.to_thread(self._partitions)

    async def drained(self, done: Mapping[int, int]) -> frozenset[int]:
        """See `upstream.Upstream`."""
        return await asyncio.to_thread(self._drained, done)

    def _partitions(self) -> frozenset[int]:
        with self._backlog("annotations", "watch", monotonic() + ASK_SECONDS) as annotations:
            return annotations.partitions()

    def _drained(self, done: Mapping[int, int]) -> frozenset[int]:
        until = monotonic() + ASK_SECONDS
        # In this order: an article that was read in between has its annotation on the topic already.
        with self._backlog("articles", "annotate", until) as articles:
            if articles.read_to_end() != articles.partitions():
                return frozenset()
        with self._backlog("annotations", "watch", until) as annotations:
            return annotations.read_to_end(done)

    def _backlog(self, kind: TopicKind, step: Step, until: float) -> Backlog:
        return Backlog(self._settings, kind, f"{self._settings.namespace}.{step}", until=until)
