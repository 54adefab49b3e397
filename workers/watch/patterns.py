"""What a pattern is: the words a file may use (pydantic models) and `Pattern`, the form that the matching runs.

The whole vocabulary of the design parses here; reading files, and refusing what is not built yet, is `pattern_file`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Tag,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from topics.alerts import Level
from topics.annotations import Status
from topics.base import digest
from workers.watch.durations import DAY, Duration, Micros
from workers.watch.event_types import DEFAULT_EVENT_TYPES, EventTypes

JoinField = Literal["article", "story", "actor", "place", "entity"]
CorrelationType = Literal["temporal", "temporal_ordered", "event_count", "value_count"]

MAX_TIMESPAN = 92 * DAY
MOST_SKEW: Micros = 90 * DAY
"""So far may one partition be ahead of the one that is furthest behind before the others' articles get too old."""

RETENTION_BEYOND_TIMESPAN: Micros = 7 * DAY
"""So much later than the newest event a pattern has seen may an article still arrive and complete a match."""

_ID = re.compile(r"^[a-z0-9][a-z0-9_-]{0,99}$")
_ENTITY_ID = re.compile(r"^([A-Z]{2}|[a-z_]+:\S+)$")


def _allowed(text: str) -> PydanticCustomError:
    return PydanticCustomError("allowed", "{allowed}", {"allowed": text})


class _OneOrMore:
    """A list, or a single word in its place."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            lambda found: [found] if isinstance(found, str) else found, handler(source)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        listed = handler(schema)
        return {"anyOf": [listed["items"], listed]}


def _is_id(text: str) -> str:
    if not _ID.match(text):
        raise _allowed("lower-case letters, digits, '-' and '_', at most 100, starting with a letter or digit")
    return text


def _is_entity(text: str) -> str:
    if not _ENTITY_ID.match(text):
        raise _allowed("an entity id: a country as two capitals (KP), others as kind:name (person:vladimir-putin)")
    return text


def _is_event_type(text: str, info: ValidationInfo) -> str:
    known: EventTypes = (info.context or {})["types"]
    if text not in known.names:
        raise PydanticCustomError("event_type", "an event type", {"known": sorted(known.names)})
    return text


def _is_known_span(duration: Duration) -> Duration:
    if not 0 < duration.micros <= MAX_TIMESPAN:
        raise _allowed(f"a duration from 1s to {MAX_TIMESPAN // DAY}d")
    return duration


_TYPE_SCHEMA = {"anyOf": [{"enum": sorted(DEFAULT_EVENT_TYPES.names)}, {"type": "string"}]}
"""For editors: they offer the default ontology's types and bear with those that a user added."""

_TIME_SCHEMA = {"type": "string", "examples": ["2026-03-01T23:50Z"]}

EventTypeName = Annotated[str, AfterValidator(_is_event_type), WithJsonSchema(_TYPE_SCHEMA)]
EntityId = Annotated[str, AfterValidator(_is_entity), WithJsonSchema({"type": "string", "pattern": _ENTITY_ID.pattern})]
RuleName = Annotated[str, WithJsonSchema(_TYPE_SCHEMA)]
Words = Annotated[tuple[str, ...], _OneOrMore()]
EntityIds = Annotated[tuple[EntityId, ...], _OneOrMore()]
Statuses = Annotated[tuple[Status, ...], _OneOrMore(), Field(min_length=1)]
Span = Annotated[Duration, AfterValidator(_is_known_span)]
Moment = Annotated[AwareDatetime, WithJsonSchema(_TIME_SCHEMA)]


class Strict(BaseModel):
    """A part of a pattern; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class Rule(Strict):
    """A selection of events. Fields are joined by AND, the values of one field by OR; an absent field selects all."""

    type: Annotated[tuple[EventTypeName, ...], _OneOrMore()] = ()
    status: Statuses = ("actual",)
    actor: EntityIds = Field(default=(), description="who did it; for a summit, talks or an agreement any party")
    target: EntityIds = ()
    place: EntityIds = ()
    entity: EntityIds = Field(default=(), description="named anywhere in the article")
    source: Words = Field(default=(), description="outlet, as the article says it")
    tag: Words = ()
    text: Words = Field(default=(), description="a phrase in the title or the sentence")
    min_confidence: float = Field(default=0.0, ge=0, le=1)


class CountCondition(Strict):
    """When a count rings. `field` says what a `value_count` counts."""

    field: Literal["story", "source", "actor", "target", "place", "article"] | None = None
    gte: int | None = Field(default=None, ge=1)
    gt: int | None = Field(default=None, ge=0)
    lte: int | None = Field(default=None, ge=0)
    lt: int | None = Field(default=None, ge=1)
    eq: int | None = Field(default=None, ge=0)


def _condition_kind(found: Any) -> str:
    return "expression" if isinstance(found, str) else "count"


Condition = Annotated[
    Annotated[CountCondition, Tag("count")] | Annotated[str, Tag("expression")], Discriminator(_condition_kind)
]


class Correlation(Strict):
    """Which rules must come together, how near in event time, and sharing what."""

    type: CorrelationType
    rules: Annotated[tuple[RuleName, ...], _OneOrMore(), Field(min_length=1)]
    group_by: Annotated[tuple[JoinField, ...], _OneOrMore()] = Field(default=(), alias="group-by")
    timespan: Span
    condition: Condition | None = None


class Spike(Strict):
    """A rate in `timespan` against the rate of a reference period."""

    reference: Span
    height: float = Field(gt=1)
    min: int = Field(default=1, ge=1)


class TestEvent(Strict):
    """One event of a test in a pattern file. Events of one `article` (and `revision`) stand in one article."""

    __test__ = False  # not a test for pytest to collect

    at: Moment
    type: EventTypeName
    status: Status = "actual"
    actor: EntityIds = ()
    target: EntityIds = ()
    place: EntityId | None = None
    entity: EntityIds = ()
    confidence: float = Field(default=1.0, ge=0, le=1)
    article: str | None = Field(default=None, description="absent: an article of its own")
    revision: int = Field(default=1, ge=1, description="a higher one replaces the article's lower one")
    story: str | None = Field(default=None, description="absent: a story of its own")
    source: str | None = None
    tag: Words = ()
    title: str = ""


class Expected(Strict):
    """One alert that a test expects; only the fields given are compared."""

    article: Words | None = None
    story: Words | None = None
    actor: EntityIds | None = None
    place: EntityIds | None = None
    entity: EntityIds | None = None
    evidence: int | None = Field(default=None, ge=1, description="events in the alert's evidence")
    articles: int | None = Field(default=None, ge=1)
    stories: int | None = Field(default=None, ge=1)
    sources: int | None = Field(default=None, ge=0)
    at: Moment | None = Field(default=None, description="event time of the article that completed the match")
    late: bool | None = None


class PatternTest(Strict):
    """Events in order of arrival, and the alerts that must stand at the end: these and no others."""

    name: str = Field(min_length=1)
    events: tuple[TestEvent, ...]
    expect: tuple[Expected, ...]


class PatternDocument(Strict):
    """One YAML document."""

    title: str = Field(min_length=1, max_length=256)
    id: Annotated[str, AfterValidator(_is_id), WithJsonSchema({"type": "string", "pattern": _ID.pattern})]
    level: Level = "medium"
    description: str | None = Field(default=None, max_length=10_000)
    status: Literal["stable", "test", "experimental", "deprecated", "unsupported"] | None = None
    author: str | None = None
    date: str | None = None
    modified: str | None = None
    references: Words = ()
    tags: Words = ()
    falsepositives: Words = ()
    rules: dict[str, Rule] = Field(default_factory=dict)
    correlation: Correlation
    corroboration: int | None = Field(default=None, ge=1, le=100)
    distinct: Literal["article"] | None = None
    spike: Spike | None = None
    cooldown: Duration | None = Field(default=None, description="absent: as long as the timespan")
    rearm_on: Annotated[tuple[Literal["new_story"], ...], _OneOrMore()] = ()
    receivers: Words = ()
    tests: tuple[PatternTest, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """A rule, ready to be asked."""

    name: str
    types: frozenset[str]
    statuses: frozenset[str]
    actors: frozenset[str]
    targets: frozenset[str]
    places: frozenset[str]
    entities: frozenset[str]
    sources: frozenset[str]
    tags: frozenset[str]
    min_confidence: float


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern as the matching needs it. `gte` is 0 for `temporal`."""

    id: str
    version: str
    kind: Literal["temporal", "event_count"]
    selections: tuple[Selection, ...]
    group_by: tuple[JoinField, ...]
    timespan: Micros
    cooldown: Micros
    gte: int
    corroboration: int
    distinct_articles: bool
    symmetric: frozenset[str]
    document: PatternDocument

    @property
    def retention(self) -> Micros:
        """How much older than the newest event an article may be and still count."""
        return self.timespan + RETENTION_BEYOND_TIMESPAN

    @property
    def reach(self) -> Micros:
        """How far in event time one match bears on another."""
        return max(self.timespan, self.cooldown)

    @property
    def types(self) -> frozenset[str]:
        """Event types that any of its rules can select."""
        return frozenset().union(*(selection.types for selection in self.selections))


def compiled(document: PatternDocument, types: EventTypes) -> Pattern:
    """`document`, which `pattern_file` has found to be sound, in the form that the matching runs."""
    correlation = document.correlation
    condition = correlation.condition if isinstance(correlation.condition, CountCondition) else CountCondition()
    gte = condition.gte if condition.gte is not None else (condition.gt or 0) + 1
    cooldown = document.cooldown if document.cooldown is not None else correlation.timespan
    counting = correlation.type == "event_count"
    return Pattern(
        id=document.id,
        version=version_of(document),
        kind="event_count" if counting else "temporal",
        selections=tuple(
            _selection(name, document.rules.get(name), types) for name in dict.fromkeys(correlation.rules)
        ),
        group_by=tuple(dict.fromkeys(correlation.group_by)),
        timespan=correlation.timespan.micros,
        cooldown=cooldown.micros,
        gte=gte if counting else 0,
        corroboration=document.corroboration or 1,
        distinct_articles=document.distinct == "article",
        symmetric=types.symmetric,
        document=document,
    )


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
        min_confidence=rule.min_confidence,
    )
