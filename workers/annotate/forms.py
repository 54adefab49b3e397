"""The words of a parsed sentence in the forms under which rules may name them, kept with the sentence."""

from __future__ import annotations

from itertools import chain

from workers.annotate.words import Sentence


def words_of_sentence(sentence: Sentence) -> frozenset[str]:
    """All words and lemmas of a sentence in small letters; kept with the sentence."""
    found = sentence.words
    if found is None:
        found = sentence.words = frozenset(chain.from_iterable([word.pair for word in sentence]))
    return found


def places_of_forms(sentence: Sentence) -> dict[str, set[int]]:
    """The forms of all words of a sentence, and where they stand; kept with the sentence."""
    found = sentence.places
    if found is None:
        found = sentence.places = {}
        for word in sentence:
            for form in word.forms:
                if form in found:
                    found[form].add(word.i)
                else:
                    found[form] = {word.i}
    return found
