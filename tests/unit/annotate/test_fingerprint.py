"""The MinHash is datasketch's, to the last bit."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from datasketch import MinHash

from workers.annotate.fingerprint import PERMUTATIONS, SHINGLE_WORDS, minhash_of


@pytest.mark.parametrize("count", [1, 4, 5, 6, 300])
def test_minhash(count: int) -> None:
    words = [f"word{i * i % 97}" for i in range(count)]
    theirs = MinHash(num_perm=PERMUTATIONS, seed=1)
    for i in range(max(1, count - SHINGLE_WORDS + 1)):
        theirs.update(" ".join(words[i : i + SHINGLE_WORDS]).encode())
    ours = np.frombuffer(base64.b64decode(minhash_of(words)), dtype="<u4")
    assert ours.tolist() == theirs.hashvalues.tolist()


def test_no_words() -> None:
    assert minhash_of([]) == ""
