"""Tenses that tell what is so at any time."""

from __future__ import annotations

from workers.annotate.syntax import has_child, is_verbal
from workers.annotate.words import Token


def is_bare_present(verb: Token) -> bool:
    """Does the verb stand in the present tense by itself: "fires", not "is firing", "has fired", "will fire"?"""
    if not is_verbal(verb) or verb.tag_ not in {"VBZ", "VBP"}:
        return False
    return not any(c.dep_ in {"aux", "auxpass"} for c in verb.children)


def is_generic_passive(verb: Token) -> bool:
    """Is it "is shown", and not "is being shown" or "has been shown"?"""
    return verb.tag_ == "VBN" and has_child(verb, "is", "are") and not has_child(verb, "being")
