"""Patterns, annotations and arrivals in a few words, for the tests of the watch step."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from topics.annotations import Annotation, Entity, Event, Fingerprint, Participant, Span, Status
from workers.watch.engine import Arrival
from workers.watch.event_types import DEFAULT_EVENT_TYPES
from workers.watch.pattern_document import PatternDocument
from workers.watch.pattern_file import document_problems
from workers.watch.patterns import Pattern, compiled
from workers.yamlfile import read_documents

START = datetime(2026, 3, 1, tzinfo=UTC)


def at(hours: float = 0, *, minutes: float = 0, seconds: float = 0, days: float = 0) -> datetime:
    """A moment after START."""
    return START + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def pattern_from(text: str, folder: Path) -> Pattern:
    """The one pattern in `text`, written to a file and read as any other."""
    file = folder / "pattern.yaml"
    file.write_text(textwrap.dedent(text), "utf-8")
    documents, problems = read_documents(file)
    assert not problems, problems
    assert not document_problems(documents[0], DEFAULT_EVENT_TYPES)
    return make_pattern(**documents[0].value)


def make_pattern(**document: object) -> Pattern:
    """A pattern from plain values."""
    known = {"title": "A pattern", "id": "p", **document}
    return compiled(PatternDocument.model_validate(known, context={"types": DEFAULT_EVENT_TYPES}), DEFAULT_EVENT_TYPES)


def temporal(
    *,
    rules: Sequence[str] = ("missile_launch", "summit"),
    group_by: Sequence[str] = ("actor",),
    timespan: str = "48h",
    **more: object,
) -> Pattern:
    """A temporal pattern."""
    correlation = {"type": "temporal", "rules": list(rules), "group-by": list(group_by), "timespan": timespan}
    return make_pattern(correlation=correlation, **more)


def event_count(
    gte: int,
    *,
    rules: Sequence[str] = ("protest",),
    group_by: Sequence[str] = ("place",),
    timespan: str = "24h",
    **more: object,
) -> Pattern:
    """A counting pattern."""
    correlation = {
        "type": "event_count",
        "rules": list(rules),
        "group-by": list(group_by),
        "timespan": timespan,
        "condition": {"gte": gte},
    }
    return make_pattern(correlation=correlation, **more)


def event(
    type_: str,
    *actors: str,
    target: Iterable[str] = (),
    place: str | None = None,
    status: Status = "actual",
    confidence: float = 0.9,
    sentence: str | None = None,
    when: str | None = None,
) -> Event:
    """An event whose sentence is its type's name, unless given."""
    words = sentence or type_
    return Event(
        type=type_,
        status=status,
        trigger=Span(part="text", start=0, end=len(type_), text=type_),
        sentence=Span(part="text", start=0, end=len(words), text=words),
        actor=tuple(Participant(id=a, part="text", start=0, end=0, text=a) for a in actors),
        target=tuple(Participant(id=t, part="text", start=0, end=0, text=t) for t in target),
        place=place,
        when=when,
        confidence=confidence,
    )


def annotation(
    article: str,
    when: datetime,
    *events: Event,
    revision: int = 1,
    source: str | None = None,
    tags: tuple[str, ...] = (),
    entities: tuple[str, ...] = (),
    title: str = "",
    minhash: str = "",
    terms: Mapping[str, float] | None = None,
    years: tuple[int, ...] = (),
) -> Annotation:
    """An annotation; a higher `revision` was fetched later."""
    return Annotation(
        article_id=article,
        revision=f"r{revision}",
        published_at=when,
        fetched_at=START + timedelta(days=1000, minutes=revision),
        event_time=when,
        event_time_source="published",
        source=source,
        title=title,
        tags=tags,
        entities=tuple(Entity(id=e, kind="organisation", name=e) for e in entities),
        events=events,
        fingerprint=Fingerprint(minhash=minhash, terms=dict(terms or {}), years=years),
        model="test",
        ontology="test",
    )


def arrival(
    found: Annotation, *, story: str | None = None, text: str | None = None, offset: int = 0, partition: int = 0
) -> Arrival:
    """`found` as it comes to the engine."""
    return Arrival(
        annotation=found,
        story=story or f"story-of-{found.article_id}",
        text=text,
        types=frozenset(e.type for e in found.events),
        offset=offset,
        partition=partition,
    )
