"""The words of a parsed sentence in the forms under which rules may name them, kept with the sentence."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from spacy.tokens import Doc, Token

_WORD: list[int | str] = ["LOWER", "LEMMA"]
_MAX_KNOWN = 200_000
_SMALL: dict[int, str] = {}
"""Words in small letters by their ids in spaCy; reading them there takes longer. Beyond `_MAX_KNOWN` it starts anew."""


def forms_of(token: Token) -> tuple[str, ...]:
    """The small-letter forms under which rules may name a word: itself first, its lemma, itself without a final s.

    A participle that modifies a noun is itself only: "forced" is not "force".
    """
    lower = token.lower_
    if token.dep_ == "amod" and token.tag_.startswith("VB"):
        return (lower,)
    return (lower, token.lemma_.lower(), lower[:-1]) if lower.endswith("s") else (lower, token.lemma_.lower())


def words_of_sentence(sentence: Doc) -> frozenset[str]:
    """All words and lemmas of a sentence in small letters; kept with the sentence."""
    found: frozenset[str] | None = sentence.user_data.get("words")
    if found is None:
        found = sentence.user_data["words"] = frozenset(chain.from_iterable(pairs_of_words(sentence)))
    return found


def pairs_of_words(sentence: Doc) -> list[tuple[str, str]]:
    """Each word and its lemma, in small letters; kept with the sentence."""
    found: list[tuple[str, str]] | None = sentence.user_data.get("pairs")
    if found is None:
        rows = sentence.to_array(_WORD).tolist()
        try:
            found = [(_SMALL[lower], _SMALL[lemma]) for lower, lemma in rows]
        except KeyError:
            _learn(chain.from_iterable(rows), sentence)
            found = [(_SMALL[lower], _SMALL[lemma]) for lower, lemma in rows]
        sentence.user_data["pairs"] = found
    return found


def _learn(words: Iterable[int], sentence: Doc) -> None:
    if len(_SMALL) > _MAX_KNOWN:
        _SMALL.clear()
    strings = sentence.vocab.strings
    for word in words:
        if word not in _SMALL:
            _SMALL[word] = strings[word].lower()


def places_of_forms(sentence: Doc) -> dict[str, set[int]]:
    """The forms of all words of a sentence (see `forms_of`), and where they stand; kept with the sentence."""
    found: dict[str, set[int]] | None = sentence.user_data.get("forms")
    if found is None:
        found = sentence.user_data["forms"] = {}
        for i, (lower, lemma) in enumerate(pairs_of_words(sentence)):
            alike = lower == lemma and not lower.endswith("s")
            for form in (lower,) if alike else forms_of(sentence[i]):
                found.setdefault(form, set()).add(i)
    return found
