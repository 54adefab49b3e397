"""Is a noun told as something that happened, or only mentioned? "A war named in passing is no event."

It is asked of nouns that come without anybody who did it, without a place and without a time: then it takes a verb that
says that it took place, a number, or an occasion ("after a blast") to make a report of it.
"""

from __future__ import annotations

from workers.annotate.frames import Frame
from workers.annotate.known import is_definite
from workers.annotate.lexicon import lexicon
from workers.annotate.ontology import Trigger
from workers.annotate.syntax import children, governor, is_verbal
from workers.annotate.tenses import is_bare_present, is_generic_passive
from workers.annotate.words import Token

_OCCASIONS = frozenset({"after", "following", "amid"})
_DOERS = frozenset({"by", "for"})
"""In "was hit by a cyberattack" and "claimed responsibility for the attack" the noun is what took place."""
_ABLE = frozenset({"fly", "travel", "reach", "cover", "carry", "strike", "soar", "climb", "race", "go", "come"})
"""What a missile can do is told by these without "can"."""
_ARTICLES = frozenset({"the", "this", "that", "these", "those", "his", "her", "its", "their"})


def is_said_of_all(frame: Frame) -> bool:
    """ "Leaders hold summits": a bare plural under a verb of the present tense is no single event."""
    noun = frame.head
    if noun.tag_ != "NNS" or any(c.dep_ in {"det", "nummod", "poss", "prep"} for c in noun.children):
        return False
    verb = noun.head
    bare = not any(c.dep_ == "aux" for c in verb.children)
    return noun.dep_ in {"dobj", "nsubj"} and verb.tag_ in {"VBP", "VBZ"} and bare


def is_report(word: Token) -> bool:
    """Is it the verb of a headline's sentence, or what that verb performs: "fires missile", "hold summit"?"""
    if word.pos_ not in {"NOUN", "PROPN"}:
        return not (word.tag_ in {"VBN", "VBG"} and word.dep_ in {"acl", "amod"})
    if word.dep_ == "pobj":
        return True
    verb = word.head
    occurring = lexicon().words("status", "performing") | lexicon().words("status", "happening")
    finite = is_verbal(verb) and verb.tag_ in {"VBZ", "VBP", "VBD"}
    return finite and word.dep_ in {"dobj", "nsubj"} and verb.lemma_.lower() in occurring


def is_capability(verb: Token) -> bool:
    """What is so at any time: "missiles that reach the coast", "the missile flies faster than sound", "a fair at which
    missiles are shown"."""
    if verb.dep_ == "relcl" and is_generic_passive(verb):
        return True
    if not is_bare_present(verb) or verb.lemma_.lower() not in _ABLE:
        return False
    subject = next(iter(children(verb, "nsubj")), None)
    return subject is not None and (verb.dep_ == "relcl" or subject.tag_ in {"NN", "NNS", "PRP"})


def is_told(noun: Token) -> bool:
    """Whether the sentence says of `noun` that it happened."""
    between = any(child.lower_ == "between" for child in children(noun, "prep"))  # "at talks between ministers"
    named = noun.dep_ == "oprd" and any(c.lower_ == "what" for c in noun.head.children)  # "what he called an attack"
    held = noun.head.lower_ == "of" and noun.head.head.lemma_.lower() in lexicon().words("status", "outcomes")
    if between or named or held or any(child.dep_ == "nummod" for child in noun.children):
        return True  # "the failure of talks on quotas"
    occurring = lexicon().words("status", "occurring") | lexicon().words("status", "striking")
    if any(is_verbal(clause) and clause.lemma_.lower() in occurring for clause in children(noun, "relcl", "acl")):
        return True
    verb, relation, preposition = governor(noun)
    if verb is None:
        return False
    lemma = verb.lemma_.lower()
    if relation != "prep" or preposition is None:
        performed = relation == "object" and lemma in lexicon().words("status", "performing")
        is_it = relation == "attr" and lemma == "be"  # "it was the North's first missile test"
        return performed or is_it or (relation in {"subject", "object"} and lemma in occurring)
    if preposition.lower_ in _DOERS:
        return lemma in occurring
    known = any(child.lower_ in _ARTICLES for child in noun.children)
    return preposition.lower_ in _OCCASIONS and not known


def is_supported(trigger: Trigger, noun: Token) -> bool:
    """Does the trigger ask for the verb that makes a report of its noun: "was awarded a contract"?"""
    if noun.dep_ not in {"dobj", "nsubjpass"} or is_definite(noun):
        return False
    return any(condition.slots == ("verb",) and not condition.forbidden for condition in trigger.conditions)
