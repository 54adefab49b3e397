"""What a verb's own words say of it: modals, negations, conditions, headline infinitives, habit.

The verbs above it are read in `clauses`.
"""

from __future__ import annotations

from workers.annotate.lexicon import lexicon
from workers.annotate.syntax import behind, children, has_child, is_verbal
from workers.annotate.verdict import Verdict
from workers.annotate.words import Token

_LISTS = lexicon().sections["status"]
_WILL = frozenset({"will", "shall", "'ll", "wo", "sha"})
_INVERTED = frozenset({"had", "should", "were"})
_SUBJECTS = frozenset({"nsubj", "nsubjpass"})
_NOBODY = frozenset({"nobody", "none", "neither", "nothing"})
_GUESSING = frozenset({"probably", "likely", "presumably", "surely", "certainly", "almost"})
_OFTEN = lexicon().words("status", "habitual_adverbs") | lexicon().words("status", "historical_adverbs")
_BARELY = frozenset({"better", "less", "more"})
_ALMOST = frozenset({"nearly", "almost"})


def is_status_word(token: Token, name: str) -> bool:
    """Is the token's lemma in a list of the lexicon's section `status`?"""
    return token.pair[1] in _LISTS[name]


def was_able(word: Token) -> bool:
    """ "Police were able to arrest him": they did."""
    be = word.head
    if word.lower_ != "able" or word.dep_ != "acomp" or has_child(word, *_BARELY):
        return False
    return be.tag_ == "VBD" or (be.lower_ == "been" and has_child(be, "has", "have", "had", "'ve"))


def negation_of(token: Token) -> Token | None:
    """The "no" or "not" that hangs on a verb or a noun; that of "not only" and "whether or not" denies nothing."""
    for child in token.children:
        if child.dep_ == "neg" or (child.dep_ == "advmod" and child.lower_ == "never"):
            if not _is_idle(child):
                return child
        elif child.dep_ == "det" and child.lower_ in {"no", "neither"}:
            return child
    return None


def _is_idle(word: Token) -> bool:
    doc, i = word.doc, word.i
    after = doc[i + 1].lower_ if i + 1 < len(doc) else ""
    before = doc[i - 1].lower_ if i else ""
    news = word.lower_ == "never" and after == "before"  # "a drone never before shown": now it was
    return after in {"only", "just", "least"} or before == "or" or news


def read_modality(
    verb: Token, verdict: Verdict, *, negation: bool = True, willed: bool = False, said: frozenset[int] = frozenset()
) -> None:
    """Raise `verdict` by the words that hang on `verb`; without `negation`, by modals and conditions only; `willed`: to
    say that one will do it is to do it ("we will stand by you"); what is `said` denies nothing ("had no hand in")."""
    for child in verb.children:
        dep, lower = child.dep_, child.lower_
        if dep == "aux" and child.tag_ == "MD":
            if not (willed and _is_will(verb, child)):
                _modal(verb, child, verdict)
        elif dep == "aux" and lower in _INVERTED and _is_inverted(verb, child):
            verdict.raise_to("hypothetical", child)  # "had it launched a missile, we would have known"
        elif dep in {"mark", "advmod", "prep"}:
            _mark(verb, child, verdict)
        if negation and child.i not in said and negates(child):
            verdict.raise_to("negated", child)
    if negation and (nor := _nor(verb)) is not None:
        verdict.raise_to("negated", nor)
    if negation and _is_discarded(verb):
        verdict.raise_to("negated", verb.nbor(-1))


def _nor(verb: Token) -> Token | None:
    """The "neither" or "nor" of "neither confirmed nor denied"."""
    joined = verb.head.children if verb.dep_ == "conj" else ()
    words = [c for c in verb.children if c.dep_ == "preconj" and c.lower_ == "neither"]
    words += [c for c in joined if c.dep_ == "cc" and c.lower_ == "nor" and c.i < verb.i]
    return words[0] if words else None


def _mark(verb: Token, child: Token, verdict: Verdict) -> None:
    lower = child.lower_
    if child.dep_ == "mark" and lower in lexicon().words("status", "conditional_markers"):
        ahead = lower in {"before", "until"}
        if not (ahead and (verb.tag_ == "VBD" or has_child(verb, "had", "was", "were"))):
            verdict.raise_to("future" if ahead else "hypothetical", child)
    elif child.dep_ == "mark" and lower == "like":
        verdict.raise_to("hypothetical", child)  # "it felt like a bomb had exploded"
    elif child.dep_ == "advmod" and lower in lexicon().words("status", "doubting_adverbs"):
        verdict.raise_to("hypothetical", child)
    elif child.dep_ == "prep" and lower in {"in", "during"}:
        for noun in children(child, "pobj"):
            fiction = is_status_word(noun, "fiction") and verb.tag_ in {"VBZ", "VBP"}
            if fiction or noun.lemma_.lower() == "simulation" or has_child(noun, "computer", "tabletop", "simulated"):
                verdict.raise_to("hypothetical", noun)  # "in the film, terrorists kidnap her"


def _is_inverted(verb: Token, aux: Token) -> bool:
    """Does the auxiliary open a clause before its subject, where nothing is asked?"""
    first = all(t.i >= aux.i or t.is_punct or t.lower_ in {"and", "but"} for t in verb.subtree)
    subject = next(iter(children(verb, *_SUBJECTS)), None)
    return first and subject is not None and aux.i < subject.i and verb.doc[-1].text != "?"


def _is_discarded(verb: Token) -> bool:
    """ "rather than attack", "instead of attacking"."""
    if verb.i < 2:
        return False
    first, second = verb.nbor(-2).lower_, verb.nbor(-1).lower_
    return (first, second) in {("rather", "than"), ("instead", "of"), ("short", "of"), ("far", "from")}


def negates(child: Token) -> bool:
    """Does the word deny the verb it hangs on: "not", "never", "nobody", "no missile"?"""
    dep, lower = child.dep_, child.lower_
    if dep == "neg":
        return not _is_idle(child)
    if dep == "advmod":
        negating = lower in lexicon().words("status", "negating_adverbs")
        return negating or (lower == "longer" and has_child(child, "no")) or lower in _ALMOST
    if dep in _SUBJECTS or dep in {"dobj", "obj"}:
        if lower in _NOBODY or has_child(child, "no", "neither"):
            return True
        denied = any(c.dep_ in {"neg", "preconj"} and c.lower_ in {"not", "neither"} for c in child.children)
        denied = denied or child.left_edge.lower_ == "not"
        return denied and not has_child(child, "but")
    return False


def _is_will(verb: Token, modal: Token) -> bool:
    """Does the modal announce, with no condition?"""
    announced = modal.lower_ in _WILL or (modal.lower_ in {"would", "'d"} and _is_reported_will(verb))
    return announced and not _is_conditional(verb)


def _modal(verb: Token, modal: Token, verdict: Verdict) -> None:
    lower = modal.lower_
    if lower in _WILL:
        perfect = any(c.dep_ == "aux" and c.lower_ == "have" for c in verb.children)
        verdict.raise_to("hypothetical" if perfect or _is_conditional(verb) else "future", modal)
    elif lower in {"would", "'d"} and (_is_reported_will(verb) or _is_beside_will(verb)):
        verdict.raise_to("future", modal)
    else:
        verdict.raise_to("hypothetical", modal)


def _is_reported_will(verb: Token) -> bool:
    """Does "would" stand for a reported "will" ("said it would launch")?"""
    token = verb
    while token.dep_ == "conj" and is_verbal(token.head):
        token = token.head
    if token.dep_ not in {"ccomp", "xcomp"} or not is_verbal(token.head):
        return False
    perfect = any(c.dep_ == "aux" and c.lower_ == "have" for c in verb.children)
    draft = any(is_status_word(subject, "drafts") for subject in children(verb, *_SUBJECTS))
    guessed = has_child(verb, *_GUESSING)  # "Iran would probably answer, says a paper"
    return not (perfect or draft or guessed or _is_conditional(verb)) and is_status_word(token.head, "announcing")


def _is_beside_will(verb: Token) -> bool:
    """ "Will receive him at the palace, where both would hold talks": as sure as the "will" over it."""
    above = next((token for token in verb.ancestors if is_verbal(token)), None)
    placed = verb.dep_ == "relcl" and has_child(verb, "where", "during") and not _is_conditional(verb)
    return placed and above is not None and has_child(above, "will")


def _is_conditional(verb: Token) -> bool:
    """Does the act hang on an "if" or "unless"? "Even if" is no condition of it."""
    return any(
        (has_child(clause, "if", "unless") and not has_child(clause, "even"))
        or any(c.lower_ in _INVERTED and _is_inverted(clause, c) for c in children(clause, "aux"))
        for clause in children(verb, "advcl")
    )


def read_habit(verb: Token, verdict: Verdict) -> None:
    """ "once", "often", "used to": told of the past or of many times."""
    if any(c.tag_ == "MD" for c in children(verb, "aux")):
        return  # "will always stand by you"
    for child in children(verb, "advmod", "aux"):
        if child.lower_ in _OFTEN or (child.dep_ == "aux" and child.lower_ == "used"):
            verdict.raise_to("historical", child)
    if has_child(verb, "has", "have", "had") and verb.tag_ == "VBN":
        for before in (c for c in children(verb, "advmod") if c.lower_ == "before"):
            if not any(c.dep_ not in {"advmod", "npadvmod"} for c in before.children):
                verdict.raise_to("historical", before)  # "had met twice before"
    if has_child(verb, "has", "have"):
        for counted in children(verb, "npadvmod", "dobj"):
            if counted.lower_ == "times" or any(noun.lower_ == "times" for noun in behind(counted, "of")):
                verdict.raise_to("historical", counted)  # "has been fired dozens of times"
