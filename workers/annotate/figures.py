"""Figures of speech: "a typhoon of criticism", "a barrage of questions", "a rocket of a shot" are no events.

What stands behind "of" tells. Words are in the lexicon's section `figures`.
"""

from __future__ import annotations

from collections.abc import Iterable

from workers.annotate.forms import words_of_sentence
from workers.annotate.frames import Frame
from workers.annotate.lexicon import lexicon
from workers.annotate.nouns import nouns
from workers.annotate.syntax import children, lemma_of
from workers.annotate.words import Token

_SLOTS = ("subject", "object", "by", "with")
_MAY_BE_ARMS = frozenset({"weapon", "object", "device", "cause", "culprit"})
_PHRASE = 8
_POINTING = frozenset({"the", "this", "that", "these", "those", "its", "their", "his", "her", "our"})


def is_figure(frame: Frame) -> bool:
    """Does the trigger, or who or what acts in it, stand for something else?"""
    if _is_unreal(frame) or _is_explained_away(frame) or _is_called_so(frame):
        return True
    if "of" not in words_of_sentence(frame.head.doc):
        return False
    if frame.kind == "noun":
        return _is_figurative(frame.tokens)
    return _is_figurative(token for slot in _SLOTS for token in frame.slot(slot))


def _is_unreal(frame: Frame) -> bool:
    """ "Verbal missiles", "an imaginary missile"."""
    words = lexicon()
    if words.words("figures", "unreal").isdisjoint(words_of_sentence(frame.head.doc)):
        return False
    things = (t for slot in (_SLOTS if frame.kind == "verb" else ("about", "of")) for t in frame.slot(slot))
    return any(
        child.lower_ in words.words("figures", "unreal")
        for thing in things
        if lemma_of(thing) in words.words("figures", "likenesses")
        for child in children(thing, "amod", "compound", "nmod")
    )


def _is_explained_away(frame: Frame) -> bool:
    """ "He launched another missile at his critics: a letter": what stands behind the colon says what it was."""
    doc, words = frame.head.doc, lexicon()
    if ":" not in words_of_sentence(doc):
        return False
    colon = next((token for token in doc[frame.head.i :] if token.text == ":"), None)
    if colon is None or colon.i + 1 >= len(doc):
        return False
    arms = any(lemma_of(t) in words.words("figures", "likenesses") for slot in _SLOTS for t in frame.slot(slot))
    phrase = [t for t in doc[colon.i + 1 : colon.i + 1 + _PHRASE] if t.pos_ in {"NOUN", "PROPN", "VERB", "AUX"}]
    head = next((t for t in phrase if t.dep_ not in {"compound", "nmod", "amod", "nummod"}), None)
    return arms and head is not None and lemma_of(head) in words.words("figures", "writings")


def _is_called_so(frame: Frame) -> bool:
    """ "His throw was a missile that hit the post": the throw was none."""
    for thing in frame.slot("subject") if frame.kind == "verb" else ():
        if thing.dep_ != "attr" or thing.head.lemma_.lower() != "be" or thing.head.pos_ != "AUX":
            continue
        for called in children(thing.head, "nsubj"):
            arms = lemma_of(called) in lexicon().words("figures", "of_arms") | _MAY_BE_ARMS
            if called.pos_ == "NOUN" and not arms and lemma_of(thing) in lexicon().words("figures", "likenesses"):
                return True
    return False


def _is_figurative(nouns: Iterable[Token]) -> bool:
    return any(_stands_for(noun, thing) for noun in nouns for thing in _made_of(noun))


def _made_of(noun: Token) -> list[Token]:
    found = [thing for of in children(noun, "prep") if of.lower_ == "of" for thing in children(of, "pobj")]
    return [thing for thing in found if thing.pos_ == "NOUN"]


def _stands_for(noun: Token, thing: Token) -> bool:
    words, lemma, made_of = lexicon(), lemma_of(noun), lemma_of(thing)
    named = any(child.tag_.startswith("NNP") for child in thing.children)
    if lemma in words.words("figures", "nature"):
        return not named and made_of not in words.words("figures", "of_nature")
    if lemma in words.words("figures", "bursts") and made_of in words.words("figures", "of_bursts"):
        return True  # "an explosion of Eurobond trading"
    if lemma in words.words("figures", "crowd"):
        return not named and (made_of in words.words("figures", "of_crowd") or _is_host_of_civilians(noun, made_of))
    if lemma in words.words("figures", "arms"):
        if any(child.lower_ in {"a", "an"} for child in children(thing, "det")):
            # "A rocket of a shot" is none; "the bombardment of a camp" is one.
            return lemma in words.words("figures", "likenesses") and made_of not in words.words("figures", "of_arms")
        given = named or any(child.lower_ in _POINTING for child in thing.children)
        lists = ("site", "people", "military", "group", "quantity", "deed")
        real = made_of in words.words("figures", "of_arms") or any(made_of in words.words("roles", n) for n in lists)
        return not (given or real)
    return False


def _is_host_of_civilians(noun: Token, member: str) -> bool:
    """ "An army of pollsters": of people who bear no arms, a host with "a" is only many."""
    words = lexicon()
    is_many = any(child.lower_ in {"a", "an"} for child in noun.children)
    if not is_many or lemma_of(noun) not in words.words("figures", "host") or member not in nouns()["human"]:
        return False
    armed = words.words("roles", "military") | words.words("roles", "group") | words.words("figures", "armed")
    return member not in armed
