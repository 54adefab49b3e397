"""Who did what to whom, and where, by construction: the sentences of roles_cases.yaml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.unit.annotate.conftest import article
from topics.annotations import Annotation, Event
from workers.annotate.reader import Reader

TOPICS: dict[str, list[dict[str, list[str]]]] = yaml.safe_load(
    Path(__file__).with_name("roles_cases.yaml").read_text("utf-8")
)
_WANTED = re.compile(r"(?P<type>\w+)\s*(?P<actor>[^>@]*)(?:>\s*(?P<target>[^@]*))?(?:@\s*(?P<place>\S+))?")
ROLES = ("actor", "target", "place")


@dataclass(frozen=True)
class Wanted:
    """An event's participants and place; None where nothing is asked."""

    type: str
    actor: frozenset[str] | None
    target: frozenset[str] | None
    place: frozenset[str] | None

    @classmethod
    def parse(cls, words: str) -> Wanted:
        match = _WANTED.fullmatch(words.strip())
        assert match is not None, words
        return cls(match["type"], _ids(match["actor"]), _ids(match["target"]), _ids(match["place"]))


def _ids(words: str | None) -> frozenset[str] | None:
    words = (words or "").strip()
    if not words:
        return None
    return frozenset() if words == "-" else frozenset(part.strip() for part in words.split(","))


def found_of(events: list[Event], role: str) -> frozenset[str]:
    if role == "place":
        return frozenset(event.place for event in events if event.place)
    return frozenset(p.id for event in events for p in getattr(event, role))


def compare(sentence: dict[str, list[str]], annotation: Annotation) -> tuple[int, list[str]]:
    """How many answers were asked for, and what is wrong with those given."""
    asked, faults = 0, []
    for wanted in (Wanted.parse(words) for words in sentence["r"]):
        events = [event for event in annotation.events if event.type == wanted.type]
        for role in ROLES:
            ids = getattr(wanted, role)
            if ids is None:
                continue
            asked += 1
            found = found_of(events, role)
            if not events:
                faults.append(f"{sentence['t']}: no {wanted.type}")
            elif found != ids:
                faults.append(f"{sentence['t']}: {wanted.type} {role} is {sorted(found)}, not {sorted(ids)}")
    return asked, faults


@pytest.mark.parametrize("topic", TOPICS)
def test_participants_and_places_are_those_that_a_careful_reader_finds(topic: str, reader: Reader) -> None:
    sentences = TOPICS[topic]
    articles = [article(str(s["t"]), str(s.get("title", "")), str(i)) for i, s in enumerate(sentences)]
    asked, faults = 0, []
    for sentence, annotation in zip(sentences, reader.read(articles), strict=True):
        n, wrong = compare(sentence, annotation)
        asked += n
        faults += wrong
    assert len(faults) <= 0.15 * asked, f"{len(faults)} of {asked} wrong:\n" + "\n".join(faults)
