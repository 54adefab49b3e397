"""How an article's story and text are found, and what is then remembered, over any store of cells. Pure.

`assignment` looks into cells and says what to write; memory and Redis only keep cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from topics.annotations import Annotation
from workers.watch.copies import (
    COPY_SIMILARITY,
    KEPT_SIMILARITY,
    REWRITTEN_SIMILARITY,
    bands,
    shortened,
    signature,
    similarity,
)
from workers.watch.durations import Micros, to_micros
from workers.watch.stories import (
    REACH,
    Story,
    candidates,
    closest,
    cosine,
    era_of,
    era_of_mark,
    eras,
    founded,
    lookup_terms,
    mark_of,
    marked,
    story_id,
    text_id,
)
from workers.watch.story_cells import Cell, CellKind, Place, Posting, Remembered, Text
from workers.watch.tellings import telling_of

MAX_POSTING = 64
"""Stories under one term, texts in one band, in one span of time: the newest stay. More share a word that tells little,
or a formula that everybody prints."""

CLOSE_REWRITING = 0.6
"""The least cosine to a story whose text an article is said to rewrite."""

KEPT_ERAS = 2
"""Spans of event time that are remembered, the newest included: 6 to 12 days. Partitions may be read so far apart."""

Look = Callable[[Place], Cell | None]
"""What a place holds, None if it is empty."""


class Assigned(NamedTuple):
    """The story and the text (it and its copies) of an article."""

    story: str
    text: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """What was found, and what to remember: nothing of an article that is known."""

    assigned: Assigned
    writes: Mapping[Place, Cell] = field(default_factory=dict)


class Sought:
    """An article whose story is sought, and the cells in which it looks for it."""

    def __init__(self, annotation: Annotation) -> None:
        self.telling = telling_of(annotation)
        self.mark = mark_of(annotation.article_id, self.telling.time)
        self.own = era_of(self.telling.time)
        self.spans = eras(self.telling.time)
        numbers = signature(annotation.fingerprint.minhash)
        self.numbers = None if numbers is None else shortened(numbers)
        self.terms = lookup_terms(self.telling.terms)
        self.bands = bands(numbers)

    @property
    def itself(self) -> list[Place]:
        """Where it stands if it has come before. A revision that is dated otherwise keeps the story, unless by days."""
        return [("a", era, marked(self.mark, era)) for era in self.spans]

    @property
    def asked(self) -> list[Place]:
        """All cells in which the search begins."""
        found = self.itself
        for era in self.spans:
            found += [("p", era, term) for term in self.terms]
            found += [("b", era, band) for band in self.bands]
        return found

    def place(self, kind: CellKind, mark: str) -> Place:
        """Where what belongs to `mark` lies."""
        return kind, era_of_mark(mark, self.own), mark

    def marks(self, kind: CellKind, name: str, look: Look) -> Posting:
        """What stands under a term or in a band, each mark once."""
        here, there = (_posting(look((kind, era, name))) for era in self.spans)
        return tuple(dict.fromkeys((*here, *there))) if here and there else here or there


class _Found(NamedTuple):
    """The story that an article joins, with the text of which it is a copy; None if there is none.

    `left`: its text's story, if only the text is remembered. `alike`: how similar the most similar text is.
    """

    story: Story | None
    text: str | None
    left: str | None = None
    alike: float = 0.0


def assignment(article: Sought, look: Look) -> Assignment:
    """Finds the story and the text of an article; those it was first given, if it has come before."""
    for place in article.itself:
        known = look(place)
        if isinstance(known, Remembered):
            return Assignment(Assigned(story_id(known.story), text_id(known.text)))
    return _remembered(article, look, _found(article, look))


def _found(article: Sought, look: Look) -> _Found:
    """By its text, else by what it tells."""
    in_bands = dict.fromkeys(mark for band in article.bands for mark in article.marks("b", band, look))
    likely = candidates(article.telling, {term: article.marks("p", term, look) for term in article.terms})
    if copies := _copies(article, look, in_bands, COPY_SIMILARITY):
        return _copy(article, look, copies)
    best = closest(article.telling, _stories(article, look, likely))
    if best is None:
        return _Found(None, None)
    story = best[1]
    if article.numbers is not None and story.texts and cosine(article.telling, story) >= CLOSE_REWRITING:
        rewritten = _copies(article, look, story.texts, REWRITTEN_SIMILARITY)
        if rewritten:
            return _Found(story, min(rewritten)[2].text, alike=max(copy[1] for copy in rewritten))
    return _Found(story, None)


def _stories(article: Sought, look: Look, marks: Iterable[str]) -> list[Story]:
    found = [look(article.place("s", mark)) for mark in marks]
    return [story for story in found if isinstance(story, Story)]


_Copy = tuple[tuple[Micros, str], float, Text]
"""When the text came and its mark, the similarity, the text. Of two the earlier is the one that was copied."""


def _copies(article: Sought, look: Look, marks: Iterable[str], enough: float) -> list[_Copy]:
    if article.numbers is None:
        return []
    found = [look(article.place("t", mark)) for mark in marks]
    near = [text for text in found if isinstance(text, Text) and abs(text.time - article.telling.time) <= REACH]
    compared = ((text, similarity(article.numbers, text.numbers)) for text in near)
    return [((text.time, text.mark), alike, text) for text, alike in compared if alike >= enough]


def _copy(article: Sought, look: Look, copies: Sequence[_Copy]) -> _Found:
    """Of a copy: it has the story of the first text, even if that is only known by its mark."""
    first, alike = min(copies)[2], max(copy[1] for copy in copies)
    stories = _stories(article, look, [first.story])
    if not stories:
        return _Found(None, first.text, left=first.story, alike=alike)
    return _Found(stories[0], first.text, alike=alike)


def _remembered(article: Sought, look: Look, found: _Found) -> Assignment:
    """What is written of an article whose story is `found`."""
    mark, telling, own = article.mark, article.telling, article.own
    kept = mark if article.numbers is not None and found.alike < KEPT_SIMILARITY else None
    founding = found.left or mark
    story = found.story.joined(telling, kept) if found.story else founded(telling, founding, kept)
    text = found.text or mark
    writes: dict[Place, Cell] = {("a", own, mark): Remembered(story.mark, text, telling.article_id)}
    if found.left is None:
        writes[article.place("s", story.mark)] = story
        writes |= _posted(look, [("p", own, term) for term in article.terms], story.mark)
    if kept is not None and article.numbers is not None:
        writes["t", own, mark] = Text(telling.time, article.numbers, mark, text, story.mark)
        writes |= _posted(look, [("b", own, band) for band in article.bands], mark)
    return Assignment(Assigned(story_id(story.mark), text_id(text)), writes)


def _posted(look: Look, places: Iterable[Place], mark: str) -> dict[Place, Cell]:
    """Postings with one more mark, where it is not there yet."""
    before = {place: _posting(look(place)) for place in places}
    return {place: (*marks, mark)[-MAX_POSTING:] for place, marks in before.items() if mark not in marks}


def _posting(cell: Cell | None) -> Posting:
    return cell if isinstance(cell, tuple) else ()


class MemoryStories:
    """Stories in this process, as `redis_stories` would assign them to the same articles in the same order."""

    def __init__(self) -> None:
        self._cells: dict[Place, Cell] = {}
        self._newest: int | None = None

    def assign(self, annotation: Annotation) -> Assigned:
        """The story and the text of an article: those it was first given, if it has come before."""
        found = assignment(Sought(annotation), self._cells.get)
        self._cells.update(found.writes)
        newest = newest_era([annotation])
        if newest is not None and (self._newest is None or newest > self._newest):
            self._newest = newest
            self._cells = {place: cell for place, cell in self._cells.items() if place[1] > newest - KEPT_ERAS}
        return found.assigned


def newest_era(annotations: Iterable[Annotation]) -> int | None:
    """The newest span of time of which there is news. An article without a date says nothing of that."""
    dated = (a for a in annotations if a.event_time_source == "published")
    return max((era_of(to_micros(a.event_time)) for a in dated), default=None)
