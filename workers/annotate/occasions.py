"""On what occasion a thing was done, and which dates are only of what is hoped for."""

from __future__ import annotations

from collections.abc import Sequence

from workers.annotate.dates import When
from workers.annotate.known import is_definite
from workers.annotate.lexicon import lexicon
from workers.annotate.modality import is_status_word
from workers.annotate.syntax import children, has_child, is_infinitive, is_passive, is_verbal
from workers.annotate.words import Token

_ON_OCCASION = frozenset({"during", "in", "at", "with", "after", "following"})


def is_on_occasion(noun: Token) -> bool:
    """Does the noun say on what occasion something is done: "during a visit", "after talks"?"""
    preposition = noun.head
    return noun.dep_ == "pobj" and preposition.lower_ in _ON_OCCASION and is_verbal(preposition.head)


def earlier_occasion(path: Sequence[Token]) -> Token | None:
    """ "At their previous meeting they agreed": the word that says that the occasion lies back."""
    for verb in (token for token in path if is_verbal(token) and token.tag_ in {"VBD", "VBN"}):
        for preposition in (c for c in children(verb, "prep") if c.lower_ in {"at", "during", "in"}):
            for noun in children(preposition, "pobj"):
                if is_definite(noun) and noun.lemma_.lower() in lexicon().words("status", "meetings"):
                    found = next((c for c in children(noun, "amod") if c.lower_ in {"previous", "last"}), None)
                    if found is not None:
                        return found
    return None


def is_hoped(token: Token, anchor: Token) -> bool:
    """ "Raising hopes of a visit in the autumn": the date is of what is hoped for, and not of what raised the hopes."""
    while token is not anchor and token.head is not token:
        token = token.head
        planned = any(is_status_word(token, name) for name in ("future_nouns", "hypothetical_nouns"))
        if token is not anchor and planned and token.pos_ == "NOUN":
            return True
    return False


def tells(verb: Token) -> bool:
    """Is the verb in the past, or the perfect?"""
    return verb.tag_ == "VBD" or (verb.tag_ == "VBN" and has_child(verb, "has", "have", "was", "were", "had"))


def is_announced(path: Sequence[Token], when: When) -> bool:
    """ "Announced missile tests for next week": they are to come, though it is told in the past."""
    verb = next((token for token in path[1:] if is_verbal(token)), None)
    before = path[0].doc.text[: when.start].lower().split()[-1:]
    told = verb is not None and is_status_word(verb, "scheduled")
    return told and path[0].pos_ == "NOUN" and when.granularity != "year" and before == ["for"]


def is_dated_back(noun: Token) -> bool:
    """ "last month's vote", "yesterday's talks"."""
    dated = (t for child in children(noun, "poss", "amod", "compound", "nmod", "npadvmod") for t in child.subtree)
    return any(token.lower_ in {"last", "yesterday", "previous"} for token in dated)


def is_told_after(verb: Token, noun: Token) -> bool:
    """ "Agreed to reopen the road after two hours of talks": it is after them that they agreed."""
    above = verb.head
    if verb.dep_ != "xcomp" or not is_infinitive(verb) or above.tag_ not in {"VBD", "VBZ", "VBP"}:
        return False
    vows = is_verbal(above) and is_status_word(above, "future") and not is_passive(above)
    return vows and not is_definite(noun) and not has_child(above, "will", "would")


def makes_room(word: Token, noun: Token) -> bool:
    """ "Closed a stretch of sea for the launch", "issued a warning to ships for the launch": it has not flown yet,
    unless `noun` is one "which flew 600 km"."""
    flown = (noun, *(of for prep in children(noun, "prep") if prep.lower_ == "of" for of in children(prep, "pobj")))
    if any(c.tag_ == "VBN" if c.dep_ == "acl" else tells(c) for t in flown for c in children(t, "acl", "relcl")):
        return False
    things = (t for t in children(word, "dobj", "nsubjpass")) if is_verbal(word) else ()
    return is_status_word(word, "closing") or any(is_status_word(t, "closures") for t in (word, *things))
