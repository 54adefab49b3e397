"""An invented alert, for `tocsin notify test` and `preview`: every part of a message is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from topics.alerts import Alert, AlertCounts, AlertState, Evidence, Level, Window, alert_id
from topics.annotations import Participant, Span
from topics.base import digest


@dataclass(frozen=True, slots=True)
class _Report:
    """One invented article and the words in it that carry the event."""

    type: str
    title: str
    outlet: str
    sentence: str
    trigger: str

    def evidence(self, at: datetime) -> Evidence:
        """As an event that happened at `at`."""
        start = self.sentence.index(self.trigger)
        actor = self.sentence.index(_ACTOR)
        return Evidence(
            rule=self.type,
            article_id=digest("sample", self.title),
            revision=digest("sample", self.title, self.sentence, length=16),
            title=self.title,
            url=f"https://news.example/{digest('sample', self.title, length=8)}",
            source=self.outlet,
            story=digest("sample", self.type, length=8),
            event_time=at,
            type=self.type,
            status="actual",
            trigger=Span(part="text", start=start, end=start + len(self.trigger), text=self.trigger),
            sentence=Span(part="text", start=0, end=len(self.sentence), text=self.sentence),
            actor=(Participant(id="XN", part="text", start=actor, end=actor + len(_ACTOR), text=_ACTOR),),
            confidence=0.9,
        )


_ACTOR = "Northland"
_LAUNCH = _Report(
    type="missile_launch",
    title="Northland fires missile",
    outlet="Harbour Wire",
    sentence="Northland fired a ballistic missile into the sea early on Sunday, the defence ministry said.",
    trigger="fired",
)
_SUMMIT = _Report(
    type="summit",
    title="Two leaders meet in Harbour",
    outlet="The Daily Ledger",
    sentence="The leaders of Northland and Eastland met in the port city of Harbour for a two-day summit.",
    trigger="met",
)


def sample_alert(now: datetime, *, level: Level = "high", state: AlertState = "firing") -> Alert:
    """An alert about two invented countries, fired at `now`. Each second's alert has an id of its own."""
    first, last = now - timedelta(hours=7), now - timedelta(minutes=3)
    return Alert(
        id=alert_id("sample", ("XN",), now.isoformat(timespec="seconds")),
        pattern_id="sample-launch-plus-summit",
        pattern_version="1",
        title="Missile launch plus a summit",
        level=level,
        state=state,
        group={"actor": ("XN",)},
        window=Window(start=first, end=first + timedelta(hours=48), timespan="48h"),
        evidence=(_LAUNCH.evidence(first), _SUMMIT.evidence(last)),
        counts=AlertCounts(articles=2, stories=2, sources=2),
        first_event_at=first,
        last_event_at=last,
        fired_at=now,
        tags=("test",),
        description="A made-up alert that shows what a real one looks like. Nothing happened.",
    )
