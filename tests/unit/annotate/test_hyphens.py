"""Hyphenated verbs: found in long clauses, negated and asked as any verb, and with the words as they stand."""

from __future__ import annotations

import pytest

CASES = [
    (
        'Norland, which denounced the plan as a "pipe dream", test-fired cruise missiles off its coast on Monday.',
        "actual",
    ),
    ("Iran, whose economy is weak, test-launched two ballistic missiles.", "actual"),
    ("The missile was not test-fired.", "negated"),
    ("The North has not test-fired a missile since the talks began.", "negated"),
    ("The army never test-fired the missile.", "negated"),
    ("The North may test-fire another missile.", "hypothetical"),
    ("India will test-fire a missile next month.", "future"),
    ("Pakistan test-fired two missiles in 2019.", "historical"),
    ("Turkey has test-fired a nuclear-capable missile, its army said.", "actual"),
]


@pytest.mark.parametrize(("text", "status"), CASES)
def test_a_test_launch_is_read_whatever_stands_before_it(read, text, status) -> None:
    found = [event for event in read(text).events if event.type == "missile_launch"]
    assert [event.status for event in found] == [status]
    assert found[0].trigger.text in text


def test_the_headline_form_is_read(read) -> None:
    events = read("Residents heard it.", title="Iran test-fires missile off its coast").events
    assert [(e.type, e.status) for e in events] == [("missile_launch", "actual")]
