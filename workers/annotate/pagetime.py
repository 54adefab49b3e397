"""What a page's headline and text tell of each other's time, once all their events are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.annotate.answered import Told
from workers.annotate.known import is_definite
from workers.annotate.storytime import is_memorial, is_of_ages_ago
from workers.annotate.syntax import behind
from workers.annotate.told import is_report

if TYPE_CHECKING:
    from workers.annotate.events import Found

_AHEAD = frozenset({"future", "hypothetical"})
_LEAD = 250
"""So many characters into its text an article still tells what its headline is about."""

_ANEW = frozenset({"more", "another", "further", "again", "second"})


def date_headline(told: Told) -> None:
    """A headline's event without a date lies where the text tells it: "Doctors abducted in Chad: no word yet", if the
    text says that it was seven years ago; "Test from the sea: what we know", if the text's first words plan it."""
    bodies: dict[str, list[tuple[int, Found]]] = {}
    for one, position in told:
        if position.part != "title":
            bodies.setdefault(one.kind.name, []).append((position.start, one))
    for one, position in told:
        if position.part != "title" or one.verdict.status != "actual" or one.verdict.when is not None:
            continue
        body = bodies.get(one.kind.name, [])
        statuses = {found.verdict.status for _, found in body}
        word = one.candidate.frame.head
        named = word.tag_ == "VBN" or word.dep_ == "pobj"  # and no report in the present tense, nor a title of its own
        past = word.tag_ == "VBD"  # news is told in the present tense: "Missile that killed five was fired by Chad"
        asks = word.doc[0].lower_ in {"how", "why"}  # "How Chad's missile attack changed its neighbours"
        if statuses == {"historical"} and (named or past or asks):
            one.verdict.settle("historical", "the text")
        elif statuses == {"negated"} and word.pos_ == "NOUN" and word.head.tag_ != "VBZ":
            one.verdict.settle("negated", "the text")  # "Leaders' meeting open", and none took place
        elif statuses and statuses <= _AHEAD and not is_report(word):
            lead = next((found for start, found in body if start <= _LEAD and not _is_anew(found)), None)
            if lead is not None:
                one.verdict.settle(lead.verdict.status, "the text")


def date_recalled(told: Told, title: str) -> None:
    """What a page recalls lies back wherever it is taken up without a date: "20 years since the bombing" in the
    headline, "The attack killed nine" in the text. What is told anew ("A bomb killed four at the ceremony") is news."""
    ages_ago = is_of_ages_ago(title)
    if not ages_ago and not is_memorial(title):
        return
    first = [one for one, position in told if position.part == "title" or position.start <= _LEAD]
    recalled = {one.kind.name for one in first if one.verdict.status == "historical"}
    news = {one.kind.name for one in first if one.verdict.status == "actual" and not _is_taken_up(one)}
    for one, _ in told:
        again = one.kind.name in recalled - news and _is_taken_up(one)
        if one.verdict.when is None and (again or (ages_ago and one.kind.name in recalled)):
            one.verdict.settle("historical", "the page")


def _is_taken_up(found: Found) -> bool:
    """ "The attack killed nine", "nine died in the blast": a deed that was spoken of before."""
    head = found.candidate.frame.head
    nouns = [head] if head.pos_ == "NOUN" else [*found.candidate.frame.slot("subject"), *behind(head, "in")]
    return any(noun.tag_ in {"NN", "NNS"} and is_definite(noun) for noun in nouns)


def _is_anew(found: Found) -> bool:
    """ "Could fire more missiles": then there was one before."""
    return any(token.lower_ in _ANEW for token in found.candidate.frame.head.subtree)
