"""What is only asked: a question put to somebody, a sentence quoted as one, a deed that another is called on to do."""

from __future__ import annotations

from workers.annotate.frames import Frame
from workers.annotate.lexicon import lexicon
from workers.annotate.ontology import EventType
from workers.annotate.syntax import children, has_child
from workers.annotate.words import Token

_ASKING = frozenset({"urge", "ask", "press", "appeal", "invite", "beg", "exhort", "lobby"})
_WHO_ASK = frozenset({"ask", "enquire", "inquire"})
_WHETHER = frozenset({"if", "whether"})
_QUESTION_WORDS = frozenset({"WP", "WRB", "WDT", "WP$"})
_CLAUSES = frozenset({"ccomp", "advcl", "xcomp", "pcomp"})


_KNOWN = frozenset({"know", "realise", "realize", "remember", "forget", "learn"})
_OPENING = frozenset({'"', "“", "``", "'", "‘"})
_CLOSING = frozenset({'"', "”", "''", "'", "’", ","})
_LISTING = frozenset({"including", "besides", "like"})
_SMALL = frozenset({"DET", "ADP", "CCONJ", "PART"})
_CONTAINING = frozenset({"involve", "entail", "require", "envisage"})
_STATING = frozenset({"say", "state", "claim", "announce", "assert", "suggest", "indicate", "confirm", "report"})
_CASES = frozenset({"case", "situation", "circumstance", "instance"})
_BARTERING = frozenset({"trade", "swap", "exchange", "barter"})
_TITLE = 8
"""So few words has the name of a work."""


def is_no_act(kind: EventType, frame: Frame) -> bool:
    """Is the verb none that anybody does: a name, and of words also a question, or what only describes somebody?"""
    if frame.kind != "verb":
        return False
    return is_name_of_work(frame.head) or (kind.spoken and (puts_a_question(frame.head) or is_adjective(frame.head)))


def is_supposed(verb: Token) -> bool:
    """ "If we find that they refuse": what is only supposed to be found need not be; what is known is."""
    supposed = any(c.dep_ == "mark" and c.lower_ in {"if", "unless"} for c in verb.children)
    return supposed and verb.lemma_.lower() not in _KNOWN


def in_any_case(verb: Token, noun: Token) -> bool:
    """ "In cases where police refuse to act": which cases is left open, and whether there are any."""
    named = noun.tag_ != "NNS" or any(children(noun, "det", "nummod", "amod"))
    if named or noun.lemma_.lower() not in _CASES:
        return False
    return has_child(verb, "where", "when") or any(has_child(prep, "which") for prep in children(verb, "prep"))


def contains(verb: Token, noun: Token) -> bool:
    """ "An approach involving talks": the talks are as real as the approach."""
    return verb.tag_ == "VBG" and verb.lemma_.lower() in _CONTAINING and noun.dep_ in {"dobj", "attr"}


def is_price(noun: Token) -> bool:
    """ "A failed attempt to swap arms for help in freeing him": what is traded for is as real as the trade."""
    behind_for = noun.dep_ == "pobj" and noun.head.lower_ == "for"
    return behind_for and not _BARTERING.isdisjoint(t.lemma_.lower() for t in noun.ancestors)


def is_asking(verb: Token) -> bool:
    """Does the verb ask another to act: "called on the union to reject", "urged"?"""
    lemma = verb.lemma_.lower()
    called = lemma == "call" and any(c.lower_ in {"on", "upon"} for c in children(verb, "prt", "prep", "advmod"))
    return called or lemma in _ASKING


def leaves_open(verb: Token) -> bool:
    """ "Did not say the frigate had launched a missile": nobody says so, but "who launched" it takes it for granted."""
    if verb.lemma_.lower() not in _STATING:
        return False
    said = (c for c in verb.children if c.dep_ == "ccomp")
    return not any(w.tag_ in _QUESTION_WORDS for c in said for w in (c.left_edge, *c.children))


def puts_a_question(verb: Token) -> bool:
    """ "Asked what he made of it", "when asked if she would go": what is asked for is an answer, and no deed."""
    if verb.lemma_.lower() not in _WHO_ASK:
        return False
    for clause in (c for c in verb.children if c.dep_ in _CLAUSES and c.i > verb.i):
        first = clause.left_edge
        if first.i > verb.i and (first.tag_ in _QUESTION_WORDS or first.lower_ in _WHETHER):
            return True
    return False


def is_quoted_question(verb: Token, head: Token) -> bool:
    """ "'Did Chad fire it?' he said": a question mark between a clause and the verb of saying behind it."""
    if (
        verb.dep_ != "ccomp"
        or verb.i > head.i
        or head.lemma_.lower() not in lexicon().words("reporting", "say") | _WHO_ASK
    ):
        return False
    return any(token.text == "?" for token in verb.doc[verb.i : head.i])


def is_adjective(verb: Token) -> bool:
    """ "Sorely pressed Bolivia": a participle before the name it describes."""
    if verb.tag_ not in {"VBN", "VBD"} or verb.dep_ not in {"amod", "advmod"} or verb.i + 1 >= len(verb.doc):
        return False
    described = verb.nbor().pos_ in {"PROPN", "NOUN"} and any(children(verb, "advmod"))
    return described and not any(children(verb, "nsubj", "dobj", "auxpass", "prt", "agent"))


def is_former(verb: Token) -> bool:
    """ "Figures including fired aide Ann Reed": a participle right behind such a word tells what somebody is by now."""
    if not verb.i or verb.tag_ not in {"VBN", "VBD"} or verb.nbor(-1).lower_ not in _LISTING:
        return False
    return not any(children(verb, "nsubj", "nsubjpass", "aux", "auxpass", "agent"))


def is_name_of_work(verb: Token) -> bool:
    """ "On the programme 'Meet the Mayors'": a capital inside quotation marks, as all its words but the small ones."""
    doc, i = verb.doc, verb.i
    if not (verb.text[:1].isupper() and not verb.text.isupper() and i > 1 and doc[i - 1].text in _OPENING):
        return False
    end = next((t.i for t in doc[i + 1 : i + _TITLE] if t.text in _CLOSING), None)
    words = [t for t in doc[i:end] if t.text.isalpha()] if end is not None else []
    large = [t for t in words if t.text[:1].isupper()]
    return len(large) > 1 and all(t.text[:1].isupper() or t.pos_ in _SMALL for t in words)
