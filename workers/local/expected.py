"""What the sample archive must ring, and how that is compared with what rang. Pure but for reading the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from topics.alerts import Alert


@dataclass(frozen=True, order=True)
class Expectation:
    """One alert by its meaning: pattern, join values, and the articles that prove it."""

    pattern: str
    group: tuple[tuple[str, tuple[str, ...]], ...]
    articles: tuple[str, ...]

    def __str__(self) -> str:
        group = "; ".join(f"{name} {', '.join(values)}" for name, values in self.group) or "the whole stream"
        return f"{self.pattern} ({group}) by {', '.join(self.articles)}"


@dataclass(frozen=True)
class Comparison:
    """`missing` should have rung and did not; `surprising` rang and should not have."""

    missing: tuple[Expectation, ...]
    surprising: tuple[Expectation, ...]

    @property
    def exact(self) -> bool:
        """Whether just the expected rang."""
        return not self.missing and not self.surprising


def _expectation(pattern: str, group: Mapping[str, Iterable[str]], articles: Iterable[str]) -> Expectation:
    joined = tuple(sorted((name, tuple(sorted(values))) for name, values in group.items()))
    return Expectation(pattern, joined, tuple(sorted(set(articles))))


def read_expected(path: Path) -> list[Expectation]:
    """The alerts in an `expected.json`; its README says what the fields mean."""
    document = json.loads(path.read_text("utf-8"))
    return [_expectation(entry["pattern"], entry["group"], entry["evidence"]) for entry in document["alerts"]]


def as_expectation(alert: Alert) -> Expectation:
    """The meaning of an alert that rang."""
    return _expectation(alert.pattern_id, alert.group, (item.article_id for item in alert.evidence))


def compare(expected: Iterable[Expectation], rang: Iterable[Alert]) -> Comparison:
    """Expected and firing alerts, each compared whole."""
    wanted, found = set(expected), {as_expectation(alert) for alert in rang}
    return Comparison(tuple(sorted(wanted - found)), tuple(sorted(found - wanted)))
