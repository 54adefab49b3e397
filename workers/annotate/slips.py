"""Slips of the tagger that the parse or the spelling gives away, mended in a parsed sentence."""

from __future__ import annotations

from workers.annotate.words import Sentence, Token


def mend_slips(sentence: Sentence) -> None:
    """Mend tags and lemmas in place: "missile launches" as an object is a noun, "Wildfires" at a start is wildfire."""
    for word in sentence:
        if word.text == "WHO":  # the World Health Organization is no relative pronoun
            word.lower_ = word.lemma_ = "w.h.o."
        if word.tag_ == "VBZ" and word.dep_ in {"pobj", "dobj", "nsubj"} and not _has_subject(word):
            word.mend(tag="NNS", pos="NOUN", lemma=word.lemma_)
        if word.dep_ == "npadvmod" and word.tag_ == "NNP" and word.i:
            _hang_on_preposition(word, word.nbor(-1))
    first = sentence[0] if len(sentence) else None
    if first is not None and first.tag_ in {"NNP", "NNPS"} and first.dep_ == "nsubj" and _looks_plural(first.lower_):
        first.mend(tag=first.tag_, pos=first.pos_, lemma=first.lower_[:-1])


def _hang_on_preposition(name: Token, preposition: Token) -> None:
    """ "The talks between Chad and Mali": a name right behind a preposition that governs nothing stands in its phrase."""
    if preposition.dep_ != "prep" or preposition.children or name.head not in preposition.ancestors:
        return
    name.head.children.remove(name)
    name.head, name.dep_ = preposition, "pobj"
    preposition.children.append(name)
    name.mend(tag=name.tag_, pos=name.pos_, lemma=name.lemma_)


def _has_subject(token: Token) -> bool:
    return any(child.dep_ in {"nsubj", "nsubjpass", "aux"} for child in token.children)


def _looks_plural(word: str) -> bool:
    return len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us", "is"))
