"""A trigger and its slots: the words of the sentence that stand in the places that the ontology names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from workers.annotate.forms import words_of_sentence
from workers.annotate.goals import asked_of, causes_of, complements_of, goals_of, receivers_of
from workers.annotate.lexicon import lexicon
from workers.annotate.objects import objects_of
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
    is_undergone,
    is_verbal,
    spread,
    subjects_of,
    surface_subjects,
)
from workers.annotate.words import Token

CHARGES = frozenset({("blame", "for"), ("accuse", "of"), ("condemn", "for"), ("suspect", "of")})
_WHERE = frozenset({"in", "at", "near", "on", "outside"})
_REACTING = (("status", "reaction"), ("status", "denying"), ("reporting", "say"), ("roles", "brokering"))
_IMPLIED = frozenset({"by", "to", "on", "against"})
"""Prepositions whose phrase a noun may have without the word: as the agent, the receiver or the object of its verb."""
_MEETINGS = frozenset({"talk", "talks", "meeting", "negotiation", "discussion", "consultation"})
_BESIDE_PARTNER = frozenset({"by", "via", "over"})
_BEFORE_TIME = frozenset({"on", "in", "later", "early", "late", "this", "next", "last", "here", "the"})
_Filler = Callable[["Frame"], list[Token]]


@dataclass(slots=True)
class Frame:
    """A trigger's head, all its tokens, and its slots, computed when they are asked for."""

    head: Token
    tokens: tuple[Token, ...]
    kind: TriggerKind
    cache: dict[str, list[Token]] = field(default_factory=dict)
    """Slots by name, and the times beside a verb."""
    _verb_slots: ClassVar[dict[str, _Filler]]
    _noun_slots: ClassVar[dict[str, _Filler]]

    def slot(self, name: str) -> list[Token]:
        """Heads of the phrases that fill slot `name`; a name that is no slot is a preposition."""
        found = self.cache.get(name)
        if found is None:
            if name not in _ALWAYS and name not in words_of_sentence(self.head.doc):
                return []  # most prepositions are not there
            found = self.cache[name] = self._filled(name)
        return found

    def slots(self, names: Iterable[str]) -> Iterator[Token]:
        """What fills slots `names`, in their order: `slot` of each, but most prepositions are not there."""
        present = words_of_sentence(self.head.doc)
        for name in names:
            if name in present or name in _ALWAYS or name in self.cache:
                yield from self.slot(name)

    def _filled(self, name: str) -> list[Token]:
        verbal = self.kind == "verb" or is_verbal(self.head)
        fillers, behind_it = (self._verb_slots, self._behind_verb) if verbal else (self._noun_slots, self._behind_noun)
        filler = fillers.get(name)
        found = filler(self) if filler is not None else behind_it(name)
        if name == "on" and filler is None:
            found = [t for t in found if not _is_day(t)]
        if not found:
            return []
        own = {token.i for token in self.tokens}
        return [token for token in dict.fromkeys(found) if token.i not in own]

    # --- verbs -----------------------------------------------------------------------------------------------

    def _behind_verb(self, preposition: str) -> list[Token]:
        if preposition != "to" and preposition not in words_of_sentence(self.head.doc):
            return []  # most are not there
        found = [t for token in self.tokens for t in behind(token, preposition)]  # "took control of the country"
        if preposition == "to":
            found.extend(receivers_of(self.head))
        if preposition in _BESIDE_PARTNER:  # "discussed it with his counterpart by phone"
            found.extend(t for partner in behind(self.head, "with") for t in behind(partner, preposition))
        if preposition not in {"of", "by"}:
            # "imposed sanctions on Belarus on Monday": the parser hangs either phrase on the verb or on its object.
            things = [t for obj in self.slot("object") for t in (obj, *behind(obj, "of"))]  # "duties of 25 percent on"
            found = [t for thing in things for t in behind(thing, preposition)] + found
            if preposition == "with" and not found:
                found = [t for thing in self._places_of(things) for t in behind(thing, preposition)]
            if "times" not in self.cache:
                self.cache["times"] = self._times()
            found.extend(t for time in self.cache["times"] for t in behind(time, preposition))
        return found

    def _times(self) -> list[Token]:
        """ "Talked for five hours on an island", "met on Tuesday in Oslo": the parser hangs the place on the time."""
        words = lexicon().words("syntax", "times")
        beside = (noun for prep in children(self.head, "prep") for noun in children(prep, "pobj"))
        manner = children(self.head, "npadvmod")  # "met one-on-one with"
        return [t for t in beside if t.lemma_.lower() in words] + list(manner)

    def _places_of(self, things: list[Token]) -> list[Token]:
        """ "Hit a depot in Bryansk with missiles": the parser hangs the means on the place."""
        holders = (prep for thing in (self.head, *things) for prep in children(thing, "prep"))
        return [noun for prep in holders if prep.lower_ in _WHERE for noun in children(prep, "pobj")]

    def _owners_around_verb(self) -> list[Token]:
        # Whose the thing is that something was done to has not done it: "Chad's army was blamed".
        acting = self.slot("subject")
        nouns = acting if is_passive(self.head) or acting else self.slot("object")
        return [t for noun in nouns for owner in children(noun, "poss") for t in spread(owner)]

    # --- nouns -----------------------------------------------------------------------------------------------

    def _behind_noun(self, preposition: str) -> list[Token]:
        if preposition not in _IMPLIED and preposition not in words_of_sentence(self.head.doc):
            return []
        found = behind(self.head, preposition)
        verb, relation, _ = governor(self.head)
        if not found and preposition in {"between", "among", "with", "against"}:
            found = _behind_topic(self.head, preposition) or _behind_time(self.head, preposition)
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
        if not found and verb is not None and preposition in {"on", "against"} and self.head.dep_ == "pobj":
            found = self._struck(verb, relation)
        if verb is None or relation not in {"object", "subject"}:
            return found
        if preposition == "to" and relation == "object":
            found = found + (subjects_of(verb) if is_receipt(verb, self.head) else receivers_of(verb))
        if preposition == "from" and relation == "object" and not found and is_receipt(verb, self.head):
            found = [t for thing in behind(self.head, "of") for t in (*behind(thing, "from"), *about(thing))]
        drawn = relation == "subject" and verb.lemma_.lower() in lexicon().words("roles", "drawing")
        if not found and preposition not in {"of", "by", "for"} and not drawn:
            found = behind(verb, preposition)
        return found

    def _struck(self, verb: Token, relation: str) -> list[Token]:
        """ "Hit the town with strikes", "the camp was the target of a raid"."""
        above = self.head.head.head
        if relation == "attr" and is_undergone(above):
            return surface_subjects(verb)
        return objects_of(verb) if self.head.head.lower_ == "with" and above == verb else []

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
            if takes_part(clause):
                continue  # "a drill of Chad's, in which Mali took part"
            if any(v.lemma_.lower() in light for v in verbs) and not is_passive(clause):
                return [t for n in children(clause, "nsubj") if n.lower_ not in RELATIVE for t in spread(n)]
        verb, relation, preposition = governor(_measured(self.head))
        if verb is not None and preposition is not None:
            found = self._doers_behind(verb, preposition)
            if found is not None:
                return found
        if verb is None or relation not in {"object", "attr"} or is_receipt(verb, self.head):
            return []
        is_adjective = self.head.pos_ == "ADJ"  # "Spain is ready to send …"
        lends = verb.lemma_.lower() in (light if is_adjective else light - {"be"})
        if verb.lemma_.lower() == "call" and bool(children(verb, "oprd")):
            return []  # "called the raid a crime"
        return subjects_of(verb) if lends or _calls_off(verb) else []

    def _doers_behind(self, verb: Token, preposition: Token) -> list[Token] | None:
        """Who does what stands behind a preposition: "took part in the drill", "was blamed for the raid"; else None."""
        if preposition.lower_ == "in" and takes_part(verb):
            return subjects_of(verb)
        if preposition.lower_ == "into" and verb.lemma_.lower() in {"go", "head", "walk", "enter"}:
            return subjects_of(verb)  # "went straight into a meeting"
        if self._is_own_occasion(verb, preposition):
            return surface_subjects(_main(verb))
        if preposition.lower_ == "with" and _answers(verb, preposition):
            return subjects_of(verb)
        if (verb.lemma_.lower(), preposition.lower_) in CHARGES:
            return surface_subjects(verb) if is_passive(verb) else objects_of(verb)  # "Chad was blamed for the raid"
        return None

    def _is_own_occasion(self, verb: Token, preposition: Token) -> bool:
        """ "The two agreed to it after talks in Oslo": several who do a thing after talks of nobody else held them."""
        if preposition.lower_ not in {"after", "following", "at", "in", "during"} or preposition.head != verb:
            return False
        verb = _main(verb)
        if verb.tag_ not in {"VBD", "VBZ", "VBP"} or bool(children(self.head, "poss")):
            return False
        if any(prep.lower_ in {"of", "with", "between", "among", "by"} for prep in children(self.head, "prep")):
            return False
        if any(word.text[:1].isupper() for word in children(self.head, "amod", "compound", "nmod")):
            return False  # "voiced outrage at an Israeli strike"
        acting = subjects_of(verb)
        return len(acting) > 1 or (self.head.lemma_.lower() in _MEETINGS and any(map(_are_officials, acting)))

    def _bearers(self) -> list[Token]:
        """Who is "on a visit", says something "in a letter" or "during talks": the noun or subject above the phrase."""
        prep = self.head.head
        if self.head.dep_ != "pobj" or prep.lower_ not in {"on", "in", "during", "by", "with"}:
            return []
        if not has_child(self.head, "a", "an", "his", "her", "their", "its"):
            return []
        above = prep.head
        if is_verbal(above):
            things = [t for t in surface_subjects(above) if t.lower_ in {"it", "they", "which", "that"}]
            # "It was handed over by an envoy during a visit": his visit.
            return subjects_of(above) if things and is_passive(above) else surface_subjects(above) or subjects_of(above)
        return [above] if above.pos_ in {"NOUN", "PROPN"} else []


def _are_officials(token: Token) -> bool:
    """Several who speak for states, or a delegation."""
    roles, lemma = lexicon(), token.lemma_.lower()
    several = token.tag_ == "NNS" and any(lemma in roles.words("roles", name) for name in ("official", "leader"))
    return several or lemma in {"delegation", "team"}


def _measured(noun: Token) -> Token:
    """The measure that a noun is said in: the hours of "after sixteen hours of talks"."""
    holder = noun.head.head
    if noun.dep_ != "pobj" or noun.head.lower_ != "of" or holder.pos_ != "NOUN":
        return noun
    return holder if holder.lemma_.lower() in lexicon().words("syntax", "times") else noun


def _said_by(verb: Token) -> list[Token]:
    """The verbs of what is said, each of "had not been asked and might resume attacks"."""
    clauses = list(children(verb, "ccomp"))
    return clauses + [c for clause in clauses for c in children(clause, "conj")]


def _is_day(token: Token) -> bool:
    """ "Sacked on Monday": a day fills no place of the verb's."""
    return token.pos_ == "PROPN" and token.lower_.endswith("day") and token.lower_ in lexicon().words("names", "days")


def _main(verb: Token) -> Token:
    """The verb over an infinitive: "agreed to send envoys after talks"."""
    return verb.head if verb.dep_ == "xcomp" and is_verbal(verb.head) else verb


def _behind_topic(noun: Token, preposition: str) -> list[Token]:
    """ "Talks on the dam between A and B": the parser hangs "between" on the dam."""
    topics = (topic for prep in children(noun, "prep") for topic in children(prep, "pobj"))
    return [t for topic in topics for t in behind(topic, preposition)]


def _behind_time(noun: Token, preposition: str) -> list[Token]:
    """ "A meeting later today between A and B": the parser hangs it on the time or the verb."""
    if preposition not in {"between", "with"}:
        return []
    times, doc = lexicon().words("syntax", "times"), noun.doc
    for word in doc[noun.i + 1 : noun.i + 5]:
        if word.lower_ == preposition:
            return [t for n in children(word, "pobj") for t in spread(n)]
        if word.lower_ not in times and word.lower_ not in _BEFORE_TIME:
            break
    return []


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


def is_receipt(verb: Token, noun: Token) -> bool:
    """ "Took delivery of": who does so gets it."""
    return verb.lemma_.lower() in {"take", "receive"} and noun.lemma_.lower() in {"delivery", "possession", "receipt"}


def takes_part(verb: Token) -> bool:
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
    "auxiliary": lambda f: [aux for verb in (f.head, *_said_by(f.head)) for aux in children(verb, "aux")],
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
_ALWAYS = Frame._verb_slots.keys() | Frame._noun_slots.keys() | _IMPLIED
"""Slots that may be filled though their name does not stand in the sentence."""
