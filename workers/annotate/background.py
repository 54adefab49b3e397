"""What tells an event without a date as background: a tally of many, a state that is no more, "until now"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from workers.annotate.lexicon import lexicon
from workers.annotate.nominals import Walk
from workers.annotate.syntax import agents_of, behind, children, has_child, is_passive, is_verbal
from workers.annotate.words import Token

_MANY = 10
"""So many tests or summits are no news of one day, but a sum over years."""
_CROWDS = frozenset({"dozens", "scores", "hundreds", "thousands", "hundred", "thousand"})
_GONE = date(1993, 1, 1)
"""Since then the states of the list `bygone` are no more."""
_NOW_KIN = frozenset({"era", "made", "built", "designed", "former", "ex", "post", "type", "style"})
_UNTIL_NOW = re.compile(
    r"^(?:until|till|up to|before) now\b|^(?:previously|hitherto|historically|formerly)\b", re.IGNORECASE
)


def background_word(walk: Walk, trigger: Token, published: date) -> str:
    """The word that makes background of an event that has no date; empty if there is none."""
    return _tally(trigger) or _bygone(walk, trigger, published) or _until_now(trigger)


def _tally(trigger: Token) -> str:
    """ "Which conducted more than 1,000 nuclear tests", "exploded 456 nuclear devices"."""
    for noun in (trigger, *children(trigger, "dobj", "nsubjpass")):
        if noun.pos_ != "NOUN" or noun.lemma_.lower() not in lexicon().words("status", "tallied"):
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
