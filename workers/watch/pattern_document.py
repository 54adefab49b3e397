"""The words that a pattern file may use, as pydantic models. What the matching runs is made of them in `patterns`;
what the parts of a pattern must have to do with each other is in `pattern_checks`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from topics.alerts import Level
from topics.annotations import Status
from workers.watch.durations import DAY, Duration
from workers.watch.event_types import DEFAULT_EVENT_TYPES, EventTypes
from workers.yamlmodel import OneOrMore

JoinField = Literal["article", "story", "actor", "place", "entity"]
CountedField = Literal["story", "source", "actor", "target", "place", "article"]
Comparison = Literal["gte", "gt", "lte", "lt", "eq"]
CorrelationType = Literal["temporal", "temporal_ordered", "event_count", "value_count"]

MAX_TIMESPAN = 92 * DAY
MAX_COOLDOWN = 366 * DAY
_ID = re.compile(r"^[a-z0-9][a-z0-9_-]{0,99}$")
_ENTITY_ID = re.compile(r"^([A-Z]{2}|[a-z_]+:\S+)$")


def _allowed(text: str) -> PydanticCustomError:
    return PydanticCustomError("allowed", "{allowed}", {"allowed": text})


def _is_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise _allowed("lower-case letters, digits, '-' and '_', at most 100, starting with a letter or digit")
    return text


def _is_entity(text: str) -> str:
    if not _ENTITY_ID.fullmatch(text):
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


def _is_known_quiet(duration: Duration) -> Duration:
    if duration.micros > MAX_COOLDOWN:
        raise _allowed(f"a duration of at most {MAX_COOLDOWN // DAY}d; 0s: never quiet")
    return duration


def _is_text(text: str) -> str:
    if not text.strip():
        raise _allowed("words, not an empty text; leave the key out to select all")
    return text


_TYPE_SCHEMA = {"anyOf": [{"enum": sorted(DEFAULT_EVENT_TYPES.names)}, {"type": "string"}]}
"""For editors: they offer the default ontology's types and bear with those that a user added."""

_TIME_SCHEMA = {"type": "string", "examples": ["2026-03-01T23:50Z"]}

EventTypeName = Annotated[str, AfterValidator(_is_event_type), WithJsonSchema(_TYPE_SCHEMA)]
EntityId = Annotated[str, AfterValidator(_is_entity), WithJsonSchema({"type": "string", "pattern": _ENTITY_ID.pattern})]
RuleName = Annotated[str, WithJsonSchema(_TYPE_SCHEMA)]
Words = Annotated[tuple[str, ...], OneOrMore()]
Texts = Annotated[tuple[Annotated[str, AfterValidator(_is_text), Field(min_length=1)], ...], OneOrMore()]
EntityIds = Annotated[tuple[EntityId, ...], OneOrMore()]
Statuses = Annotated[tuple[Status, ...], OneOrMore(), Field(min_length=1)]
Quiet = Annotated[Duration, AfterValidator(_is_known_quiet)]
Span = Annotated[Duration, AfterValidator(_is_known_span)]
Moment = Annotated[AwareDatetime, WithJsonSchema(_TIME_SCHEMA)]


class Strict(BaseModel):
    """A part of a pattern; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class Rule(Strict):
    """A selection of events. Fields are joined by AND, the values of one field by OR; an absent field selects all."""

    type: Annotated[tuple[EventTypeName, ...], OneOrMore()] = ()
    status: Statuses = ("actual",)
    actor: EntityIds = Field(default=(), description="who did it; for a summit, talks or an agreement any party")
    target: EntityIds = ()
    place: EntityIds = ()
    entity: EntityIds = Field(default=(), description="named anywhere in the article")
    source: Texts = Field(default=(), description="outlet, as the article says it")
    tag: Texts = ()
    text: Texts = Field(default=(), description="a phrase in the title or the sentence")
    min_confidence: float = Field(default=0.0, ge=0, le=1)


class CountCondition(Strict):
    """When a count rings. `field` says what a `value_count` counts."""

    field: CountedField | None = None
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
    rules: Annotated[tuple[RuleName, ...], OneOrMore(), Field(min_length=1)]
    group_by: Annotated[tuple[JoinField, ...], OneOrMore()] = Field(default=(), alias="group-by")
    timespan: Span
    condition: Condition | None = None


class Spike(Strict):
    """A count in `timespan` against what a timespan brought on average in the `reference` before it."""

    reference: Span
    height: float = Field(gt=1, description="so many times the average")
    min: int = Field(default=1, ge=1, description="and at least so many")


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
    text: str | None = Field(default=None, description="the same for copies of one text; absent: the same in one story")
    source: str | None = None
    tag: Words = ()
    title: str = ""
    sentence: str = Field(default="", description="the words of the event; absent: the name of its type")
    when: str | None = Field(default=None, description="when it happened, as far as the text says: 2026-03-01, 2026-03")


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
    until: Moment | None = Field(
        default=None, description="how far the clock goes on after the last event; absent: past every deadline"
    )


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
    cooldown: Quiet | None = Field(default=None, description="absent: as long as the timespan")
    rearm_on: Annotated[tuple[Literal["new_story"], ...], OneOrMore()] = ()
    receivers: Words = ()
    tests: tuple[PatternTest, ...] = ()
