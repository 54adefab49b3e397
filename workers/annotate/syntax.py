"""Questions to a dependency parse: who acts, what is acted on, which verb governs a noun, what hangs on a word.

Labels are those of spaCy's English models. No event type and no trigger is known here; `frames` gives triggers slots.
"""

from __future__ import annotations

from collections.abc import Iterable

from workers.annotate.lexicon import lexicon
from workers.annotate.strays import is_said_beside, whoever
from workers.annotate.words import Governor, Token

RELATIVE = frozenset({"that", "which", "who", "whom", "whose"})
SUBJECTS = frozenset({"nsubj", "csubj"})
PASSIVE_SUBJECTS = frozenset({"nsubjpass", "csubjpass"})
OBJECTS = frozenset({"dobj", "obj", "oprd"})
MODIFIERS = frozenset({"compound", "amod", "nmod", "poss", "nummod", "npadvmod"})
_PASSIVE_LABELS = PASSIVE_SUBJECTS | {"auxpass", "agent"}
_SPEECH = lexicon().words("reporting", "say") | lexicon().words("reporting", "speak")
_SPEECH |= lexicon().words("status", "denying") | lexicon().words("roles", "spoken")
_SPEECH |= lexicon().words("roles", "against_states")
_NOMINAL = frozenset({"NOUN", "PROPN"})
_RELATIONS = (
    dict.fromkeys(OBJECTS | PASSIVE_SUBJECTS, "object")
    | dict.fromkeys(SUBJECTS, "subject")
    | {"attr": "attr", "acomp": "attr", "advcl": "none", "dep": "none", "npadvmod": "none"}
)
_QUANTITIES = lexicon().words("roles", "quantity")
_TRANSPARENT = lexicon().words("roles", "transparent") | _QUANTITIES
_DEPTH = 6
"""How far chains of clauses are followed; a broken parse must not send a search far."""
_MANNER = frozenset({"by", "after", "before", "without", "while", "since", "despite", "besides", "when"})
"""Prepositions of a clause whose actor is the subject: "led the talks by calling for a truce"."""


def children(token: Token, *deps: str) -> list[Token]:
    """Children of `token` with one of the labels."""
    return [child for child in token.children if child.dep_ in deps] if token.children else []


def has_child(token: Token, *words: str) -> bool:
    """Does one of the small-letter words hang directly on `token`?"""
    for child in token.children:  # noqa: SIM110 - a loop takes half the time of `any`, and each rule asks
        if child.lower_ in words:
            return True
    return False


def lemma_of(noun: Token) -> str:
    """The lemma in small letters; of a plural that a sentence begins with, also where the tagger sees a name in it."""
    lemma: str = noun.lemma_.lower()
    if noun.i == 0 and noun.tag_ == "NNP" and lemma.endswith("s") and not lemma.endswith("ss"):
        return lemma[:-1]
    return lemma


def is_verbal(token: Token) -> bool:
    """Is `token` a verb or an auxiliary? A "noun" behind "to" or "will" is a verb that the tagger missed."""
    pos = token.pos_
    if pos in {"VERB", "AUX"}:
        return True
    if not token.children or pos not in {"NOUN", "PROPN", "ADJ"}:
        return False
    return any(c.dep_ == "aux" and c.tag_ in {"TO", "MD"} and c.i < token.i for c in token.children)


def is_infinitive(verb: Token) -> bool:
    """Does "to" stand before the verb?"""
    return any(c.lower_ == "to" for c in children(verb, "aux"))


def is_passive(verb: Token) -> bool:
    """Is the verb in the passive: with an auxiliary, or as a reduced clause ("the missile fired by")?"""
    found = verb.passive
    if found is None:
        found = verb.passive = _is_passive(verb)
    return found


def _is_passive(verb: Token) -> bool:
    labels = labels_below(verb)
    if _is_state_of_mind(verb):
        return False
    if labels & _PASSIVE_LABELS or is_bare_passive(verb, labels):
        return True
    if verb.tag_ != "VBN" or "aux" in labels or labels & SUBJECTS:
        return False
    if verb.dep_ == "conj" and is_verbal(verb.head):
        return is_passive(verb.head)
    return verb.dep_ in {"acl", "relcl"} or (verb.dep_ == "advcl" and not labels & OBJECTS)


def _is_state_of_mind(verb: Token) -> bool:
    """ "Is opposed to", "is committed to": nobody did it to them."""
    if verb.tag_ != "VBN" or verb.lemma_.lower() not in lexicon().words("syntax", "minded"):
        return False
    return not children(verb, "agent") and has_child(verb, "to")


def labels_below(token: Token) -> set[str]:
    """The labels of a word's children."""
    return {child.dep_ for child in token.children}


def is_bare_passive(verb: Token, labels: set[str]) -> bool:
    """A headline's "Editor jailed in Minsk": a verb that needs an object and has none is in the passive."""
    if verb.tag_ not in {"VBD", "VBN"} or verb.dep_ not in {"ROOT", "conj", "ccomp"}:
        return False
    if labels & (OBJECTS | {"aux", "ccomp", "xcomp", "prt"}) or not labels & SUBJECTS:
        return False
    if any(True for child in children(verb, "dative") if child.pos_ != "ADP"):  # "sent to Chad" is still one
        return False
    has_more = any(c.dep_ == "conj" and is_verbal(c) for c in verb.children)  # "arrested and charged two men"
    return not has_more and verb.lemma_.lower() in lexicon().words("syntax", "transitive")


# --- noun phrases --------------------------------------------------------------------------------------------------


def spread(token: Token) -> list[Token]:
    """`token`, its conjuncts, and what it only counts ("a salvo of missiles": missiles too)."""
    found = [token]
    if not token.children:
        return found
    counts = token.pos_ == "NUM" or token.lemma_.lower() in _QUANTITIES
    for child in token.children:
        dep = child.dep_
        if (dep == "conj" or _is_listed(token, child)) and len(found) < 12:
            found.extend(spread(child))
        elif dep == "prep" and (child.lower_ in {"including", "like", "such"} or (counts and child.lower_ == "of")):
            found.extend(t for inner in children(child, "pobj") for t in spread(inner))
    return found


def _is_listed(name: Token, other: Token) -> bool:
    """Is a name that the parser takes for another word for `name` the next of a list: "Chad, Mali and Niger"?"""
    both = name.pos_ == other.pos_ == "PROPN" and other.dep_ == "appos"
    return both and any(c.dep_ == "conj" and c.pos_ == "PROPN" for c in other.children)


def about(noun: Token) -> list[Token]:
    """What a noun is of: compounds, adjectives and possessors, hyphenated parts too."""
    found: list[Token] = []
    for child in children(noun, *MODIFIERS):
        found.append(child)
        inner = MODIFIERS | {"conj", "punct"}
        found.extend(c for c in child.subtree if c.dep_ in inner and c != child and c.i < noun.i)
    return found


def behind(head: Token, preposition: str) -> list[Token]:
    """What stands behind `preposition` where that hangs on `head`; "out of" counts for both its words."""
    return behind_any(head, (preposition,))


def behind_any(head: Token, prepositions: Iterable[str]) -> list[Token]:
    """What stands behind the `prepositions`, in their order."""
    if not head.children:
        return []
    found = head.behind
    if found is None:
        found = head.behind = _by_preposition(head)
    return [t for word in prepositions if word in found for t in found[word]] if found else []


def _by_preposition(head: Token) -> dict[str, list[Token]]:
    """What stands behind each preposition that hangs on `head`."""
    found: dict[str, list[Token]] = {}
    heads = list(children(head, "prep", "agent", "prt", "advmod"))
    if heads:  # "to Oslo and then to Bergen"
        heads += [c for above in (head, *heads) for c in children(above, "conj") if c.tag_ in {"IN", "TO"}]
    for prep in heads:
        word = prep.lower_
        things = [t for noun in children(prep, "pobj") for t in spread(noun)]
        found.setdefault(word, []).extend([*things, *children(prep, "pcomp")])
        for deeper in children(prep, "prep"):
            if deeper.pos_ in {"ADP", "SCONJ"}:
                things = [t for noun in children(deeper, "pobj") for t in spread(noun)]
                for name in {word, deeper.lower_}:
                    found.setdefault(name, []).extend(things)
    return found


def antecedent(token: Token) -> Token:
    """The noun that a relative pronoun stands for, else `token`."""
    if token.lower_ in RELATIVE:
        verb = token.head
        for _ in range(_DEPTH):
            if verb.dep_ == "relcl":
                return whoever(verb.head) if token.lower_ in {"who", "whom"} else verb.head
            if verb.head == verb:
                break
            verb = verb.head
    return token


def antecedents(token: Token) -> list[Token]:
    """The nouns that a relative pronoun stands for: both in "Xi and Putin, who met"; else `token` and its conjuncts."""
    noun = antecedent(token)
    first = noun
    while first.dep_ == "conj" and first.head.pos_ in _NOMINAL:
        first = first.head
    comma = token.i > 0 and token.nbor(-1).text == ","
    both = noun not in {token, first} and comma and token.head.tag_ != "VBZ"
    return spread(first if both else noun)


def governor(noun: Token) -> Governor:
    """The verb over a noun, how the noun relates to it (object, subject, attr, prep, none), and the preposition."""
    found = noun.governor
    if found is None:
        found = noun.governor = _governor(noun)
    return found


def _governor(noun: Token) -> Governor:
    token, preposition = noun, None
    for _ in range(_DEPTH):
        head, dep = token.head, token.dep_
        if head is token:
            break
        if is_verbal(head) and (relation := _RELATIONS.get(dep)):
            return head, "prep" if preposition is not None else relation, preposition
        if dep in {"pobj", "pcomp"} and head.dep_ in {"prep", "agent", "pcomp"}:
            above = head.head.head if head.head.dep_ == "prep" and head.head.pos_ == "ADP" else head.head
            if is_verbal(above):
                return above, "prep", preposition or head
            if head.lower_ != "of" or not (above.lemma_.lower() in _TRANSPARENT or is_undergone(above)):
                preposition = preposition or head
            token = above
        elif dep in MODIFIERS or dep in {"conj", "appos"}:
            token = head
        else:
            break
    return None, "none", preposition


def is_undergone(noun: Token) -> bool:
    """ "Was the target of", "became the scene of": the noun only says that the subject underwent what follows."""
    return noun.dep_ == "attr" and noun.lemma_.lower() in lexicon().words("roles", "undergoing")


# --- verbs and their arguments -------------------------------------------------------------------------------------


def agents_of(verb: Token) -> list[Token]:
    """Who stands behind a passive verb with "by"."""
    agents = [prep for by in children(verb, "agent") for prep in (by, *children(by, "conj"))]
    found = [t for by in agents for noun in children(by, "pobj") for t in spread(noun)]
    return found or [t for t in behind(verb, "by") if t.dep_ != "pcomp"]


def surface_subjects(verb: Token) -> list[Token]:
    """The grammatical subject of the verb's own clause."""
    return [t for noun in children(verb, *SUBJECTS, *PASSIVE_SUBJECTS) for t in antecedents(noun)]


def subjects_of(verb: Token, depth: int = 0) -> list[Token]:
    """Who acts: also over conjunctions, infinitives, relative clauses and participles."""
    if depth > _DEPTH:
        return []
    if is_passive(verb):
        return agents_of(verb) or (agents_of(verb.head) if verb.dep_ == "conj" and is_verbal(verb.head) else [])
    minded = PASSIVE_SUBJECTS if _is_state_of_mind(verb) else frozenset()
    own = [t for noun in children(verb, *SUBJECTS, *minded) for t in antecedents(noun)]
    if len(own) == 1 and own[0].tag_ == "VBG" and own[0].i == 0:
        own = _inserted_subject(verb)  # "Meeting in Oslo, the ministers of X condemned …"
    return own or _subjects_above(verb, depth) or _lost_subject(verb)


def _lost_subject(verb: Token) -> list[Token]:
    """The subject that the parser took for more of a phrase before it: "After talks in Oslo, Chad and Mali signed"."""
    if verb.dep_ != "ROOT" or verb.tag_ not in {"VBD", "VBZ", "VBP", "MD", "VBN", "VB"}:
        return []
    before = [c for c in children(verb, "ccomp") if c.i < verb.i]
    if before and any(c.tag_ == "MD" for c in children(verb, "aux")):
        return [t for c in before for t in surface_subjects(c)]  # "X and Y have agreed and, once …, will sign"
    i = verb.i - 1
    while i > 0 and verb.doc[i].dep_ in {"aux", "auxpass", "advmod", "neg"}:
        i -= 1
    found: list[Token] = []
    word = verb.doc[max(i, 0)]
    while word.dep_ in {"conj", "appos"} and word.pos_ in _NOMINAL and word.head.pos_ in _NOMINAL:
        found.insert(0, word)
        start = word.left_edge.i
        if start > 0 and word.doc[start - 1].text == "," and word.head.dep_ == "pobj":
            return found
        word = word.head
    return []


def _inserted_subject(verb: Token) -> list[Token]:
    """The phrase between the last comma and the verb, where the parser hung it on a name before the comma."""
    word = verb.doc[verb.i - 1]
    for _ in range(_DEPTH):
        start = word.left_edge.i
        if word.pos_ in _NOMINAL and start and word.doc[start - 1].text == ",":
            return spread(word)
        if word.head == word:
            break
        word = word.head
    return []


def _subjects_above(verb: Token, depth: int) -> list[Token]:
    head, dep = verb.head, verb.dep_
    if head == verb:
        return []
    if dep in {"conj", "advcl", "dep", "parataxis"} and is_verbal(head):
        if dep == "conj" and is_said_beside(verb, head):
            head = head.head  # "Chad said that it was over and accused Mali": it is Chad that accused
        head = _told_before(verb, head)
        return surface_subjects(head) or subjects_of(head, depth + 1)
    if dep in {"xcomp", "ccomp"}:
        return _controller(verb, head, depth)
    if dep in {"acl", "relcl"}:
        return _subjects_over_noun(verb, head, depth)
    if dep == "pcomp":
        above = head.head.head if head.head.pos_ == "ADV" else head.head  # "stopped short of expelling"
        return _behind_preposition(above, head.lower_, depth) if is_verbal(above) else _holder(above, depth)
    return []


def _told_before(verb: Token, head: Token) -> Token:
    """ "Chad fired rockets, Mali said, killing nine": what is told does so, unless it is words."""
    spoken = verb.lemma_.lower() in _SPEECH
    if spoken and verb.tag_ == "VBG" and head.lemma_ == "be" and head.dep_ == "ccomp":
        return head.head  # "Ruiz said that the count was a farce, urging voters to …"
    if verb.dep_ != "advcl" or verb.tag_ != "VBG" or head.lemma_.lower() not in lexicon().words("reporting", "say"):
        return head
    beside = [head.head] if head.dep_ == "parataxis" and is_verbal(head.head) else []
    told = next((c for c in (*children(head, "ccomp"), *beside) if c.i < head.i < verb.i), None)
    return head if spoken or told is None else told


def _subjects_over_noun(verb: Token, noun: Token, depth: int) -> list[Token]:
    if verb.dep_ == "acl" and verb.tag_ == "VBD":
        while noun.dep_ in {"pobj", "prep"}:
            noun = noun.head  # a main verb hung on an insertion: "the minister, on a visit to Oslo, called"
        return spread(noun)
    if verb.tag_ == "VBG" and noun.lemma_.lower() in lexicon().words("reporting", "messages"):
        return _holder(noun, depth) or [noun]  # who issues "a statement condemning …" condemns
    message = _message_to(noun) if verb.tag_ == "VBG" else None
    if message is not None:
        return _holder(message, depth) or [message]
    own = verb.tag_ == "VBG" or verb.dep_ == "relcl"
    return [noun] if own else _holder(noun, depth) or ([noun] if noun.dep_ == "ROOT" else [])  # "Xi to meet Modi"


def _message_to(noun: Token) -> Token | None:
    """The letter in "sent a letter to the ministry urging …", where the parser hangs "urging" on the ministry."""
    if noun.dep_ != "pobj" or noun.head.lower_ != "to":
        return None
    above, messages = noun.head.head, lexicon().words("reporting", "messages")
    things = children(above, "dobj", "nsubjpass") if is_verbal(above) else (above,)
    return next((thing for thing in things if thing.lemma_.lower() in messages), None)


def _behind_preposition(verb: Token, preposition: str, depth: int) -> list[Token]:
    """Who does it in "accused Russia of shelling", "was blamed for firing", "retaliated by closing"."""
    if is_passive(verb):
        return surface_subjects(verb)
    if preposition in _MANNER:
        return subjects_of(verb, depth + 1)  # "led the talks by calling for a truce": it is no talks that call
    blamed = [t for noun in children(verb, "dobj") for t in spread(noun)]
    if blamed and verb.lemma_.lower() == "join":  # "joined Denmark in condemning it"
        return [*subjects_of(verb, depth + 1), *blamed]
    return blamed or subjects_of(verb, depth + 1)


def _controller(verb: Token, head: Token, depth: int) -> list[Token]:
    """Who does the infinitive: the object of "urged Russia to …", else the subject of "plans to …"."""
    if not is_verbal(head):
        if head.dep_ in {"acomp", "oprd", "attr"} and is_verbal(head.head):
            return surface_subjects(head.head) or subjects_of(head.head, depth + 1)
        return _holder(head, depth)
    # "Took turns to fire": it is no turn that fires; "summoned the envoy to complain": nor does he.
    lent = lexicon().words("status", "occasions")
    objects = [t for n in children(head, "dobj", "obj") if n.lemma_.lower() not in lent for t in spread(n)]
    if head.lemma_.lower() in lexicon().words("roles", "calling_in"):
        objects = []
    if not objects and head.lemma_.lower() in lexicon().words("roles", "asking"):
        objects = [t for word in ("on", "upon", "for", "to", "with") for t in behind(head, word)]
    if objects and verb.dep_ == "xcomp" and verb.tag_ != "VBG":
        return objects
    return surface_subjects(head) or ([] if is_passive(head) else subjects_of(head, depth + 1))


def _holder(noun: Token, depth: int) -> list[Token]:
    """Whose plan, vow or decision it is: the possessor, else the subject of the verb that governs the noun."""
    owners = [t for owner in children(noun, "poss") for t in spread(owner)]
    if not owners and noun.lemma_.lower() in lexicon().words("roles", "intent"):
        owners = [t for t in behind(noun, "of") if not is_verbal(t)]  # "the failure of the two sides to agree"
    if owners:
        return owners
    verb, relation, _ = governor(noun)
    if verb is not None and relation in {"object", "attr"} and not is_passive(verb):
        return subjects_of(verb, depth + 1)
    return behind(noun, "by") + behind(noun, "from")
