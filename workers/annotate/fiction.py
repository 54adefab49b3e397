"""Is a sentence's tale invented: a film's, a war game's, or what somebody only supposes?

Told by the order of the words, since these openings are where a small parser errs most.
"""

from __future__ import annotations

from workers.annotate.lexicon import lexicon
from workers.annotate.modality import is_status_word
from workers.annotate.words import Sentence, Token

_WORKS = lexicon().words("status", "invented") | lexicon().words("status", "gamed")
_OPENING = 6
"""So far from its beginning a word still opens a sentence."""
_SUPPOSING = frozenset({"suppose", "supposing", "imagine", "assume", "assuming", "picture"})
_LEADING = frozenset({"but", "and", "so", "just", "now", "then"})
_INSIDE = frozenset({"in", "during"})
_PRESENT = frozenset({"VBZ", "VBP"})
_PLAYED = frozenset({"war", "video", "computer", "tabletop"})


def invented(sentence: Sentence) -> tuple[range, Token] | None:
    """The tokens that tell an invented tale, and the word that says so; None if the sentence tells of the world."""
    start = next((t.i for t in sentence if not (t.is_punct or t.is_quote or t.lower_ in _LEADING)), 0)
    if start + 1 >= len(sentence):
        return None
    first, second = sentence[start], sentence[start + 1]
    if first.lower_ in _SUPPOSING or (first.lower_ == "what" and second.lower_ == "if"):
        return range(start + 1, len(sentence)), first
    noun = next((t for t in sentence[start : start + _OPENING] if _is_work(t)), None)
    if noun is None:
        return None
    told = _told_inside(noun) if first.lower_ in _INSIDE else _told_by(noun)
    return None if told is None else (range(told, len(sentence)), noun)


def _is_work(word: Token) -> bool:
    """Is it a film, a novel, a scenario; and of games only one that plays at war?"""
    if word.pair[1] not in _WORKS or word.pos_ not in {"NOUN", "PROPN"}:
        return False
    return word.lemma_.lower() != "game" or (word.i > 0 and word.nbor(-1).lower_ in _PLAYED)


def _told_inside(noun: Token) -> int | None:
    """Where the tale of "In the war game, …" begins. Games are told in the past too, plots in the present only."""
    verb = next((t for t in noun.doc[noun.i + 1 :] if t.tag_ in {"VBZ", "VBP", "VBD", "MD"}), None)
    if verb is None or not (verb.tag_ in _PRESENT or is_status_word(noun, "gamed")):
        return None
    return noun.i + 1


def _told_by(noun: Token) -> int | None:
    """Where the tale of "The thriller, which opens in May, imagines that …" begins."""
    listed = lexicon().words("status", "depicting")
    after = noun.doc[noun.i + 1 :]
    return next((t.i + 1 for t in after if t.lower_.endswith("s") and {t.lemma_.lower(), t.lower_[:-1]} & listed), None)
