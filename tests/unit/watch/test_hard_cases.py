"""Cases in which a simpler engine goes wrong, on windows in memory."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.watch.builders import annotation, arrival, at, event, event_count, make_pattern, temporal
from tests.unit.watch.feeding import Stream, anchors, launch, summit
from tests.unit.watch.oracle import must_ring
from topics.alerts import alert_id
from topics.codec import MAX_RECORD_BYTES, encode
from workers.watch.engine import Arrival

# -- the window ------------------------------------------------------------------------------------------------------


def test_a_pair_across_midnight_in_a_window_of_an_hour() -> None:
    assert Stream(temporal(timespan="1h")).feed(launch("a", at(minutes=-10)), summit("b", at(minutes=10))).groups == [
        {"actor": ("KP",)}
    ]


@pytest.mark.parametrize(("apart", "rings"), [(3600, False), (3599, True), (0, True)])
def test_the_window_is_half_open(apart, rings) -> None:
    for first, second in ((0, apart), (apart, 0)):
        stream = Stream(temporal(timespan="1h"))
        stream.feed(launch("a", at(seconds=first)), summit("b", at(seconds=second)))
        assert bool(stream.firing) == rings


def test_a_count_needs_its_articles_within_one_window() -> None:
    protests = [arrival(annotation(f"a{n}", at(n * 5), event("protest", place="SE"))) for n in range(6)]
    assert not Stream(event_count(3, timespan="10h")).feed(*protests).firing
    assert anchors(Stream(event_count(3, timespan="11h")).feed(*protests).firing) == ["a2", "a5"]


# -- join values -----------------------------------------------------------------------------------------------------


def test_several_actors_that_share_one() -> None:
    stream = Stream(temporal()).feed(launch("a", at(0), "KP", "IR"), summit("b", at(1), "RU", "KP"))
    assert stream.groups == [{"actor": ("KP",)}]


def test_articles_that_share_two_actors_ring_once_and_name_both() -> None:
    stream = Stream(temporal()).feed(launch("a", at(0), "RU", "KP"), summit("b", at(1), "KP", "RU"))
    assert stream.groups == [{"actor": ("KP", "RU")}]
    assert len(stream.said) == 1
    assert stream.firing[0].id == alert_id("p", ("KP", "RU"), "b")


def test_an_older_article_about_one_of_two_actors_does_not_split_their_alert() -> None:
    stream = Stream(temporal()).feed(launch("a", at(2), "RU", "KP"), summit("b", at(3), "KP", "RU"))
    stream.feed(launch("old", at(1), "KP"))
    assert stream.groups == [{"actor": ("KP", "RU")}]
    assert [alert.state for alert in stream.said] == ["firing", "updated"]
    assert stream.firing[0].counts.articles == 3


def test_two_coincidences_that_end_in_one_article_are_two_alerts() -> None:
    stream = Stream(temporal()).feed(launch("a", at(0), "KP"), launch("b", at(1), "IR"), summit("c", at(2), "KP", "IR"))
    assert sorted(group["actor"] for group in stream.groups) == [("IR",), ("KP",)]


def test_nobody_is_not_somebody() -> None:
    nobody = arrival(annotation("a", at(0), event("missile_launch"))), arrival(annotation("b", at(1), event("summit")))
    assert not Stream(temporal()).feed(*nobody).firing
    nowhere = [arrival(annotation(f"a{n}", at(n), event("protest"))) for n in range(5)]
    assert not Stream(event_count(2)).feed(*nowhere).firing
    assert Stream(temporal(group_by=())).feed(*nobody).groups == [{}]


def test_all_parties_of_a_summit_are_actors_and_the_target_of_a_threat_is_not() -> None:
    met = arrival(annotation("b", at(1), event("summit", "RU", target=["KP"])))
    assert Stream(temporal()).feed(launch("a", at(0)), met).firing
    threat = arrival(annotation("b", at(1), event("threat", "RU", target=["KP"])))
    assert not Stream(temporal(rules=("missile_launch", "threat"))).feed(launch("a", at(0)), threat).firing


def test_two_join_fields_must_both_be_shared() -> None:
    def one(name: str, type_: str, actor: str, place: str | None) -> Arrival:
        return arrival(annotation(name, at(0), event(type_, actor, place=place)))

    pattern = temporal(group_by=("actor", "place"))
    assert not Stream(pattern).feed(one("a", "missile_launch", "KP", "JP"), one("b", "summit", "KP", "RU")).firing
    assert not Stream(pattern).feed(one("a", "missile_launch", "KP", None), one("b", "summit", "KP", None)).firing
    stream = Stream(pattern).feed(one("a", "missile_launch", "KP", "RU"), one("b", "summit", "KP", "RU"))
    assert stream.groups == [{"actor": ("KP",), "place": ("RU",)}]


def test_both_events_in_one_article() -> None:
    both = annotation("a", at(0), event("missile_launch", "KP"), event("summit", "KP"))
    assert Stream(temporal(group_by=("article",))).feed(arrival(both)).groups == [{"article": ("a",)}]
    assert Stream(temporal()).feed(arrival(both)).firing
    assert not Stream(temporal(distinct="article")).feed(arrival(both)).firing
    stream = Stream(temporal(distinct="article")).feed(arrival(both), summit("b", at(1)))
    assert anchors(stream.firing) == ["b"]


def test_distinct_articles_are_found_whichever_supplies_what() -> None:
    """`a` can only launch, so `b`, which could do both, must be the summit: greed fails one way or the other."""
    both = arrival(annotation("b", at(1), event("missile_launch", "KP"), event("summit", "KP")))
    for other in (launch("a", at(0)), summit("a", at(0))):
        assert Stream(temporal(distinct="article")).feed(other, both).firing


# -- selection -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "rings"),
    [
        ({"actor": ["KP"]}, True),
        ({"actor": ["RU", "US"]}, False),
        ({"target": ["JP"]}, True),
        ({"target": "KP"}, False),
        ({"place": ["JP"]}, True),
        ({"place": ["SE"]}, False),
        ({"entity": ["person:x"]}, True),
        ({"entity": ["person:y"]}, False),
        ({"source": ["wire"]}, True),
        ({"source": ["Wire"]}, False),
        ({"tag": ["asia"]}, True),
        ({"tag": ["europe"]}, False),
        ({"min_confidence": 0.9}, True),
        ({"min_confidence": 0.91}, False),
        ({"status": ["negated", "actual"]}, True),
        ({"status": "negated"}, False),
        ({"type": ["summit", "missile_launch"]}, True),
        ({"type": []}, True),
        ({"actor": ["KP"], "place": ["SE"]}, False),
    ],
)
def test_a_rule_selects_by_every_field_it_has(rule, rings) -> None:
    told = annotation(
        "a",
        at(0),
        event("missile_launch", "KP", target=["JP"], place="JP", confidence=0.9),
        source="wire",
        tags=("asia",),
        entities=("KP", "person:x"),
    )
    selection = {"type": "missile_launch", **rule}
    counting = {"type": "event_count", "rules": ["x"], "timespan": "1h", "condition": {"gte": 1}}
    stream = Stream(make_pattern(rules={"x": selection}, correlation=counting)).feed(arrival(told))
    assert bool(stream.firing) == rings


def test_only_actual_events_ring_unless_the_rule_says_otherwise() -> None:
    planned = arrival(annotation("b", at(1), event("summit", "KP", status="future")))
    assert not Stream(temporal()).feed(launch("a", at(0)), planned).firing
    asked = make_pattern(
        rules={"plan": {"type": "summit", "status": ["future"]}},
        correlation={"type": "temporal", "rules": ["missile_launch", "plan"], "group-by": "actor", "timespan": "2d"},
    )
    assert Stream(asked).feed(launch("a", at(0)), planned).firing


# -- cooldown --------------------------------------------------------------------------------------------------------


def test_a_match_rings_again_when_the_cooldown_is_over_to_the_second() -> None:
    summits = [summit(f"s{hours}", at(hours)) for hours in (1, 2, 6.999, 7, 12.999, 13)]
    stream = Stream(temporal(cooldown="6h")).feed(launch("a", at(0)), *summits)
    assert anchors(stream.firing) == ["s1", "s7", "s13"]


def test_without_a_cooldown_a_match_is_quiet_for_the_timespan_and_with_none_it_never_is() -> None:
    summits = [summit(f"s{hours}", at(hours)) for hours in range(1, 9)]
    assert anchors(Stream(temporal(timespan="5h")).feed(launch("a", at(0)), *summits).firing) == ["s1"]
    stream = Stream(temporal(timespan="5h", cooldown="0s")).feed(launch("a", at(0)), *summits)
    assert anchors(stream.firing) == ["s1", "s2", "s3", "s4"]


def test_the_cooldown_of_one_actor_does_not_quiet_another() -> None:
    stream = Stream(temporal()).feed(launch("a", at(0), "KP", "IR"), summit("b", at(1), "KP"), summit("c", at(2), "IR"))
    assert stream.groups == [{"actor": ("KP",)}, {"actor": ("IR",)}]


# -- copies, sources -------------------------------------------------------------------------------------------------


def test_thirty_copies_of_one_wire_story_are_one_source() -> None:
    copies = [
        arrival(annotation(f"c{n:02}", at(minutes=n), event("protest", place="SE"), source=f"outlet-{n}"), story="wire")
        for n in range(30)
    ]
    own = [
        arrival(annotation(f"o{n}", at(1), event("protest", place="SE"), source=f"own-{n}"), story=f"own-{n}")
        for n in range(2)
    ]
    stream = Stream(event_count(3, corroboration=3)).feed(*copies)
    assert not stream.firing
    stream.feed(*own)
    assert len(stream.firing) == 1
    assert (stream.firing[0].counts.articles, stream.firing[0].counts.stories) == (32, 3)


def test_one_outlet_that_writes_five_stories_is_one_source_and_the_unknown_are_one() -> None:
    for source in ("x", None):
        told = [arrival(annotation(f"a{n}", at(n), event("protest", place="SE"), source=source)) for n in range(5)]
        assert not Stream(event_count(2, corroboration=2)).feed(*told).firing


def test_sources_and_stories_are_paired_as_well_as_can_be() -> None:
    """Outlet x has both stories, y only the first: x must stand for the second. Copies hide the pairing."""

    def one(name: str, source: str, story: str) -> Arrival:
        return arrival(annotation(name, at(0), event("protest", place="SE"), source=source), story=story)

    stream = Stream(event_count(2, corroboration=2))
    stream.feed(one("a", "x", "s1"), one("b", "y", "s1"))
    assert not stream.firing
    stream.feed(one("c", "x", "s2"))
    assert stream.firing


def test_corroboration_stands_behind_every_rule() -> None:
    stream = Stream(temporal(corroboration=2))
    stream.feed(launch("a", at(0), source="x"), launch("b", at(1), source="y"), summit("c", at(2), source="x"))
    assert not stream.firing
    stream.feed(summit("d", at(3), source="y"))
    assert anchors(stream.firing) == ["d"]


# -- late, revised, undated ------------------------------------------------------------------------------------------


def test_a_late_article_completes_and_says_so() -> None:
    stream = Stream(temporal()).feed(summit("b", at(24)), launch("a", at(0)))
    assert (stream.firing[0].late, stream.firing[0].last_event_at) == (True, at(24))
    assert not Stream(temporal()).feed(launch("a", at(0)), summit("b", at(24))).firing[0].late


def test_a_late_article_that_is_only_more_evidence_rings_no_second_time_but_is_told_as_an_update() -> None:
    stream = Stream(temporal()).feed(launch("a", at(0)), summit("c", at(10)), launch("b", at(5)))
    assert [alert.state for alert in stream.said] == ["firing", "updated"]
    first, more = stream.said
    assert (more.id, more.fired_at, more.supersedes) == (first.id, first.fired_at, first.supersedes)
    assert more.sequence > first.sequence == 0
    assert more.updated_at is not None
    assert more.closes_at == more.updated_at + timedelta(hours=96), "timespan and cooldown"
    assert stream.firing[0] == more.model_copy(update={"state": "firing"})
    assert [e.article_id for e in stream.firing[0].evidence] == ["a", "b", "c"]
    assert not stream.firing[0].late


def test_ever_earlier_late_articles_hand_the_alert_on() -> None:
    stream = Stream(temporal()).feed(launch("a", at(0)), summit("d", at(30)), summit("c", at(20)), summit("b", at(10)))
    told = [(alert.state, anchors([alert])[0], alert.superseded_by is not None) for alert in stream.said]
    assert told == [
        ("firing", "d", False),
        ("firing", "c", False),
        ("retracted", "d", True),
        ("firing", "b", False),
        ("retracted", "c", True),
    ]
    assert anchors(stream.firing) == ["b"]


def test_a_revision_that_takes_the_event_back_retracts_and_one_that_brings_it_back_rings() -> None:
    def revised(number: int, *events) -> Arrival:
        return arrival(annotation("a", at(0), *events, revision=number))

    stream = Stream(temporal()).feed(launch("a", at(0)), summit("b", at(1)), revised(2))
    assert not stream.firing
    assert [a.state for a in stream.said] == ["firing", "retracted"]
    stream.feed(launch("a", at(0)))  # the first revision once more
    assert not stream.firing
    stream.feed(revised(3, event("missile_launch", "KP")))
    assert [a.state for a in stream.said] == ["firing", "retracted", "firing"]
    assert len({a.id for a in stream.said}) == 1


def test_each_change_of_one_alert_has_a_greater_sequence() -> None:
    """So that a receiver can be told of each of them once, and in order."""
    stream = Stream(temporal()).feed(launch("a", at(0)), summit("b", at(1)))
    for number in (2, 3, 4):
        events = () if number % 2 == 0 else (event("missile_launch", "KP"),)
        stream.feed(arrival(annotation("a", at(0), *events, revision=number)))
    told = [(alert.state, alert.sequence) for alert in stream.said]
    assert [state for state, _ in told] == ["firing", "retracted", "firing", "retracted"]
    assert len({alert.id for alert in stream.said}) == 1
    assert told[0][1] == 0
    assert told == sorted(told, key=lambda change: change[1])
    assert len({sequence for _, sequence in told}) == 4


def test_a_revision_that_changes_the_actor_hands_the_alert_on() -> None:
    stream = Stream(temporal()).feed(launch("a", at(0), "KP"), summit("b", at(1), "KP", "RU"))
    stream.feed(arrival(annotation("a", at(0), event("missile_launch", "KP", "RU"), revision=2)))
    assert stream.groups == [{"actor": ("KP", "RU")}]
    assert stream.said[1].supersedes == (stream.said[0].id,)


def test_a_revision_of_the_completing_article_that_moves_it_in_time_keeps_the_alert() -> None:
    stream = Stream(temporal()).feed(launch("a", at(0)), summit("b", at(9)), summit("b", at(3), revision=2))
    assert len(stream.said) == 1
    assert stream.firing[0].last_event_at == at(3)


def test_what_fires_and_is_taken_back_within_one_batch_is_not_said() -> None:
    stream = Stream(temporal()).feed(
        launch("a", at(0)), summit("b", at(1)), arrival(annotation("a", at(0), revision=2)), batch=True
    )
    assert stream.said == []


def test_an_undated_article_moves_no_clock() -> None:
    undated = summit("u", at(days=900))
    undated = replace(undated, annotation=undated.annotation.model_copy(update={"event_time_source": "fetched"}))
    stream = Stream(temporal()).feed(undated, launch("a", at(0)), summit("b", at(1)))
    assert (anchors(stream.firing), stream.firing[0].late) == (["b"], False)


def test_an_article_beyond_the_retention_is_too_late() -> None:
    recent = launch("new", at(days=10), "IR")
    inside, beyond = at(days=1, seconds=1), at(days=1, seconds=-1)  # 10 days less 7 less the timespan of 2
    assert Stream(temporal()).feed(recent, launch("a", inside), summit("b", inside)).firing
    assert not Stream(temporal()).feed(recent, launch("a", beyond), summit("b", beyond)).firing


def test_a_batch_that_jumps_ahead_still_takes_what_came_before_the_jump() -> None:
    """An archive's next article may be months later; the one before it in the same batch was not late."""
    stream = Stream(temporal()).feed(launch("a", at(0)))
    stream.feed(summit("b", at(1)), launch("far", at(days=90), "IR"), batch=True)
    assert anchors(stream.firing) == ["b"]


@pytest.mark.parametrize("seed", range(10))
def test_what_is_old_is_dropped_without_a_word(seed) -> None:
    """Three months in order, far beyond the retention: no retraction, no repetition, and the oracle agrees."""
    dice = random.Random(seed)
    pattern = temporal(timespan="12h", cooldown=dice.choice(["0s", "6h", "3d"]))
    told = []
    for number in range(400):
        kind = launch if dice.random() < 0.5 else summit
        told.append(kind(f"a{number:03}", at(number * 5.4 + dice.random()), dice.choice(["KP", "IR", "RU"])))
    stream = Stream(pattern).feed(*told)
    assert {alert.state for alert in stream.said} == {"firing"}
    assert {alert.id for alert in stream.said} == must_ring(pattern, told)
    assert len(stream.said) == len({alert.id for alert in stream.said})
    held = stream.store._shelves["p"]
    assert len(held.sightings) < 60


# -- size ------------------------------------------------------------------------------------------------------------


def test_an_alert_with_endless_evidence_still_fits_a_record() -> None:
    sentence = "Ракета «была» запущена.\n" * 2000
    many = [
        arrival(
            annotation(
                f"a{n:03}",
                at(minutes=n),
                *(event("protest", "KP", place="SE", sentence=sentence) for _ in range(5)),
                title="t" * 5000,
            )
        )
        for n in range(120)
    ]
    stream = Stream(event_count(100)).feed(*many, batch=True)
    alert = stream.firing[0]
    assert len(encode(alert)) < MAX_RECORD_BYTES
    assert alert.counts.articles == 100
    assert len(alert.evidence) == 20
    assert alert.evidence[-1].article_id == "a099"
    assert all(len(e.sentence.text) <= 2000 for e in alert.evidence)
    assert all(e.sentence.text == sentence[e.sentence.start : e.sentence.end] for e in alert.evidence)


def test_an_attendance_list_does_not_multiply_without_bound() -> None:
    everybody = [f"person:p{n}" for n in range(3000)]
    stream = Stream(temporal())
    for name, type_ in (("a", "missile_launch"), ("b", "summit")):
        stream.feed(arrival(annotation(name, at(0), event(type_, *everybody))))
    assert len(stream.firing) == 1
    assert len(encode(stream.firing[0])) < MAX_RECORD_BYTES
