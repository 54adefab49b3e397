"""What holds an alert back at a moment: a silence, or an alert that inhibits it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from topics.alerts import Alert
from topics.silences import Silence
from workers.notify.inhibition import FOR_EVER, InhibitRule, Standing, inhibiting
from workers.notify.matchers import labels_of
from workers.notify.silences import silencing, state_of
from workers.notify.targets import RECEIVER_PATTERN


@dataclass(frozen=True, slots=True)
class Mute:
    """Why an alert is not told now. `by`: `silence:ID` or `alert:ID`; `until`: epoch seconds, as far as it is known."""

    by: str
    reason: str
    until: float


@dataclass(frozen=True, slots=True)
class Mutes:
    """The silences there are and the alerts that stand, as they were read just now."""

    silences: Sequence[Silence] = ()
    rules: Sequence[InhibitRule] = ()
    standing: Sequence[Standing] = ()

    @property
    def any(self) -> bool:
        """Whether anything could be muted."""
        return bool(self.silences) or bool(self.rules and self.standing)

    def of(self, alert: Alert, receiver: str, now: datetime) -> Mute | None:
        """Why `receiver` is not told of `alert` now; None if it is.

        Trouble with a receiver is muted by nothing but a silence that names its pattern.
        """
        labels = labels_of(alert, receiver)
        silences = self.silences
        if alert.pattern_id == RECEIVER_PATTERN:
            silences = [s for s in silences if any(m.name == "pattern" and m.operator == "=" for m in s.matchers)]
        silence = silencing(silences, labels, now)
        if silence is not None:
            why = f"silenced until {silence.ends_at:%Y-%m-%d %H:%M:%SZ} by {silence.created_by}: {silence.comment}"
            return Mute(f"silence:{silence.id}", why, silence.ends_at.timestamp())
        if alert.pattern_id == RECEIVER_PATTERN:
            return None
        source = inhibiting(self.rules, self.standing, alert.id, labels, now.timestamp())
        if source is None:
            return None
        title = ", ".join(source.labels.get("title", ())) or ", ".join(source.labels.get("pattern", ()))
        return Mute(f"alert:{source.id}", f"inhibited while alert {source.id} stands ({title})", source.ends_at)

    def in_force(self, now: datetime) -> set[str]:
        """All that may mute something now, as `Mute.by` names them."""
        moment = now.timestamp()
        return {f"silence:{s.id}" for s in self.silences if state_of(s, now) == "active"} | {
            f"alert:{s.id}" for s in self.standing if self.rules and s.ends_at > moment
        }


def closed(alert: Alert, now: datetime) -> bool:
    """Whether nothing new came of `alert` for so long that it stands no more."""
    return alert.closes_at is not None and now >= alert.closes_at


def closing_time(alert: Alert) -> float:
    """When it stands no more (epoch seconds)."""
    return alert.closes_at.timestamp() if alert.closes_at else FOR_EVER
