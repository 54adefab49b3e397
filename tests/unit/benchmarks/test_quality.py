"""The quality bench counts as its README says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.benchmarks.quality.labelled import Item, LabelError, read_items
from tests.benchmarks.quality.scoring import Tally, score, total
from topics.annotations import Annotation, Entity, Event, Fingerprint, Participant, Span

NOW = datetime(2024, 5, 15, 12, tzinfo=UTC)
TYPES = frozenset({"summit", "missile_launch", "sanctions"})


def _event(name: str, status: str = "actual", *actors: str, confidence: float = 0.8) -> Event:
    span = Span(part="text", start=0, end=1, text="x")
    return Event.model_validate(
        {
            "type": name,
            "status": status,
            "trigger": span,
            "sentence": span,
            "confidence": confidence,
            "actor": [Participant(part="text", start=0, end=1, text="x", id=a) for a in actors],
        }
    )


def _annotation(*events: Event, entities: tuple[str, ...] = ()) -> Annotation:
    return Annotation(
        article_id="a",
        revision="r",
        fetched_at=NOW,
        event_time=NOW,
        event_time_source="published",
        fingerprint=Fingerprint(minhash=""),
        events=events,
        entities=tuple(Entity(id=i, kind="country", name=i) for i in entities),
        model="m",
        ontology="1",
    )


def _item(**fields: object) -> Item:
    return Item.model_validate({"id": "1", "text": "t", **fields})


def test_a_happening_said_twice_is_one_answer() -> None:
    item = _item(events=[{"type": "summit", "status": "actual", "actor": ["KP", "RU"]}])
    scores = score([(item, _annotation(_event("summit", "actual", "KP"), _event("summit", "actual", "RU")))])
    assert (scores.with_status["summit"].right, scores.with_status["summit"].extra) == (1, 0)
    assert (scores.actor.right, scores.actor.extra, scores.actor.missed) == (2, 0, 0)


def test_a_wrong_status_is_both_extra_and_missed_and_counts_against_status_accuracy() -> None:
    item = _item(events=[{"type": "summit", "status": "future"}])
    scores = score([(item, _annotation(_event("summit")))])
    assert (scores.with_status["summit"].extra, scores.with_status["summit"].missed) == (1, 1)
    assert scores.types["summit"].right == 1
    assert scores.actual["summit"].extra == 1
    assert scores.status.value == 0.0


def test_optional_events_count_neither_way() -> None:
    item = _item(optional=[{"type": "sanctions"}, {"type": "summit", "status": "future"}])
    found = _annotation(_event("sanctions"), _event("summit", "future"))
    scores = score([(item, found)])
    assert total(scores.with_status.values()).extra == 0
    assert total(score([(item, _annotation(_event("summit")))]).with_status.values()).extra == 1


def test_a_role_without_a_label_is_not_scored_and_an_empty_one_is() -> None:
    free = _item(events=[{"type": "summit", "status": "actual"}])
    empty = _item(events=[{"type": "summit", "status": "actual", "actor": []}])
    found = _annotation(_event("summit", "actual", "KP"))
    assert score([(free, found)]).actor == Tally()
    assert score([(empty, found)]).actor.extra == 1


def test_entities_of_kinds_that_labels_do_not_list_are_left_out() -> None:
    item = _item(entities=["KP", "weapon:hwasong-17"])
    scores = score([(item, _annotation(entities=("KP", "RU")))])
    assert (scores.entities.right, scores.entities.extra, scores.entities.missed) == (1, 1, 0)


def test_types_beyond_the_labels_are_ignored() -> None:
    scores = score([(_item(), _annotation(_event("cooperation")))], ignored_types=frozenset({"cooperation"}))
    assert not scores.with_status


def test_a_broken_line_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps({"id": "1", "text": "t"}) + "\n" + json.dumps({"id": "2", "text": "t", "event": []}))
    with pytest.raises(LabelError, match=r"set.jsonl:2: event: Extra inputs"):
        list(read_items(path, TYPES))
    path.write_text(json.dumps({"id": "1", "text": "t", "events": [{"type": "picnic", "status": "actual"}]}))
    with pytest.raises(LabelError, match=r"set.jsonl:1: there is no event type `picnic`"):
        list(read_items(path, TYPES))
