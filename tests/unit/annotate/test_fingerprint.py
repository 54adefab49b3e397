"""The MinHash is datasketch's, to the last bit."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from datasketch import MinHash

from topics.annotations import Entity, Span
from workers.annotate.fingerprint import PERMUTATIONS, SHINGLE_WORDS, fingerprint_of, minhash_of
from workers.annotate.frequencies import rarity


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


def test_rare_words_weigh_more_than_common_ones_and_units_nothing() -> None:
    assert rarity("the") == 0
    assert 0 < rarity("government") < rarity("earthquake") < rarity("tsunami") <= rarity("xyzzy") == 6
    terms = fingerprint_of("", "The tsunami and the government said 80 mln dlrs xyzzy", []).terms
    assert list(terms) == ["xyzzy", "tsunami", "government"]
    assert sum(weight**2 for weight in terms.values()) == pytest.approx(1, abs=1e-3)


def test_a_name_weighs_as_a_rare_word_and_more_the_oftener_it_is_named() -> None:
    named = Span(part="text", start=0, end=1, text="A")
    once, thrice = (Entity(id=f"person:{n}", kind="person", name="A", mentions=(named,) * n) for n in (1, 3))
    terms = fingerprint_of("", "xyzzy " * 3 + "word " * 60, [once, thrice]).terms
    assert next(iter(terms)) in {"xyzzy", "person:3"}
    assert terms["person:3"] > terms["person:1"] > 0


def test_years_count_where_an_article_says_what_is_new() -> None:
    assert fingerprint_of("The budget of 2026", "word " * 200 + "1987", []).years == (2026,)
    assert fingerprint_of("", "In 2013, not 2008; 20130504 and 1512 are none", []).years == (2008, 2013)
