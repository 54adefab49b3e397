"""The sentences of a part: token spans, cut where paragraphs end, and where each stands."""

from __future__ import annotations

from collections.abc import Iterator

from spacy.tokens import Doc

from workers.annotate.scene import Position
from workers.annotate.text import Part

MAX_SENTENCE_TOKENS = 200
"""A longer sentence is a list or a table; it is cut, so that no text takes the parser long."""


def sentence_spans(part: Part, doc: Doc) -> Iterator[tuple[int, int]]:
    """Token spans of the sentences, cut at the ends of segments."""
    starts = {segment.start for segment in part.segments}
    begin: int | None = None
    last = 0
    for token in doc:
        if token.is_space:
            continue
        cut = begin is None or token.is_sent_start or any(last < start <= token.idx for start in starts)
        if begin is not None and (cut or token.i - begin >= MAX_SENTENCE_TOKENS):
            yield begin, _without_space(doc, begin, token.i)
            begin = token.i
        elif begin is None:
            begin = token.i
        last = token.idx
    if begin is not None:
        yield begin, _without_space(doc, begin, len(doc))


def _without_space(doc: Doc, start: int, end: int) -> int:
    while end - 1 > start and doc[end - 1].is_space:
        end -= 1
    return end


def position_of(part: Part, doc: Doc, span: tuple[int, int]) -> Position:
    """Where a sentence stands in its part."""
    start, end = span
    last = doc[end - 1]
    return Position(part.name, start, end, doc[start].idx, last.idx + len(last.text))


def is_heading(part: Part, doc: Doc, span: tuple[int, int]) -> bool:
    """Does a sentence stand in a heading?"""
    at = doc[span[0]].idx
    return any(segment.heading and segment.start <= at < segment.end for segment in part.segments)
