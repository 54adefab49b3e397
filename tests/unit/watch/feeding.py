"""Articles fed to one pattern on windows in memory, and what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from tests.unit.watch.builders import annotation, arrival, at, event
from topics.alerts import Alert
from workers.watch.engine import Arrival, Engine, Report
from workers.watch.patterns import Pattern
from workers.watch.revisions import MemoryRevisions
from workers.watch.windows import MemoryWindows


class Stream:
    """Articles fed one by one; what rang and what was said."""

    def __init__(self, pattern: Pattern) -> None:
        self.store = MemoryWindows()
        self.said: list[Alert] = []
        self._engine = Engine([pattern], self.store)
        self._revisions = MemoryRevisions()
        self._offset = 0

    def feed(self, *arrivals: Arrival, batch: bool = False) -> Stream:
        """One by one, or as one batch."""
        numbered = [replace(a, offset=self._offset + n) for n, a in enumerate(arrivals)]
        self._offset += len(numbered)
        for piece in [numbered] if batch else [[one] for one in numbered]:
            self._take(asyncio.run(self._engine.apply(self._revisions.current(piece), at(days=2000))))
        return self

    def _take(self, report: Report) -> None:
        self.said += [announcement.alert for announcement in report.announcements]
        asyncio.run(self.store.announced(report.announcements))

    @property
    def firing(self) -> list[Alert]:
        return [alert for alert in self.store.alerts() if alert.state == "firing"]

    @property
    def groups(self) -> list[dict[str, tuple[str, ...]]]:
        return [alert.group for alert in self.firing]


def launch(name: str, when, *actors: str, **more) -> Arrival:
    return arrival(annotation(name, when, event("missile_launch", *(actors or ("KP",))), **more))


def summit(name: str, when, *actors: str, **more) -> Arrival:
    return arrival(annotation(name, when, event("summit", *(actors or ("KP",))), **more))


def anchors(alerts: Iterable[Alert]) -> list[str]:
    return [max(alert.evidence, key=lambda e: (e.event_time, e.article_id)).article_id for alert in alerts]
