"""What a page recalls lies back wherever it is taken up again; what it tells anew is news."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from topics.annotations import Annotation

Read = Callable[..., Annotation]


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (
            "Ceremony marks 30 years since harbour bombing",
            (
                "Families met on Sunday on the anniversary of the bombing of a ferry terminal. "
                "The attack killed 41 people. Nine people died in the blast at the ticket hall."
            ),
            {("armed_attack", "historical")},
        ),
        (
            "City remembers flood victims",
            "The city on Sunday remembered the flood of 1953. The flood killed 1,800 people.",
            {("disaster", "historical")},
        ),
        (
            "Ancient quakes shaped the valley, study finds",
            "Quakes struck the valley some two million years ago, a study says. Eruptions killed its forests.",
            {("disaster", "historical")},
        ),
        (
            "Bomb kills four at ceremony for victims of 1994 massacre",
            (
                "A bomb killed four people at a ceremony for the anniversary of a massacre on Tuesday. "
                "The attack wounded nine others."
            ),
            {("armed_attack", "actual"), ("armed_attack", "historical")},
        ),
    ],
)
def test_what_a_page_recalls_lies_back(title: str, text: str, expected: set[tuple[str, str]], read: Read) -> None:
    told = [event for event in read(text, title).events if event.type in {"armed_attack", "disaster"}]
    assert {(event.type, event.status) for event in told if event.trigger.part == "text"} == expected


def test_news_of_the_day_on_a_page_that_recalls_stays_news(read: Read) -> None:
    text = "The attack of 1994 was remembered in Kigali on Tuesday. Gunmen attacked a bus in the town on Monday."
    told = read(text, "Kigali commemorates 1994 attack").events
    assert ("armed_attack", "actual") in {(event.type, event.status) for event in told}
