"""Inhibition: an alert that is not told while a weightier one about the same stands, in Alertmanager's words. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from topics.alerts import Alert
from topics.silences import Matcher
from workers.notify.matchers import Labels, labels_of, match_all

FOR_EVER = 10_000_000_000.0
"""Epoch seconds: when an alert ends that says no end of its own."""


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """While an alert stands that `source` matches, one that `target` matches is muted, if the labels `equal` agree.

    A label agrees if both have a value in common, or neither has any.
    """

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert that stands, as far as inhibition must know it. `ends_at`: epoch seconds."""

    id: str
    labels: Labels
    ends_at: float
    sequence: int

    @classmethod
    def of(cls, alert: Alert) -> Standing:
        """From the alert's last change."""
        ends_at = alert.closes_at.timestamp() if alert.closes_at else FOR_EVER
        return cls(alert.id, labels_of(alert), ends_at, alert.sequence)

    def to_wire(self) -> str:
        """As JSON."""
        return json.dumps([self.sequence, self.ends_at, dict(self.labels)], ensure_ascii=False)

    @classmethod
    def from_wire(cls, identity: str, text: str) -> Standing:
        """The inverse of `to_wire`."""
        sequence, ends_at, labels = json.loads(text)
        return cls(identity, {name: tuple(values) for name, values in labels.items()}, float(ends_at), int(sequence))


def inhibiting(
    rules: Sequence[InhibitRule], standing: Iterable[Standing], alert_id: str, labels: Labels, now: float
) -> Standing | None:
    """The alert that mutes the one with `labels`, the one that ends last; None if none does.

    As in Alertmanager: what both sides of a rule match is not muted by what both sides match, so that nothing mutes
    itself and no two mute each other.
    """
    asked = [(rule, match_all(rule.source, labels)) for rule in rules if match_all(rule.target, labels)]
    found = [
        source
        for source in (standing if asked else ())
        if source.id != alert_id and source.ends_at > now and any(_mutes(*one, source.labels, labels) for one in asked)
    ]
    return max(found, key=lambda source: (source.ends_at, source.id), default=None)


def _mutes(rule: InhibitRule, target_is_source: bool, source: Labels, target: Labels) -> bool:
    if not match_all(rule.source, source):
        return False
    if target_is_source and match_all(rule.target, source):
        return False
    return all(_agree(source.get(name, ()), target.get(name, ())) for name in rule.equal)


def _agree(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return not set(one).isdisjoint(other) if one or other else True
