"""The sentences of a part: token spans, cut where paragraphs end, and where each stands."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from spacy.tokens import Doc

from workers.annotate.scene import Position
from workers.annotate.text import Part

MAX_SENTENCE_TOKENS = 200
"""A longer sentence is a list or a table; it is cut, so that no text takes the parser long."""

_NONE = sys.maxsize
_COLUMNS: list[int | str] = ["SENT_START", "IS_SPACE", "LENGTH", "SPACY"]


def sentence_spans(part: Part, doc: Doc) -> Iterator[tuple[int, int]]:
    """Token spans of the sentences, cut at the ends of segments."""
    starts = sorted({segment.start for segment in part.segments})
    begin: int | None = None
    last, end = 0, 0  # where the last word begins, and the token behind it
    following = iter(starts)
    coming = next(following, _NONE)  # where the first segment begins that begins behind it
    at = 0
    for i, (starting, space, length, blank) in enumerate(doc.to_array(_COLUMNS).tolist()):
        here, at = at, at + length + blank
        if space:
            continue
        while coming <= last:
            coming = next(following, _NONE)
        cut = starting == 1 or coming <= here
        if begin is None:
            begin = i
        elif cut or i - begin >= MAX_SENTENCE_TOKENS:
            yield begin, end
            begin = i
        last, end = here, i + 1
    if begin is not None:
        yield begin, end


def position_of(part: Part, doc: Doc, span: tuple[int, int]) -> Position:
    """Where a sentence stands in its part."""
    start, end = span
    last = doc[end - 1]
    return Position(part.name, start, end, doc[start].idx, last.idx + len(last.text))


def is_heading(part: Part, doc: Doc, span: tuple[int, int]) -> bool:
    """Does a sentence stand in a heading?"""
    at = doc[span[0]].idx
    return any(segment.heading and segment.start <= at < segment.end for segment in part.segments)


def is_lead(title: str, text: str) -> bool:
    """Is the title the beginning of the text: the same sentence, or one cut off?"""
    short = " ".join(title.split()).rstrip(".… ").lower()
    return bool(short) and " ".join(text[: len(title) * 2 + 200].split()).lower().startswith(short)
