"""`Alert`: a pattern matched; with everything that proves it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from topics.annotations import Participant, Span, Status
from topics.base import Part, Record, UtcDatetime, digest

Level = Literal["informational", "low", "medium", "high", "critical"]
AlertState = Literal["firing", "updated", "standing", "retracted", "expired"]
"""On the topic `alerts`: `firing`, `updated` (it stands on more evidence, or other), `retracted`. A receiver may also
be told that one is `standing` (a repeat) or `expired` (nothing new came of it)."""
Muted = Literal["backfill"]
"""Why nobody is told of an alert that stands: the last of its articles to arrive was old news pushed afterwards."""


class Evidence(Part):
    """One event behind an alert: where it stands, word for word."""

    rule: str = Field(description="the rule of the pattern that it satisfies")
    article_id: str
    revision: str
    title: str = ""
    url: str | None = None
    source: str | None = None
    story: str | None = None
    event_time: UtcDatetime
    type: str
    status: Status
    trigger: Span
    sentence: Span
    actor: tuple[Participant, ...] = ()
    target: tuple[Participant, ...] = ()
    confidence: float


class Window(Part):
    """The half-open window of event time, `start <= t < start + timespan`, in which the evidence lies."""

    start: UtcDatetime
    end: UtcDatetime
    timespan: str = Field(description="as the pattern says it, for example 48h")


class AlertCounts(Part):
    """How much stands behind the alert. `sources` are outlets; None where an earlier version did not count."""

    articles: int
    stories: int
    sources: int
    independent: int | None = Field(default=None, description="outlets of which each tells it in words of its own")


class StoryCoverage(Part):
    """Who tells one of the alert's stories, among the articles of its window. Names, sorted."""

    id: str
    articles: int
    outlets: tuple[str, ...] = ()
    independent: tuple[str, ...] = Field(default=(), description="outlets that tell it in words of their own")


class Alert(Record):
    """One match of one pattern. The same match has the same `id` on every machine and at every run.

    `state` is `retracted` when the ground fell away (a revision took the event back, or late news replaced the match
    by an earlier one, then named in `superseded_by`). It may fire again: `id` and `sequence` together name one change.
    It stands until it is retracted, or until `closes_at`, if nothing new is said of it before.
    """

    id: str
    pattern_id: str
    pattern_version: str
    title: str
    level: Level
    state: AlertState = "firing"
    sequence: int = Field(
        default=0,
        ge=0,
        description="orders the changes of state of one alert: 0 for its first firing, greater for each later one",
    )
    group: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="join field to join values")
    window: Window
    evidence: tuple[Evidence, ...]
    counts: AlertCounts
    stories: tuple[StoryCoverage, ...] = Field(default=(), description="the first 20 stories, those most told first")
    first_event_at: UtcDatetime
    last_event_at: UtcDatetime
    fired_at: UtcDatetime = Field(description="wall clock of the machine that found it")
    updated_at: UtcDatetime | None = Field(default=None, description="when its evidence last changed; as `fired_at`")
    closes_at: UtcDatetime | None = Field(
        default=None, description="when it no longer stands: its timespan and cooldown after it fired or was updated"
    )
    late: bool = Field(default=False, description="completed by an article older than what had been seen already")
    muted: Muted | None = Field(default=None, description="why nobody is told of it, from its first firing on")
    supersedes: tuple[str, ...] = Field(default=(), description="ids of alerts that this one takes the place of")
    superseded_by: str | None = None
    receivers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    description: str | None = None
    trace_id: str | None = Field(default=None, description="trace of the article that completed the match")

    @property
    def holds(self) -> bool:
        """Whether it was not taken back, whatever else was told of it since."""
        return self.state != "retracted"


def alert_id(pattern_id: str, join_values: tuple[str, ...], anchor: str) -> str:
    """The identity of a match: pattern, sorted join values, and `anchor`, the article that completes it."""
    return digest("alert", pattern_id, *sorted(join_values), "@", anchor, length=24)
