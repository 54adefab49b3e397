"""A trigger and what hangs on it in the dependency parse: subject, object, modifiers, prepositions, governing verb.

Only syntax lives here (labels of spaCy's English models). Which words may fill a slot is said by the ontology.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from spacy.tokens import Token

from workers.annotate.lexicon import lexicon

_RELATIVE = frozenset({"that", "which", "who", "whom", "whose"})
_SUBJECTS = frozenset({"nsubj", "csubj"})
_PASSIVE_SUBJECTS = frozenset({"nsubjpass", "csubjpass"})
_OBJECTS = frozenset({"dobj", "obj", "oprd"})
_MODIFIERS = frozenset({"compound", "amod", "nmod", "poss", "nummod", "npadvmod"})
_VERBS = frozenset({"VERB", "AUX"})
_DEPTH = 6
"""How far the chains of clauses are followed; a broken parse can be cyclic in effect, never endless."""


def is_verbal(token: Token) -> bool:
    """Is `token` a verb or an auxiliary?"""
    return token.pos_ in _VERBS or (
        token.pos_ in {"NOUN", "PROPN", "ADJ"}
        and any(c.dep_ == "aux" and c.tag_ in {"TO", "MD"} and c.i < token.i for c in token.children)
    )


def children(token: Token, *deps: str) -> Iterator[Token]:
    """Children of `token` with one of the labels."""
    for child in token.children:
        if child.dep_ in deps:
            yield child


def spread(token: Token) -> list[Token]:
    """`token`, its conjuncts, and what it only counts ("a salvo of missiles": missiles too)."""
    found = [token]
    quantities = lexicon().words("roles", "quantity")
    for child in token.children:
        if child.dep_ == "conj" and len(found) < 12:
            found.extend(spread(child))
        elif child.dep_ == "prep" and child.lower_ == "of" and token.lemma_.lower() in quantities:
            for inner in children(child, "pobj"):
                found.extend(spread(inner))
        elif child.dep_ == "prep" and child.lower_ in {"including", "like", "such"}:
            for inner in children(child, "pobj"):
                found.extend(spread(inner))
    return found


def antecedent(token: Token) -> Token:
    """The noun that a relative pronoun stands for, else `token`."""
    if token.lower_ in _RELATIVE:
        verb = token.head
        for _ in range(_DEPTH):
            if verb.dep_ == "relcl":
                return verb.head
            if verb.dep_ in {"ROOT", ""}:
                break
            verb = verb.head
    return token


def antecedents(token: Token) -> list[Token]:
    """The nouns that a relative pronoun stands for: both in "Xi and Putin, who met"."""
    noun = antecedent(token)
    if noun == token:
        return spread(token)
    first = noun
    while first.dep_ == "conj" and first.head.pos_ in {"PROPN", "NOUN"}:
        first = first.head
    comma = token.i > 0 and token.nbor(-1).text == ","
    if first != noun and comma and token.head.tag_ != "VBZ":
        return spread(first)
    return spread(noun)


def is_passive(verb: Token) -> bool:
    """Is the verb in the passive: with an auxiliary, or as a reduced clause ("the missile fired by")?"""
    labels = {child.dep_ for child in verb.children}
    if labels & {"nsubjpass", "auxpass", "agent", "csubjpass"}:
        return True
    if verb.tag_ != "VBN" or "aux" in labels or labels & _SUBJECTS:
        return False
    if verb.dep_ == "conj" and is_verbal(verb.head):
        return is_passive(verb.head)
    return verb.dep_ in {"acl", "relcl"} or (verb.dep_ == "advcl" and not labels & _OBJECTS)


def agents_of(verb: Token) -> list[Token]:
    """Who stands behind a passive verb with "by"."""
    found = [t for by in children(verb, "agent") for noun in children(by, "pobj") for t in spread(noun)]
    if not found:
        found = [
            t
            for by in children(verb, "prep")
            if by.lower_ == "by"
            for noun in children(by, "pobj")
            for t in spread(noun)
        ]
    return found


def surface_subjects(verb: Token) -> list[Token]:
    """The grammatical subject of the verb's own clause."""
    return [t for noun in children(verb, *_SUBJECTS, *_PASSIVE_SUBJECTS) for t in antecedents(noun)]


def subjects_of(verb: Token, depth: int = 0) -> list[Token]:
    """Who acts: also over conjunctions, infinitives, relative clauses and participles."""
    if depth > _DEPTH:
        return []
    if is_passive(verb):
        return agents_of(verb) or (agents_of(verb.head) if verb.dep_ == "conj" and is_verbal(verb.head) else [])
    own = [t for noun in children(verb, *_SUBJECTS) for t in antecedents(noun)]
    if own:
        return own
    head = verb.head
    if verb.dep_ == "ROOT" or head == verb:
        return []
    if verb.dep_ in {"conj", "advcl", "dep", "parataxis"} and is_verbal(head):
        return surface_subjects(head) or subjects_of(head, depth + 1)
    if verb.dep_ in {"xcomp", "ccomp"}:
        return _controller(verb, head, depth)
    if verb.dep_ == "acl" and verb.tag_ == "VBD":
        while head.dep_ in {
            "pobj",
            "prep",
        }:  # a main verb hung on an insertion: "the minister, on a visit to Oslo, called"
            head = head.head
        return spread(head)
    if verb.dep_ in {"acl", "relcl"}:
        return [head] if verb.tag_ == "VBG" or verb.dep_ == "relcl" else _holder(head, depth)
    if verb.dep_ == "pcomp":
        return _behind_preposition(head.head, depth) if is_verbal(head.head) else _holder(head.head, depth)
    return []


def _behind_preposition(verb: Token, depth: int) -> list[Token]:
    """Who does it in "accused Russia of shelling", "was blamed for firing", "retaliated by closing"."""
    if is_passive(verb):
        return surface_subjects(verb)
    blamed = [t for noun in children(verb, "dobj") for t in spread(noun)]
    return blamed or subjects_of(verb, depth + 1)


def _controller(verb: Token, head: Token, depth: int) -> list[Token]:
    """Who does the infinitive: the object of "urged Russia to …", else the subject of "plans to …"."""
    if not is_verbal(head):
        if head.dep_ in {"acomp", "oprd", "attr"} and is_verbal(head.head):
            return surface_subjects(head.head) or subjects_of(head.head, depth + 1)
        return _holder(head, depth)
    objects = [t for noun in children(head, "dobj", "obj") for t in spread(noun)]
    if objects and verb.dep_ == "xcomp" and verb.tag_ != "VBG":
        return objects
    if is_passive(head):
        return surface_subjects(head)
    return surface_subjects(head) or subjects_of(head, depth + 1)


def _holder(noun: Token, depth: int) -> list[Token]:
    """Whose plan, vow or decision it is: the possessor, else the subject of the verb that governs the noun."""
    owners = [t for owner in children(noun, "poss") for t in spread(owner)]
    if owners:
        return owners
    verb, relation, _ = governor(noun)
    if verb is not None and relation in {"object", "attr"} and not is_passive(verb):
        return subjects_of(verb, depth + 1)
    return [
        t
        for by in children(noun, "prep")
        if by.lower_ in {"by", "from"}
        for n in children(by, "pobj")
        for t in spread(n)
    ]


def objects_of(verb: Token, depth: int = 0) -> list[Token]:
    """What is acted on: objects, subjects of the passive, the noun that a relative clause hangs on."""
    if depth > _DEPTH:
        return []
    if is_passive(verb):
        own = [t for noun in children(verb, *_PASSIVE_SUBJECTS) for t in spread(antecedent(noun))]
        if own:
            return own + [t for noun in children(verb, "oprd") for t in spread(noun)]
        if verb.dep_ in {"acl", "relcl"}:
            return spread(verb.head)
        if verb.dep_ in {"conj", "xcomp", "advcl"} and is_verbal(verb.head):
            return objects_of(verb.head, depth + 1) or surface_subjects(verb.head)
        return []
    found = [t for noun in children(verb, *_OBJECTS) for t in spread(antecedent(noun))]
    if found:
        return found
    labels = {child.dep_ for child in verb.children}
    if (
        verb.dep_ == "relcl"
        and labels & _SUBJECTS
        and not any(child.lower_ in _RELATIVE for child in children(verb, *_SUBJECTS))
    ):
        return spread(verb.head)
    right = next((c for c in verb.rights if c.dep_ == "conj" and is_verbal(c)), None)
    if right is not None and not any(
        c.dep_ in {"prep", "xcomp", "ccomp", "punct"} and c.i < right.i for c in verb.rights
    ):
        return [t for noun in children(right, *_OBJECTS) for t in spread(noun)]  # "planned and carried out attacks"
    return []


def governor(noun: Token) -> tuple[Token | None, str, Token | None]:
    """The verb over a noun, how the noun relates to it (object, subject, attr, prep, none), and the preposition."""
    token, preposition, relation = noun, None, "none"
    transparent = lexicon().words("roles", "transparent") | lexicon().words("roles", "quantity")
    for _ in range(_DEPTH):
        head = token.head
        if token.dep_ == "conj" and head.pos_ in {"NOUN", "PROPN", "PRON", "NUM"}:
            token = head
        elif token.dep_ in _OBJECTS | _PASSIVE_SUBJECTS and is_verbal(head):
            return head, "prep" if preposition is not None else "object", preposition
        elif token.dep_ in _SUBJECTS and is_verbal(head):
            return head, "prep" if preposition is not None else "subject", preposition
        elif token.dep_ in {"attr", "acomp"} and is_verbal(head):
            return head, "prep" if preposition is not None else "attr", preposition
        elif token.dep_ in {"pobj", "pcomp"} and head.dep_ in {"prep", "agent", "pcomp"}:
            above = head.head
            if above.dep_ == "prep" and above.pos_ == "ADP":
                above = above.head
            if is_verbal(above):
                return above, "prep", preposition or head
            if head.lower_ != "of" or above.lemma_.lower() not in transparent:
                preposition = preposition or head
            token = above
        elif token.dep_ in {"compound", "nmod", "amod", "poss", "appos", "nummod", "npadvmod"} and head != token:
            relation = "none"
            token = head
        elif token.dep_ in {"advcl", "dep", "npadvmod"} and is_verbal(head):
            return head, "prep" if preposition is not None else "none", preposition
        else:
            break
    return None, relation, preposition


@dataclass(slots=True)
class Frame:
    """A trigger's head, all its tokens, and its slots, computed when they are asked for."""

    head: Token
    tokens: tuple[Token, ...]
    kind: str  # verb, noun or phrase
    cache: dict[str, list[Token]] = field(default_factory=dict)

    def slot(self, name: str) -> list[Token]:
        """Heads of the phrases that fill slot `name`."""
        if name not in self.cache:
            found = self._verb_slot(name) if self.kind == "verb" or is_verbal(self.head) else self._noun_slot(name)
            own = {token.i for token in self.tokens}
            self.cache[name] = [t for t in dict.fromkeys(found) if t.i not in own]
        return self.cache[name]

    def _verb_slot(self, name: str) -> list[Token]:
        verb = self.head
        if name == "subject":
            return subjects_of(verb)
        if name == "object":
            return objects_of(verb)
        if name == "about":
            return [t for obj in self.slot("object") for t in about(obj)]
        if name == "particle":
            return list(children(verb, "prt", "advmod"))
        if name == "adverb":
            return list(children(verb, "advmod", "npadvmod"))
        if name == "complement":
            return _complements(verb)
        if name in {"verb", "carrier"}:
            return [verb]
        if name == "poss":
            return [
                t for n in (*self.slot("subject"), *self.slot("object")) for o in children(n, "poss") for t in spread(o)
            ]
        if name == "sentence":
            return list(verb.sent)
        found = _behind(verb, name)
        if name == "to":
            found.extend(_receivers(verb))
        if name not in {"of", "by"}:
            # "imposed sanctions on Belarus on Monday": the parser hangs either phrase on the verb or on its object.
            found = [t for obj in self.slot("object") for t in _behind(obj, name)] + found
        return found

    def _noun_slot(self, name: str) -> list[Token]:
        noun = self.head
        if name == "subject":
            return self._doers()
        if name == "object":
            return _behind(noun, "of")
        if name == "about":
            return [t for token in self.tokens for t in about(token)] + _behind(noun, "of")
        if name == "nation":
            return [t for token in self.tokens for t in children(token, "amod", "compound", "nmod")]
        if name == "poss":
            return [t for token in self.tokens for owner in children(token, "poss") for t in spread(owner)]
        if name == "bearer":
            return self._bearers()
        if name in {"verb", "carrier"}:
            verb, relation, preposition = governor(noun)
            near = relation in {"object", "subject", "attr"} or (
                relation == "prep" and preposition is not None and preposition.head == verb
            )
            found = [verb] if verb is not None and near else []
            return found + [c for c in children(noun, "acl", "relcl") if is_verbal(c)]
        if name in {"particle", "adverb"}:
            verb, _, _ = governor(noun)
            return list(children(verb, "prt", "advmod")) if verb is not None else []
        if name == "complement":
            return [c for c in children(noun, "acl", "relcl", "xcomp", "ccomp")]
        if name == "sentence":
            return list(noun.sent)
        found = _behind(noun, name)
        verb, relation, _ = governor(noun)
        if name == "to" and verb is not None and relation == "object":
            found = found + _receivers(verb)
        if not found and name == "by":
            found = [t for obj in _behind(noun, "of") for t in _behind(obj, "by")]
        if not found and verb is not None and relation in {"object", "subject"} and name not in {"of", "by", "for"}:
            found = _behind(verb, name)
        if not found and name == "by" and verb is not None and relation == "object" and is_passive(verb):
            found = agents_of(verb)
        return found

    def _bearers(self) -> list[Token]:
        """Who is "on a visit", says something "in a letter" or "during talks": the noun or subject above the phrase."""
        prep = self.head.head
        if self.head.dep_ != "pobj" or prep.lower_ not in {"on", "in", "during", "by"}:
            return []
        if not any(c.lower_ in {"a", "an", "his", "her", "their", "its"} for c in self.head.children):
            return []
        above = prep.head
        if is_verbal(above):
            return surface_subjects(above) or subjects_of(above)
        return [above] if above.pos_ in {"NOUN", "PROPN"} else []

    def _doers(self) -> list[Token]:
        for clause in children(self.head, "relcl"):
            if clause.lemma_.lower() in lexicon().words("status", "light") and not is_passive(clause):
                return [t for noun in children(clause, "nsubj") if noun.lower_ not in _RELATIVE for t in spread(noun)]
        verb, relation, _ = governor(self.head)
        if verb is None or relation not in {"object", "attr"}:
            return []
        if verb.lemma_.lower() not in lexicon().words("status", "light") or verb.lemma_.lower() == "be":
            return []
        return subjects_of(verb)


def _receivers(verb: Token) -> list[Token]:
    """To whom something is given: "gave Kim a letter", "Kim was handed a letter"."""
    found = [t for noun in children(verb, "dative") if noun.pos_ != "ADP" for t in spread(noun)]
    found += [t for to in children(verb, "dative") if to.pos_ == "ADP" for n in children(to, "pobj") for t in spread(n)]
    if not found and is_passive(verb) and any(True for _ in children(verb, "dobj")):
        found = [t for noun in children(verb, "nsubjpass") for t in spread(antecedent(noun))]
    return found


def about(noun: Token) -> list[Token]:
    """What a noun is of: compounds, adjectives and possessors, hyphenated parts too."""
    found: list[Token] = []
    for child in noun.children:
        if child.dep_ in _MODIFIERS:
            found.append(child)
            found.extend(
                c for c in child.subtree if c.dep_ in _MODIFIERS | {"conj", "punct"} and c != child and c.i < noun.i
            )
    return found


def _behind(head: Token, preposition: str) -> list[Token]:
    found: list[Token] = []
    for prep in children(head, "prep", "agent", "prt", "advmod"):
        names = {prep.lower_}
        inner = [p for p in children(prep, "prep") if p.pos_ in {"ADP", "SCONJ"}]
        if prep.lower_ == preposition:
            found.extend(t for noun in children(prep, "pobj") for t in spread(noun))
            found.extend(children(prep, "pcomp"))
        for deeper in inner:
            if deeper.lower_ == preposition or (preposition in names):
                found.extend(t for noun in children(deeper, "pobj") for t in spread(noun))
    return found


def _complements(verb: Token) -> list[Token]:
    found: list[Token] = []
    for child in verb.children:
        if child.dep_ in {"xcomp", "ccomp", "acomp", "attr", "oprd", "advcl"}:
            found.append(child)
            found.extend(c for c in children(child, "dobj", "conj", "attr", "acomp"))
    return found
