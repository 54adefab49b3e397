"""The words of a parsed sentence in the forms under which rules may name them, kept with the sentence."""

from __future__ import annotations

from spacy.tokens import Doc, Token


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
        found = sentence.user_data["words"] = frozenset(word for pair in pairs_of_words(sentence) for word in pair)
    return found


def pairs_of_words(sentence: Doc) -> list[tuple[str, str]]:
    """Each word and its lemma, in small letters; kept with the sentence."""
    found: list[tuple[str, str]] | None = sentence.user_data.get("pairs")
    if found is None:
        found = sentence.user_data["pairs"] = [(token.lower_, token.lemma_.lower()) for token in sentence]
    return found


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
