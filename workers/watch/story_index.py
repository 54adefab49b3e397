"""How an article's story and text are found, and what is then remembered, over any store of cells. Pure.

A cell is a short text at a `Place`: articles, stories, texts, and the postings by which the latter two are found again.
`assignment` says which cells it needs, is sent them, and ends with what to write; memory and Redis only keep cells.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from topics.annotations import Annotation
from workers.watch.copies import (
    COPY_SIMILARITY,
    KEPT_SIMILARITY,
    REWRITTEN_SIMILARITY,
    Signature,
    bands,
    from_wire,
    shortened,
    signature,
    similarity,
    to_wire,
)
from workers.watch.durations import Micros, to_micros
from workers.watch.stories import (
    REACH,
    Parsed,
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
from workers.watch.tellings import telling_of

MAX_POSTING = 64
"""Stories under one term, texts in one band, in one span of time: the newest stay. More share a word that tells little,
or a formula that everybody prints."""

CLOSE_REWRITING = 0.6
"""The least cosine to a story whose text an article is said to rewrite."""

KEPT_ERAS = 2
"""Spans of event time that are remembered, the newest included: 6 to 12 days. Partitions may be read so far apart."""

MARK = 12
"""Letters of a mark."""

CellKind = Literal["a", "s", "t", "p", "b"]
"""Articles, stories, texts; stories by term, texts by band."""


class Place(NamedTuple):
    """Where a cell lies: `field` is a mark, a term, or a band's digest."""

    kind: CellKind
    era: int
    field: str


Cells = Mapping[Place, str]
"""The cells that were asked for, without those that are empty."""


class Assigned(NamedTuple):
    """The story and the text (it and its copies) of an article."""

    story: str
    text: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """What was found, and what to remember. Nothing of an article that is known.

    `read`: the postings that were looked at and the article's own cells, which must still be as they were. `story`: the
    cell of the story that the article joins or founds; `articles`: how many it had, 0 if it was not there.
    """

    assigned: Assigned
    read: tuple[Place, ...] = ()
    writes: Mapping[Place, str] = field(default_factory=dict)
    story: Place | None = None
    articles: int = 0


Search = Generator[Sequence[Place], Cells, Assignment]


@dataclass(frozen=True, slots=True)
class _Text:
    """A remembered text: when and how it read, its own mark, that of the text it is a copy of, and its story's."""

    time: Micros
    numbers: Signature
    mark: str
    text: str
    story: str

    def to_wire(self) -> str:
        """Short JSON."""
        wire = json.dumps([self.time, to_wire(self.numbers), self.text, self.story], separators=(",", ":"))
        _PARSED.keep((self.mark, wire), self)
        return wire

    @classmethod
    def from_wire(cls, mark: str, wire: str) -> _Text:
        """The inverse of `to_wire`."""
        known = _PARSED.get((mark, wire))
        if known is not None:
            return known
        time, numbers, text, story = json.loads(wire)
        return _PARSED.keep((mark, wire), cls(time, from_wire(numbers), mark, text, story))


_PARSED: Parsed[tuple[str, str], _Text] = Parsed(4_000)


class _Article:
    """An article whose story is sought, and the cells in which it looks for it."""

    def __init__(self, annotation: Annotation) -> None:
        self.telling = telling_of(annotation)
        self.mark = mark_of(annotation.article_id, self.telling.time)
        self.own = era_of(self.telling.time)
        spans = eras(self.telling.time)
        numbers = signature(annotation.fingerprint.minhash)
        self.numbers = None if numbers is None else shortened(numbers)
        # A revision that is dated otherwise keeps the story, unless by days.
        self.itself = [Place("a", era, marked(self.mark, era)) for era in spans]
        self.terms = {term: [Place("p", era, term) for era in spans] for term in lookup_terms(self.telling.terms)}
        self.bands = {band: [Place("b", era, band) for era in spans] for band in bands(numbers)}

    @property
    def asked(self) -> tuple[Place, ...]:
        """The cells that it depends on."""
        postings = (place for places in (*self.terms.values(), *self.bands.values()) for place in places)
        return (*self.itself, *postings)

    def place(self, kind: CellKind, mark: str) -> Place:
        """Where what belongs to `mark` lies."""
        return Place(kind, era_of_mark(mark, self.own), mark)


class _Found(NamedTuple):
    """The story that an article joins, with the text of which it is a copy; None if there is none.

    `left`: its text's story, if only the text is remembered. `alike`: how similar the most similar text is.
    """

    story: Story | None
    text: str | None
    left: str | None = None
    alike: float = 0.0


def assignment(annotation: Annotation) -> Search:
    """Finds the story and the text of an article; those it was first given, if it has come before."""
    article = _Article(annotation)
    cells = yield article.asked
    for place in article.itself:
        if place in cells:
            return Assignment(Assigned(story_id(cells[place][:MARK]), text_id(cells[place][MARK : 2 * MARK])))
    found = yield from _found(article, cells)
    return _remembered(article, cells, found)


def _found(article: _Article, cells: Cells) -> Generator[Sequence[Place], Cells, _Found]:
    """By its text, else by what it tells."""
    postings = {
        term: dict.fromkeys(mark for place in places for mark in _marks(cells, place))
        for term, places in article.terms.items()
    }
    likely = [article.place("s", mark) for mark in candidates(article.telling, postings)]
    in_bands = dict.fromkeys(m for places in article.bands.values() for place in places for m in _marks(cells, place))
    alike = [article.place("t", mark) for mark in in_bands]
    near = yield [*likely, *alike]
    if copies := _copies(article, near, alike, COPY_SIMILARITY):
        place = article.place("s", min(copies)[2].story)
        return _copy(copies, (near if place in near else (yield [place])).get(place))
    best = closest(article.telling, [Story.from_wire(place.field, near[place]) for place in likely if place in near])
    if best is None:
        return _Found(None, None)
    story = best[1]
    if article.numbers is not None and story.texts and cosine(article.telling, story) >= CLOSE_REWRITING:
        texts = [article.place("t", mark) for mark in story.texts]
        rewritten = _copies(article, (yield texts), texts, REWRITTEN_SIMILARITY)
        if rewritten:
            return _Found(story, min(rewritten)[2].text, alike=max(copy[1] for copy in rewritten))
    return _Found(story, None)


_Copy = tuple[tuple[Micros, str], float, _Text]
"""When the text came and its mark, the similarity, the text. Of two the earlier is the one that was copied."""


def _copies(article: _Article, cells: Cells, places: Iterable[Place], enough: float) -> list[_Copy]:
    if article.numbers is None:
        return []
    texts = [_Text.from_wire(place.field, cells[place]) for place in places if place in cells]
    near = [text for text in texts if abs(text.time - article.telling.time) <= REACH]
    compared = ((text, similarity(article.numbers, text.numbers)) for text in near)
    return [((text.time, text.mark), alike, text) for text, alike in compared if alike >= enough]


def _copy(copies: Sequence[_Copy], story: str | None) -> _Found:
    """Of a copy: it has the story of the first text, even if that is only known by its mark."""
    first, alike = min(copies)[2], max(copy[1] for copy in copies)
    if story is None:
        return _Found(None, first.text, left=first.story, alike=alike)
    return _Found(Story.from_wire(first.story, story), first.text, alike=alike)


def _remembered(article: _Article, cells: Cells, found: _Found) -> Assignment:
    """What is written of an article whose story is `found`."""
    mark, telling = article.mark, article.telling
    kept = mark if article.numbers is not None and found.alike < KEPT_SIMILARITY else None
    founding = found.left or mark
    story = found.story.joined(telling, kept) if found.story else founded(telling, founding, kept)
    text = found.text or mark
    writes = {Place("a", article.own, mark): story.mark + text + telling.article_id}
    place = None
    if found.left is None:
        place = article.place("s", story.mark)
        writes[place] = story.to_wire()
        writes |= _posted(cells, [places[0] for places in article.terms.values()], story.mark)
    if kept is not None and article.numbers is not None:
        remembered = _Text(telling.time, article.numbers, mark, text, story.mark)
        writes[Place("t", article.own, mark)] = remembered.to_wire()
        writes |= _posted(cells, [places[0] for places in article.bands.values()], mark)
    assigned = Assigned(story_id(story.mark), text_id(text))
    return Assignment(assigned, article.asked, writes, place, found.story.articles if found.story else 0)


def _posted(cells: Cells, places: Iterable[Place], mark: str) -> dict[Place, str]:
    """Postings with one more mark, where it is not there yet."""
    before = {place: cells.get(place, "") for place in places}
    return {
        place: (posting + mark)[-MAX_POSTING * MARK :] for place, posting in before.items() if mark not in _cut(posting)
    }


def _marks(cells: Cells, place: Place) -> list[str]:
    return _cut(cells.get(place, ""))


def _cut(posting: str) -> list[str]:
    return [posting[at : at + MARK] for at in range(0, len(posting), MARK)]


class MemoryStories:
    """Stories in this process, as `redis_stories` would assign them to the same articles in the same order."""

    def __init__(self) -> None:
        self._cells: dict[Place, str] = {}
        self._newest: int | None = None

    def assign(self, annotation: Annotation) -> Assigned:
        """The story and the text of an article: those it was first given, if it has come before."""
        found = answered(assignment(annotation), self._cells)
        self._cells.update(found.writes)
        newest = newest_era([annotation])
        if newest is not None and (self._newest is None or newest > self._newest):
            self._newest = newest
            self._cells = {place: cell for place, cell in self._cells.items() if place.era > newest - KEPT_ERAS}
        return found.assigned


def newest_era(annotations: Iterable[Annotation]) -> int | None:
    """The newest span of time of which there is news. An article without a date says nothing of that."""
    dated = (a for a in annotations if a.event_time_source == "published")
    return max((era_of(to_micros(a.event_time)) for a in dated), default=None)


def answered(search: Search, cells: Cells) -> Assignment:
    """The end of `search`, if all that it asks for is in `cells`."""
    try:
        asked = next(search)
        while True:
            asked = search.send({place: cells[place] for place in asked if place in cells})
    except StopIteration as end:
        found: Assignment = end.value
        return found
