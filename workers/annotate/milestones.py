"""Dates that bound a count or a comparison, and date nothing: "the first launch since 2017", "its fifth this year"."""

from __future__ import annotations

from workers.annotate.dates import When
from workers.annotate.lexicon import lexicon
from workers.annotate.setting import Setting
from workers.annotate.syntax import children, has_child, is_verbal
from workers.annotate.words import Token

_MARKING = frozenset({"mark", "become", "make", "represent"})
_MOST_RECENT = frozenset({"last", "latest"})


def is_milestone(token: Token | None, when: When, setting: Setting) -> bool:
    """Does the date that hangs on `token` (or opens the sentence, if there is none) bound a comparison?"""
    if not setting.compares:
        return False
    if token is None:
        return when.words.lower().startswith("since")
    if any(t.lower_ in _MOST_RECENT for t in (token.head, token.head.head)):
        return False  # "six tests, the last in 2017"
    counted = token.head.lower_ in lexicon().words("status", "superlatives") or token.head.tag_ in {"JJS", "RBS"}
    if counted or (token.head.dep_ == "appos" and when.granularity == "year"):
        return True
    if _is_count_of(token, when, setting) or _is_count_so_far(token.head, when, setting):
        return True
    return when.lasting and _is_since(token)


def _is_count_of(token: Token, when: When, setting: Setting) -> bool:
    """ "On his second visit this year": the year is what is counted in."""
    ordinals = lexicon().words("status", "superlatives")
    of_now = when.granularity == "year" and when.first.year == setting.published.year
    return of_now and any(c.lower_ in ordinals for c in children(token.head, "amod"))


def _is_since(token: Token) -> bool:
    since = "since" in {t.lower_ for t in token.doc[max(0, token.i - 1) : token.i + 1]} or token.lower_ == "since"
    return since or token.head.lower_ == "since" or token.head.pos_ in {"NOUN", "PROPN", "ADJ", "ADV"}


def _is_count_so_far(head: Token, when: When, setting: Setting) -> bool:
    """ "It was the third launch this year": the year is still running, and says what is counted."""
    if not is_running(when, setting):
        return False
    for noun in children(head, "attr", "dobj") if is_verbal(head) else (head, *head.ancestors):
        named = noun.dep_ == "attr" or (noun.dep_ == "dobj" and noun.head.lemma_.lower() in _MARKING)
        if named and has_child(noun, *lexicon().words("status", "superlatives")):
            return True
    return False


def is_of_a_bound(token: Token, date: Token) -> bool:
    """ "The first success since a failure in April": the date is that of what lies back, and bounds nothing itself."""
    if token.lower_ != "since" or token.dep_ != "prep" or token == date:
        return False
    nouns = [noun for noun in children(token, "pobj") if noun != date]
    return any(noun.lower_ not in lexicon().words("times", "parts") and noun in date.ancestors for noun in nouns)


def is_running(when: When, setting: Setting) -> bool:
    """Does the time reach up to now: "since May", "this year"?"""
    return when.lasting or when.first <= setting.published <= when.last
