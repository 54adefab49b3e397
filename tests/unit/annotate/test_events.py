"""One happening is one event, and how sure an event is depends on what the text says of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from topics.annotations import Annotation
from workers.annotate.confidence import SUREST

Read = Callable[..., Annotation]


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ("The presidents of Kenya and Rwanda met in Nairobi on Monday for a summit.", "summit", 1),
        ("Iran fired three missiles on Monday, a launch that Israel's army tracked.", "missile_launch", 1),
        ("Iran fired three missiles on Monday and Israel fired two missiles.", "missile_launch", 2),
        ("Iran fired a missile on Monday and fired another missile on Tuesday.", "missile_launch", 2),
        ("Rebels attacked a convoy on Monday, and in the attack four soldiers were killed.", "armed_attack", 1),
        ("Norway and Chad signed a treaty on Monday; the agreement was signed in Oslo.", "agreement", 1),
    ],
)
def test_one_happening_told_twice_in_a_sentence_is_one_event(text: str, name: str, number: int, read: Read) -> None:
    found = [event for event in read(text).events if event.type == name]
    assert len(found) == number, [(event.trigger.text, event.status) for event in found]


def test_two_tellings_share_what_each_of_them_says(read: Read) -> None:
    (event,) = (e for e in read("Rebels attacked a convoy in Chad; four soldiers died in Monday's attack.").events)
    assert event.type == "armed_attack"
    assert event.place == "TD"


@pytest.mark.parametrize(
    ("surer", "less"),
    [
        ("Iran fired a missile on Monday.", "Iran fired a missile."),
        ("Iran fired a missile.", "A missile was fired."),
        ("Iran fired a missile on Monday.", "Iran could fire a missile on Monday."),
        ("Iran test-fired a missile in 2019.", "Iran will fire a missile next week."),
    ],
)
def test_what_is_said_in_full_is_surer(surer: str, less: str, read: Read) -> None:
    high, low = (max(event.confidence for event in read(text).events) for text in (surer, less))
    assert 0 < low < high <= SUREST
