"""What tells an event without a date as background: a tally of many, a state that is no more, "until now"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from workers.annotate.bygones import ability_word, bygone_word, used_for
from workers.annotate.forms import words_of_sentence
from workers.annotate.lexicon import lexicon
from workers.annotate.nominals import Walk
from workers.annotate.syntax import (
    agents_of,
    behind,
    children,
    has_child,
    is_passive,
    is_verbal,
)
from workers.annotate.tenses import is_bare_present, is_generic_passive
from workers.annotate.words import Token

_MANY = 10
"""So many tests or summits are no news of one day, but a sum over years."""
_MASSED = frozenset({"missile", "rocket", "satellite"})
_MASS = 1000
"""So many missiles or satellites are no salvo."""
_NEAR = 2
_WHENEVER = frozenset({"when", "whenever"})
_UNITS = frozenset({"week", "month", "year", "spring", "summer", "autumn", "winter", "season", "decade"})
_DAILY = frozenset({"day", "night", "morning", "evening"})
_AT_ONCE = _DAILY | {"hour", "launch", "salvo", "barrage", "wave", "attack", "assault"}
_YEARLY = frozenset({"annually", "yearly"})
_OFTEN = frozenset({"repeated", "frequent", "regular", "periodic", "recurrent", "countless", "numerous"})
_TESTS = frozenset({"test", "detonation"})
_LONG = frozenset({"year", "decade", "century"})
_TERMS = frozenset({"term", "tenure", "presidency", "premiership", "stint"})
_EARLIER = frozenset({"first", "previous", "earlier", "former"})
_THOUSANDS = frozenset({"thousand", "thousands"})
_CROWDS = frozenset({"dozens", "scores", "hundreds", "thousands", "hundred", "thousand"})
_GONE = date(1993, 1, 1)
"""Since then the states of the list `bygone` are no more."""
_NOW_KIN = frozenset({"era", "made", "built", "designed", "former", "ex", "post", "type", "style"})
_UNTIL_NOW = re.compile(
    r"^(?:until|till|up to|before) now\b|^(?:previously|hitherto|historically|formerly)\b", re.IGNORECASE
)


def background_word(walk: Walk, trigger: Token, published: date) -> str:
    """The word that makes background of an event that has no date; empty if there is none."""
    found = _tally(trigger) or _bygone(walk, trigger, published) or _until_now(trigger)
    found = found or _remembered(trigger) or _habit(walk) or _over_years(walk) or _former_term(walk)
    found = found or bygone_word(walk, trigger) or _before_that(walk, trigger)
    return found or (_in_court(trigger) or _repeated(trigger) if walk.kind.one_doer else "")


def _before_that(walk: Walk, trigger: Token) -> str:
    """ "Chad had halted its raids after Mali asked for restraint": told as what went before the news."""
    clause = next((t for t in (trigger, *trigger.ancestors) if is_verbal(t)), None)
    if clause is None or clause.dep_ != "advcl" or has_child(clause, "had", "has", "have"):
        return ""
    verb = clause.head
    told = verb.head is verb and verb.tag_ == "VBN" and not any(c.dep_ in {"ccomp", "parataxis"} for c in verb.children)
    had = next((c for c in children(verb, "aux") if c.lower_ in {"had", "'d"}), None)
    return had.text if told and had is not None and clause.i > verb.i else ""


def _in_court(trigger: Token) -> str:
    """ "An inquest into the deaths of two killed by a missile": it comes to court years later."""
    words = lexicon().words("status", "aftermath")
    if words.isdisjoint(words_of_sentence(trigger.doc)):
        return ""
    return next((t.text for t in trigger.doc if t.lemma_.lower() in words and t in trigger.ancestors), "")


def _repeated(trigger: Token) -> str:
    """ "Its repeated missile tests", "nuclear tests shaped the region": many, of no time."""
    if trigger.tag_ != "NNS":
        return ""
    often = next((c for c in children(trigger, "amod") if c.lower_ in _OFTEN), None)
    if often is not None:
        return often.text
    bare = not any(c.dep_ in {"det", "poss", "nummod", "relcl", "acl"} for c in trigger.children)
    verb = trigger.head.head if trigger.head.lower_ == "by" else trigger.head
    told = trigger.dep_ == "nsubj" or trigger.head.lower_ == "by"
    past = told and (verb.tag_ == "VBD" or has_child(verb, "was", "were"))
    return trigger.text if bare and past and trigger.lemma_.lower() in _TESTS and not behind(trigger, "by") else ""


def generic_word(walk: Walk, trigger: Token) -> str:
    """The word that tells what happens at any time: "when a missile is launched, phones ring"."""
    if (tool := used_for(trigger)) or (walk.kind.one_doer and (tool := ability_word(trigger))):
        return tool
    for verb in (token for token in walk.path[:_NEAR] if is_verbal(token)):
        now = is_bare_present(verb) or is_generic_passive(verb)
        when = next((c for c in children(verb, "advmod", "mark") if c.lower_ in _WHENEVER), None)
        if when is not None and now and verb.dep_ == "advcl" and is_verbal(verb.head) and is_bare_present(verb.head):
            return when.text
    return ""


def _remembered(trigger: Token) -> str:
    """ "In her memoir he tells how missiles fell": a book of a life tells of the past."""
    books = lexicon().words("status", "memoirs")
    if books.isdisjoint(words_of_sentence(trigger.doc)):
        return ""
    verbs = (t for t in (trigger, *trigger.ancestors) if is_verbal(t))
    past = any(t.tag_ == "VBD" or has_child(t, "was", "were", "had") for t in verbs)
    return next((t.text for t in trigger.doc if past and t.lemma_.lower() in books), "")


def _habit(walk: Walk) -> str:
    """ "Fires two missiles a year", "every spring the brigade fires", "as a rule"."""
    for verb in (token for token in walk.path if is_bare_present(token)):
        for word in verb.subtree:
            unit = word.dep_ == "npadvmod" and word.lemma_.lower() in _UNITS
            daily = word.dep_ == "npadvmod" and word.lemma_.lower() in _DAILY and has_child(word, "every", "each")
            if daily or (unit and has_child(word, "a", "an", "every", "each")):
                return word.text
            if word.lower_ in _YEARLY or (word.lower_ == "rule" and word.head.lower_ == "as"):
                return word.text
    return ""


def _over_years(walk: Walk) -> str:
    """ "Have met these past twenty years"."""
    for verb in (token for token in walk.path if is_verbal(token) and has_child(token, "has", "have")):
        for span in children(verb, "npadvmod"):
            if span.lemma_.lower() in _LONG and has_child(span, "past", "last"):
                return span.text
    return ""


def _former_term(walk: Walk) -> str:
    """ "Met three times in his first term"; who is in it himself is not told so of this week's news."""
    for verb in (token for token in walk.path if is_verbal(token)):
        for term in (noun for word in ("in", "during", "throughout") for noun in behind(verb, word)):
            earlier = next((c for c in children(term, "amod") if c.lower_ in _EARLIER), None)
            if term.lemma_.lower() in _TERMS and earlier is not None:
                return f"{earlier.text} {term.text}"
    return ""


def _tally(trigger: Token) -> str:
    """ "Which conducted more than 1,000 nuclear tests", "exploded 456 nuclear devices"; not those of one night."""
    if any(t.lower_ in {"single", "one"} and t.head.lemma_.lower() in _AT_ONCE for t in trigger.doc):
        return ""
    told = (trigger, *children(trigger, "dobj", "nsubjpass"))
    for noun in (*told, *(of for one in told for of in behind(one, "of"))):
        if noun.pos_ != "NOUN":
            continue
        if noun.lemma_.lower() not in lexicon().words("status", "tallied"):
            mass = next((c for c in children(noun, "nummod") if _number(c) >= _MASS), None)
            if mass is not None and noun.lemma_.lower() in _MASSED:
                return mass.text  # "has launched more than 8,000 satellites"
            if noun.lemma_.lower() in _MASSED and noun.dep_ == "pobj" and noun.head.head.lower_ in _THOUSANDS:
                return noun.head.head.text  # "has fired thousands of missiles"
            continue
        for count in children(noun, "nummod"):
            if _number(count) >= _MANY:
                return count.text
        of = noun.head if noun.dep_ == "pobj" and noun.head.lower_ == "of" else None
        if of is not None and of.head.lower_ in _CROWDS:
            return of.head.text
    return ""


def _number(count: Token) -> int:
    """The number that a word or several figures ("1 000") say; 0 if that is not plain."""
    if count.lower_ in _CROWDS:
        return _MANY
    digits = count.text.replace(",", "")
    if not digits.isdigit():
        return 0
    before = count.nbor(-1) if count.i else count
    return int(digits) or (_MANY * _MANY if before.text.isdigit() else 0)


def _bygone(walk: Walk, trigger: Token, published: date) -> str:
    """ "Where the Soviet Union launched its first missile": who is no more did it long ago."""
    if published < _GONE:
        return ""
    for doer in _doers(walk, trigger):
        for word in (doer, *children(doer, "compound", "amod", "nmod", "poss")):
            if word.lower_ in lexicon().words("status", "bygone"):
                beside = {t.lower_ for t in (*word.children, *doer.children)} | {doer.lower_}
                if beside.isdisjoint(_NOW_KIN):
                    return word.text
    return ""


def _doers(walk: Walk, trigger: Token) -> Iterator[Token]:
    for verb in (token for token in walk.path if is_verbal(token)):
        yield from agents_of(verb) if is_passive(verb) else children(verb, "nsubj")
    if trigger.pos_ == "NOUN":
        yield trigger
        yield from behind(trigger, "by")


def _until_now(trigger: Token) -> str:
    """ "Until now such firings took place abroad"."""
    match = _UNTIL_NOW.match(trigger.doc.text)
    verb = next((t for t in (trigger, *trigger.ancestors) if is_verbal(t)), None)
    past = verb is not None and (verb.tag_ == "VBD" or has_child(verb, "was", "were", "had"))
    return match.group() if match is not None and past else ""
