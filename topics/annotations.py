"""`Annotation`: what one article revision says happened, with the words that say it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from topics.articles import EventTimeSource
from topics.base import Part, Record, UtcDatetime

TextPart = Literal["title", "text"]
Status = Literal["actual", "historical", "future", "hypothetical", "negated"]
EntityKind = Literal["person", "organisation", "place", "country", "group", "weapon", "event"]


class Span(Part):
    """Words of the article: characters `start` (inclusive) to `end` (exclusive) of its title or its text."""

    part: TextPart
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: str


class Entity(Part):
    """A thing named in the article. `id` is `KP` for a country, `person:vladimir-putin` for others."""

    id: str
    kind: EntityKind
    name: str
    mentions: tuple[Span, ...] = ()


class Participant(Span):
    """An entity in a role of an event, with the mention that puts it there."""

    id: str


class Event(Part):
    """A typed event; see `shared/ontology.md` and `workers/annotate/ontology.yaml` for the types."""

    type: str
    status: Status
    attributed: bool = False
    trigger: Span
    sentence: Span
    actor: tuple[Participant, ...] = ()
    target: tuple[Participant, ...] = ()
    place: str | None = Field(default=None, description="entity id")
    when: str | None = Field(default=None, description="ISO 8601 date, month, year or interval")
    plover: str | None = None
    cameo: str | None = None
    confidence: float = Field(ge=0, le=1)


class Fingerprint(Part):
    """By what copies and stories are recognised."""

    minhash: str = Field(
        description="base64 of 64 little-endian uint32: a MinHash of word 5-shingles; empty if no text"
    )
    terms: dict[str, float] = Field(default_factory=dict, description="weighted terms, strongest first, at most 32")
    years: tuple[int, ...] = Field(default=(), description="years named in the title and at the beginning of the text")


class Timing(Part):
    """How long the reading took, in milliseconds, as a share of its batch."""

    read_ms: float = 0.0


class Annotation(Record):
    """All that was read in one revision of one article."""

    article_id: str
    revision: str
    published_at: UtcDatetime | None = None
    fetched_at: UtcDatetime
    event_time: UtcDatetime = Field(description="published_at, or fetched_at if that is missing or in the future")
    event_time_source: EventTimeSource
    source: str | None = None
    feed: str | None = None
    title: str = ""
    url: str | None = None
    lang: str | None = None
    tags: tuple[str, ...] = ()
    backfill: bool = Field(default=False, description="of the article: what it brings about pages nobody")
    entities: tuple[Entity, ...] = ()
    events: tuple[Event, ...] = ()
    fingerprint: Fingerprint
    model: str = Field(description="name and version of the spaCy pipeline")
    ontology: str = Field(description="version of the ontology, with a hash of what a user added")
    truncated: bool = Field(default=False, description="only the beginning of the article was read")
    timing: Timing = Timing()
