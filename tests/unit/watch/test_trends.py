"""A trend is more than the hour of the day, a busy day, or a name that was never told of."""

from __future__ import annotations

import math
import random

import pytest

from workers.watch.trends import Counts, surprise, trends


def counts(articles: int, **by_id: int) -> Counts:
    return Counts(by_id, articles)


def test_what_is_told_of_much_more_than_before_comes_first() -> None:
    found = trends(counts(1000, US=210, KP=30, FI=3), [counts(1000, US=200, KP=3, FI=1)] * 7)
    assert [trend.id for trend in found] == ["KP", "FI", "US"]
    assert found[0].before == (3,) * 7
    assert found[0].expected == pytest.approx(3, rel=0.05)
    assert found[0].ratio == pytest.approx(10, rel=0.05)
    assert found[0].surprise > 6
    assert found[2].surprise < 2


def test_a_busy_day_is_no_trend() -> None:
    assert all(t.surprise < 0.5 for t in trends(counts(5000, US=1000, KP=15), [counts(1000, US=200, KP=3)] * 7))


def test_a_name_that_is_told_three_times_for_the_first_time_is_less_than_a_known_one_told_tenfold() -> None:
    earlier = [counts(1000, KP=5)] * 7
    found = {t.id: t.surprise for t in trends(counts(1000, KP=50, new=3), earlier)}
    assert found["KP"] > found["new"] > 1


def test_what_goes_up_and_down_every_day_needs_more() -> None:
    steady = [counts(1000, x=20)] * 6
    restless = [counts(1000, x=n) for n in (2, 40, 5, 55, 8, 10)]
    (calm,), (wild,) = trends(counts(1000, x=50), steady), trends(counts(1000, x=50), restless)
    assert calm.surprise > 5
    assert wild.surprise < 2


def test_without_earlier_days_nothing_is_a_trend() -> None:
    assert trends(counts(1000, KP=50), []) == []
    assert trends(counts(1000, KP=50), [counts(0)] * 7) == []
    assert trends(counts(0), [counts(10, KP=1)]) == []
    assert trends(counts(100, KP=2), [counts(100)]) == [], "too few"


@pytest.mark.parametrize(("count", "mean", "size"), [(5, 2.0, 0.5), (30, 10.0, 1e6), (200, 100.0, 20.0)])
def test_surprise_is_the_tail_of_a_negative_binomial(count: int, mean: float, size: float) -> None:
    share = mean / (mean + size)
    below = math.fsum(
        math.exp(
            math.lgamma(n + size) - math.lgamma(size) - math.lgamma(n + 1)
            + size * math.log1p(-share) + n * math.log(share)
        )
        for n in range(count)
    )  # fmt: skip
    assert surprise(count, mean, size) == pytest.approx(-math.log10(1 - below), rel=1e-3)


def test_surprise_of_extremes_is_finite() -> None:
    assert 100 < surprise(100_000, 5.0, 300.0) < math.inf
    assert surprise(3, 5.0, 3.0) == 0


def test_of_news_that_is_as_usual_few_are_surprising() -> None:
    dice = random.Random(1)

    def usual() -> Counts:
        return counts(500, **{f"e{n}": sum(dice.random() < 0.02 for _ in range(500)) for n in range(200)})

    found = trends(usual(), [usual() for _ in range(7)])
    assert sum(trend.surprise > 2 for trend in found) <= 6, "one of a hundred, and some"
