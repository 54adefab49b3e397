"""Slips of the tagger that the parse or the spelling gives away, mended in a parsed sentence."""

from __future__ import annotations

from spacy.strings import get_string_id
from spacy.tokens import Doc, Token

_VBZ = get_string_id("VBZ")


def mend_slips(sentence: Doc) -> None:
    """Mend tags and lemmas in place: "missile launches" as an object is a noun, "Wildfires" at a start is wildfire."""
    for i in (sentence.to_array("TAG") == _VBZ).nonzero()[0].tolist():
        token = sentence[i]
        if token.dep_ in {"pobj", "dobj", "nsubj"} and not _has_subject(token):
            token.tag_, token.pos_ = "NNS", "NOUN"
    first = sentence[0] if len(sentence) else None
    if first is not None and first.tag_ in {"NNP", "NNPS"} and first.dep_ == "nsubj" and _looks_plural(first.lower_):
        first.lemma_ = first.lower_[:-1]


def _has_subject(token: Token) -> bool:
    return any(child.dep_ in {"nsubj", "nsubjpass", "aux"} for child in token.children)


def _looks_plural(word: str) -> bool:
    return len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us", "is"))
