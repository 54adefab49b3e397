"""The log of what articles count for: one string an hour, a record an article, all of it whole numbers. Pure.

Numbers are LEB128: seven bits a byte, the lowest first. A record is: 1 (0 when it was taken back); how many numbers
follow; minute of the hour x 64 + the story's span of time; story; text and article (0: the story's own); source + 1
(0: none); then for each of `KINDS` how many ids, and the ids. Ids are places in the list of names of the log's period.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from workers.watch.durations import HOUR, MINUTE, Micros
from workers.watch.stories import ERA_LETTERS, era_of
from workers.watch.story_index import Assigned

CountKind = Literal["entity", "event", "pair"]
"""`entity` by its id; `event` by its type; `pair` as `missile_launch:KP`, type and actor. Events only if actual."""

KINDS: tuple[CountKind, ...] = get_args(CountKind)

PERIOD_HOURS = 8 * 24
"""Names are numbered anew after so many hours, so that what nobody writes of any more is forgotten."""

_HEAD = 5
"""Numbers between a record's length and its ids."""


@dataclass(frozen=True, slots=True)
class CountRecord:
    """One article in a log. `story`, `text` and `article` are the same for the same story, text and article.

    `minute` is since 1970; `source` a place in the list of names, None if the outlet is unknown; `ids` by kind.
    """

    minute: int
    story: str
    text: int
    article: int
    source: int | None
    ids: Sequence[Sequence[int]]


def hour_of(time: Micros) -> int:
    """Hours since 1970."""
    return time // HOUR


def period_of(hour: int) -> int:
    """The period in which the names of `hour` are numbered."""
    return hour // PERIOD_HOURS


def head_of(time: Micros, assigned: Assigned, mark: str) -> bytes:
    """The numbers of the record of the article of `mark` that do not depend on the list of names, but the source."""
    story, era = _number(assigned.story[1:])
    text, _ = _number(assigned.text[1:])
    article, _ = _number(mark)
    own = (number if number != story else 0 for number in (text, article))
    return b"".join(map(varint, (time // MINUTE % 60 * 64 + era, story, *own)))


def varint(number: int) -> bytes:
    """`number`, not negative, as LEB128."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def records(log: bytes, hour: int) -> Iterator[CountRecord]:
    """What stands in the log of `hour`, without what was taken back."""
    numbers = _numbers(log)
    place = 0
    while place < len(numbers):
        stands, length = numbers[place], numbers[place + 1]
        start, place = place + 2, place + 2 + length
        if stands:
            yield _record(numbers, start, hour)


def _record(numbers: Sequence[int], start: int, hour: int) -> CountRecord:
    when, story, text, article, source = numbers[start : start + _HEAD]
    ids, at = [], start + _HEAD
    for _ in KINDS:
        ids.append(numbers[at + 1 : at + 1 + numbers[at]])
        at += 1 + numbers[at]
    outlet = source - 1 if source else None
    return CountRecord(
        hour * 60 + when // 64, f"s{_mark(story, when % 64)}", text or story, article or story, outlet, ids
    )


def _numbers(log: bytes) -> list[int]:
    """All numbers of a log."""
    data = np.frombuffer(log, dtype=np.uint8)
    ends = np.flatnonzero(data < 0x80)
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    lengths = ends - starts + 1
    values = np.zeros(len(ends), dtype=np.uint64)
    for byte in range(int(lengths.max()) if len(ends) else 0):
        held = lengths > byte
        values[held] |= (data[starts[held] + byte] & 0x7F).astype(np.uint64) << np.uint64(7 * byte)
    found: list[int] = values.tolist()
    return found


def _number(mark: str) -> tuple[int, int]:
    """A mark as a number, and the span of time in it."""
    return int.from_bytes(base64.urlsafe_b64decode(mark[:11] + "="), "big"), ERA_LETTERS.index(mark[11])


def _mark(number: int, era: int) -> str:
    """The inverse of `_number`."""
    return base64.urlsafe_b64encode(number.to_bytes(8, "big")).decode("ascii")[:11] + ERA_LETTERS[era]


def mark_at(number: int, minute: int) -> str:
    """The mark of an article, from its number and its time (minutes since 1970)."""
    return _mark(number, era_of(minute * MINUTE) % 64)
