"""Replay: the whole pipeline over an archive, in a namespace of its own, paging nobody, cleaned up at the end."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from time import monotonic

from redis.exceptions import RedisError

from topics.alerts import Alert
from topics.articles import Article
from topics.rejects import Reject
from workers.archives.producing import Tally
from workers.archives.producing import produce_all as produce_articles
from workers.archives.readers import Malformed, read_paths
from workers.errors import TocsinError
from workers.kafka_client import ArticleProducer, delete_groups, delete_topics
from workers.local.processes import LineSink
from workers.local.progress import Progress
from workers.local.signals import in_daemon_thread, unbroken
from workers.local.stack import Stack, local_stack
from workers.local.topic_reader import read_messages, read_records
from workers.logs import get_logger
from workers.redis_client import connect
from workers.redis_keys import Keys, drop_namespace
from workers.settings import Settings
from workers.watch.counts import CountReader
from workers.watch.redis_windows import RedisWindows
from workers.watch.revisions import ALLOWED_LATENESS

log = get_logger("replay")

STEPS = ("annotate", "watch")
DECIDED_SECONDS = 60.0
"""How long a replay waits for what only its archive's clock decides."""

GIVE_UP_SECONDS = 10.0
"""How long a cancelled producer gets to stop; one that still reads a silent terminal then produces nothing more."""


@dataclass
class Produced:
    """What went onto `articles`."""

    revisions: set[tuple[str, str]] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ReplayReport:
    """What came of a replay, counted by distinct article revisions, since a step that restarts may read one twice.

    Every article is annotated or rejected: `articles == annotated + rejected`.
    """

    produced: Produced
    annotated: int
    rejected: int
    alerts: tuple[Alert, ...]
    seconds: float

    @property
    def articles(self) -> int:
        """Distinct revisions that were produced."""
        return len(self.produced.revisions)

    @property
    def complete(self) -> bool:
        """Whether every article is accounted for."""
        return self.articles == self.annotated + self.rejected


def produce_all(settings: Settings, found: Iterable[Article | Malformed]) -> Produced:
    """Produce every article and wait for Kafka's confirmations. Raises Unreachable."""
    produced = Produced()
    with ArticleProducer(settings) as producer:
        produce_articles(found, _Noting(producer, produced), Tally(), produced.problems.append)
        producer.flush()
    return produced


class _StoppedError(Exception):
    """Nobody wants the rest of the archive any more."""


def _until(stop: threading.Event, found: Iterable[Article | Malformed]) -> Iterator[Article | Malformed]:
    for each in found:
        if stop.is_set():
            raise _StoppedError
        yield each


async def produce(settings: Settings, found: Iterable[Article | Malformed]) -> Produced:
    """As `produce_all`, beside the loop; being cancelled, it stops and waits until nothing more goes out."""
    stop = threading.Event()
    producing = in_daemon_thread(lambda: produce_all(settings, _until(stop, found)))
    try:
        return await asyncio.shield(producing)
    except asyncio.CancelledError:
        stop.set()
        await unbroken(_wait(producing))
        raise


async def _wait(producing: asyncio.Future[Produced]) -> None:
    await asyncio.wait({producing}, timeout=GIVE_UP_SECONDS)
    if producing.done() and not producing.cancelled():
        producing.exception()  # seen; the cancellation is what counts


@dataclass
class _Noting:
    """Notes what went out."""

    producer: ArticleProducer
    produced: Produced

    def send_article(self, article: Article) -> None:
        self.producer.send_article(article)
        self.produced.revisions.add((article.id, article.revision))


def latest_alerts(alerts: Iterable[Alert]) -> list[Alert]:
    """The last word on each alert, by time of its last event."""
    latest: dict[str, Alert] = {alert.id: alert for alert in alerts}
    return sorted(latest.values(), key=lambda alert: (alert.last_event_at, alert.pattern_id, alert.id))


def replay_settings(settings: Settings, patterns: Path | None) -> Settings:
    """The same servers, a fresh namespace, the archive's clock."""
    changes: dict[str, object] = {"namespace": f"replay-{secrets.token_hex(4)}", "clock": "archive"}
    changes["metrics_port"] = None  # it is that of the steps which run all day
    if patterns is not None:
        changes["patterns"] = patterns
    return settings.with_changes(**changes)


@asynccontextmanager
async def replay_stack(settings: Settings, sink: LineSink) -> AsyncIterator[Stack]:
    """The steps of a replay; its topics, groups and keys are deleted at the end, unless the servers go anyway."""
    async with local_stack(settings, steps=STEPS, sink=sink, clean_up=_clean_up) as stack:
        yield stack


async def replay(
    settings: Settings,
    paths: Sequence[str],
    *,
    sink: LineSink,
    on_progress: Callable[[list[Progress]], None] | None = None,
    waiting: Sequence[str] = (),
) -> ReplayReport:
    """Run the archive at `paths` through annotate and watch; `settings` come from `replay_settings`.

    `waiting` names the patterns that wait for time to pass: the report is made when they have been decided.
    """
    articles = read_paths(paths)
    # A file that is not there is told before anything is started.
    first = await in_daemon_thread(lambda: list(islice(articles, 1)))
    async with replay_stack(settings, sink) as stack:
        started = monotonic()
        produced = await produce(stack.settings, chain(first, articles))
        await stack.wait_until_idle(on_progress)
        await _decided(stack.settings, waiting)
        seconds = monotonic() - started
        annotated = count_annotated(stack.settings)
        rejected = count_rejected(stack.settings)
        alerts = latest_alerts(read_records(stack.settings, "alerts", Alert))
    return ReplayReport(produced, annotated, rejected, tuple(alerts), seconds)


async def _decided(settings: Settings, patterns: Sequence[str]) -> None:
    """Wait until `patterns` were decided, as far as the archive's clock goes."""
    if not patterns:
        return
    keys, client = Keys(settings.namespace), connect(settings)
    windows = RedisWindows(client, keys)
    try:
        async with asyncio.timeout(DECIDED_SECONDS):
            while True:
                end = await CountReader(client, keys).newest()
                due = [moment for moment in await windows.due(patterns) if moment is not None]
                if end is None or all(moment > end - ALLOWED_LATENESS for moment in due):
                    return
                await asyncio.sleep(0.2)
    except TimeoutError:
        log.warning("replay.undecided", todo="a pattern that waits for silence may not have rung", patterns=patterns)
    finally:
        await client.aclose()


def count_annotated(settings: Settings) -> int:
    """How many different article revisions have an annotation."""
    found = set()
    for message in read_messages(settings, "annotations"):
        record = json.loads(message.value() or b"{}")
        found.add((message.key(), record.get("revision")))
    return len(found)


def count_rejected(settings: Settings) -> int:
    """How many different records were refused."""
    return len({original_of(reject) for reject in read_records(settings, "rejects", Reject)})


def original_of(reject: Reject) -> tuple[str, str | None, str]:
    """What makes two refusals those of one record: topic, key, and the revision, else the content.

    The same line twice in an archive is one article that is refused at two positions.
    """
    content = reject.original() or b""
    try:
        revision = json.loads(content)["revision"]
    except (ValueError, KeyError, TypeError):
        revision = None
    if not isinstance(revision, str):
        revision = f"{reject.value_bytes} {hashlib.sha256(content).hexdigest()}"
    return reject.topic, reject.key, revision


async def _clean_up(stack: Stack) -> None:
    """Each by itself: what cannot be deleted must not keep the rest."""
    settings = stack.settings
    if "redis" not in stack.embedded:
        try:
            await _drop_keys(settings)
        except (TocsinError, OSError, RedisError) as error:
            _not_cleaned(settings, error)
    if "broker" not in stack.embedded:
        groups = [f"{settings.namespace}.{step}" for step in stack.steps]
        for work in (partial(delete_topics, settings), partial(delete_groups, settings, groups)):
            try:
                await asyncio.to_thread(work)
            except TocsinError as error:
                _not_cleaned(settings, error)


async def _drop_keys(settings: Settings) -> None:
    client = connect(settings)
    try:
        await drop_namespace(client, settings.namespace)
    finally:
        await client.aclose()


def _not_cleaned(settings: Settings, error: Exception) -> None:
    with suppress(OSError, ValueError):  # our own log may be a terminal that is gone
        log.warning("replay.not_cleaned", namespace=settings.namespace, error=str(error))
