"""What the parser hangs on the wrong word: a relative clause on a place, a verb on what somebody said."""

from __future__ import annotations

from workers.annotate.lexicon import lexicon
from workers.annotate.words import Token


def whoever(noun: Token) -> Token:
    """ "The president of Chad, who …": the relative clause that the parser hangs on Chad is the president's."""
    if noun.pos_ != "PROPN" or noun.dep_ != "pobj" or noun.head.lower_ not in {"of", "from"}:
        return noun
    above = noun.head.head
    roles = lexicon()
    is_person = any(above.lemma_.lower() in roles.words("roles", name) for name in ("leader", "official", "speaker"))
    return above if is_person else noun


def is_said_beside(verb: Token, head: Token) -> bool:
    """Is a verb of speech joined to what somebody said, in the tense of the saying?"""
    above, words = head.head, lexicon()
    says = above.lemma_.lower() in words.words("reporting", "say") and head.dep_ == "ccomp" and above.tag_ == verb.tag_
    speech = words.words("reporting", "say") | words.words("reporting", "speak") | words.words("status", "denying")
    return says and verb.lemma_.lower() in speech and verb.i > head.i > above.i
