"""The seed articles give what their README asks for. They lie beside the checkout and are never copied into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from topics.annotations import Annotation
from workers.annotate.reader import Reader
from workers.archives.readers import Malformed, read_paths

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "data" / "seed_articles.jsonl"

GRAVE = frozenset({"missile_launch", "nuclear_test", "space_launch", "summit", "sanctions", "armed_attack"})


@pytest.fixture(scope="module")
def seeds() -> list[Annotation]:
    """The three articles in their order: 000, 003 and 004."""
    assert SEEDS.is_file(), f"{SEEDS} is missing: continuous integration has the shared folder beside the checkout"
    articles = [one for one in read_paths([str(SEEDS)]) if not isinstance(one, Malformed)]
    return Reader.load(model="en_core_web_sm").read(articles)


def actual(annotation: Annotation) -> dict[str, set[str]]:
    """Types of what happened, with all that took part."""
    found: dict[str, set[str]] = {}
    for event in annotation.events:
        if event.status == "actual":
            found.setdefault(event.type, set()).update(p.id for p in (*event.actor, *event.target))
    return found


def test_delegations_and_a_display_are_no_launch_and_no_summit(seeds) -> None:
    found = actual(seeds[0])
    assert {"official_visit", "weapons_display"} <= set(found)
    assert {"RU", "CN"} <= found["official_visit"]
    assert not GRAVE & set(found)


def test_a_letter_is_no_summit_and_the_meeting_of_2019_is_history(seeds) -> None:
    found = actual(seeds[1])
    assert {"diplomatic_message", "statement_of_support"} <= set(found)
    assert not GRAVE & set(found)
    assert any(e.status == "historical" and (e.when or "").startswith("2019") for e in seeds[1].events)


def test_the_summit_and_the_launch_of_one_night_are_both_there(seeds) -> None:
    found = actual(seeds[2])
    assert {"KP", "RU"} <= found["summit"]
    assert "KP" in found["missile_launch"]
    assert set(found) & GRAVE == {"summit", "missile_launch"}
    fired = [e for e in seeds[2].events if e.type == "missile_launch" and e.trigger.text == "fired"]
    assert {e.status for e in fired} == {"actual"}
