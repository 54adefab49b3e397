"""When a feed is asked next: rhythm, hints, demands, failures; for any history within its bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.feeds.hints import NONE, Hints, hints_of, max_age, retry_at
from workers.feeds.schedule import (
    JITTER,
    LONGEST,
    LONGEST_DEMAND,
    LONGEST_HINT,
    LONGEST_RETRY,
    SHORTEST,
    UNKNOWN,
    Spoken,
    after_answer,
    after_failure,
    per_day,
    rhythm,
)

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)  # a Wednesday
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SILENCE = Spoken()


def each(pause: timedelta, count: int = 16, last: timedelta = timedelta(0)) -> list[datetime]:
    return [NOW - last - n * pause for n in range(count)]


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        ([], UNKNOWN),
        ([NOW], UNKNOWN),
        (each(20 * MINUTE), 10 * MINUTE),
        (each(timedelta(seconds=20)), SHORTEST),
        (each(6 * HOUR), LONGEST),
        (each(timedelta(0)), SHORTEST),
        (each(20 * MINUTE, last=5 * HOUR), 30 * MINUTE),  # it has fallen silent
        ([*each(MINUTE, 3), *each(8 * HOUR, 3)], SHORTEST),  # bursts
        ([NOW + HOUR, *each(20 * MINUTE)], 10 * MINUTE),  # a date in the future says nothing
    ],
)
def test_the_rhythm(arrivals: list[datetime], expected: timedelta) -> None:
    assert rhythm(arrivals, NOW) == expected


def test_entries_a_day() -> None:
    assert per_day(each(HOUR, 13, last=HOUR), NOW) == pytest.approx(24)
    assert per_day([NOW], NOW) is None


def pause(spoken: Spoken, interval: timedelta | None = None, spread: float = 0.0) -> timedelta:
    return after_answer(NOW, interval, each(20 * MINUTE), spoken, spread).at - NOW


def test_hints_are_kept_and_an_interval_of_ones_own_replaces_them() -> None:
    assert pause(SILENCE) == 10 * MINUTE
    assert pause(Spoken(max_age=HOUR)) == HOUR
    assert pause(Spoken(max_age=MINUTE)) == 10 * MINUTE
    assert pause(Spoken(hints=Hints(ttl=45 * MINUTE, period=HOUR))) == HOUR
    assert pause(Spoken(max_age=timedelta(days=365))) == LONGEST_HINT
    assert pause(Spoken(max_age=HOUR, hints=Hints(ttl=2 * HOUR)), interval=2 * MINUTE) == 2 * MINUTE
    assert pause(SILENCE, spread=1.0) == 11 * MINUTE


def test_a_demand_is_kept_whatever_the_subscription_says() -> None:
    demand = Spoken(retry_at=NOW + 3 * HOUR)
    found = after_answer(NOW, MINUTE, [], demand, 0.0)
    assert found.at == found.not_before == NOW + 3 * HOUR
    assert after_failure(NOW, MINUTE, 1, NOW + 3 * HOUR, 0.0).at == NOW + 3 * HOUR
    assert after_failure(NOW, MINUTE, 1, NOW + timedelta(days=3000), 0.0).at == NOW + LONGEST_DEMAND
    assert after_answer(NOW, MINUTE, [], Spoken(retry_at=NOW - HOUR), 0.0).not_before is None


@pytest.mark.parametrize(
    ("hints", "expected"),
    [
        (Hints(skip_hours=(12, 13)), NOW.replace(hour=14, minute=0)),
        (Hints(skip_days=(2,)), datetime(2026, 3, 5, tzinfo=UTC)),
        (Hints(skip_days=(2, 3), skip_hours=(0,)), datetime(2026, 3, 6, 1, tzinfo=UTC)),
        (Hints(skip_hours=(11,)), NOW + 10 * MINUTE),
    ],
)
def test_hours_and_days_without_readers(hints: Hints, expected: datetime) -> None:
    assert after_answer(NOW, None, each(20 * MINUTE), Spoken(hints=hints), 0.0).at == expected
    assert after_answer(NOW, 10 * MINUTE, [], Spoken(hints=hints), 0.0).at == NOW + 10 * MINUTE


def test_failures_are_retried_ever_more_rarely() -> None:
    pauses = [after_failure(NOW, None, failures, None, 0.0).at - NOW for failures in range(1, 9)]
    assert pauses == [15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, *[LONGEST_RETRY] * 4]
    assert after_failure(NOW, 2 * MINUTE, 1, None, 0.0).at == NOW + 2 * MINUTE
    assert after_failure(NOW, None, 10**9, None, 1.0).at <= NOW + LONGEST_RETRY * (1 + JITTER)


moments = st.integers(-(10**8), 10**8).map(lambda seconds: NOW + timedelta(seconds=seconds))
spans = st.timedeltas(timedelta(0), timedelta(days=400))
hints = st.builds(
    Hints,
    ttl=st.none() | spans,
    period=st.none() | spans,
    skip_hours=st.sets(st.integers(0, 23), max_size=23).map(lambda found: tuple(sorted(found))),
    skip_days=st.sets(st.integers(0, 6), max_size=6).map(lambda found: tuple(sorted(found))),
)


@given(
    st.lists(moments, max_size=30),
    st.builds(Spoken, retry_at=st.none() | moments, max_age=st.none() | spans, hints=hints),
    st.none() | st.timedeltas(MINUTE, timedelta(days=30)),
    st.floats(0, 1),
)
def test_it_is_always_asked_again_and_never_before_a_demand(
    arrivals: list[datetime], spoken: Spoken, interval: timedelta | None, spread: float
) -> None:
    found = after_answer(NOW, interval, arrivals, spoken, spread)
    shortest = SHORTEST if interval is None else interval
    assert NOW + shortest <= found.at <= NOW + max(LONGEST_DEMAND, timedelta(days=34)) + timedelta(days=8)
    if spoken.retry_at is not None:
        assert found.at >= min(spoken.retry_at, NOW + LONGEST_DEMAND)
    assert found.not_before is None or NOW < found.not_before <= found.at


# -- hints -------------------------------------------------------------------------------------------------------------

RSS = b"""<?xml version="1.0"?><rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel>
<ttl> 60 </ttl><skipHours><hour>0</hour><hour>24</hour><hour> 5</hour><hour>99</hour></skipHours>
<skipDays><day>Sunday</day><day>saturday</day><day>Someday</day></skipDays>
<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency></channel></rss>"""


def test_the_hints_of_a_document() -> None:
    assert hints_of(RSS) == Hints(HOUR, 6 * HOUR, (0, 5), (5, 6))
    assert hints_of(RSS).pause == 6 * HOUR


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<ttl>0</ttl>",
        b"<ttl>-5</ttl>",
        b"<ttl>soon</ttl>",
        b"<skipHours>" + b"".join(b"<hour>%d</hour>" % hour for hour in range(24)) + b"</skipHours>",
        b"<skipDays><day>yesterday</day></skipDays>",
        b"<skipHours>" * 100_000,
        b"<sy:updatePeriod>often</sy:updatePeriod>",
        b"<x:updatePeriod></x:updatePeriod>",
    ],
)
def test_what_makes_no_sense_is_no_hint(body: bytes) -> None:
    assert hints_of(body) == NONE


@given(st.binary(max_size=2000))
def test_hints_of_anything(body: bytes) -> None:
    hints_of(body)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("max-age=600", 10 * MINUTE),
        ("public, max-age = 600", 10 * MINUTE),
        ("public,max-age=600,s-maxage=1200", 20 * MINUTE),
        ('max-age="60"', MINUTE),
        ("no-cache, max-age=600", None),
        ("No-Store", None),
        ("max-age=0", None),
        ("x-max-age=600", None),
        ("max-age=99999999999999999999", timedelta(days=3650)),
        ("max-age=-1", None),
    ],
)
def test_cache_control(header: str | None, expected: timedelta | None) -> None:
    assert max_age(header) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("120", NOW + 2 * MINUTE),
        (" 120 ", NOW + 2 * MINUTE),
        ("Wed, 04 Mar 2026 13:00:00 GMT", NOW + 30 * MINUTE),
        ("Wed, 04 Mar 2026 13:00:00 +0100", NOW - 30 * MINUTE),
        ("Wed, 04 Mar 2026 13:00:00", NOW + 30 * MINUTE),
        ("Wednesday, 04-Mar-26 13:00:00 GMT", NOW + 30 * MINUTE),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("9" * 400, NOW + timedelta(days=3650)),
        ("١٢", None),
    ],
)
def test_retry_after(header: str | None, expected: datetime | None) -> None:
    assert retry_at(header, NOW) == expected
