"""Replay: the whole pipeline over an archive, in a namespace of its own, paging nobody, cleaned up at the end."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from time import monotonic

from topics.alerts import Alert
from topics.articles import Article
from topics.names import TopicKind
from workers.archives.producing import Tally
from workers.archives.producing import produce_all as produce_articles
from workers.archives.readers import Malformed, read_paths
from workers.errors import Unreachable
from workers.kafka_client import ArticleProducer, delete_topics
from workers.local.processes import LineSink
from workers.local.progress import Progress
from workers.local.stack import Stack, local_stack
from workers.local.topic_reader import read_messages, read_records
from workers.logs import get_logger
from workers.redis_client import connect
from workers.redis_keys import drop_namespace
from workers.settings import Settings

log = get_logger("replay")

STEPS = ("annotate", "watch")


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
    if patterns is not None:
        changes["patterns"] = patterns
    return settings.with_changes(**changes)


@asynccontextmanager
async def replay_stack(settings: Settings, sink: LineSink) -> AsyncIterator[Stack]:
    """The steps of a replay; its topics and keys are deleted at the end, unless the servers go anyway."""
    async with local_stack(settings, steps=STEPS, sink=sink) as stack:
        try:
            yield stack
        finally:
            await _clean_up(stack)


async def replay(
    settings: Settings,
    paths: Sequence[str],
    *,
    sink: LineSink,
    on_progress: Callable[[list[Progress]], None] | None = None,
) -> ReplayReport:
    """Run the archive at `paths` through annotate and watch; `settings` come from `replay_settings`."""
    articles = read_paths(paths)
    first = list(islice(articles, 1))  # a file that is not there is told before anything is started
    async with replay_stack(settings, sink) as stack:
        started = monotonic()
        produced = await asyncio.to_thread(produce_all, stack.settings, chain(first, articles))
        await stack.wait_until_idle(on_progress)
        seconds = monotonic() - started
        annotated = count_distinct(stack.settings, "annotations")
        rejected = count_distinct(stack.settings, "rejects")
        alerts = latest_alerts(read_records(stack.settings, "alerts", Alert))
    return ReplayReport(produced, annotated, rejected, tuple(alerts), seconds)


def count_distinct(settings: Settings, kind: TopicKind) -> int:
    """How many different article revisions, or rejected positions, lie on a topic."""
    found = set()
    for message in read_messages(settings, kind):
        record = json.loads(message.value() or b"{}")
        found.add((message.key(), record.get("revision")))
    return len(found)


async def _clean_up(stack: Stack) -> None:
    if "redis" not in stack.embedded:
        client = connect(stack.settings)
        try:
            await drop_namespace(client, stack.settings.namespace)
        finally:
            await client.aclose()
    if "broker" not in stack.embedded:
        try:
            await asyncio.to_thread(delete_topics, stack.settings)
        except Unreachable as error:
            log.warning("replay.not_cleaned", namespace=stack.settings.namespace, error=str(error))
