"""Times that a text names, seen from Wednesday 2024-05-15."""

from __future__ import annotations

from datetime import date

import pytest

from workers.annotate.dates import find_times

PUBLISHED = date(2024, 5, 15)


@pytest.mark.parametrize(
    ("text", "iso", "lies"),
    [
        ("It happened on Monday.", "2024-05-13", "news"),
        ("It happened on Wednesday.", "2024-05-15", "news"),
        ("They will meet on Friday.", "2024-05-17", "future"),
        ("It happened last Friday.", "2024-05-10", "news"),
        ("It happened yesterday.", "2024-05-14", "news"),
        ("They meet tomorrow.", "2024-05-16", "future"),
        ("It happened last month.", "2024-04", "past"),
        ("It happens next month.", "2024-06", "future"),
        ("It happened this month.", "2024-05", "news"),
        ("It happened in March.", "2024-03", "past"),
        ("It happened in November.", "2023-11", "past"),
        ("It happened in 2019.", "2019", "past"),
        ("It happened on 3 May 2024.", "2024-05-03", "past"),
        ("It happened on May 11.", "2024-05-11", "news"),
        ("It happens on June 28.", "2024-06-28", "future"),
        ("It happened two years ago.", "2022", "past"),
        ("It happened three days ago.", "2024-05-12", "news"),
        ("It happened last week.", "2024-05-06/2024-05-12", "news"),
        ("It happened in the 1980s.", "1980-01-01/1989-12-31", "past"),
        ("It went on over the past few years.", None, "past"),
        ("It went on in recent months.", None, "past"),
        ("It has gone on since January.", None, "past"),
        ("It lasted in 1914-18.", "1914-01-01/1918-12-31", "past"),
    ],
)
def test_a_time_is_resolved_against_publication(text: str, iso: str | None, lies: str) -> None:
    (when,) = find_times(text, PUBLISHED)
    assert when.lies(PUBLISHED) == lies
    if iso is not None:
        assert when.iso == iso


@pytest.mark.parametrize("text", ["They may go.", "It cost 2019 dollars.", "No time at all."])
def test_what_is_no_time_is_left_alone(text: str) -> None:
    assert find_times(text, PUBLISHED) == []
