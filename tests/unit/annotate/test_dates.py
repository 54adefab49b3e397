"""Times that a text names, seen from Wednesday 2024-05-15."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from workers.annotate.dateglance import may_refer_back, patterns_for
from workers.annotate.dates import find_times
from workers.annotate.datewords import ANAPHORIC, PATTERNS

PUBLISHED = date(2024, 5, 15)


@pytest.mark.parametrize(
    ("text", "iso", "lies"),
    [
        ("It happened on Monday.", "2024-05-13", "news"),
        ("It happened on Wednesday.", "2024-05-15", "news"),
        ("They will meet on Friday.", "2024-05-17", "future"),
        ("It happened last Friday.", "2024-05-10", "news"),
        ("It happened last december.", "2023-12", "past"),
        ("The accord of 7 june 1987 stands.", "1987-06-07", "past"),
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


@pytest.mark.parametrize("text", ["They may go.", "They march on.", "It cost 2019 dollars.", "No time at all."])
def test_what_is_no_time_is_left_alone(text: str) -> None:
    assert find_times(text, PUBLISHED) == []


@pytest.mark.parametrize(
    ("text", "iso", "lies"),
    [
        ("It happened on the 13th.", "2024-05-13", "news"),
        ("It happened on 13/05/2024.", "2024-05-13", "news"),
        ("It happened on May 10-12.", "2024-05-10/2024-05-12", "news"),
        ("It happened at the weekend.", "2024-05-11/2024-05-12", "news"),
        ("It happened in March last year.", "2023-03", "past"),
        ("A February vote was held.", "2024-02", "past"),
        ("It lasted between 2003 and 2007.", "2003-01-01/2007-12-31", "past"),
        ("It has gone on since the start of 2022.", "2022-01-01/2024-05-15", "past"),
        ("It happened one year ago this weekend.", "2023", "past"),
        ("It went on for years.", None, "past"),
        ("Back then it happened daily.", None, "past"),
        ("The vote is two weeks away.", "2024-05-29", "future"),
        ("It opens on Thursday next week.", "2024-05-23", "future"),
        ("It will happen in two weeks.", "2024-05-29", "future"),
        ("It will happen within days.", None, "future"),
    ],
)
def test_further_forms(text: str, iso: str | None, lies: str) -> None:
    (when,) = find_times(text, PUBLISHED)
    assert when.lies(PUBLISHED) == lies
    if iso is not None:
        assert when.iso == iso


def test_words_are_no_months_and_no_days() -> None:
    """ "May", "March", "Sat" and "Sun" begin with a capital."""
    assert find_times("They may march 3 miles; the two sat down in the sun.", PUBLISHED) == []


def test_a_time_without_direction_turns_with_the_tense() -> None:
    (when,) = find_times("It happens in July.", PUBLISHED)
    assert (when.turned(PUBLISHED, ahead=False).iso, when.turned(PUBLISHED, ahead=True).iso) == ("2023-07", "2024-07")


def test_that_year_is_the_year_named_before() -> None:
    found = find_times("He was jailed in 2019, and that same year he was freed; that year it rained.", PUBLISHED)
    assert [when.iso for when in found] == ["2019", "2019", "2019"]


@pytest.mark.parametrize(
    "words",
    [
        *(
            "throughout the winter",
            "all winter",
            "since winter",
            "a while ago",
            "two Sundays ago",
            "the week before last",
        ),
        *("earlier in the campaign", "since the start of the year"),
    ],
)
def test_what_has_gone_on_or_lies_back_is_past(words: str) -> None:
    (when,) = find_times(f"They fired missiles {words}.", PUBLISHED)
    assert when.lies(PUBLISHED) == "past"


def test_a_glance_at_the_words_spares_only_patterns_that_do_not_match() -> None:
    here = Path(__file__).parent
    texts = [line for path in sorted(here.glob("*.yaml")) for line in path.read_text("utf-8").splitlines()]
    texts += re.findall(r'"([^"\n]+)"', Path(__file__).read_text("utf-8"))
    for text in texts:
        tried = [pattern for _, pattern in patterns_for(text)]
        spared = [pattern.pattern for _, pattern in PATTERNS if pattern not in tried and pattern.search(text)]
        assert spared == [], text
        assert may_refer_back(text) or ANAPHORIC.search(text) is None, text
