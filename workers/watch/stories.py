"""Which story an article belongs to. For now a story is a text and its copies: syndicated or lightly edited. Pure.

Fingerprints are MinHashes of word shingles; articles whose fingerprints agree in a whole band are compared in full
(locality-sensitive hashing). An article that resembles nothing known founds a story of its own.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from topics.base import digest
from workers.watch.durations import DAY, Micros

HASHES = 64
"""Numbers in a fingerprint."""

BANDS = 16
"""Bands of four: two texts that share 0.7 of their shingles meet in one with a probability of 0.99, 0.2 with 0.03."""

COPY_SIMILARITY = 0.6
"""Texts that share so much of their shingles, as estimated, are copies. The estimate is good to about 0.06."""

REACH: Micros = 3 * DAY
"""Further apart in event time than this, two texts are not copies but a formula used again."""

MAX_BAND = 200
"""Articles in one band: more are copies of these, or share a formula that tells nothing."""

_FINGERPRINT = struct.Struct(f"<{HASHES}I")
_ROWS = HASHES // BANDS


@dataclass(frozen=True, slots=True)
class Told:
    """What is remembered of an article to recognise its copies."""

    article_id: str
    time: Micros
    minhash: str
    story: str

    @property
    def position(self) -> tuple[Micros, str]:
        """The earlier of two is the one that a copy is a copy of."""
        return self.time, self.article_id


def signature(minhash: str) -> tuple[int, ...] | None:
    """The numbers of a fingerprint; None if there are none, or not as many as there should be."""
    try:
        raw = base64.b64decode(minhash, validate=True)
        return _FINGERPRINT.unpack(raw)
    except (ValueError, struct.error):
        return None


def similarity(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The estimated share of shingles that two texts have in common (Jaccard)."""
    return sum(a == b for a, b in zip(one, other, strict=True)) / HASHES


def bands(minhash: str) -> list[str]:
    """One digest a band; none if there is no fingerprint, for nothing is a copy of no text."""
    numbers = signature(minhash)
    if numbers is None:
        return []
    return [digest(*map(str, numbers[at : at + _ROWS]), length=12) for at in range(0, HASHES, _ROWS)]


def eras(time: Micros) -> tuple[int, int, int]:
    """Spans of time, as long as copies reach: the one `time` lies in, the one before and the one after."""
    era = time // REACH
    return era, era - 1, era + 1


def founded_by(article_id: str) -> str:
    """The story that an article founds."""
    return "s" + digest("story", article_id, length=16)


def story_of(article_id: str, time: Micros, minhash: str, candidates: Iterable[Told]) -> str:
    """The story of the earliest of the articles that share this one's text; a story of its own if none does."""
    numbers = signature(minhash)
    copies = [
        told
        for told in candidates
        if numbers is not None
        and told.article_id != article_id
        and abs(told.time - time) <= REACH
        and (other := signature(told.minhash)) is not None
        and similarity(numbers, other) >= COPY_SIMILARITY
    ]
    if not copies:
        return founded_by(article_id)
    return min(copies, key=lambda told: told.position).story


class MemoryStories:
    """Stories in this process, as `redis_stories` would assign them to the same articles in the same order."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[Micros, tuple[int, ...] | None, str]] = {}
        self._bands: dict[tuple[Micros, int, tuple[int, ...]], set[str]] = {}

    def assign(self, article_id: str, time: Micros, minhash: str) -> str:
        """The story of an article: the one it was first given, if it has come before."""
        known = self._told.get(article_id)
        if known is not None:
            return known[2]
        numbers = signature(minhash)
        cuts = [] if numbers is None else [(n, numbers[n * _ROWS : (n + 1) * _ROWS]) for n in range(BANDS)]
        copies = [
            ((told[0], other), told[2])
            for other in {a for era in eras(time) for n, cut in cuts for a in self._bands.get((era, n, cut), ())}
            if self._is_copy(time, numbers, told := self._told[other])
        ]
        story = min(copies)[1] if copies else founded_by(article_id)
        self._told[article_id] = time, numbers, story
        for n, cut in cuts:
            band = self._bands.setdefault((time // REACH, n, cut), set())
            if len(band) < MAX_BAND:
                band.add(article_id)
        return story

    @staticmethod
    def _is_copy(
        time: Micros, numbers: tuple[int, ...] | None, told: tuple[Micros, tuple[int, ...] | None, str]
    ) -> bool:
        return (
            numbers is not None
            and told[1] is not None
            and abs(told[0] - time) <= REACH
            and similarity(numbers, told[1]) >= COPY_SIMILARITY
        )
