"""The watch step as the command line and the supervisor start it; the work is in `step.py`."""

from __future__ import annotations

import asyncio

from workers.kafka_client import Backlog
from workers.redis_client import connect
from workers.settings import Settings
from workers.watch.event_types import EventTypes
from workers.watch.reloading import PatternFolder
from workers.watch.step import Watch


def make_handler(settings: Settings, types: EventTypes) -> Watch:
    """The handler as configured; `types` are those of the ontology. Raises ConfigurationError for a broken pattern."""
    folder = PatternFolder([settings.patterns_path], types)
    return Watch(
        folder.load(),
        types,
        connect(settings),
        settings.namespace,
        drained=_Upstream(settings).drained,
        clock=settings.clock,
        folder=folder,
    )


class _Upstream:
    """Asks Kafka what still waits. In a thread: the client blocks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def drained(self) -> frozenset[int]:
        """Partitions of `annotations` that were read to their end after all articles had been."""
        return await asyncio.to_thread(self._ask)

    def _ask(self) -> frozenset[int]:
        # In this order: an article that was read in between has its annotation on the topic already.
        with Backlog(self._settings, "articles", f"{self._settings.namespace}.annotate") as articles:
            if articles.read_to_end() != articles.partitions():
                return frozenset()
        with Backlog(self._settings, "annotations", f"{self._settings.namespace}.watch") as annotations:
            return annotations.read_to_end()
