"""Did it happen: the sentences of `status_cases.yaml`, their status, attribution and dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from topics.annotations import Annotation, Event
from topics.articles import Article
from workers.annotate.reader import Reader

PUBLISHED = datetime(2024, 5, 15, 12, tzinfo=UTC)
FILES = ("status_cases.yaml", "status_cases_wire.yaml")
RIGHT = 0.96
"""So much of what is found must have the right status; a parse that went wrong cannot be mended by a rule."""
FOUND = 0.7
"""Whether a word is an event at all is other tests' matter, but too few would prove nothing here."""


@dataclass(frozen=True)
class Case:
    title: str
    text: str
    wanted: dict[str, str]


def cases(name: str) -> Iterator[Case]:
    sections = yaml.safe_load(Path(__file__).with_name(name).read_text("utf-8"))
    for section in sections.values():
        for case in section:
            if isinstance(case, list):
                yield Case("", case[0], case[1])
            else:
                yield Case(case["title"], case["t"], case["s"])


def is_met(event: Event, wish: str) -> bool:
    statuses, *more = wish.split()
    marks = {"+": event.attributed, "-": not event.attributed}
    dated = all(event.when == word[1:] for word in more if word.startswith("@"))
    return event.status in statuses.split("|") and dated and all(marks[word] for word in more if word in marks)


def at_word(annotation: Annotation, word: str) -> list[Event]:
    exact = [e for e in annotation.events if word in e.trigger.text.split()]
    return exact or [e for e in annotation.events if word in e.trigger.text]


@pytest.mark.parametrize("name", FILES)
def test_each_event_has_the_status_that_a_careful_reader_gives_it(name: str, reader: Reader) -> None:
    labelled = list(cases(name))
    articles = [
        Article(id=str(i), revision="r", title=case.title, text=case.text, published_at=PUBLISHED, fetched_at=PUBLISHED)
        for i, case in enumerate(labelled)
    ]
    right, missed, mistakes = 0, 0, []
    for case, annotation in zip(labelled, reader.read(articles), strict=True):
        for word, wish in case.wanted.items():
            events = at_word(annotation, word)
            if any(is_met(event, wish) for event in events) or (not events and "none" in wish):
                right += 1
            elif events:
                got = [(e.status, e.attributed, e.when) for e in events]
                mistakes.append(f"{case.title} {case.text}: {word} is {got}, not {wish}")
            else:
                missed += 1
    report = "\n".join(mistakes)
    assert right >= RIGHT * (right + len(mistakes)), report
    assert right + len(mistakes) >= FOUND * (right + len(mistakes) + missed)
