"""What one article tells, as far as it helps to see which story it belongs to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from topics.annotations import Annotation, Event
from workers.watch.durations import DAY, Micros, to_micros

_EPOCH = date(1970, 1, 1).toordinal()

FRESH_DAYS = range(-2, 2)
"""A happening of these days, counted from the article's own, is what the article is about; older ones it recalls."""

MAX_PARTIES = 8
"""Ids remembered of the happenings of one type."""


@dataclass(frozen=True, slots=True)
class Telling:
    """An article, to find its story by. `terms`: weights, strongest first, of unit length.

    `years`: those that it names where it says what is new. `days`: event type to the days (since 1970) on which fresh
    happenings of that type are said to have been. `parties`: event type to ids of those who took part, and of places.
    """

    article_id: str
    time: Micros
    terms: Mapping[str, float]
    years: frozenset[int]
    days: Mapping[str, frozenset[int]]
    parties: Mapping[str, frozenset[str]]
    title: str = ""
    source: str | None = None


def telling_of(annotation: Annotation) -> Telling:
    """What `annotation` tells: its terms, and the events that it says have happened."""
    time = to_micros(annotation.event_time)
    days: dict[str, set[int]] = {}
    parties: dict[str, list[str]] = {}
    for event in annotation.events:
        if event.status != "actual":
            continue
        day = _day(event)
        if day is not None and day - time // DAY in FRESH_DAYS:
            days.setdefault(event.type, set()).add(day)
        ids = [*(p.id for p in (*event.actor, *event.target)), event.place or ""]
        parties.setdefault(event.type, []).extend(filter(None, ids))
    return Telling(
        annotation.article_id,
        time,
        annotation.fingerprint.terms,
        frozenset(annotation.fingerprint.years),
        {kind: frozenset(found) for kind, found in days.items()},
        {kind: frozenset(list(dict.fromkeys(ids))[:MAX_PARTIES]) for kind, ids in parties.items() if ids},
        annotation.title,
        annotation.source,
    )


def _day(event: Event) -> int | None:
    """The day that the text gives the event, since 1970; None if it gives none, or not so exactly."""
    try:
        return date.fromisoformat(event.when).toordinal() - _EPOCH if event.when and len(event.when) == 10 else None
    except ValueError:
        return None
