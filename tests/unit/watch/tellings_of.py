"""Articles for tests of stories and copies: made of words that mean nothing."""

from __future__ import annotations

import base64
import math
import random
import struct
from collections.abc import Iterable
from datetime import datetime

from datasketch import MinHash

from tests.unit.watch.builders import annotation, at
from topics.annotations import Annotation
from workers.watch.story_index import Assigned, MemoryStories

QUAKE = "earthquake magnitude struck place:aceh ID tsunami rubble epicentre"
WORDS = [f"word{n}" for n in range(800)]


def text(seed: int, length: int = 300) -> list[str]:
    dice = random.Random(seed)
    return [dice.choice(WORDS) for _ in range(length)]


def edited(words: list[str], share: float, seed: int = 0) -> list[str]:
    """`words` with a run of new ones put in the place of a `share` of them, as an editor changes a paragraph."""
    changed = int(len(words) * share)
    return [*text(seed + 9999, changed), *words[changed:]]


def minhash(words: list[str]) -> str:
    """As the contract says: 64 little-endian uint32 over word 5-shingles."""
    found = MinHash(num_perm=64, seed=1)
    found.update_batch(" ".join(words[n : n + 5]).encode() for n in range(len(words) - 4))
    return base64.b64encode(struct.pack("<64I", *(int(h) & 0xFFFFFFFF for h in found.hashvalues))).decode()


def unit(terms: Iterable[str]) -> dict[str, float]:
    """Terms of unit length, the strongest first."""
    weights = {term: 1 / (1 + place / 4) for place, term in enumerate(terms)}
    norm = math.sqrt(sum(weight**2 for weight in weights.values()))
    return {term: round(weight / norm, 4) for term, weight in weights.items()}


def copy(article: str, words: list[str], when: datetime | None = None, terms: str = "") -> Annotation:
    return annotation(article, when or at(0), minhash=minhash(words), terms=unit(terms.split()))


def own(article: str, terms: str, when: datetime | None = None, *events, years: tuple[int, ...] = ()) -> Annotation:
    """An article in words of its own."""
    return annotation(
        article, when or at(0), *events, minhash=minhash(text(hash_of(article))), terms=unit(terms.split()), years=years
    )


def hash_of(name: str) -> int:
    return int.from_bytes(name.encode(), "big") % 100_003


def assigned(*articles: Annotation) -> list[Assigned]:
    memory = MemoryStories()
    return [memory.assign(article) for article in articles]
