"""Slips of the tagger that the parse or the spelling gives away, mended in a parsed sentence."""

from __future__ import annotations

from workers.annotate.lexicon import lexicon
from workers.annotate.syntax import is_verbal
from workers.annotate.words import Sentence, Token

_PASTS = {
    "sank": "sink", "fled": "flee", "struck": "strike", "fought": "fight", "threw": "throw", "blew": "blow",
    "shook": "shake", "swept": "sweep", "tore": "tear", "slew": "slay",
}  # fmt: skip
"""Past tenses that are no nouns, whatever the tagger makes of them."""
_OCCASIONS = frozenset({"after", "before", "following", "amid", "despite", "during"})


def mend_slips(sentence: Sentence) -> None:
    """Mend tags and lemmas in place: "missile launches" as an object is a noun, "Wildfires" at a start is wildfire."""
    for word in sentence:
        if word.text == "WHO":  # the World Health Organization is no relative pronoun
            word.lower_ = word.lemma_ = "w.h.o."
        if word.tag_ in {"VBZ", "NN"}:
            _mend_tag(word)
        if word.lower_ == "last" and word.dep_ == "nsubj" and word.i:
            _free_subject(word)
        if word.dep_ == "relcl" and word.i > 1:
            _hang_on_person(word)
        if word.dep_ == "amod" and word.tag_ == "VBD":
            _raise_verb(word)
        if word.tag_ == "NNP":
            _mend_name(word)
        if word.tag_ == "NNS" and word.dep_ != "conj" and _is_person(word):
            _gather_states(word)
        if word.tag_ == "WP" and word.i and word.lower_ == "what":
            _free_from_naming(word, word.nbor(-1))
    first = sentence[0] if len(sentence) else None
    if first is not None and first.tag_ in {"NNP", "NNPS"} and first.dep_ == "nsubj" and _looks_plural(first.lower_):
        first.mend(tag=first.tag_, pos=first.pos_, lemma=first.lower_[:-1])


def _mend_tag(word: Token) -> None:
    """A noun taken for a verb, a verb taken for a noun."""
    if word.tag_ == "VBZ":
        if word.lower_ == "talks":
            _hang_talks(word)
        if word.tag_ == "VBZ" and word.dep_ in {"pobj", "dobj", "nsubj"} and not _has_subject(word):
            word.mend(tag="NNS", pos="NOUN", lemma=word.lemma_)
    elif word.tag_ == "NN" and word.lower_ in _PASTS and _has_subject(word):
        word.mend(tag="VBD", pos="VERB", lemma=_PASTS[word.lower_])


def _mend_name(name: Token) -> None:
    if name.dep_ in {"npadvmod", "dep"}:
        _hang_name(name)
    if name.dep_ in {"nmod", "compound", "poss"} and name.head.tag_ == "NNP":
        _part_pair(name)
    if name.dep_ == "appos" and name.head.tag_ == "NNP":
        _lift_joined(name)


def _free_from_naming(what: Token, verb: Token) -> None:
    """ "Launched what it claimed to be a satellite on Monday": it was launched on that day."""
    clause = what.head
    while clause.dep_ in {"xcomp", "ccomp"} and clause.head is not verb and clause.head.i > what.i:
        clause = clause.head
    if clause.head is not verb or not is_verbal(verb) or clause.dep_ not in {"ccomp", "dobj"}:
        return
    for word in clause.subtree:
        named = next((c for c in word.children if c.dep_ in {"attr", "oprd"} and c.pos_ in {"NOUN", "PROPN"}), None)
        for where in [c for c in word.children if named is not None and c.dep_ == "prep" and c.i > named.i]:
            _move(where, verb, "prep")


def _hang_talks(verb: Token) -> None:
    """ "Leaders agree on road after Nairobi talks": no clause, but a noun with the name of a place before it."""
    mark = next((c for c in verb.children if c.dep_ == "mark" and c.lower_ in _OCCASIONS), None)
    place = next((c for c in verb.children if c.dep_ == "nsubj"), None)
    if verb.dep_ != "advcl" or mark is None or place is None or len(verb.children) > len((mark, place)):
        return
    if place.i + 1 != verb.i or mark.i > place.i:
        return
    _move(mark, verb.head, "prep")
    _move(verb, mark, "pobj")
    _move(place, verb, "compound")
    verb.mend(tag="NNS", pos="NOUN", lemma="talk")


def _hang_on_person(clause: Token) -> None:
    """ "Talks with the president of Laos, who is on a visit": it is the president who is, and not the talks."""
    who = next((c for c in clause.children if c.lower_ == "who" and c.dep_ in {"nsubj", "nsubjpass"}), None)
    if who is None or who.i == 0 or _is_person(clause.head):
        return
    word = who.nbor(-1)
    if word.text == "," and who.i > 1:
        word = who.nbor(-2)
    while word is not clause.head and word.head is not word:
        if _is_person(word):
            _move(clause, word, "relcl")
            return
        word = word.head


def _is_person(word: Token) -> bool:
    return any(word.lemma_.lower() in lexicon().words("roles", name) for name in ("leader", "official"))


def _free_subject(last: Token) -> None:
    """ "The two last met in Oslo": it is the two who met, and last is when."""
    subject, verb = last.nbor(-1), last.head
    if subject.head is not last or verb.i != last.i + 1 or subject.dep_ == "det":
        return
    _move(subject, verb, "nsubj")
    for child in [c for c in last.children if c.i < subject.i]:
        _move(child, subject, child.dep_)
    _move(last, verb, "advmod")
    last.mend(tag="RB", pos="ADV", lemma="last")


def _move(word: Token, head: Token, dep: str) -> None:
    """Hang a word on another one; never on what hangs on it, which would make a ring."""
    if head is word or word in head.ancestors:
        return
    if word.head is not word:
        word.head.children.remove(word)
    word.head, word.dep_ = head, dep
    head.children.append(word)
    head.children.sort(key=lambda child: child.i)
    word.mend(tag=word.tag_, pos=word.pos_, lemma=word.lemma_)


def _hang_name(name: Token) -> None:
    """Names that the parser leaves aside: "Erdogan hosts Starmer", "PM Modi met", "talks between Chad and Mali"."""
    before = name.nbor(-1) if name.i else None
    if before is not None and before.dep_ == "prep":
        _hang_on_preposition(name, before)
    elif name.lower_ in lexicon().words("names", "days") or not _is_finite(name.head):
        return
    elif before is name.head and not any(c.dep_ in {"dobj", "ccomp", "xcomp", "attr"} for c in name.head.children):
        _move(name, name.head, "dobj")
    elif name.i + 1 == name.head.i and not _has_subject(name.head):
        verb = name.head
        _move(name, verb, "nsubj")
        for title in [c for c in verb.children if c.i < name.i and c.tag_ == "NNP" and c.dep_ in {"npadvmod", "dep"}]:
            _move(title, name, "compound")


def _is_finite(verb: Token) -> bool:
    return verb.tag_ in {"VBD", "VBZ", "VBP"} and verb.pos_ == "VERB"


def _raise_verb(verb: Token) -> None:
    """ "Starmer hosted Ukraine's president" is a clause, though the parser may take its verb for an adjective."""
    thing = verb.head
    if verb.i > thing.i or not any(c.dep_ == "nsubj" for c in verb.children):
        return
    head, dep = thing.head, thing.dep_
    thing.children.remove(verb)
    verb.head, verb.dep_ = (verb if head is thing else head), dep
    if head is not thing:
        head.children.remove(thing)
        head.children.append(verb)
        head.children.sort(key=lambda child: child.i)
    for mark in [c for c in thing.children if c.i < verb.i or c.is_punct]:
        _move(mark, verb, mark.dep_)
    thing.head = thing
    _move(thing, verb, "dobj")
    verb.mend(tag=verb.tag_, pos="VERB", lemma=verb.lemma_)


def _part_pair(first: Token) -> None:
    """ "Armenia's Pashinyan and Azerbaijan's Aliyev met": two, each with the country that he is of."""
    second = first.head
    country = next((c for c in first.children if c.dep_ == "conj" and first.i < c.i < second.i), None)
    joint = next((c for c in first.children if c.dep_ == "cc"), None)
    if country is None or joint is None or country.i + 2 != second.i or country.nbor().lower_ != "'s":
        return
    owners = [c for c in second.children if c.dep_ == "poss" and c.i < first.i]
    head, dep = second.head, second.dep_
    if head is second or dep not in {"nsubj", "dobj", "pobj", "nsubjpass"}:
        return
    first.head.children.remove(first)
    second.head.children.remove(second)
    first.head, first.dep_ = head, dep
    head.children.append(first)
    head.children.sort(key=lambda child: child.i)
    second.head, second.dep_ = first, "conj"
    first.children.append(second)
    for owner in owners:
        _move(owner, first, "poss")
    _move(country, second, "poss")
    for word in (first, second):
        word.mend(tag=word.tag_, pos=word.pos_, lemma=word.lemma_)


def _lift_joined(name: Token) -> None:
    """ "Prime Minister Modi and his counterpart agreed": whoever is joined to a name is joined to its title."""
    title = name.head
    if name.left_edge.i != title.i + 1:
        return  # "the premier, Luc Marnier, and"
    for word in [c for c in name.children if c.dep_ in {"cc", "conj"}]:
        _move(word, title, word.dep_)


def _gather_states(people: Token) -> None:
    """ "The presidents of Chad, Mali and Niger met": three presidents, not one president and two states."""
    of = next((c for c in people.children if c.dep_ == "prep" and c.lower_ == "of" and c.i == people.i + 1), None)
    state = next((c for c in of.children if c.dep_ == "pobj" and c.tag_ == "NNP"), None) if of is not None else None
    if state is None:
        return
    beside = (c for c in people.head.children if c.dep_ == people.dep_ and people.i < c.i < people.head.i)
    joined = next((c for c in (*people.children, *beside) if c.dep_ in {"conj", people.dep_} and c.tag_ == "NNP"), None)
    if joined is None or joined.i < state.i or people.doc[joined.left_edge.i - 1].lower_ not in {",", "and"}:
        return
    if any(c.dep_ in {"appos", "relcl", "prep", "det"} for c in joined.children):
        return
    last = state
    while (further := next((c for c in last.children if c.dep_ == "conj" and c.tag_ == "NNP"), None)) is not None:
        last = further
    for word in [c for c in people.children if last.i < c.i < joined.i and (c.dep_ == "cc" or c.is_punct)]:
        _move(word, last, word.dep_)
    _move(joined, last, "conj")


def _hang_on_preposition(name: Token, preposition: Token) -> None:
    """ "The talks between Chad and Mali": a name right behind a preposition that governs nothing is in its phrase."""
    above = preposition.ancestors
    if preposition.dep_ != "prep" or preposition.children or name.head not in above or name in above:
        return
    _move(name, preposition, "pobj")


def _has_subject(token: Token) -> bool:
    return any(child.dep_ in {"nsubj", "nsubjpass", "aux"} for child in token.children)


def _looks_plural(word: str) -> bool:
    return len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us", "is"))
