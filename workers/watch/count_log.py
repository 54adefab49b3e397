"""The log of what articles count for: one string an hour, a record an article, all of it whole numbers. Pure.

Numbers are LEB128: seven bits a byte, the lowest first. A record is: 1 (0 when it was taken back); how many numbers
follow; minute of the hour x 64 + the story's span of time; story; text (0: the story's own); source + 1 (0: none); then
for each of `KINDS` how many ids, and the ids. Ids are places in the list of names of the log's period.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from workers.watch.durations import HOUR, MINUTE, Micros
from workers.watch.stories import ERA_LETTERS
from workers.watch.story_index import Assigned

CountKind = Literal["entity", "event", "pair"]
"""`entity` by its id; `event` by its type; `pair` as `missile_launch:KP`, type and actor. Events only if actual."""

KINDS: tuple[CountKind, ...] = get_args(CountKind)

PERIOD_HOURS = 8 * 24
"""Names are numbered anew after so many hours, so that what nobody writes of any more is forgotten."""

_HEAD = 4
"""Numbers between a record's length and its ids."""


@dataclass(frozen=True, slots=True)
class CountRecord:
    """One article in a log. `story` and `text` are the same number for the same story and text; `ids` by kind.

    `minute` is since 1970; `source` a place in the list of names, None if the outlet is unknown.
    """

    minute: int
    story: str
    text: int
    source: int | None
    ids: Sequence[Sequence[int]]


def hour_of(time: Micros) -> int:
    """Hours since 1970."""
    return time // HOUR


def period_of(hour: int) -> int:
    """The period in which the names of `hour` are numbered."""
    return hour // PERIOD_HOURS


def head_of(time: Micros, assigned: Assigned) -> bytes:
    """The numbers of a record that do not depend on the list of names, but for the source."""
    story, era = _number(assigned.story)
    text, _ = _number(assigned.text)
    return b"".join(map(varint, (time // MINUTE % 60 * 64 + era, story, 0 if text == story else text)))


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
    when, story, text, source = numbers[start : start + _HEAD]
    ids, at = [], start + _HEAD
    for _ in KINDS:
        ids.append(numbers[at + 1 : at + 1 + numbers[at]])
        at += 1 + numbers[at]
    return CountRecord(
        hour * 60 + when // 64, _story(story, when % 64), text or story, source - 1 if source else None, ids
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


def _number(id_: str) -> tuple[int, int]:
    """A story or a text as a number, and the span of time in its mark."""
    return int.from_bytes(base64.urlsafe_b64decode(id_[1:12] + "="), "big"), ERA_LETTERS.index(id_[12])


def _story(number: int, era: int) -> str:
    """The inverse of `_number` for stories."""
    return f"s{base64.urlsafe_b64encode(number.to_bytes(8, 'big')).decode('ascii')[:11]}{ERA_LETTERS[era]}"
