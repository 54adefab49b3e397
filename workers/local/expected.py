"""What the sample archive must ring, and how that is compared with what rang. Pure but for reading the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from topics.alerts import Alert

Identity = tuple[str, tuple[tuple[str, tuple[str, ...]], ...], str]
"""Pattern, join values, anchor: what makes an alert the same alert in every run."""


@dataclass(frozen=True, order=True)
class Expectation:
    """One alert by its meaning. `anchor` is the article that completes it, `articles` are all that prove it."""

    pattern: str
    group: tuple[tuple[str, tuple[str, ...]], ...]
    anchor: str
    articles: tuple[str, ...]

    @property
    def identity(self) -> Identity:
        """What must be equal for it to be the same alert."""
        return self.pattern, self.group, self.anchor

    def __str__(self) -> str:
        group = "; ".join(f"{name} {', '.join(values)}" for name, values in self.group) or "the whole stream"
        return f"{self.pattern} ({group}), completed by {self.anchor}, proved by {', '.join(self.articles)}"


@dataclass(frozen=True)
class Comparison:
    """`missing` should have been told and was not; `surprising` was told and should not have been.

    `misproved` was told rightly, but its stored evidence is not what it should be.
    """

    missing: tuple[Expectation, ...]
    surprising: tuple[Expectation, ...]
    misproved: tuple[Expectation, ...]

    @property
    def exact(self) -> bool:
        """Whether just the expected rang, each with its evidence."""
        return not (self.missing or self.surprising or self.misproved)


def _expectation(pattern: str, group: Mapping[str, Iterable[str]], anchor: str, articles: Iterable[str]) -> Expectation:
    joined = tuple(sorted((name, tuple(sorted(values))) for name, values in group.items()))
    return Expectation(pattern, joined, anchor, tuple(sorted(set(articles))))


def read_expected(path: Path) -> list[Expectation]:
    """The alerts in an `expected.json`; its README says what the fields mean."""
    document = json.loads(path.read_text("utf-8"))
    return [
        _expectation(entry["pattern"], entry["group"], entry["anchor"], entry["evidence"])
        for entry in document["alerts"]
    ]


def as_expectation(alert: Alert) -> Expectation:
    """The meaning of an alert that rang. What completes it is its last article in event time."""
    anchor = max((item.event_time, item.article_id) for item in alert.evidence)[1]
    return _expectation(alert.pattern_id, alert.group, anchor, (item.article_id for item in alert.evidence))


def compare(expected: Iterable[Expectation], told: Iterable[Alert], stored: Iterable[Alert]) -> Comparison:
    """Expected alerts against those a receiver was told, and against the evidence that is stored for them by now.

    An alert is told when it fires; evidence that arrives later is added to what is stored.
    """
    wanted = {one.identity: one for one in expected}
    heard = {one.identity: one for one in map(as_expectation, told)}
    kept = {one.identity: one for one in map(as_expectation, stored)}
    return Comparison(
        missing=tuple(sorted(one for identity, one in wanted.items() if identity not in heard)),
        surprising=tuple(sorted(one for identity, one in heard.items() if identity not in wanted)),
        misproved=tuple(
            sorted(one for identity, one in kept.items() if identity in wanted and one != wanted[identity])
        ),
    )
