"""Near misses: the nearest window of a join value, and what it lacked, in words."""

from __future__ import annotations

import pytest

from tests.unit.watch.builders import annotation, at, event, event_count, make_pattern, temporal
from workers.watch.backtest import Backtest
from workers.watch.durations import DAY, HOUR
from workers.watch.explanation import span


def misses(pattern, *told):
    backtest = Backtest([pattern])
    for one in told:
        backtest.add(one)
    return backtest.near_misses(pattern, 10)


def launch(name, when, *actors, **more):
    return annotation(name, when, event("missile_launch", *actors), **more)


def summit(name, when, *actors, **more):
    return annotation(name, when, event("summit", *actors), **more)


def test_a_pair_that_was_too_far_apart_says_by_how_much() -> None:
    (miss,) = misses(temporal(timespan="48h"), launch("l", at(0), "KP"), summit("s", at(53), "KP"))
    assert miss.value == ("KP",)
    assert miss.lacks == ("no summit within 2d; the nearest is 2d5h after",)


def test_what_never_came_and_what_rang_are_told_apart() -> None:
    told = [launch("l1", at(0), "KP"), summit("s1", at(1), "KP"), launch("l2", at(2), "IR")]
    (miss,) = misses(temporal(), *told)
    assert (miss.value, miss.lacks) == (("IR",), ("no summit",))


def test_a_count_too_low_the_nearest_first() -> None:
    pattern = event_count(4, rules=["missile_launch"], group_by=["actor"])
    told = [launch(f"k{n}", at(n), "KP") for n in range(3)] + [launch("i", at(0), "IR")]
    found = misses(pattern, *told)
    assert [miss.value for miss in found] == [("KP",), ("IR",)]
    assert found[0].lacks == ("3 articles within 1d; asked for is gte 4",)


def test_voices_that_are_missing() -> None:
    told = [launch("l", at(0), "KP", source="a"), summit("s", at(1), "KP", source="b")]
    (miss,) = misses(temporal(corroboration=2), *told)
    assert miss.lacks == (
        "1 independent outlets behind missile_launch; asked for are 2",
        "1 independent outlets behind summit; asked for are 2",
    )


def test_what_must_not_be_there_and_the_wrong_order() -> None:
    rules = ["missile_launch", "summit"]
    shared = {"rules": rules, "group-by": ["actor"], "timespan": "6h"}
    absent = make_pattern(correlation={**shared, "type": "temporal", "condition": "missile_launch and not summit"})
    told = [launch("l", at(0), "KP"), summit("s", at(1), "KP"), launch("far", at(90), "XX")]
    found = {miss.value: miss.lacks for miss in misses(absent, *told)}
    assert found == {
        ("KP",): ("summit is there, and must not be: s, 1h after the window began",),
        ("XX",): (
            "time: it is decided at 2026-03-05 00:00Z, and so far all before 2026-03-04 17:45Z is known to have come",
        ),
    }
    ordered = make_pattern(correlation={**shared, "type": "temporal_ordered"})
    (miss,) = misses(ordered, summit("s", at(0), "KP"), launch("l", at(1), "KP"))
    assert miss.lacks == ("the rules are there, but not one after the other in the order asked for",)


def test_silence_that_never_was_and_a_rush_that_was_no_spike() -> None:
    shared = {"type": "event_count", "rules": ["missile_launch"], "timespan": "2h"}
    steady = [launch(f"l{n}", at(n), "KP") for n in range(40)]
    (quiet,) = misses(make_pattern(correlation={**shared, "condition": {"lt": 1}}), *steady)
    assert quiet.lacks == ("1 articles within 2h; it rings when that begins to be lt 1",)
    spiking = make_pattern(correlation=shared, spike={"reference": "10h", "height": 3, "min": 2})
    (calm,) = misses(spiking, *steady, launch("late", at(39.5), "KP"), summit("end", at(50), "KP"))
    assert calm.lacks == ("3 articles within 2h; asked for is at least 2 and 3 times the usual 2.0",)
    (young,) = misses(spiking, *(launch(f"l{n}", at(minutes=n), "KP") for n in range(5)))
    assert young.lacks[0] == "the stream is not yet 12h old, so nobody knows what is usual"


@pytest.mark.parametrize(("length", "words"), [(0, "0s"), (HOUR, "1h"), (2 * DAY + 5 * HOUR + 1, "2d5h")])
def test_lengths_of_time_are_words(length, words) -> None:
    assert span(length) == words
