"""What the matching keeps of an annotation: small, comparable, without its sentences. Pure.

A `Sighting` is one article revision as the patterns see it; its `Body` holds the words that an alert shows, and lies
apart from it, so that a window can be walked without reading a single sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any

from pydantic import Field

from topics.annotations import Annotation, Event
from topics.base import Part
from workers.watch.durations import Micros, to_micros
from workers.watch.pattern_document import JoinField
from workers.watch.patterns import Pattern, Selection

Moment = tuple[Micros, int]
"""When a revision came: time of fetching, or of being pushed; then its offset on the topic."""


Said = tuple[bool, Micros, int]
"""Whether words came live, and when they last did; if they never came live, when as old news."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which of an article's records is in force. `words`: the revision; `said`: when its words came; `read`: when the
    record came whose reading of them is used.
    """

    words: str
    said: Said
    read: Moment


def stamp_of(annotation: Annotation, offset: int) -> Stamp:
    """Of the one record that `annotation` is."""
    fetched = to_micros(annotation.fetched_at)
    return Stamp(annotation.revision, (not annotation.backfill, fetched, offset), (fetched, offset))


def prevailing(known: Stamp | None, new: Stamp) -> Stamp:
    """What holds once the record of `new` has come; `known` itself if that changes nothing.

    The words that came last hold. But an archive is pushed today and holds the words of then: old news never replaces
    other words that came live. Of the same words the last reading holds, also if an archive brought it; so it fills
    the windows of new patterns.
    """
    if known is None or new.words != known.words:
        return new if known is None or new.said > known.said else known
    said = max(known.said, new.said)
    return known if said == known.said and new.read <= known.read else Stamp(new.words, said, new.read)


Value = tuple[str, ...]
"""One value for each field that a pattern groups by; empty if it does not group."""

MAX_JOIN_VALUES = 200
"""Of one event; a list of names longer than this (an attendance list) joins by its first ones only."""

MAX_TITLE = 500
"""Characters of a title that an alert shows."""

MAX_SENTENCE = 2000
"""Characters of a sentence that an alert shows."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event, as far as a rule can ask about it. `index` is its place in the annotation.

    `when`: the date or interval that the text gives it. `said`: which of the pattern's phrases its words hold.
    """

    index: int
    type: str
    status: str
    actors: tuple[str, ...]
    targets: tuple[str, ...]
    place: str | None
    confidence: float
    when: str | None = None
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """One article revision. Without happenings it only says that an earlier revision no longer holds.

    `dated`: its time is the publisher's; that of its ingest says nothing of how far the news has come (an archive of
    1987 is ingested today). `late`: it came out of order. `rebuilt`: it was read again because Redis had lost it, so
    what such articles complete was announced in its time. `backfill`: it is old news that was pushed afterwards, so
    nobody is told of what it completes. `text`: the same for copies of one text; None if it is not known. `first`: when
    the first of its revisions that said the same came; None if that is this one.
    """

    article_id: str
    revision: str
    time: Micros
    stamp: Stamp
    source: str | None
    story: str | None
    tags: tuple[str, ...]
    entities: tuple[str, ...]
    happenings: tuple[Happening, ...]
    dated: bool = True
    late: bool = False
    rebuilt: bool = False
    backfill: bool = False
    text: str | None = None
    first: Moment | None = None

    @property
    def came(self) -> Moment:
        """When it first said what it says."""
        return self.first or self.stamp.read

    def after(self, earlier: Sighting | None) -> Sighting:
        """As the next revision after `earlier`: when it came, and whether as old news, is decided by the first revision
        that said the same. So an archive that is pushed twice, or brings what came live, changes nothing.
        """
        if earlier is None or earlier.happenings != self.happenings or self.came < earlier.came:
            return self
        return replace(self, backfill=earlier.backfill, first=earlier.came)

    @property
    def position(self) -> tuple[Micros, str]:
        """Where it stands in the walk."""
        return self.time, self.article_id

    def to_wire(self) -> list[Any]:
        """A short JSON value."""
        events = [
            [h.index, h.type, h.status, h.actors, h.targets, h.place, h.confidence, h.when, h.said]
            for h in self.happenings
        ]
        flags = self.dated * 1 + self.rebuilt * 2 + self.late * 4 + self.backfill * 8 + (not self.stamp.said[0]) * 16
        said = self.stamp.said[1:] if self.stamp.said[1:] != self.stamp.read else None
        return [
            self.article_id, self.revision, self.time, self.stamp.read, self.source, self.story, self.tags,
            self.entities, events, flags, self.text,
            *([self.first, said] if said else [self.first] if self.first else []),
        ]  # fmt: skip

    @classmethod
    def from_wire(cls, value: list[Any]) -> Sighting:
        """The inverse of `to_wire`."""
        article_id, revision, time, read, source, story, tags, entities, events, flags, *rest = value
        text, first, said = (*rest, None, None, None)[:3]
        happenings = tuple(_happening(*event) for event in events)
        when = said or read
        stamp = Stamp(revision, (not flags & 16, when[0], when[1]), (read[0], read[1]))
        return cls(
            article_id, revision, time, stamp, source, story, tuple(tags), tuple(entities), happenings,
            dated=bool(flags & 1), rebuilt=bool(flags & 2), late=bool(flags & 4),
            backfill=bool(flags & 8), text=text, first=(first[0], first[1]) if first else None,
        )  # fmt: skip


class Body(Part):
    """The words of an article revision that an alert may show. `events` are keyed by `Happening.index`."""

    title: str = ""
    url: str | None = None
    trace_id: str | None = None
    events: dict[int, Event] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of an annotation beside its words; see Sighting."""

    story: str | None
    stamp: Stamp
    trace_id: str | None
    late: bool
    rebuilt: bool
    text: str | None = None


class Observed:
    """An annotation as any pattern may look at it; what does not depend on the pattern is found once."""

    def __init__(self, annotation: Annotation, known: Circumstances, symmetric: frozenset[str]) -> None:
        self._annotation = annotation
        self._trace_id = known.trace_id
        self._sightings: dict[tuple[tuple[Happening, ...], bool], Sighting] = {}
        self._whole = Sighting(
            article_id=annotation.article_id,
            revision=annotation.revision,
            time=to_micros(annotation.event_time),
            stamp=known.stamp,
            source=annotation.source,
            story=known.story,
            text=known.text,
            tags=annotation.tags,
            entities=tuple(dict.fromkeys(entity.id for entity in annotation.entities)),
            happenings=tuple(_happening_of(index, event, symmetric) for index, event in enumerate(annotation.events)),
            dated=annotation.event_time_source == "published",
            late=known.late,
            rebuilt=known.rebuilt,
            backfill=annotation.backfill,
        )

    def by(self, pattern: Pattern) -> tuple[Sighting, Body]:
        """What `pattern` needs of it: the events that one of its rules selects, and their words."""
        sighting = self.sighting(pattern)
        return sighting, self.body(sighting)

    def sighting(self, pattern: Pattern) -> Sighting:
        """The events that one of the pattern's rules selects. Patterns that take the same share one."""
        whole = self.whole(pattern)
        rules = pattern.selections
        kept = tuple([h for h in whole.happenings if any(selects(rule, whole, h) for rule in rules)])
        key = kept, pattern.asks_entities
        found = self._sightings.get(key)
        if found is None:
            entities = whole.entities if pattern.asks_entities else ()
            found = self._sightings[key] = replace(whole, happenings=kept, entities=entities)
        return found

    def body(self, sighting: Sighting) -> Body:
        """The words of the events in `sighting`."""
        return self._body(sighting.happenings)

    def whole(self, pattern: Pattern) -> Sighting:
        """All of its events, with the phrases that `pattern` looks for."""
        if not pattern.phrases:
            return self._whole
        return replace(self._whole, happenings=tuple(self._with_phrases(pattern.phrases)))

    def _body(self, kept: Iterable[Happening]) -> Body:
        annotation = self._annotation
        return Body.model_construct(
            title=annotation.title[:MAX_TITLE],
            url=annotation.url,
            trace_id=self._trace_id,
            events={h.index: _shortened(annotation.events[h.index]) for h in kept},
        )

    def _with_phrases(self, phrases: frozenset[str]) -> list[Happening]:
        title = _plain(self._annotation.title)
        events = self._annotation.events
        return [replace(h, said=tuple(sorted(_said(phrases, title, events[h.index])))) for h in self._whole.happenings]


def seen(pattern: Pattern, annotation: Annotation, known: Circumstances) -> tuple[Sighting, Body]:
    """What `pattern` needs of `annotation`; `Observed` does it for many patterns."""
    return Observed(annotation, known, pattern.symmetric).by(pattern)


def _shortened(event: Event) -> Event:
    """`event`, its sentence cut around the trigger if the reading found no end of it: alerts are bounded."""
    sentence, trigger = event.sentence, event.trigger
    if len(sentence.text) <= MAX_SENTENCE:
        return event
    before = trigger.start - sentence.start if trigger.part == sentence.part else 0
    first = max(0, min(before - MAX_SENTENCE // 2, len(sentence.text) - MAX_SENTENCE))
    cut = sentence.model_copy(
        update={
            "start": sentence.start + first,
            "end": sentence.start + first + MAX_SENTENCE,
            "text": sentence.text[first : first + MAX_SENTENCE],
        }
    )
    return event.model_copy(update={"sentence": cut})


def _happening_of(index: int, event: Event, symmetric: frozenset[str]) -> Happening:
    """Of a symmetric type all parties are actors."""
    actors = _ids(event.actor)
    targets = _ids(event.target)
    if event.type in symmetric:
        actors = targets = tuple(dict.fromkeys((*actors, *targets)))
    return Happening(
        index, event.type, event.status, actors, targets, event.place or None, event.confidence, event.when
    )


def _said(phrases: Iterable[str], title: str, event: Event) -> Iterable[str]:
    """Which phrases stand, as whole words, in the title or in the event's sentence."""
    sentence = _plain(event.sentence.text)
    for phrase in phrases:
        words = rf"(?<!\w){re.escape(phrase)}(?!\w)"
        if re.search(words, sentence) or re.search(words, title):
            yield phrase


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _happening(*fields: Any) -> Happening:
    """From the wire; what an earlier version did not write is absent."""
    index, type_, status, actors, targets, place, confidence, *rest = fields
    when, said = rest or (None, ())
    return Happening(index, type_, status, tuple(actors), tuple(targets), place, confidence, when, tuple(said))


def _ids(participants: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(participant.id for participant in participants if participant.id))


def selects(rule: Selection, sighting: Sighting, happening: Happening) -> bool:
    """Whether `rule` selects `happening` of `sighting`."""
    return (
        happening.type in rule.types
        and happening.status in rule.statuses
        and happening.confidence >= rule.min_confidence
        and (not rule.actors or not rule.actors.isdisjoint(happening.actors))
        and (not rule.targets or not rule.targets.isdisjoint(happening.targets))
        and (not rule.places or happening.place in rule.places)
        and (not rule.entities or not rule.entities.isdisjoint(sighting.entities))
        and (not rule.sources or sighting.source in rule.sources)
        and (not rule.tags or not rule.tags.isdisjoint(sighting.tags))
        and (not rule.texts or not rule.texts.isdisjoint(happening.said))
    )


def join_values(fields: tuple[JoinField, ...], sighting: Sighting, happening: Happening) -> list[Value]:
    """The values by which `happening` joins others; none if a field is empty, one empty value if nothing is grouped."""
    if len(fields) == 1:
        return [(value,) for value in _held(fields[0], sighting, happening)[:MAX_JOIN_VALUES]]
    return list(islice(product(*(_held(field, sighting, happening) for field in fields)), MAX_JOIN_VALUES))


def _held(field: JoinField, sighting: Sighting, happening: Happening) -> tuple[str, ...]:
    if field == "actor":
        return happening.actors
    if field == "entity":
        return sighting.entities
    one = {"article": sighting.article_id, "story": sighting.story, "place": happening.place}[field]
    return (one,) if one else ()


def supplied(pattern: Pattern, sighting: Sighting) -> dict[Value, dict[str, tuple[int, ...]]]:
    """For each join value: which rules the article supplies, and with which of its events."""
    found: dict[Value, dict[str, tuple[int, ...]]] = {}
    for happening in sighting.happenings:
        rules = [rule.name for rule in pattern.selections if selects(rule, sighting, happening)]
        if not rules:
            continue
        for value in join_values(pattern.group_by, sighting, happening):
            by_rule = found.setdefault(value, {})
            for name in rules:
                by_rule[name] = (*by_rule.get(name, ()), happening.index)
    return found
