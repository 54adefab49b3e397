"""The file of subscriptions while a poller runs: read anew when it changes; a broken one leaves the old in force."""

from __future__ import annotations

from pathlib import Path

from workers import metrics
from workers.errors import InputError, TocsinError
from workers.feeds.subscriptions import Subscriptions, load_subscriptions
from workers.logs import get_logger

log = get_logger("feeds")

STANDS_SECONDS = 0.5

_Mark = tuple[int, int, int] | None


class SubscriptionsFile:
    """`feeds.yaml` at `path`. It need not exist: then nothing is subscribed to until it does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mark: _Mark = None
        self._fresh: tuple[_Mark, float] | None = None

    def load(self) -> Subscriptions:
        """At the start. Raises ConfigurationError, InputError for a file that is there and cannot be used."""
        self._mark = self._now()
        found = load_subscriptions(self.path) if self._mark is not None else Subscriptions()
        metrics.FEEDS_SOUND.set(1)
        if self._mark is None:
            log.info("feeds.no_file", path=str(self.path), todo="`tocsin feeds add URL` makes it; it is then read")
        return found

    def changed(self, now: float) -> Subscriptions | None:
        """What it says now; None if it is as it was, or is broken, which is logged. `now`: monotonic seconds.

        A change counts when it has stood for a moment: an editor may empty a file before it writes it.
        """
        mark = self._now()
        if mark == self._mark:
            self._fresh = None
            return None
        if self._fresh is None or self._fresh[0] != mark:
            self._fresh = mark, now
            return None
        if now - self._fresh[1] < STANDS_SECONDS:
            return None
        self._mark, self._fresh = mark, None
        return self._read(mark)

    def _read(self, mark: _Mark) -> Subscriptions | None:
        try:
            if mark is None:
                raise InputError(f"{self.path}: is gone", hint="An empty file unsubscribes from all.")
            found = load_subscriptions(self.path)
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
