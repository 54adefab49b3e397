"""How sure an event is: a product of the trigger's own confidence and what speaks for or against it.

The factors are fitted to the labelled development set, so that precision grows with confidence; the table of how often
each band is right is in `docs/reading.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from workers.annotate.syntax import is_verbal
from workers.annotate.tenses import is_bare_present

if TYPE_CHECKING:
    from topics.annotations import Status
    from workers.annotate.events import Found

NOTHING_NAMED = 0.75
"""Neither who nor to whom, neither where nor when: of such events a third and more are none. What is denied or told as
the past is seldom said in full, and is no less sure for it."""

NO_ACTOR = 0.95
HEADLINE = 0.95
TARGET = 1.05
PLACE = 1.1
DATE = 1.1
STATUS: dict[Status, float] = {"hypothetical": 0.82, "future": 0.92, "historical": 1.1, "negated": 1.05}
IN_PASSING = 0.85
"""Told in a clause that only says which thing is meant ("the street that a missile hit"): it may be long ago."""

TIMELESS = 0.85
"""In a text's present tense without a date: it may be what is done at all times."""

SUREST = 0.98
"""Nothing that rules read from a small model is certain."""

Factors = tuple[tuple[str, float], ...]


def weigh(found: Found, *, headline: bool) -> None:
    """Set the factors of an event, in words and numbers, and its confidence."""
    found.factors = (("trigger", found.trigger.confidence), *_factors(found, headline=headline))
    found.confidence = round(min(SUREST, prod(factor for _, factor in found.factors)), 3)


def _factors(found: Found, *, headline: bool) -> Iterator[tuple[str, float]]:
    status = found.verdict.status
    named = found.actor or found.target or found.place or found.verdict.when
    if not named and status not in {"historical", "negated"}:
        yield "nothing named", NOTHING_NAMED
    elif not found.actor:
        yield "no actor", NO_ACTOR
    if found.target:
        yield "target", TARGET
    if found.place:
        yield "place", PLACE
    if found.verdict.when is not None:
        yield "date", DATE
    elif status == "actual" and not headline:
        if _is_in_passing(found):
            yield "in passing", IN_PASSING
        if is_bare_present(found.candidate.frame.head):
            yield "timeless", TIMELESS
    if status in STATUS:
        yield status, STATUS[status]
    if headline:
        yield "headline", HEADLINE


def _is_in_passing(found: Found) -> bool:
    head = found.candidate.frame.head
    return any(token.dep_ == "relcl" and is_verbal(token) for token in (head, *head.ancestors))
