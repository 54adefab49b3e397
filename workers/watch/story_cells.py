"""What is remembered to recognise stories and copies, and how each piece of it is written. Pure.

A cell is one piece at a `Place`: an article, a story, a text, or the postings by which the latter two are found again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from workers.watch.copies import Signature, from_wire, to_wire
from workers.watch.durations import Micros
from workers.watch.stories import Story

MARK = 12
"""Letters of a mark."""

CellKind = Literal["a", "s", "t", "p", "b"]
"""Articles, stories, texts; stories by term, texts by band."""

Place = tuple[CellKind, int, str]
"""Where a cell lies: its kind, the span of time, and a mark, a term, or a band's digest."""


@dataclass(frozen=True, slots=True)
class Text:
    """A remembered text: when and how it read, its own mark, that of the text it is a copy of, and its story's."""

    time: Micros
    numbers: Signature
    mark: str
    text: str
    story: str

    def to_wire(self) -> str:
        """Short JSON."""
        return json.dumps([self.time, to_wire(self.numbers), self.text, self.story], separators=(",", ":"))

    @classmethod
    def from_wire(cls, mark: str, wire: str) -> Text:
        """The inverse of `to_wire`."""
        time, numbers, text, story = json.loads(wire)
        return cls(time, from_wire(numbers), mark, text, story)


@dataclass(frozen=True, slots=True)
class Remembered:
    """An article: the marks of its story and of its text, and its id."""

    story: str
    text: str
    article_id: str

    def to_wire(self) -> str:
        """One after the other."""
        return self.story + self.text + self.article_id

    @classmethod
    def from_wire(cls, wire: str) -> Remembered:
        """The inverse of `to_wire`."""
        return cls(wire[:MARK], wire[MARK : 2 * MARK], wire[2 * MARK :])


Posting = tuple[str, ...]
"""Marks of stories or texts, those that came first first."""

Cell = Remembered | Story | Text | Posting


def wire_of(cell: Cell) -> str:
    """How `cell` is written."""
    return "".join(cell) if isinstance(cell, tuple) else cell.to_wire()


def cell_of(place: Place, wire: str) -> Cell:
    """The inverse of `wire_of`, for what was read at `place`."""
    kind, _, field = place
    match kind:
        case "a":
            return Remembered.from_wire(wire)
        case "s":
            return Story.from_wire(field, wire)
        case "t":
            return Text.from_wire(field, wire)
        case _:
            return tuple([wire[at : at + MARK] for at in range(0, len(wire), MARK)])
