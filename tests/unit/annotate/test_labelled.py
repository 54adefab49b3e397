"""The labelled sentences: types, status, actors and targets, against what a careful reader finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from topics.annotations import Annotation, Event
from topics.articles import Article
from workers.annotate.reader import Reader

PUBLISHED = datetime(2024, 5, 15, 12, tzinfo=UTC)
FOLDER = Path(__file__).parent
FILES = ("labelled.yaml", "labelled_hard.yaml", "labelled_fresh.yaml", "labelled_beyond.yaml", "labelled_wide.yaml",
         "labelled_traps.yaml", "labelled_wire.yaml", "labelled_press.yaml", "labelled_reported.yaml",
         "labelled_pages.yaml")  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    type: str
    status: str
    actor: frozenset[str] | None
    target: frozenset[str] | None

    @classmethod
    def parse(cls, words: str) -> Wanted:
        left, _, right = words.partition(">")
        kind, status, *actors = left.split(None, 2)
        return cls(kind, status, _ids(actors[0] if actors else ""), _ids(right))


def _ids(words: str) -> frozenset[str] | None:
    return frozenset(words.replace(" ", "").split(",")) if words.strip() else None


@dataclass
class Score:
    right: int = 0
    wrong: int = 0
    missed: int = 0
    roles_right: int = 0
    roles_wrong: int = 0
    mistakes: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    def add(self, sentence: dict[str, list[str]], annotation: Annotation) -> None:
        wanted = [Wanted.parse(words) for words in sentence.get("e") or ()]
        allowed = {tuple(words.split()[:2]) for words in sentence.get("m") or ()}
        found: dict[tuple[str, str], Event] = {}
        for event in annotation.events:
            found.setdefault((event.type, event.status), event)
        keys = {(w.type, w.status) for w in wanted}
        missing, extra = keys - set(found), set(found) - keys - allowed
        self.right += len(keys & set(found))
        self.missed += len(missing)
        self.wrong += len(extra)
        if missing or extra:
            self.mistakes.append(f"{sentence['t']}: missing {sorted(missing)}, too much {sorted(extra)}")
        for one in wanted:
            self._add_roles(one, found.get((one.type, one.status)), sentence)

    def _add_roles(self, wanted: Wanted, event: Event | None, sentence: dict[str, list[str]]) -> None:
        if event is None:
            return
        for role, ids, found in (("actor", wanted.actor, event.actor), ("target", wanted.target, event.target)):
            if ids is None:
                continue
            if ids == {p.id for p in found}:
                self.roles_right += 1
            else:
                self.roles_wrong += 1
                self.mistakes.append(f"{sentence['t']}: {wanted.type} {role} is {[p.id for p in found]}")


def _article(text: str, title: str, identifier: str) -> Article:
    return Article(id=identifier, revision="r", title=title, text=text, published_at=PUBLISHED, fetched_at=PUBLISHED)


def sentences(name: str) -> list[dict[str, list[str]]]:
    loaded: list[dict[str, list[str]]] = yaml.safe_load((FOLDER / name).read_text("utf-8"))
    return loaded


@pytest.mark.parametrize("name", FILES)
def test_types_status_and_roles_are_those_that_a_careful_reader_finds(name: str, reader: Reader) -> None:
    labelled = sentences(name)
    articles = [_article(str(s["t"]), str(s.get("title", "")), str(i)) for i, s in enumerate(labelled)]
    score = Score()
    for sentence, annotation in zip(labelled, reader.read(articles), strict=True):
        score.add(sentence, annotation)
    report = "\n".join(score.mistakes)
    assert score.precision >= 0.95, report
    assert score.recall >= 0.95, report
    assert score.roles_right >= 0.95 * (score.roles_right + score.roles_wrong), report


def test_every_type_and_every_status_is_labelled(reader: Reader) -> None:
    wanted = [Wanted.parse(words) for name in FILES for s in sentences(name) for words in s.get("e") or ()]
    assert {w.type for w in wanted} == set(reader.ontology.types)
    assert {w.status for w in wanted} == {"actual", "historical", "future", "hypothetical", "negated"}
