"""The file of subscriptions while a poller runs: read anew when it changes; a broken one leaves the old in force."""

from __future__ import annotations

from pathlib import Path

from workers import metrics
from workers.errors import TocsinError
from workers.feeds.subscriptions import Subscriptions, load_subscriptions
from workers.logs import get_logger

log = get_logger("feeds")

_Mark = tuple[int, int, int] | None


class SubscriptionsFile:
    """`feeds.yaml` at `path`. It need not exist: then nothing is subscribed to until it does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mark: _Mark = None
        self._looked = False

    def load(self) -> Subscriptions:
        """At the start. Raises ConfigurationError, InputError for a file that is there and cannot be used."""
        self._mark, self._looked = self._now(), True
        found = load_subscriptions(self.path) if self._mark is not None else Subscriptions()
        metrics.FEEDS_SOUND.set(1)
        if self._mark is None:
            log.info("feeds.no_file", path=str(self.path), todo="`tocsin feeds add URL` makes it; it is then read")
        return found

    def changed(self) -> Subscriptions | None:
        """What it says now; None if it is as it was, or is broken, which is logged."""
        mark = self._now()
        if self._looked and mark == self._mark:
            return None
        self._mark, self._looked = mark, True
        try:
            found = load_subscriptions(self.path) if mark is not None else Subscriptions()
        except TocsinError as error:
            metrics.FEEDS_SOUND.set(0)
            log.error("feeds.not_reloaded", error=str(error), in_force="the subscriptions as they were")  # noqa: TRY400
            return None
        metrics.FEEDS_SOUND.set(1)
        log.info("feeds.reloaded", path=str(self.path), feeds=len(found.feeds))
        return found

    def _now(self) -> _Mark:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
