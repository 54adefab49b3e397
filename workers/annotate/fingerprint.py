"""The fingerprint of an article: a MinHash by which copies are found, and weighted terms by which stories are found."""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha1

import numpy as np
from numpy.typing import NDArray
from spacy.lang.en.stop_words import STOP_WORDS

from topics.annotations import Entity, Fingerprint
from workers.annotate.frequencies import PLAIN, RAREST, rarity

PERMUTATIONS = 64
SHINGLE_WORDS = 5
MAX_TERMS = 32
MAX_SHINGLES = 4000
"""The words beyond are not hashed: copies are told by their beginning, and a 1 MB text takes no longer than a page."""

_MAX_WEIGHTS = 60_000
_DIGEST = 20
"""Bytes of a SHA-1; the first four count."""
LEADING_WORDS = 60

UNITS = frozenset("mln bln dlr dlrs cts pct shr shrs qtr qtly stg revs avg prev oper".split())  # noqa: SIM905 - one line
"""What wires write in tables of figures: units of measure, as rare in other texts as names are, and no terms."""

NO_TERMS = STOP_WORDS | UNITS

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def normalised_words(text: str) -> list[str]:
    """The words of `text` in small letters, without punctuation: what two copies have in common."""
    return [*map(str.lower, _WORD.findall(text.replace("’", "'")))]


def minhash_of(words: Sequence[str]) -> str:
    """Base64 of 64 little-endian uint32 over word 5-shingles; a shorter text is one shingle; empty without words."""
    if not words:
        return ""
    words = words[: MAX_SHINGLES + SHINGLE_WORDS - 1]
    digests = b"".join([sha1(shingle, usedforsecurity=False).digest() for shingle in _shingles(words)])
    hashes = _mixed(np.frombuffer(digests, dtype="<u4")[:: _DIGEST // 4].astype(np.uint32))
    smallest = (hashes * _FACTORS[:, None] + _ADDENDS[:, None]).min(axis=1)
    return base64.b64encode(smallest.astype("<u4").tobytes()).decode("ascii")


def _shingles(words: Sequence[str]) -> Iterable[bytes]:
    """Every five words in a row."""
    encoded = " ".join(words).encode("utf-8", "surrogatepass").split(b" ")
    if len(encoded) < SHINGLE_WORDS:
        return [b" ".join(encoded)]
    return map(b" ".join, zip(*(encoded[i:] for i in range(SHINGLE_WORDS)), strict=False))


def _permutations(count: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Factors and addends of `count` bijections of 32 bits: those of datasketch's MinHash (affine32, seed 1).

    Written out here, because that library loads half of scipy, which takes longer than our model.
    """
    dice = np.random.RandomState(1)
    factors = dice.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, dice.randint(0, 1 << 32, count, dtype=np.uint32)


_FACTORS, _ADDENDS = _permutations(PERMUTATIONS)


def _mixed(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """MurmurHash3's last step."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        hashes = (hashes ^ (hashes >> np.uint32(shift))) * np.uint32(factor)
    return hashes ^ (hashes >> np.uint32(16))


class _Weights(dict[str, float]):
    """What a word weighs if it stands once, 0 if it is no term; worked out once for each word."""

    def __missing__(self, word: str) -> float:
        if len(self) >= _MAX_WEIGHTS:
            self.clear()
        is_term = 2 < len(word) <= 40 and word not in NO_TERMS and not word.isdecimal()
        weight = self[word] = rarity(word) if is_term else 0.0
        return weight


_WEIGHTS = _Weights()


@cache
def _often(count: int) -> float:
    """What it adds that a term stands there so many times."""
    return 1 + math.log(count)


def terms_of(title_words: Sequence[str], body_words: Sequence[str], entities: Iterable[Entity]) -> dict[str, float]:
    """The weighted terms of an article, strongest first, of unit length.

    A word weighs (1 + ln(count)) times its rarity (see `frequencies`), half as much again in the title and among the
    first 60 words, where news says what is new; an entity, under its id, as a word of the rarest kind: names tell
    stories apart best. Words are left as they are: stems were tried, and made more look-alikes than they brought
    together.
    """
    leading = {*title_words, *body_words[:LEADING_WORDS]}
    counts = Counter(title_words)
    counts.update(body_words[:3000])
    weights = {
        word: _often(n) * weight * (1.5 if word in leading else 1.0)
        for word, n in counts.items()
        if (weight := _WEIGHTS[word])
    }
    for entity in entities:
        weights[entity.id] = (RAREST - PLAIN) * _often(max(1, len(entity.mentions)))
    strongest = sorted([(-weight, term) for term, weight in weights.items()])[:MAX_TERMS]
    norm = math.sqrt(sum([weight * weight for weight, _ in strongest])) or 1.0
    return {term: round(-weight / norm, 4) for weight, term in strongest}


def years_of(title_words: Sequence[str], body_words: Sequence[str]) -> tuple[int, ...]:
    """The years that an article names where it says what is new, in its title and its first 120 words."""
    numbers = [word for word in (*title_words, *body_words[:120]) if len(word) == 4 and word.isdecimal()]
    return tuple(sorted({int(word) for word in numbers if word.startswith(("19", "20"))}))


def fingerprint_of(title: str, text: str, entities: Iterable[Entity]) -> Fingerprint:
    """MinHash over the body (over the title if there is none), terms and years over both."""
    title_words, body_words = normalised_words(title), normalised_words(text)
    return Fingerprint(
        minhash=minhash_of(body_words or title_words),
        terms=terms_of(title_words, body_words, entities),
        years=years_of(title_words, body_words),
    )
