"""What a status means, and when the next attempt is due."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.notify.targets import RetryPolicy
from workers.notify.verdicts import next_due, of_status, retry_after

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, "delivered"), (202, "delivered"), (204, "delivered"),
        (301, "permanent"), (308, "permanent"), (302, "retry"), (303, "retry"), (307, "retry"),
        (400, "permanent"), (401, "permanent"), (403, "permanent"), (404, "permanent"), (410, "gone"),
        (413, "permanent"), (408, "retry"), (425, "retry"), (429, "retry"), (500, "retry"), (503, "retry"),
        (599, "retry"),
    ],
)  # fmt: skip
def test_statuses(status: int, verdict: str) -> None:
    assert of_status(status) == verdict


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None), ("3", 3.0), (" 120 ", 120.0), ("0", 0.0), ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 11:59:30 GMT", 0.0), ("Sunday, 01-Mar-26 12:01:00 GMT", 60.0), ("soon", None), ("-5", None),
        ("1.5", None), ("", None), ("٣", None), ("Mon, 99 Foo 2026 12:00:00 GMT", None),
        ("Sun, 01 Mar 2026 12:00:30 -0000", 30.0),
    ],
)  # fmt: skip
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text(max_size=40))
def test_no_retry_after_can_do_harm(header: str) -> None:
    found = retry_after(header, NOW)
    assert found is None or 0 <= found < 1e12


POLICY = RetryPolicy(first=2.0, longest=60.0, give_up_after=3600.0)


@given(attempt=st.integers(1, 10_000), seed=st.integers(), asked=st.none() | st.floats(0, 1e9))
def test_a_pause_is_never_longer_than_the_ceiling_or_what_was_asked(
    attempt: int, seed: int, asked: float | None
) -> None:
    due = next_due(POLICY, attempt=attempt, now=1000.0, give_up_at=5000.0, asked=asked, chance=random.Random(seed))
    assert due is not None
    ceiling = min(60.0, 2.0 * 2.0 ** min(attempt - 1, 60))
    assert 1000.0 + min(4000.0, asked or 0) <= due <= 1000.0 + min(4000.0, max(ceiling, asked or 0))


def test_pauses_use_the_whole_range() -> None:
    chance = random.Random(1)
    dues = [next_due(POLICY, attempt=3, now=0, give_up_at=1e6, asked=None, chance=chance) or 0 for _ in range(2000)]
    assert min(dues) < 0.1
    assert max(dues) > 7.9
    assert 3.8 < sum(dues) / len(dues) < 4.2


def test_the_last_try_is_at_the_end_of_the_schedule_and_then_no_more() -> None:
    chance = random.Random(1)
    assert next_due(POLICY, attempt=5, now=4999, give_up_at=5000, asked=900, chance=chance) == 5000
    assert next_due(POLICY, attempt=6, now=5000, give_up_at=5000, asked=None, chance=chance) is None


def test_a_bound_on_attempts_ends_it_too() -> None:
    policy = RetryPolicy(attempts=3)
    chance = random.Random(1)
    assert next_due(policy, attempt=2, now=0, give_up_at=1e6, asked=None, chance=chance) is not None
    assert next_due(policy, attempt=3, now=0, give_up_at=1e6, asked=None, chance=chance) is None


def test_a_date_in_another_zone_is_understood() -> None:
    moment = NOW + timedelta(hours=1)
    assert retry_after(moment.strftime("%a, %d %b %Y %H:%M:%S +0000"), NOW) == 3600.0
