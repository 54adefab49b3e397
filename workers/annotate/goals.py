"""Whom a verb's other arguments and the clauses below it name: receivers, who is asked, who is acted on in the end.

Subjects and objects are found in `syntax`.
"""

from __future__ import annotations

from workers.annotate.lexicon import lexicon
from workers.annotate.syntax import (
    PASSIVE_SUBJECTS,
    SUBJECTS,
    antecedents,
    behind,
    children,
    governor,
    is_infinitive,
    is_passive,
    is_verbal,
    spread,
    surface_subjects,
)
from workers.annotate.words import Token


def receivers_of(verb: Token) -> list[Token]:
    """To whom something is given: "gave Kim a letter", "Kim was handed a letter"."""
    found = [t for noun in children(verb, "dative") if noun.pos_ != "ADP" for t in spread(noun)]
    found += [t for to in children(verb, "dative") if to.pos_ == "ADP" for n in children(to, "pobj") for t in spread(n)]
    if not found and is_passive(verb) and bool(children(verb, "dobj")):
        found = [t for noun in children(verb, "nsubjpass") for t in antecedents(noun)]
        if not found and verb.dep_ == "conj":
            found = surface_subjects(verb.head)  # "met Li and was handed a letter"
    return found or _hidden_receivers(verb)


def _hidden_receivers(verb: Token) -> list[Token]:
    """ "Has sold Chad tanks": the parser takes who gets them for part of what they are."""
    if verb.lemma_.lower() not in lexicon().words("roles", "giving") or behind(verb, "to") or is_passive(verb):
        return []
    return [
        name
        for thing in children(verb, "dobj")
        for name in children(thing, "compound", "nmod")
        if name.pos_ == "PROPN"
        and thing.left_edge == name.left_edge
        and not any(behind(thing, w) for w in ("to", "for"))
    ]


def complements_of(verb: Token) -> list[Token]:
    """Verbs and adjectives that complete a verb, with their objects."""
    found: list[Token] = []
    for child in children(verb, "xcomp", "ccomp", "acomp", "attr", "oprd", "advcl"):
        found.append(child)
        found.extend(children(child, "dobj", "conj", "attr", "acomp"))
    return found


def asked_of(word: Token) -> list[Token]:
    """Who is to do what a verb or noun demands: the subject of its clause ("demanded that Russia leave")."""
    clauses = [c for c in children(word, "ccomp", "xcomp", "acl") if not _is_apart(c, word)]
    return [t for clause in clauses for noun in children(clause, *SUBJECTS, *PASSIVE_SUBJECTS) for t in spread(noun)]


def _is_apart(clause: Token, word: Token) -> bool:
    """ "Spain criticised the raid; Berlin asked Israel why": a semicolon ends what is asked."""
    return clause.i < word.i and any(word.doc[i].text == ";" for i in range(clause.i, word.i))


_CAUSES = ("for", "from", "against", "at", "over", "on", "about", "by")
_GOALS = ("dobj", "dative")
_GOAL_PREPOSITIONS = ("on", "against", "with", "to", "at", "into", "from", "in", "towards", "toward", "for")


def causes_of(word: Token) -> list[Token]:
    """What a protest is about: what its clauses demand, oppose or call for ("marched to demand reforms by Chad")."""
    demanding = lexicon().words("roles", "demanding")
    verb = word if is_verbal(word) else governor(word)[0]
    above = [word] if verb is None or verb == word else [word, verb]
    found: list[Token] = []
    for clause in (c for w in above for c in children(w, "xcomp", "advcl", "acl", "conj", "relcl", "dep")):
        if clause.lemma_.lower() not in demanding or clause.i < word.i:
            continue
        found += [t for noun in children(clause, "dobj") for t in spread(noun)]
        found += [t for preposition in _CAUSES for t in behind(clause, preposition)]
        found += asked_of(clause)
    freed = lexicon().words("roles", "freeing")  # "chanting for his release": not against him
    return [t for t in found if t.pos_ != "PRON" and t.lemma_.lower() not in freed]


def goals_of(word: Token, depth: int = 0) -> list[Token]:
    """Whom a threat or refusal is about: what its clause acts on ("threatened to break relations with Spain")."""
    found: list[Token] = []
    for clause in children(word, "xcomp", "ccomp", "acl", *(("advcl",) if not depth and is_verbal(word) else ())):
        if clause.dep_ in {"acl", "advcl"} and not is_infinitive(clause):
            continue
        things = [t for noun in children(clause, *_GOALS) for t in spread(noun)]
        found += things + [t for thing in things for word in ("on", "against") for t in behind(thing, word)]
        found += [t for preposition in _GOAL_PREPOSITIONS for t in behind(clause, preposition)]
        if depth < 2:
            found += goals_of(clause, depth + 1)
    return found
