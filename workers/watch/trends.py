"""What is told of more than on earlier days, and how surprising that is. Pure.

The baseline of an id is its share of all articles in the same hours of earlier days. Its count now is set against a
negative binomial: a Poisson whose rate is only known from those days (Gamma prior of half an article), and that varies
from day to day as much as it has varied. So neither the hour of the day, nor a busy day, nor a rare name that is told
once make a trend, as they would by a z-score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PRIOR = 0.5
"""Articles that every id is thought to have had in all earlier days together (Jeffreys' prior of a Poisson rate)."""

CAUTION = 3.0
"""Days of the usual variation that weigh as much as those seen, when variation from day to day is estimated."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts by id in one span of time, and of how many articles."""

    by_id: Mapping[str, int]
    articles: int


@dataclass(frozen=True, slots=True)
class Trend:
    """An id that is told of more than expected. `surprise` is -log10 of the chance of so many or more.

    `before` are its counts on the earlier days, the latest last.
    """

    id: str
    count: int
    expected: float
    surprise: float
    before: tuple[int, ...]

    @property
    def ratio(self) -> float:
        """How many times as many as expected."""
        return self.count / self.expected


def trends(now: Counts, earlier: Sequence[Counts], *, least: int = 3) -> list[Trend]:
    """Ids counted at least `least` times, the most surprising first; none if there are no earlier days to go by."""
    days = [day for day in earlier if day.articles]
    if not days or not now.articles:
        return []
    exposures = [day.articles / now.articles for day in days]
    found = []
    for id_, count in now.by_id.items():
        if count < least:
            continue
        before = tuple(day.by_id.get(id_, 0) for day in days)
        expected, size = _baseline(before, exposures)
        if count > expected:
            found.append(Trend(id_, count, expected, surprise(count, expected, size), before))
    return sorted(found, key=lambda trend: (-trend.surprise, -trend.count, trend.id))


def _baseline(before: Sequence[int], exposures: Sequence[float]) -> tuple[float, float]:
    """The expected count, and the size of the negative binomial: the smaller, the wider it is."""
    seen = sum(before) + PRIOR
    expected = seen / sum(exposures)
    usual = [expected * exposure for exposure in exposures]
    spread = sum((count - mean) ** 2 / mean for count, mean in zip(before, usual, strict=True))
    inflation = max(1.0, (spread + CAUTION) / (len(before) - 1 + CAUTION)) if len(before) > 1 else 1.0
    return expected, 1 / (1 / seen + (inflation - 1) / expected)


def surprise(count: int, mean: float, size: float) -> float:
    """-log10 of the chance that a negative binomial of `mean` and `size` gives `count` or more; 0 up to its mean."""
    if count <= mean:
        return 0.0
    share = mean / (mean + size)
    first = (
        math.lgamma(count + size) - math.lgamma(size) - math.lgamma(count + 1)
        + size * math.log(1 - share) + count * math.log(share)
    )  # fmt: skip
    total, term, at = 1.0, 1.0, count
    while term > total * 1e-9:
        term *= share * (at + size) / (at + 1)
        total += term
        at += 1
    return max(0.0, -(first + math.log(total)) / math.log(10))
