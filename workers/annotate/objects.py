"""What a verb acts on: its objects, whatever its voice and however its clause stands. `syntax` finds the subjects."""

from __future__ import annotations

from workers.annotate.lexicon import lexicon
from workers.annotate.syntax import (
    OBJECTS,
    PASSIVE_SUBJECTS,
    RELATIVE,
    SUBJECTS,
    antecedent,
    antecedents,
    behind,
    children,
    is_bare_passive,
    is_passive,
    is_verbal,
    labels_below,
    spread,
    surface_subjects,
)
from workers.annotate.words import Token

_RESULTS = frozenset({"dead", "free", "open", "shut"})
"""An adjective before the object, on which the parser may hang it."""
_TIME_AND_THING = 2
_DEPTH = 6
"""How far chains of clauses are followed; a broken parse must not send a search far."""


def objects_of(verb: Token, depth: int = 0) -> list[Token]:
    """What is acted on: objects, subjects of the passive, the noun that a relative clause hangs on."""
    if depth > _DEPTH:
        return []
    return _passive_objects(verb, depth) if is_passive(verb) else _active_objects(verb)


def _active_objects(verb: Token) -> list[Token]:
    holders = (verb, *(c for c in children(verb, "acomp", "oprd", "advmod") if c.lower_ in _RESULTS))
    nouns = (noun for holder in holders for noun in children(holder, *OBJECTS))  # "shot dead two men"
    found = [t for noun in nouns for t in spread(antecedent(noun))] or _hedged_objects(verb)
    if found:
        return found
    if carried := _carried_in(verb) or _sent_off(verb) or _behind_time(verb):
        return carried
    if verb.tag_ == "VBG" and (of := behind(verb, "of")):
        return of  # "Azeri shelling of a village"
    subjects = list(children(verb, *SUBJECTS))
    # The parser may take the "that" of "the contract that Airbus signed" for a conjunction.
    behind_thing = verb.dep_ == "acl" and verb.tag_ in {"VBN", "VBD"} and _is_thing(verb.head)
    if (verb.dep_ == "relcl" or behind_thing) and subjects and not any(noun.lower_ in RELATIVE for noun in subjects):
        return spread(verb.head)  # "the missile (that) Pyongyang launched"
    right = next((c for c in verb.rights if c.dep_ == "conj" and is_verbal(c)), None)
    between = {"prep", "xcomp", "ccomp", "punct"}
    if right is not None and not any(c.dep_ in between and c.i < right.i for c in verb.rights):
        return [t for noun in children(right, *OBJECTS) for t in spread(noun)]  # "planned and carried out attacks"
    return []


def _is_thing(noun: Token) -> bool:
    """Is it no word for what somebody says, thinks or wants, whose content a clause behind it tells?"""
    words, lemma = lexicon(), noun.lemma_.lower()
    told = ("hypothetical_nouns", "future_nouns", "negating_nouns", "historical_nouns", "speech_acts")
    said = words.words("reporting", "nouns") | words.words("reporting", "messages") | words.words("roles", "said")
    return noun.pos_ == "NOUN" and lemma not in said and not any(lemma in words.words("status", name) for name in told)


def _carried_in(verb: Token) -> list[Token]:
    """What is brought in "flew in a field hospital", where the parser takes the particle for a preposition.

    Who flew in a helicopter sat in it: vehicles, names, times and what "the" makes known are none.
    """
    words = lexicon()
    if verb.lemma_.lower() not in words.words("syntax", "carrying") or verb.i + 1 >= len(verb.doc):
        return []
    following = verb.doc[verb.i + 1]
    if following.lower_ not in {"in", "over"} or following.dep_ not in {"prep", "prt"} or following.head is not verb:
        return []
    rides = words.words("syntax", "times") | words.words("syntax", "rides")
    return [
        t
        for noun in children(following, "pobj")
        for t in spread(noun)
        if t.lemma_.lower() in words.words("roles", "military")
        or (t.pos_ == "NOUN" and t.lemma_.lower() not in rides and not any(c.lower_ == "the" for c in t.children))
    ]


def _sent_off(verb: Token) -> list[Token]:
    """ "Fired two missiles east", where the parser takes the direction for what was fired."""
    directions = lexicon().words("syntax", "directions")
    return [
        thing
        for way in children(verb, "npadvmod", "advmod")
        if way.lower_ in directions
        for thing in children(way, "compound", "nmod")
        if thing.tag_ in {"NNS", "NN"} and thing.lower_ not in directions
    ]


def _behind_time(verb: Token) -> list[Token]:
    """ "Signed last week an agreement", where the parser takes both for times."""
    times = lexicon().words("syntax", "times")
    said = [noun for noun in children(verb, "npadvmod") if noun.i > verb.i]
    if len(said) < _TIME_AND_THING or said[0].lemma_.lower() not in times:
        return []
    things = (noun for noun in said[1:] if noun.lemma_.lower() not in times)
    return [thing for thing in things if any(c.lower_ in {"a", "an"} for c in children(thing, "det"))]


def _hedged_objects(verb: Token) -> list[Token]:
    """The thing itself in "fired what appeared to be a missile", "what it called a satellite"."""
    for clause in children(verb, "ccomp", "dobj", "advcl"):
        if any(t.lower_ == "what" for t in clause.subtree):
            return [
                t
                for word in clause.subtree
                if word.dep_ in {"attr", "oprd"} or (word.dep_ == "pobj" and word.head.lower_ == "as")
                for t in spread(word)
                if t.lower_ != "what"
            ]
    return []


def _hedged_subjects(verb: Token) -> list[Token]:
    """The thing itself in "what appeared to be a missile was fired"."""
    clauses = (c for c in children(verb, "csubjpass", "csubj") if any(t.lower_ == "what" for t in c.subtree))
    words = (word for clause in clauses for word in clause.subtree if word.dep_ in {"attr", "oprd"})
    return [t for word in words for t in spread(word) if t.lower_ != "what"]


def _passive_objects(verb: Token, depth: int) -> list[Token]:
    bare = SUBJECTS if is_bare_passive(verb, labels_below(verb)) else frozenset()
    own = [t for noun in children(verb, *PASSIVE_SUBJECTS, *bare) for t in antecedents(noun)]
    own = own or _hedged_subjects(verb)
    if own:
        return own + [t for noun in children(verb, "oprd") for t in spread(noun)]
    if verb.dep_ in {"acl", "relcl"}:
        return spread(verb.head)
    if verb.dep_ == "advcl" and verb.i < verb.head.i and is_verbal(verb.head):
        return surface_subjects(verb.head)  # "Accused of it by Chad, Mali denied the charge"
    if verb.dep_ in {"conj", "xcomp", "advcl"} and is_verbal(verb.head):
        return objects_of(verb.head, depth + 1) or surface_subjects(verb.head)
    return []
