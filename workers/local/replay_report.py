"""What came of a replay, read from its own topics: every article accounted for, what happened when, what rang."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from confluent_kafka import Message

from topics.alerts import Alert
from topics.codec import TRACE_HEADER
from topics.rejects import Reject
from workers.archives.playing import Playing
from workers.local.stored import stored_alerts
from workers.local.topic_reader import read_messages, read_records
from workers.settings import Settings

TOP = 20
"""Entities that a report names."""

MAX_ALERTS = 1_000_000
"""Whoever has more has a pattern that rings for everything."""

Hour = datetime


@dataclass
class Overview:
    """What the articles say, by hour of event time; what bears no date is in no hour.

    Of an article that was read twice the last revision counts.
    """

    articles: Counter[Hour] = field(default_factory=Counter)
    events: dict[str, Counter[Hour]] = field(default_factory=dict)
    statuses: dict[str, Counter[str]] = field(default_factory=dict)
    entities: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)

    def add(self, found: Contents) -> None:
        """Count one article. Only events that happened make the timeline; `statuses` has all."""
        if found.dated:
            self.articles[found.hour] += 1
        self.languages[found.lang] += 1
        self.entities.update(found.entities)
        for type_, status in found.events:
            self.statuses.setdefault(type_, Counter())[status] += 1
        for type_ in {type_ for type_, status in found.events if status == "actual" and found.dated}:
            self.events.setdefault(type_, Counter())[found.hour] += 1


@dataclass(frozen=True, slots=True)
class Contents:
    """What the overview needs of one annotation."""

    hour: Hour
    dated: bool
    lang: str
    entities: frozenset[str]
    events: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, value: bytes) -> Contents:
        """From a record of the topic `annotations`, which one of our steps wrote: it is not validated again."""
        record = json.loads(value)
        return cls(
            hour=datetime.fromisoformat(record["event_time"]).replace(minute=0, second=0, microsecond=0),
            dated=record["event_time_source"] == "published",
            lang=sys.intern(record.get("lang") or "?"),
            entities=frozenset(sys.intern(entity["id"]) for entity in record["entities"]),
            events=tuple((sys.intern(e["type"]), sys.intern(e["status"])) for e in record["events"]),
        )


@dataclass(frozen=True)
class ReplayReport:
    """What came of a replay, counted by distinct article revisions, since a step that restarts may read one twice.

    Every article is annotated or rejected: `articles == annotated + rejected`.
    """

    namespace: str
    playing: Playing
    articles: int
    annotated: int
    rejected: int
    alerts: tuple[Alert, ...]
    seconds: float
    overview: Overview = field(default_factory=Overview)

    @property
    def complete(self) -> bool:
        """Whether every article is accounted for."""
        return self.articles == self.annotated + self.rejected

    @property
    def rate(self) -> float:
        """Articles a second, of those that this run produced."""
        return self.playing.sent / self.seconds if self.seconds > 0 else 0.0

    def summary(self) -> dict[str, Any]:
        """The report as plain values, for a program."""
        seen = sorted(self.overview.articles)
        span = self.playing.span
        return {
            "namespace": self.namespace,
            "articles": self.articles,
            "annotated": self.annotated,
            "rejected": self.rejected,
            "complete": self.complete,
            "problems": self.playing.malformed,
            "resumed_at": self.playing.resumed_at,
            "outside_the_span": span.left_out,
            "undated_and_left_out": span.undated,
            "out_of_order": self.playing.order.late if self.playing.order else 0,
            "seconds": round(self.seconds, 3),
            "articles_per_second": round(self.rate, 2),
            "first_hour": seen[0].isoformat() if seen else None,
            "last_hour": seen[-1].isoformat() if seen else None,
            "events": {type_: dict(sorted(found.items())) for type_, found in sorted(self.overview.statuses.items())},
            "top_entities": [{"id": id_, "articles": n} for id_, n in ranked(self.overview.entities)[:TOP]],
            "languages": dict(ranked(self.overview.languages)),
            "alerts": [alert.model_dump(mode="json") for alert in self.alerts],
        }


def ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    """The greatest first; equals by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


async def make_report(settings: Settings, playing: Playing, seconds: float) -> ReplayReport:
    """Read what a replay that is done has left on its topics and in Redis. Raises Unreachable.

    Alerts are taken from Redis: there they stand on all the evidence that came in, in whatever order it did.
    """
    alerts = await stored_alerts(settings, MAX_ALERTS)
    return await asyncio.to_thread(_report, settings, playing, seconds, alerts)


def _report(settings: Settings, playing: Playing, seconds: float, alerts: Sequence[Alert]) -> ReplayReport:
    overview, annotated = _overview(read_messages(settings, "annotations"))
    return ReplayReport(
        namespace=settings.namespace,
        playing=playing,
        articles=len({_revision(message) for message in read_messages(settings, "articles")}),
        annotated=annotated,
        rejected=count_rejected(settings),
        alerts=tuple(latest_alerts(alerts)),
        seconds=seconds,
        overview=overview,
    )


def _overview(messages: Iterable[Message]) -> tuple[Overview, int]:
    """The overview, and how many different article revisions have an annotation."""
    revisions: set[bytes] = set()
    latest: dict[bytes, Contents] = {}
    for message in messages:
        revisions.add(_revision(message))
        latest[message.key() or b""] = Contents.of(message.value() or b"{}")
    overview = Overview()
    for contents in latest.values():
        overview.add(contents)
    return overview, len(revisions)


def _revision(message: Message) -> bytes:
    """What names one revision of one article: its trace, which all records of it bear."""
    headers = dict(message.headers() or ())
    known = headers.get(TRACE_HEADER) or message.key() or b""
    return known.encode() if isinstance(known, str) else known


def latest_alerts(alerts: Iterable[Alert]) -> list[Alert]:
    """The last word on each alert, by time of its last event."""
    latest: dict[str, Alert] = {alert.id: alert for alert in alerts}
    return sorted(latest.values(), key=lambda alert: (alert.last_event_at, alert.pattern_id, alert.id))


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
