"""Is a noun told as something that happened, or only mentioned? "A war named in passing is no event."

It is asked of nouns that come without anybody who did it, without a place and without a time: then it takes a verb that
says that it took place, a number, or an occasion ("after a blast") to make a report of it.
"""

from __future__ import annotations

from spacy.tokens import Token

from workers.annotate.lexicon import lexicon
from workers.annotate.syntax import children, governor, is_verbal

_OCCASIONS = frozenset({"after", "following", "amid"})
_ARTICLES = frozenset({"the", "this", "that", "these", "those", "his", "her", "its", "their"})


def is_told(noun: Token) -> bool:
    """Whether the sentence says of `noun` that it happened."""
    if any(child.dep_ == "nummod" for child in noun.children):
        return True
    occurring = lexicon().words("status", "occurring") | lexicon().words("status", "striking")
    if any(is_verbal(clause) and clause.lemma_.lower() in occurring for clause in children(noun, "relcl", "acl")):
        return True
    verb, relation, preposition = governor(noun)
    if verb is None:
        return False
    lemma = verb.lemma_.lower()
    if relation == "subject":
        return lemma in occurring
    if relation == "object":
        return lemma in lexicon().words("status", "performing") or lemma in occurring
    known = any(child.lower_ in _ARTICLES for child in noun.children)
    return preposition is not None and preposition.lower_ in _OCCASIONS and not known
