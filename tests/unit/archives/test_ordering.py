"""Span, order, pace and numbers of an archive that is played."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from topics.articles import Article
from workers.archives.numbers import Numbered
from workers.archives.ordering import Pace, Sorted, Span, numbered, speed_of
from workers.archives.readers import Malformed

START = datetime(2026, 3, 1, tzinfo=UTC)


def article(minutes: float | None, *, text: str = "t") -> Article:
    time = None if minutes is None else START + timedelta(minutes=minutes)
    return Article(id=str(minutes), revision="r", text=text, published_at=time, fetched_at=START + timedelta(days=9))


def minutes(found: list[Numbered]) -> list[str]:
    return [each.item.id if isinstance(each.item, Article) else "malformed" for each in found]


def test_a_span_is_half_open_and_tells_what_it_left_out() -> None:
    span, gone = Span(START, START + timedelta(minutes=10)), []
    found = list(span.within(numbered([article(m) for m in (-1, 0, 9.9, 10, None)]), gone.append))
    assert minutes(found) == ["0", "9.9"]
    assert (span.left_out, span.undated, gone) == (2, 1, [0, 3, 4])


def test_without_a_span_the_undated_and_the_malformed_are_taken_too() -> None:
    found = list(Span().within(numbered([article(None), Malformed("f", 1, "bad")]), lambda _: None))
    assert minutes(found) == ["None", "malformed"]


def test_what_fits_the_buffer_is_sorted_and_equal_times_keep_their_order() -> None:
    times = list(range(200)) * 2
    random.Random(7).shuffle(times)
    order = Sorted()
    found = list(order.of(numbered([article(m) for m in times])))
    assert [int(m) for m in minutes(found)] == sorted(times)
    assert order.late == 0
    for one, other in pairwise(found):
        assert one.item.published_at < other.item.published_at or one.number < other.number  # type: ignore[union-attr]  # all are articles


def test_the_buffer_is_bounded_by_number_and_by_text_and_says_what_came_late() -> None:
    order = Sorted(articles=3)
    assert minutes(list(order.of(numbered([article(m) for m in (5, 6, 7, 8, 1)])))) == ["5", "1", "6", "7", "8"]
    assert order.late == 1
    small = Sorted(text_bytes=5_000)
    taken = 0

    def counted():
        nonlocal taken
        for m in range(50):
            taken += 1
            yield article(m, text="x" * 1_000)

    stream = small.of(numbered(counted()))
    next(stream)
    assert taken <= 4


def test_what_bears_no_date_goes_through_where_it_stands() -> None:
    found = Sorted(articles=1).of(numbered([article(3), article(None), article(2), Malformed("f", 1, "bad")]))
    assert minutes(list(found)) == ["None", "2", "malformed", "3"]


@pytest.mark.parametrize(("text", "speed"), [("60x", 60), ("1", 1), ("0.5X", 0.5), (" 2x ", 2)])
def test_speeds(text: str, speed: float) -> None:
    assert speed_of(text) == speed


@pytest.mark.parametrize("text", ["", "x", "-1x", "0", "0x", "1e3", "fast", "60 x", "²"])
def test_no_speeds(text: str) -> None:
    with pytest.raises(ValueError, match="write 60x"):
        speed_of(text)


def test_an_hour_takes_a_minute_at_sixty_times() -> None:
    pace = Pace(60)
    assert pace.due(article(None)) == timedelta()
    assert pace.due(article(0)) == timedelta()
    assert pace.due(article(60)) == timedelta(minutes=1)
    assert pace.due(article(-5)) == timedelta()


def test_numbers_go_on_after_what_is_done() -> None:
    assert [each.number for each in numbered([article(m) for m in range(4)], {0, 2}.__contains__)] == [1, 3]
