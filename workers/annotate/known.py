"""Is the event that a noun names a known one: "the strike", "Monday's talks", "a truce that was signed"?

A known event stands, whatever may, must or will not become of it.
"""

from __future__ import annotations

from workers.annotate.modality import is_status_word, negation_of
from workers.annotate.syntax import children, has_child, is_infinitive
from workers.annotate.words import Token

_DEFINITE = frozenset({"the", "this", "these", "those", "that", "both"})


def is_definite(noun: Token) -> bool:
    """Is the noun one that is known: "the strike", "Monday's talks", "its visit"?"""
    return any(
        (c.dep_ == "det" and c.lower_ in _DEFINITE) or (c.dep_ == "poss" and c.lower_ != "whose") for c in noun.children
    ) or is_past(noun)


def is_past(noun: Token) -> bool:
    """Does a relative clause tell what the event did: "a summit that closed on Monday"?"""
    return any(
        (c.tag_ == "VBD" or has_child(c, "was", "were"))
        and not has_child(c, "to", "if")
        and not any(is_infinitive(x) for x in children(c, "xcomp"))
        and not (is_status_word(c, "scheduling") or is_status_word(c, "cancelling"))
        and negation_of(c) is None
        for c in children(noun, "relcl")
    )


def is_errand(verb: Token, head: Token) -> bool:
    """ "Was in Oslo on Monday to meet the king": who was there did so."""
    if head.lemma_.lower() != "be" or head.tag_ != "VBD" or verb.dep_ not in {"advcl", "xcomp"}:
        return False
    return any(c.dep_ == "prep" and c.lower_ in {"in", "at"} and c.i < verb.i for c in head.children)
