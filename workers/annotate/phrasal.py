"""Small questions to a verb that the rules of status share: is it phrasal, does it put off, has it an object?"""

from __future__ import annotations

from workers.annotate.lexicon import lexicon
from workers.annotate.modality import is_status_word, negates, negation_of
from workers.annotate.syntax import children
from workers.annotate.words import Token

_FINITE = frozenset({"VBD", "VBZ", "VBP"})


def is_postponing(verb: Token) -> bool:
    """Does the verb put something off: "delay", "push back"?"""
    return is_status_word(verb, "postponing") or is_phrasal(verb, "postponing_phrasal")


def is_retracting(verb: Token) -> bool:
    """Does the verb take back what was said: "retract", "take back"?"""
    return is_status_word(verb, "retracting") or is_phrasal(verb, "retracting_phrasal")


def has_object(verb: Token) -> bool:
    """Has the verb a direct object?"""
    return bool(children(verb, "dobj", "obj"))


def has_child_before(verb: Token, word: Token) -> bool:
    """Does a subject of `verb` stand before `word`?"""
    return any(child.i < word.i for child in children(verb, "nsubj", "nsubjpass"))


_SPANS = frozenset({"by", "for", "within", "of", "in", "over"})
_WEEK = 7
_MANY_DAYS = frozenset(
    {"eight", "nine", "ten", "eleven", "twelve", "fifteen", "twenty", "thirty", "forty", "fifty", "many"}
)
_TO_THE_DAY = frozenset({"today", "now", "ago", "to", "the", "day", "this", "week", "almost", "exactly", ","})


def is_long_after(word: Token) -> bool:
    """Does "two years after" or the like stand before a clause or a preposition?"""
    units = lexicon().words("times", "long_units")
    if word.lower_ in {"after", "since"}:
        at = word.i - 1
        while at > 0 and word.doc[at].lower_ in _TO_THE_DAY:
            at -= 1  # "it is a year today since", "three years to the day after"
        before = word.doc[at].lower_ if word.i else ""
        if before == "days" and _is_over_a_week(word.doc[at]):
            return True
    else:
        before = ""
    return before in units or any(child.lower_ in units for child in children(word, "npadvmod"))


def _is_over_a_week(days: Token) -> bool:
    """ "Fifty-five days after", "12 days after"."""
    counts = [t.lower_ for t in days.doc[max(0, days.i - 4) : days.i]]
    if not _SPANS.isdisjoint(counts):
        return False  # "extended the truce by 30 days after talks"
    return any((int(t) > _WEEK if t.isdigit() else t in _MANY_DAYS) for t in counts)


def is_undone(verb: Token) -> bool:
    """Does "not" or a denied subject take back what the verb takes back: "neither of them ruled out"?"""
    return negation_of(verb) is not None or any(negates(subject) for subject in children(verb, "nsubj"))


def is_phrasal(verb: Token, name: str) -> bool:
    """Is the verb, with one of its particles, in a list of phrasal verbs ("call off")?"""
    phrases = lexicon().words("status", name)
    lemma = verb.lemma_.lower()
    particles = children(verb, "prt", "advmod", "prep")
    return any(f"{lemma} {child.lower_}" in phrases and not _leads_on(verb, child) for child in particles)


def _leads_on(verb: Token, particle: Token) -> bool:
    """ "Held drills off the coast": a preposition with a noun of its own, behind what is done, holds nothing off."""
    done = next(iter(children(verb, "dobj", "nsubjpass")), None)
    return done is not None and done.i < particle.i and any(True for _ in children(particle, "pobj"))


def are_apart(verb: Token, head: Token) -> bool:
    """Are they two sentences: a semicolon between them, or a colon behind the first that opens no question?"""
    between = verb.doc[min(verb.i, head.i) : max(verb.i, head.i)]
    told = verb.i < head.i and verb.doc[-1].text != "?"
    return any(token.text == ";" or (token.text == ":" and told) for token in between)


def is_said(noun: Token) -> bool:
    """Is it a noun of saying: "report", "claim", "rumour"?"""
    return noun.lemma_.lower() in lexicon().words("reporting", "nouns")


def is_row(verb: Token, head: Token) -> bool:
    """Do two verbs of a headline stand in a row with a comma, one of which the parser takes for what is said?"""
    if verb.dep_ != "ccomp" or verb.i > head.i or verb.tag_ not in _FINITE or not any(children(verb, "nsubj")):
        return False
    second = next(iter(children(head, "nsubj", "nsubjpass")), head).left_edge
    passive = head.tag_ == "VBN" and not any(children(head, "aux", "auxpass"))
    if passive and verb.i < second.i and verb.doc[second.i - 1].text == ",":
        return True  # "Ferry sinks off Zanzibar, 19 feared drowned"
    says = head.lemma_.lower() in lexicon().words("reporting", "say")
    if verb.doc[second.i - 1].text == "," and not says and any(o.pos_ == "NOUN" for o in children(head, "dobj")):
        return True  # "Chad unveils missile, commander vows no retreat"
    comma = verb.doc[head.i - 1].text == ","
    return comma and not any(children(head, "nsubj", "nsubjpass", "expl", "aux"))
