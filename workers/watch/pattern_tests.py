"""The tests that stand in pattern files, run by the engine that runs live, on windows in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from topics.alerts import Alert
from topics.annotations import Annotation, Entity, Event, Fingerprint, Participant, Span
from workers.watch.durations import ALLOWED_LATENESS, MINUTE, Micros, to_datetime, to_micros
from workers.watch.engine import Arrival, Engine
from workers.watch.pattern_document import Expected, JoinField, PatternTest, TestEvent
from workers.watch.patterns import Pattern
from workers.watch.revisions import MemoryRevisions, began, days_of
from workers.watch.ringing import Clock
from workers.watch.windows import MemoryWindows

_GROUP_FIELDS: tuple[JoinField, ...] = ("article", "story", "actor", "place", "entity")


@dataclass(frozen=True)
class TestResult:
    """How one test went. `alerts` are those that rang at the end; passed if nothing is missing and none is too many."""

    __test__ = False  # not a test for pytest to collect

    pattern: Pattern
    test: PatternTest
    alerts: tuple[Alert, ...]
    missing: tuple[Expected, ...]
    unexpected: tuple[Alert, ...]

    @property
    def passed(self) -> bool:
        """Whether exactly the expected alerts rang."""
        return not self.missing and not self.unexpected


def run_tests(patterns: Iterable[Pattern]) -> list[TestResult]:
    """Run all tests of `patterns`, each on windows of its own."""
    return [run_test(pattern, test) for pattern in patterns for test in pattern.document.tests]


def run_test(pattern: Pattern, test: PatternTest) -> TestResult:
    """Feed the test's articles one by one, in the order in which the file has them, then let time go on."""
    store = MemoryWindows()
    last = max((to_micros(event.at) for event in test.events), default=0)
    # What waits completes a timespan after an event at the latest.
    end = to_micros(test.until) if test.until is not None else last + pattern.timespan
    asyncio.run(_feed(Engine([pattern], store), arrivals_of(test.events), end))
    alerts = tuple(alert for alert in store.alerts() if alert.state == "firing")
    missing, unexpected = _paired(test.expect, alerts)
    return TestResult(pattern, test, alerts, missing, unexpected)


async def _feed(engine: Engine, arrivals: Sequence[Arrival], end: Micros) -> None:
    revisions = MemoryRevisions()
    watermark: Micros | None = None
    oldest = began(days_of(to_micros(arrival.annotation.event_time) for arrival in arrivals))
    for arrival in arrivals:
        annotation = arrival.annotation
        shown = to_micros(annotation.event_time) - ALLOWED_LATENESS
        watermark = shown if watermark is None else max(watermark, shown)
        clock = Clock(watermark=watermark, oldest=oldest)
        await engine.apply(revisions.current([arrival]), annotation.fetched_at, clock)
    if arrivals:
        clock = Clock(watermark=max(end, watermark or end), oldest=oldest)
        await engine.tick(arrivals[-1].annotation.fetched_at, clock)


def arrivals_of(events: Sequence[TestEvent]) -> list[Arrival]:
    """One arrival an article revision, in order of first mention."""
    together: dict[tuple[str, int], list[TestEvent]] = {}
    for place, event in enumerate(events, 1):
        together.setdefault((event.article or f"article-{place}", event.revision), []).append(event)
    arrivals = []
    latest = max((to_micros(event.at) for event in events), default=0)
    for offset, ((article, revision), inside) in enumerate(together.items()):
        # Fetching times only order revisions; what arrives late was published early and fetched late.
        fetched_at = to_datetime(latest + revision * MINUTE)
        arrivals.append(
            Arrival(
                annotation=_annotation(article, revision, inside, fetched_at),
                story=inside[0].story or f"story-of-{article}",
                text=inside[0].text,
                types=frozenset(event.type for event in inside),
                offset=offset,
            )
        )
    return arrivals


def _annotation(article: str, revision: int, events: Sequence[TestEvent], fetched_at: datetime) -> Annotation:
    first = events[0]
    entities = dict.fromkeys(entity for e in events for entity in (*e.entity, *e.actor, *e.target))
    return Annotation(
        article_id=article,
        revision=str(revision),
        published_at=first.at,
        fetched_at=fetched_at,
        event_time=first.at,
        event_time_source="published",
        source=first.source,
        title=first.title,
        tags=first.tag,
        entities=tuple(Entity(id=entity, kind="organisation", name=entity) for entity in entities),
        events=tuple(_event(event, place) for place, event in enumerate(events)),
        fingerprint=Fingerprint(minhash=""),
        model="test",
        ontology="test",
    )


def _event(event: TestEvent, place: int) -> Event:
    said = event.sentence or event.type
    words = Span(part="text", start=place, end=place + len(said), text=said)
    return Event(
        type=event.type,
        status=event.status,
        trigger=words,
        sentence=words,
        actor=_participants(event.actor),
        target=_participants(event.target),
        place=event.place,
        when=event.when,
        confidence=event.confidence,
    )


def _participants(ids: Sequence[str]) -> tuple[Participant, ...]:
    return tuple(Participant(id=id_, part="text", start=0, end=0, text=id_) for id_ in ids)


def _paired(expected: Sequence[Expected], alerts: Sequence[Alert]) -> tuple[tuple[Expected, ...], tuple[Alert, ...]]:
    """Each expectation takes one alert of its own; the most demanding ones choose first."""
    left = list(alerts)
    missing = []
    for wanted in sorted(expected, key=lambda e: -len(e.model_fields_set)):
        found = next((alert for alert in left if says(alert, wanted)), None)
        if found is None:
            missing.append(wanted)
        else:
            left.remove(found)
    return tuple(missing), tuple(left)


def says(alert: Alert, wanted: Expected) -> bool:
    """Whether `alert` is what `wanted` describes."""
    for field in _GROUP_FIELDS:
        values = getattr(wanted, field)
        if values is not None and tuple(sorted(values)) != alert.group.get(field, ()):
            return False
    facts = {
        "evidence": len(alert.evidence),
        "articles": alert.counts.articles,
        "stories": alert.counts.stories,
        "sources": alert.counts.sources,
        "at": alert.last_event_at,
        "late": alert.late,
    }
    return all(getattr(wanted, name) in (None, fact) for name, fact in facts.items())


def described(alert: Alert) -> str:
    """The alert in the words of `expect`."""
    group = [f"{field}: [{', '.join(values)}]" for field, values in alert.group.items()]
    counts = alert.counts
    numbers = {
        "evidence": len(alert.evidence),
        "articles": counts.articles,
        "stories": counts.stories,
        "sources": counts.sources,
    }
    told = [f"{name}: {number}" for name, number in numbers.items()]
    return "{" + ", ".join([*group, *told, f"at: {_plain(alert.last_event_at)}"]) + "}"


def wished(wanted: Expected) -> str:
    """An expectation as the file has it."""
    parts = [f"{name}: {_plain(getattr(wanted, name))}" for name in sorted(wanted.model_fields_set)]
    return "{" + ", ".join(parts) + "}"


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(str, value)) + "]"
    return f"{value:%FT%TZ}" if isinstance(value, datetime) else str(value)
