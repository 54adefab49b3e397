"""The words of a parsed sentence in the forms under which rules may name them, kept with the sentence."""

from __future__ import annotations

from itertools import chain

from workers.annotate.words import Sentence, Token


def forms_of(token: Token) -> tuple[str, ...]:
    """The small-letter forms under which rules may name a word: itself first, its lemma, itself without a final s.

    A participle that modifies a noun is itself only: "forced" is not "force".
    """
    lower = token.lower_
    if token.dep_ == "amod" and token.tag_.startswith("VB"):
        return (lower,)
    return (lower, token.lemma_.lower(), lower[:-1]) if lower.endswith("s") else (lower, token.lemma_.lower())


def words_of_sentence(sentence: Sentence) -> frozenset[str]:
    """All words and lemmas of a sentence in small letters; kept with the sentence."""
    found = sentence.words
    if found is None:
        found = sentence.words = frozenset(chain.from_iterable(pairs_of_words(sentence)))
    return found


def pairs_of_words(sentence: Sentence) -> list[tuple[str, str]]:
    """Each word and its lemma, in small letters; kept with the sentence."""
    found = sentence.pairs
    if found is None:
        found = sentence.pairs = [(word.lower_, word.lemma_.lower()) for word in sentence]
    return found


def places_of_forms(sentence: Sentence) -> dict[str, set[int]]:
    """The forms of all words of a sentence (see `forms_of`), and where they stand; kept with the sentence."""
    found = sentence.places
    if found is None:
        found = sentence.places = {}
        for i, (lower, lemma) in enumerate(pairs_of_words(sentence)):
            alike = lower == lemma and not lower.endswith("s")
            for form in (lower,) if alike else forms_of(sentence[i]):
                found.setdefault(form, set()).add(i)
    return found
