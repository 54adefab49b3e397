"""A trigger and its slots: the words of the sentence that stand in the places that the ontology names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from spacy.tokens import Token

from workers.annotate.goals import asked_of, causes_of, complements_of, goals_of, receivers_of
from workers.annotate.lexicon import lexicon
from workers.annotate.ontology import TriggerKind
from workers.annotate.syntax import (
    RELATIVE,
    about,
    agents_of,
    behind,
    children,
    governor,
    has_child,
    is_passive,
    is_verbal,
    objects_of,
    spread,
    subjects_of,
    surface_subjects,
)

CHARGES = frozenset({("blame", "for"), ("accuse", "of"), ("condemn", "for"), ("suspect", "of")})
_REACTING = (("status", "reaction"), ("status", "denying"), ("reporting", "say"), ("roles", "brokering"))
_Filler = Callable[["Frame"], list[Token]]


@dataclass(slots=True)
class Frame:
    """A trigger's head, all its tokens, and its slots, computed when they are asked for."""

    head: Token
    tokens: tuple[Token, ...]
    kind: TriggerKind
    cache: dict[str, list[Token]] = field(default_factory=dict)
    _verb_slots: ClassVar[dict[str, _Filler]]
    _noun_slots: ClassVar[dict[str, _Filler]]

    def slot(self, name: str) -> list[Token]:
        """Heads of the phrases that fill slot `name`; a name that is no slot is a preposition."""
        if name not in self.cache:
            verbal = self.kind == "verb" or is_verbal(self.head)
            filler = (self._verb_slots if verbal else self._noun_slots).get(name)
            if filler is not None:
                found = filler(self)
            else:
                found = self._behind_verb(name) if verbal else self._behind_noun(name)
            own = {token.i for token in self.tokens}
            self.cache[name] = [token for token in dict.fromkeys(found) if token.i not in own]
        return self.cache[name]

    # --- verbs -----------------------------------------------------------------------------------------------

    def _behind_verb(self, preposition: str) -> list[Token]:
        found = behind(self.head, preposition)
        if preposition == "to":
            found.extend(receivers_of(self.head))
        if preposition not in {"of", "by"}:
            # "imposed sanctions on Belarus on Monday": the parser hangs either phrase on the verb or on its object.
            things = [t for obj in self.slot("object") for t in (obj, *behind(obj, "of"))]  # "duties of 25 percent on"
            found = [t for thing in things for t in behind(thing, preposition)] + found
            found.extend(t for time in self._times() for t in behind(time, preposition))
        return found

    def _times(self) -> list[Token]:
        """ "Talked for five hours on an island", "met on Tuesday in Oslo": the parser hangs the place on the time."""
        words = lexicon().words("syntax", "times")
        beside = (noun for prep in children(self.head, "prep") for noun in children(prep, "pobj"))
        return [t for t in (*beside, *children(self.head, "npadvmod")) if t.lemma_.lower() in words]

    def _owners_around_verb(self) -> list[Token]:
        # Whose the thing is that something was done to has not done it: "Chad's army was blamed".
        acting = self.slot("subject")
        nouns = acting if is_passive(self.head) or acting else self.slot("object")
        return [t for noun in nouns for owner in children(noun, "poss") for t in spread(owner)]

    # --- nouns -----------------------------------------------------------------------------------------------

    def _behind_noun(self, preposition: str) -> list[Token]:
        found = behind(self.head, preposition)
        verb, relation, _ = governor(self.head)
        if not found and preposition in {"between", "among", "with", "against"}:
            # "Talks on the dam between A and B": the parser hangs "between" on the dam.
            found = [
                t
                for prep in children(self.head, "prep")
                for n in children(prep, "pobj")
                for t in behind(n, preposition)
            ]
        if not found:
            # "A letter handed to the ambassador", "missiles fired from Yemen".
            brokers = lexicon().words("roles", "brokering")
            clauses = (c for c in children(self.head, "acl", "relcl") if c.lemma_.lower() not in brokers)
            found = [t for clause in clauses for t in behind(clause, preposition)]
        if preposition in {"to", "for"} and not found:  # "a shipment of rifles to the rebels"
            found = [t for thing in behind(self.head, "of") for t in behind(thing, preposition)]
        if preposition == "by" and not found:
            found = [t for obj in behind(self.head, "of") for t in _by(obj)]
            if not found and verb is not None and relation == "object" and is_passive(verb) and not _reacts(verb):
                found = agents_of(verb)
        if not found and verb is not None and preposition in {"on", "against"} and self.head.head.lower_ == "with":
            found = objects_of(verb) if self.head.dep_ == "pobj" and self.head.head.head == verb else found
        if verb is None or relation not in {"object", "subject"}:
            return found
        if preposition == "to" and relation == "object":
            found = found + receivers_of(verb)
        drawn = relation == "subject" and verb.lemma_.lower() in lexicon().words("roles", "drawing")
        if not found and preposition not in {"of", "by", "for"} and not drawn:
            found = behind(verb, preposition)
        return found

    def _governors(self) -> list[Token]:
        verb, relation, preposition = governor(self.head)
        near = relation in {"object", "subject", "attr"} or (
            relation == "prep" and preposition is not None and preposition.head == verb
        )
        found = [verb] if verb is not None and near else []
        return found + [clause for clause in children(self.head, "acl", "relcl") if is_verbal(clause)]

    def _words_of_governor(self) -> list[Token]:
        verb, _, _ = governor(self.head)
        return list(children(verb, "prt", "advmod")) if verb is not None else []

    def _doers(self) -> list[Token]:
        """Who held the talks, conducted the test: the subject of a verb that only lends the noun a tense."""
        light = lexicon().words("status", "light")
        for clause in children(self.head, "relcl"):
            verbs = (clause, *children(clause, "xcomp"))  # "the drill that it was going to hold"
            if _takes_part(clause):
                continue  # "a drill of Chad's, in which Mali took part"
            if any(v.lemma_.lower() in light for v in verbs) and not is_passive(clause):
                return [t for n in children(clause, "nsubj") if n.lower_ not in RELATIVE for t in spread(n)]
        verb, relation, preposition = governor(self.head)
        if verb is not None and preposition is not None and preposition.lower_ == "in" and _takes_part(verb):
            return subjects_of(verb)
        if (
            verb is not None
            and preposition is not None
            and preposition.lower_ == "with"
            and _answers(verb, preposition)
        ):
            return subjects_of(verb)
        if verb is not None and preposition is not None and (verb.lemma_.lower(), preposition.lower_) in CHARGES:
            return surface_subjects(verb) if is_passive(verb) else objects_of(verb)  # "Chad was blamed for the raid"
        if verb is None or relation not in {"object", "attr"}:
            return []
        is_adjective = self.head.pos_ == "ADJ"  # "Spain is ready to send …"
        lends = verb.lemma_.lower() in (light if is_adjective else light - {"be"})
        return subjects_of(verb) if lends or _calls_off(verb) else []

    def _bearers(self) -> list[Token]:
        """Who is "on a visit", says something "in a letter" or "during talks": the noun or subject above the phrase."""
        prep = self.head.head
        if self.head.dep_ != "pobj" or prep.lower_ not in {"on", "in", "during", "by"}:
            return []
        if not has_child(self.head, "a", "an", "his", "her", "their", "its"):
            return []
        above = prep.head
        if is_verbal(above):
            return surface_subjects(above) or subjects_of(above)
        return [above] if above.pos_ in {"NOUN", "PROPN"} else []


def _by(noun: Token) -> list[Token]:
    """ "The closure of the border by X", "of the border, ordered by X"."""
    return behind(noun, "by") or [t for verb in children(noun, "acl") for t in agents_of(verb)]


def _reacts(verb: Token) -> bool:
    """Is it what others say of a deed, or do about it: "the raid was condemned by", "the talks were brokered by"?"""
    words, lemma = lexicon(), verb.lemma_.lower()
    return lemma not in words.words("roles", "owning_up") and any(lemma in words.words(*name) for name in _REACTING)


def _calls_off(verb: Token) -> bool:
    """ "Halted the deliveries", "put off a trip": whose it was to be."""
    words = lexicon()
    stops = any(verb.lemma_.lower() in words.words("status", name) for name in ("stopping", "cancelling", "postponing"))
    phrasal = words.words("status", "postponing_phrasal") | {"call off"}
    return stops or any(f"{verb.lemma_.lower()} {c.lower_}" in phrasal for c in children(verb, "prt", "advmod"))


def _answers(verb: Token, preposition: Token) -> bool:
    """ "Answered with a salvo", "joined in with strikes"."""
    return preposition.head == verb and verb.lemma_.lower() in lexicon().words("roles", "answering")


def _takes_part(verb: Token) -> bool:
    """ "Took part in", "participated in"."""
    lemma = verb.lemma_.lower()
    return lemma in {"participate", "engage", "join"} or (lemma == "take" and has_child(verb, "part"))


def _no_words(_frame: Frame) -> list[Token]:
    return []


def _sentence(frame: Frame) -> list[Token]:
    return list(frame.head.doc)


Frame._verb_slots = {
    "subject": lambda f: subjects_of(f.head),
    "object": lambda f: objects_of(f.head),
    "about": lambda f: [t for obj in f.slot("object") for t in about(obj)],
    "poss": Frame._owners_around_verb,
    "particle": lambda f: list(children(f.head, "prt", "advmod")),
    "adverb": lambda f: list(children(f.head, "advmod", "npadvmod")),
    "complement": lambda f: complements_of(f.head),
    "whom": lambda f: asked_of(f.head),
    "goal": lambda f: goals_of(f.head),
    "cause": lambda f: causes_of(f.head),
    "auxiliary": lambda f: [aux for verb in (f.head, *children(f.head, "ccomp")) for aux in children(verb, "aux")],
    "addressee": lambda f: [t for verb in children(f.head, "ccomp") for t in surface_subjects(verb)],
    "verb": lambda f: [f.head],
    "carrier": lambda f: [f.head],
    "sentence": _sentence,
    "bearer": _no_words,
    "nation": _no_words,
}
Frame._noun_slots = {
    "subject": Frame._doers,
    "object": lambda f: behind(f.head, "of"),
    "about": lambda f: [t for token in f.tokens for t in about(token)] + behind(f.head, "of"),
    "nation": lambda f: [t for token in f.tokens for t in children(token, "amod", "compound", "nmod")],
    "poss": lambda f: [t for token in f.tokens for owner in children(token, "poss") for t in spread(owner)],
    "particle": Frame._words_of_governor,
    "adverb": Frame._words_of_governor,
    "complement": lambda f: list(children(f.head, "acl", "relcl", "xcomp", "ccomp")),
    "whom": lambda f: asked_of(f.head),
    "goal": lambda f: goals_of(f.head),
    "cause": lambda f: causes_of(f.head),
    "verb": Frame._governors,
    "carrier": Frame._governors,
    "bearer": Frame._bearers,
    "auxiliary": _no_words,
    "addressee": _no_words,
    "sentence": _sentence,
}
