"""Which texts are copies of each other: syndicated, lightly edited, or cut. Pure.

Fingerprints are MinHashes of word shingles; texts whose fingerprints agree in a whole band are compared in full
(locality-sensitive hashing), and so are those of one story. Copies of one text are one independent source.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Sequence
from operator import eq

HASHES = 64
"""Numbers in a fingerprint."""

BANDS = 8
ROWS = 4
"""Bands of four, over half of the numbers: two texts that share 0.8 of their shingles meet in one with a probability of
0.99, 0.6 with 0.67, 0.2 with 0.01. Those that miss each other here meet in their story."""

COPY_SIMILARITY = 0.6
"""Texts that share so much of their shingles, as estimated, are copies. The estimate is good to about 0.06."""

REWRITTEN_SIMILARITY = 0.15
"""Texts that share so much are copies if they are also close to one story: one was made from the other, or both
from a third. With a fifth of its words changed, each by itself, a text shares 0.2; texts of two reporters none."""

KEPT_SIMILARITY = 0.85
"""A copy that differs more than this from those that are known is remembered too, so that its own copies are found."""

_FINGERPRINT = struct.Struct(f"<{HASHES}I")
_BANDED = struct.Struct(f"<{BANDS * ROWS}I")
_SHORT = struct.Struct(f"<{HASHES}H")

Signature = tuple[int, ...]
"""A fingerprint's numbers; of a remembered one only their lower 16 bits, which agree by chance once in 65,536."""


def signature(minhash: str) -> Signature | None:
    """The numbers of a fingerprint; None if there are none, or not as many as there should be."""
    try:
        return _FINGERPRINT.unpack(base64.b64decode(minhash, validate=True))
    except (ValueError, struct.error):
        return None


def shortened(numbers: Signature) -> Signature:
    """What is remembered of `numbers`."""
    return tuple(number & 0xFFFF for number in numbers)


def to_wire(short: Signature) -> str:
    """Base64 of a shortened signature, 172 characters."""
    return base64.b64encode(_SHORT.pack(*short)).decode("ascii")


def from_wire(text: str) -> Signature:
    """The inverse of `to_wire`."""
    return _SHORT.unpack(base64.b64decode(text))


def similarity(one: Signature, other: Signature) -> float:
    """The estimated share of shingles that two texts have in common (Jaccard)."""
    alike: int = sum(map(eq, one, other))
    return alike / HASHES


def bands(numbers: Sequence[int] | None) -> list[str]:
    """A word for each band; none if there is no fingerprint, for nothing is a copy of no text."""
    if numbers is None:
        return []
    raw = _BANDED.pack(*numbers[: BANDS * ROWS])
    size = len(raw) // BANDS
    cuts = (bytes([band]) + raw[band * size : (band + 1) * size] for band in range(BANDS))
    return [base64.b64encode(hashlib.blake2b(cut, digest_size=9).digest()).decode("ascii") for cut in cuts]
