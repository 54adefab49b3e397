"""Alert records from matches: evidence chosen, counted and put into words of the contract. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import zip_longest

from topics.alerts import Alert, AlertCounts, Evidence, StoryCoverage, Window
from topics.annotations import Event
from workers.watch.durations import to_datetime
from workers.watch.independence import independent_outlets, independent_sources
from workers.watch.matching import Match
from workers.watch.pattern_document import JoinField
from workers.watch.patterns import Pattern
from workers.watch.ringing import Fired, Gone
from workers.watch.sightings import Body, Sighting, Value

MAX_EVIDENCE_PER_RULE = 20
"""An alert shows so many events of a rule, those nearest to the completing article; its counts tell of all."""

MAX_EVIDENCE_BYTES = 600_000
MAX_OUTLETS_BYTES = 100_000
MAX_GROUP_BYTES = 100_000
"""Of all evidence of an alert, of the outlets of all its stories (and again of the independent ones), and of its join
values: it must fit a record, whatever its articles hold, or it would be refused for ever."""

MAX_STORIES = 20
MAX_OUTLETS = 50
"""Of an alert, and of one of its stories; the counts of articles, stories and sources tell of all."""

Place = tuple[str, int, str]
"""Article, event and rule."""


def shown_places(pattern: Pattern, match: Match) -> list[Place]:
    """Which events the alert shows, a first of every rule before a second of any."""
    by_rule = [
        [
            (supply.sighting.article_id, event, selection.name)
            for supply in reversed(match.window)
            for event in supply.rules.get(selection.name, ())
        ][:MAX_EVIDENCE_PER_RULE]
        for selection in pattern.selections
    ]
    return [place for places in zip_longest(*by_rule) for place in places if place is not None]


def shown_articles(pattern: Pattern, match: Match) -> list[str]:
    """Articles whose words the alert needs."""
    return list(dict.fromkeys(article for article, _, _ in shown_places(pattern, match)))


def firing_alert(pattern: Pattern, fired: Fired, bodies: Mapping[str, Body], fired_at: datetime) -> Alert:
    """The alert that says `fired`. `bodies` has those of `shown_articles`; what is missing there is not shown."""
    document, match = pattern.document, fired.match
    sightings = [supply.sighting for supply in match.window]
    first, last = sightings[0].time, sightings[-1].time
    anchor = bodies.get(match.anchor)
    return Alert(
        id=fired.ring.id,
        pattern_id=pattern.id,
        pattern_version=pattern.version,
        title=document.title,
        level=document.level,
        group=group_of(pattern.group_by, match.values),
        window=Window(
            start=to_datetime(first),
            end=to_datetime(first + pattern.timespan),
            timespan=str(document.correlation.timespan),
        ),
        evidence=_evidence(pattern, match, bodies),
        counts=counts_of(sightings),
        stories=coverage_of(sightings),
        first_event_at=to_datetime(first),
        last_event_at=to_datetime(last),
        fired_at=fired_at,
        closes_at=_closes_at(pattern, fired_at),
        late=fired.late,
        muted=fired.muted,
        supersedes=fired.supersedes,
        receivers=document.receivers,
        tags=document.tags,
        description=document.description,
        trace_id=anchor.trace_id if anchor else None,
    )


def updated_alert(
    pattern: Pattern, fired: Fired, bodies: Mapping[str, Body], before: Alert, now: datetime | None
) -> tuple[Alert, bool]:
    """`before` on the evidence that it now has, and whether that is news: what tells of its firing stays.

    It is no news if the same articles prove it in other words, nor with `now` None: it was told before Redis was lost.
    """
    alert = firing_alert(pattern, fired, bodies, before.fired_at).model_copy(
        update={
            "sequence": before.sequence,
            "updated_at": before.updated_at,
            "closes_at": before.closes_at,
            "late": before.late,
            "muted": before.muted,
            "supersedes": before.supersedes,
            "trace_id": before.trace_id,
        }
    )
    if now is None or (alert.counts == before.counts and _articles(alert) == _articles(before)):
        return alert, False
    changed = {"updated_at": now, "closes_at": _closes_at(pattern, now)}
    return sequenced(alert.model_copy(update=changed), before, now), True


def _articles(alert: Alert) -> set[str]:
    return {item.article_id for item in alert.evidence}


def _closes_at(pattern: Pattern, moment: datetime) -> datetime:
    """Until when an alert stands of which nothing new is said after `moment`."""
    return moment + timedelta(microseconds=pattern.timespan + pattern.cooldown)


def retracted_alert(gone: Gone, before: Alert) -> Alert:
    """`before`, taken back."""
    return before.model_copy(update={"state": "retracted", "superseded_by": gone.superseded_by})


def sequenced(alert: Alert, before: Alert | None, now: datetime) -> Alert:
    """`alert` with its place after `before`, the last change of its state; 0 if there was none.

    The clock (milliseconds since 1970) keeps the order even if `before` was lost with Redis and found again as a first
    firing; where it stands still or goes back, counting does.
    """
    if before is None:
        return alert
    return alert.model_copy(update={"sequence": max(before.sequence + 1, int(now.timestamp() * 1000))})


def group_of(fields: tuple[JoinField, ...], values: Iterable[Value]) -> dict[str, tuple[str, ...]]:
    """Join field to its values, sorted, as far as there is room for them."""
    listed = list(values)
    found: dict[str, tuple[str, ...]] = {}
    for place, field in enumerate(fields):
        room = _Room(MAX_GROUP_BYTES // len(fields))
        found[field] = room.for_names(sorted({value[place] for value in listed}))
    return found


def counts_of(sightings: Iterable[Sighting]) -> AlertCounts:
    """How many articles, stories and named sources; an article of no known story is one of its own."""
    listed = list(sightings)
    return AlertCounts(
        articles=len(listed),
        stories=len({sighting.story or f"article:{sighting.article_id}" for sighting in listed}),
        sources=len({sighting.source for sighting in listed if sighting.source}),
        independent=independent_sources(listed, enough=MAX_OUTLETS),
    )


def coverage_of(sightings: Iterable[Sighting]) -> tuple[StoryCoverage, ...]:
    """The stories of `sightings` and who tells them, those with most outlets first, as far as there is room."""
    by_story: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        by_story.setdefault(sighting.story or f"article:{sighting.article_id}", []).append(sighting)
    found = [
        StoryCoverage(
            id=story,
            articles=len(inside),
            outlets=tuple(sorted({s.source for s in inside if s.source})[:MAX_OUTLETS]),
            independent=tuple(independent_outlets(inside, enough=MAX_OUTLETS)),
        )
        for story, inside in by_story.items()
    ]
    found.sort(key=lambda story: (-len(story.outlets), -story.articles, story.id))
    outlets, independent = _Room(MAX_OUTLETS_BYTES), _Room(MAX_OUTLETS_BYTES)
    return tuple(
        story.model_copy(
            update={
                "outlets": outlets.for_names(story.outlets),
                "independent": independent.for_names(story.independent),
            }
        )
        for story in found[:MAX_STORIES]
    )


class _Room:
    """Room for so many bytes of names."""

    def __init__(self, size: int) -> None:
        self._left = size

    def for_names(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those that there is room for."""
        found = []
        for name in names:
            size = len(json.dumps(name).encode()) + 2
            if size <= self._left:
                self._left -= size
                found.append(name)
        return tuple(found)


def _evidence(pattern: Pattern, match: Match, bodies: Mapping[str, Body]) -> tuple[Evidence, ...]:
    sightings = {supply.sighting.article_id: supply.sighting for supply in match.window}
    found: list[Evidence] = []
    room = MAX_EVIDENCE_BYTES
    for article, index, rule in shown_places(pattern, match):
        body = bodies.get(article)
        event = body.events.get(index) if body else None
        if body is None or event is None:
            continue
        item = _item(rule, sightings[article], body, event)
        size = len(item.model_dump_json().encode())
        if size <= room:
            room -= size
            found.append(item)
    order = {selection.name: place for place, selection in enumerate(pattern.selections)}

    def reading_order(e: Evidence) -> tuple[object, ...]:
        return e.event_time, e.article_id, order[e.rule], e.trigger.part != "title", e.trigger.start

    return tuple(sorted(found, key=reading_order))


def _item(rule: str, sighting: Sighting, body: Body, event: Event) -> Evidence:
    return Evidence(
        rule=rule,
        article_id=sighting.article_id,
        revision=sighting.revision,
        title=body.title,
        url=body.url,
        source=sighting.source,
        story=sighting.story,
        event_time=to_datetime(sighting.time),
        type=event.type,
        status=event.status,
        trigger=event.trigger,
        sentence=event.sentence,
        actor=event.actor,
        target=event.target,
        confidence=event.confidence,
    )
