"""An archive as it is played onto the topic `articles`: cut to a span, sorted, paced, its checkpoint kept.

`play` works in a thread of its own; all that is slow or may fail in it is Kafka.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from topics.articles import Article
from workers.archives.checkpoint import Checkpoint
from workers.archives.numbers import LowWater, Numbered
from workers.archives.ordering import Item, Pace, Sorted, Span, numbered
from workers.archives.readers import Clock, Malformed, utc_now
from workers.errors import PermanentError

_NAP_SECONDS = 0.2
"""While an article is not due, confirmations are taken in and a stop is heard so often."""


MAX_PROBLEMS = 1000
"""So many are kept for a report; `malformed` counts all."""


class ConfirmingSink(Protocol):
    """What takes articles and says later that it has them: `workers.kafka_client.ArticleProducer`."""

    def send_article(self, article: Article, *, on_confirmed: partial[None] | None = None) -> None:
        """Hand over an article. Raises PermanentError for one that can never be sent."""

    def poll(self, seconds: float = 0.0) -> None:
        """Take in confirmations."""

    def flush(self) -> None:
        """Wait until all are confirmed."""


class StoppedError(Exception):
    """Nobody wants the rest of the archive any more."""


@dataclass
class Playing:
    """How an archive is played, and how far it is.

    `speed` is event time against ours (60: an hour in a minute), None as fast as it goes. With `backfill` articles are
    marked as old news that pages nobody, and that comes now, whenever it was fetched. Without `order` they go as they
    come, and a pipe is followed. `read` counts the items of the archive that were looked at, `sent` articles handed to
    Kafka by this run, `resumed_at` the items that an earlier run had done with, `malformed` what is no article or
    cannot be sent; `on_problem` is told of each.
    """

    span: Span = field(default_factory=Span)
    order: Sorted | None = field(default_factory=Sorted)
    speed: float | None = None
    backfill: bool = False
    checkpoint: Checkpoint | None = None
    low: LowWater = field(default_factory=LowWater)
    on_problem: Callable[[str], None] = lambda _problem: None
    read: int = 0
    sent: int = 0
    resumed_at: int = 0
    malformed: int = 0
    problems: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    newest: datetime | None = None
    clock: Clock = utc_now

    def play(self, found: Iterable[Item], sink: ConfirmingSink) -> None:
        """Send all of `found` that is wanted, wait until it is confirmed, and save the mark.

        Raises StoppedError if `stop` is set, and what the sink raises for want of Kafka.
        """
        self.resumed_at = self.low.number_done
        for each in self._due(self._ordered(found), sink):
            if isinstance(each.item, Malformed):
                self._refuse(each.number, str(each.item), done=not each.item.unfinished)
            else:
                self._send(each.number, each.item, sink)
            self._save()
        sink.flush()
        self._save(finished=True)

    def _ordered(self, found: Iterable[Item]) -> Iterator[Numbered]:
        items = self._unless_stopped(numbered(found, self.low.has))
        within = self.span.within(items, self.low.done)
        return within if self.order is None else self.order.of(within)

    def _unless_stopped(self, items: Iterator[Numbered]) -> Iterator[Numbered]:
        for each in items:
            if self.stop.is_set():
                raise StoppedError
            self.read += 1
            yield self._pushed(each) if self.backfill and isinstance(each.item, Article) else each

    def _pushed(self, each: Numbered) -> Numbered:
        # Before it is sorted: of two revisions the one that is read later stays the later one.
        changed = {"backfill": True, "fetched_at": self.clock()}
        return replace(each, item=each.item.model_copy(update=changed)) if isinstance(each.item, Article) else each

    def _due(self, items: Iterator[Numbered], sink: ConfirmingSink) -> Iterator[Numbered]:
        if self.speed is None:
            yield from items
            return
        pace, begun = Pace(self.speed), time.monotonic()
        for each in items:
            due = begun + pace.due(each.item).total_seconds()
            while (left := due - time.monotonic()) > 0:
                if self.stop.wait(min(left, _NAP_SECONDS)):
                    raise StoppedError
                sink.poll()
                self._save()
            yield each

    def _send(self, number: int, article: Article, sink: ConfirmingSink) -> None:
        try:
            sink.send_article(article, on_confirmed=partial(self.low.done, number))
        except PermanentError as error:
            self._refuse(number, str(error))
        else:
            self.sent += 1
            self.newest = article.published_at or self.newest

    def _refuse(self, number: int, problem: str, *, done: bool = True) -> None:
        self.malformed += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)
        self.on_problem(problem)
        if done:
            self.low.done(number)

    def _save(self, *, finished: bool = False) -> None:
        if self.checkpoint is not None:
            self.checkpoint.save(self.low, finished=finished)
