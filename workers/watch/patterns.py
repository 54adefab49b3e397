"""`Pattern`, the form of a pattern that the matching runs, made of a document that `pattern_file` found to be sound."""

from __future__ import annotations

import json
from dataclasses import dataclass

from topics.base import digest
from workers.watch.conditions import Clause, parse_condition
from workers.watch.durations import DAY, Micros
from workers.watch.event_types import EventTypes
from workers.watch.pattern_document import (
    Comparison,
    CorrelationType,
    CountCondition,
    CountedField,
    JoinField,
    PatternDocument,
    Rule,
)

MOST_SKEW: Micros = 90 * DAY
"""So far may one partition be ahead of the one that is furthest behind before the others' articles get too old."""

RETENTION_BEYOND_TIMESPAN: Micros = 7 * DAY
"""So much later than the newest event a pattern has seen may an article still arrive and complete a match."""

RISING = frozenset({"gte", "gt"})
"""Comparisons that one more event can only make true, so that they are decided on arrival."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A rule, ready to be asked. `texts` are phrases in small letters."""

    name: str
    types: frozenset[str]
    statuses: frozenset[str]
    actors: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    entities: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    min_confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Bound:
    """What a count is held against: `gte 5`."""

    comparison: Comparison
    number: int

    def holds(self, count: int) -> bool:
        """Whether `count` satisfies it."""
        return {
            "gte": count >= self.number,
            "gt": count > self.number,
            "lte": count <= self.number,
            "lt": count < self.number,
            "eq": count == self.number,
        }[self.comparison]

    @property
    def least(self) -> int:
        """The smallest count that satisfies it."""
        return {"gte": self.number, "gt": self.number + 1, "eq": self.number}.get(self.comparison, 0)


@dataclass(frozen=True, slots=True)
class Height:
    """When a count is a spike: `times` the average of a timespan in the `reference` before, and at least `least`."""

    reference: Micros
    times: float
    least: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern as the matching needs it.

    `clauses`: of a `temporal` one, the ways of meeting it. `bound`: of a count; a `spike` takes its place.
    `field`: what a `value_count` counts. `rearms`: a new story rings within the cooldown. `types`: event types that any
    of its rules can select; `phrases`: what any of them looks for in the words.
    """

    id: str
    version: str
    kind: CorrelationType
    selections: tuple[Selection, ...]
    group_by: tuple[JoinField, ...]
    timespan: Micros
    cooldown: Micros
    clauses: tuple[Clause, ...]
    bound: Bound
    spike: Height | None
    field: CountedField | None
    corroboration: int
    distinct_articles: bool
    rearms: bool
    symmetric: frozenset[str]
    types: frozenset[str]
    phrases: frozenset[str]
    asks_entities: bool
    document: PatternDocument

    @property
    def counts(self) -> bool:
        """Whether it counts, instead of asking which rules are there."""
        return self.kind in ("event_count", "value_count")

    @property
    def waits(self) -> bool:
        """Whether it is decided when the watermark passes a deadline, and not on arrival."""
        if self.counts:
            return self.spike is not None or self.bound.comparison not in RISING
        return any(clause.absent for clause in self.clauses)

    @property
    def lookback(self) -> Micros:
        """How much older than a match an article may be and still bear on it."""
        reference = self.spike.reference if self.spike is not None else 0
        return self.timespan + max(reference, self.cooldown if self.rearms else 0)

    @property
    def asks_stories(self) -> bool:
        """Whether what rings depends on which articles tell one story, or copy one text."""
        return "story" in self.group_by or self.field == "story" or self.rearms or self.corroboration > 1

    @property
    def surveyed(self) -> Micros:
        """How far before a moment all must be known that the pattern asks for, so that something can be missing."""
        return self.timespan + (self.spike.reference if self.spike is not None else 0)

    @property
    def retention(self) -> Micros:
        """How much older than the newest event an article may be and still count."""
        return self.timespan + RETENTION_BEYOND_TIMESPAN

    @property
    def reach(self) -> Micros:
        """How far in event time one match bears on another."""
        return max(self.timespan, self.cooldown)


def compiled(document: PatternDocument, types: EventTypes) -> Pattern:
    """`document`, which `pattern_file` has found to be sound, in the form that the matching runs."""
    correlation = document.correlation
    names = tuple(dict.fromkeys(correlation.rules))
    condition = correlation.condition
    counts = condition if isinstance(condition, CountCondition) else None
    cooldown = document.cooldown if document.cooldown is not None else correlation.timespan
    spike = document.spike
    selections = tuple(_selection(name, document.rules.get(name), types) for name in names)
    return Pattern(
        id=document.id,
        version=version_of(document),
        kind=correlation.type,
        selections=selections,
        group_by=tuple(dict.fromkeys(correlation.group_by)),
        timespan=correlation.timespan.micros,
        cooldown=cooldown.micros,
        clauses=parse_condition(condition) if isinstance(condition, str) else (Clause(frozenset(names)),),
        bound=_bound(counts),
        spike=Height(spike.reference.micros, spike.height, spike.min) if spike else None,
        field=counts.field if counts else None,
        corroboration=document.corroboration or 1,
        distinct_articles=document.distinct == "article",
        rearms=bool(document.rearm_on),
        symmetric=types.symmetric,
        types=frozenset().union(*(selection.types for selection in selections)),
        phrases=frozenset().union(*(selection.texts for selection in selections)),
        asks_entities="entity" in correlation.group_by or any(selection.entities for selection in selections),
        document=document,
    )


def _bound(counts: CountCondition | None) -> Bound:
    comparisons: tuple[Comparison, ...] = ("gte", "gt", "lte", "lt", "eq")
    for comparison in comparisons:
        number = getattr(counts, comparison, None)
        if number is not None:
            return Bound(comparison, number)
    return Bound("gte", 1)


def version_of(document: PatternDocument) -> str:
    """A hash of all that bears on what rings and what the alert says: not of its tests, notes or comments."""
    told = document.model_dump(
        mode="json", exclude={"tests", "references", "falsepositives", "author", "date", "modified", "status"}
    )
    return digest(json.dumps(told, sort_keys=True), length=12)


def _selection(name: str, rule: Rule | None, types: EventTypes) -> Selection:
    if rule is None:
        rule = Rule.model_validate({"type": name}, context={"types": types})
    return Selection(
        name=name,
        types=frozenset(rule.type) or types.names,
        statuses=frozenset(rule.status),
        actors=frozenset(rule.actor),
        targets=frozenset(rule.target),
        places=frozenset(rule.place),
        entities=frozenset(rule.entity),
        sources=frozenset(rule.source),
        tags=frozenset(rule.tag),
        texts=frozenset(" ".join(phrase.lower().split()) for phrase in rule.text),
        min_confidence=rule.min_confidence,
    )
