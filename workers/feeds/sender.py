"""Brings articles and alerts to Kafka and returns when Kafka has confirmed them, however long that takes.

librdkafka's producer is one thread's matter: it lives in a thread of its own, which sends what has gathered and waits
for its confirmation. What comes meanwhile goes with the next lot.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from topics.alerts import Alert
from topics.articles import Article
from workers.errors import PermanentError, TransientError, Unreachable
from workers.kafka_client import ArticleProducer
from workers.logs import get_logger
from workers.settings import Settings

log = get_logger("feeds")

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
"""Seconds between two tries to reach Kafka."""

CLOSE_SECONDS = 8.0
"""A Kafka that hangs does not keep the process longer: nothing is in hand that anybody waits for."""


class Sender(Protocol):
    """Where a poller puts what it found."""

    @property
    def trouble(self) -> str | None:
        """Why nothing gets through at present; None if it does. Nothing should be fetched meanwhile."""

    @property
    def failure(self) -> Exception | None:
        """Why nothing will ever get through; None as long as it may."""

    async def send(self, articles: Sequence[Article], alerts: Sequence[Alert]) -> tuple[str, ...]:
        """Returns when all are confirmed; the reasons of those that can never be sent."""


@dataclass
class _Parcel:
    records: Sequence[Article | Alert]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[tuple[str, ...]]
    problems: list[str] = field(default_factory=list)

    def settle(self, error: Exception | None = None) -> None:
        """Tell whoever waits, if anybody still does."""

        def tell() -> None:
            if self.done.done():
                return
            if error is not None:
                self.done.set_exception(error)
            else:
                self.done.set_result(tuple(self.problems))

        with suppress(RuntimeError):  # the loop has ended
            self.loop.call_soon_threadsafe(tell)


class KafkaSender:
    """Use it in an `async with` block. Kafka may be away, also at the start: `trouble` says so, and tries go on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._waiting: queue.SimpleQueue[_Parcel | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._producer: ArticleProducer | None = None
        self._trouble: str | None = "Kafka was not reached yet"
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="feeds-sender", daemon=True)

    @property
    def trouble(self) -> str | None:
        """See Sender."""
        return self._trouble

    @property
    def failure(self) -> Exception | None:
        """See Sender."""
        return self._failure

    async def __aenter__(self) -> Self:
        self._settings.require_kafka()
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join, CLOSE_SECONDS)

    async def send(self, articles: Sequence[Article], alerts: Sequence[Alert]) -> tuple[str, ...]:
        """See Sender. Raises `failure`."""
        if not articles and not alerts:
            return ()
        loop = asyncio.get_running_loop()
        parcel = _Parcel([*articles, *alerts], loop, loop.create_future())
        self._waiting.put(parcel)
        return await parcel.done

    # -- in the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        self._until_through([])  # so that Kafka's absence is known before anything is fetched
        while (parcel := self._waiting.get()) is not None:
            parcels = [parcel]
            with suppress(queue.Empty):
                while (more := self._waiting.get_nowait()) is not None:
                    parcels.append(more)
            self._until_through(parcels)
            if self._ended.is_set():
                break
        self._close(None)

    def _until_through(self, parcels: list[_Parcel]) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                self._deliver([each for each in parcels if not each.done.done()])
            except (Unreachable, TransientError) as error:
                self._close(error)
                log.warning("feeds.kafka_away", error=str(error), waiting=len(parcels), again_in=pause)
                self._trouble = str(error)
                if self._ended.wait(pause):
                    return
                pause = min(LONGEST_PAUSE, pause * 2)
            except Exception as error:  # noqa: BLE001 - handed to whoever waits
                self._close(error)
                self._trouble, self._failure = str(error), error
                for each in parcels:
                    each.settle(error)
                return
            else:
                if self._trouble is not None and pause > FIRST_PAUSE:
                    log.info("feeds.kafka_back")
                self._trouble = None
                for each in parcels:
                    each.settle()
                return

    def _deliver(self, parcels: Sequence[_Parcel]) -> None:
        producer = self._open()
        refused = producer.failed
        for parcel in parcels:
            parcel.problems.clear()
            for record in parcel.records:
                _hand_over(producer, record, parcel.problems)
        producer.flush()
        if producer.failed > refused:
            self._one_by_one(producer, parcels)

    def _one_by_one(self, producer: ArticleProducer, parcels: Sequence[_Parcel]) -> None:
        """Kafka refused a batch for one record in it: the others must get through, and that one must be named."""
        for parcel in parcels:
            parcel.problems.clear()
            for record in parcel.records:
                refused = producer.failed
                _hand_over(producer, record, parcel.problems)
                producer.flush()
                if producer.failed > refused:
                    parcel.problems.append(f"Kafka refuses {record.id}: `tocsin topics check` may tell why")

    def _open(self) -> ArticleProducer:
        if self._producer is None:
            producer = ArticleProducer(self._settings, also=("alerts",))
            producer.__enter__()
            self._producer = producer
        return self._producer

    def _close(self, error: Exception | None) -> None:
        if self._producer is None:
            return
        producer, self._producer = self._producer, None
        with suppress(Unreachable):
            gone = Unreachable("Kafka is away") if error is not None else None
            producer.__exit__(type(gone) if gone else None, gone, None)


def _hand_over(producer: ArticleProducer, record: Article | Alert, problems: list[str]) -> None:
    try:
        if isinstance(record, Alert):
            producer.send("alerts", record.pattern_id, record)
        else:
            producer.send_article(record)
    except PermanentError as error:
        problems.append(str(error))
