"""Did it happen? The status of a trigger, from the walk up its sentence and from the dates in it.

The definitions are those of the ontology: actual, historical, future, hypothetical, negated; `attributed` marks what
only a source says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from spacy.tokens import Token

from workers.annotate.clauses import DEPTH
from workers.annotate.dates import When
from workers.annotate.frames import Frame
from workers.annotate.lexicon import lexicon
from workers.annotate.nominals import Walk
from workers.annotate.ontology import EventType
from workers.annotate.syntax import children, has_child, is_verbal
from workers.annotate.verdict import Verdict

_OPENING = 12
"""A date that begins within so many characters opens the sentence, and dates all of it."""


def judge(
    frame: Frame, kind: EventType, times: Sequence[tuple[Token, When]], published: date, *, carried: bool
) -> Verdict:
    """The verdict on one trigger. `times` are the dates of its sentence; `carried`: the noun's verb performs it."""
    walk = Walk(failed_counts=kind.failed_counts, lasting=kind.lasting)
    if frame.kind == "verb" or is_verbal(frame.head):
        walk.verb(frame.head, own=True)
    else:
        walk.noun(frame.head, frame.tokens, carried=carried)
    _apply_times(walk, times, published)
    walk.verdict.attributed = walk.verdict.attributed or _is_hearsay(frame.head)
    return walk.verdict


def _is_hearsay(head: Token) -> bool:
    """ "reportedly", "according to": the whole sentence is somebody's claim."""
    words = [token.lower_ for token in head.doc]
    if not lexicon().words("reporting", "adverbs").isdisjoint(words):
        return True
    return any(word == "according" and words[i + 1 : i + 2] == ["to"] for i, word in enumerate(words))


def _apply_times(walk: Walk, times: Sequence[tuple[Token, When]], published: date) -> None:
    verdict = walk.verdict
    own = {token.i for token in walk.path}
    timed = {
        c.i for token in walk.path for c in children(token, "advcl") if has_child(c, "after", "when", "before", "as")
    }
    reports = {token.i for token in walk.reports}
    for token, when in times:
        anchor, where = _anchor(token, own), when.lies(published)
        if anchor in reports and anchor not in own:
            if where == "past":
                verdict.date_back(when)  # "in March Washington said Moscow was sending"
            continue
        if anchor in timed and where == "past":
            verdict.date_back(when)  # "collapsed after a ship struck it in March"
        if anchor not in own or _is_milestone(token, when):
            continue
        if verdict.when is None or where == "past":
            verdict.when = when
        if where == "past":
            verdict.date_back(when)
        elif where == "future" and not _is_past_tense(walk):
            verdict.raise_to("future", token)
    _apply_background(walk, times, published)


def _apply_background(walk: Walk, times: Sequence[tuple[Token, When]], published: date) -> None:
    verdict = walk.verdict
    if verdict.status != "actual" or verdict.when is not None:
        return
    opening = next((w for _, w in times if w.start <= _OPENING and w.lies(published) == "past"), None)
    if opening is not None:
        verdict.when = opening  # "In 1985 200 people drowned after two ferries sank"
        verdict.date_back(opening)
    elif walk.background:
        verdict.status = "historical"  # "the countries that Sweden had blacklisted"
        verdict.because.append("historical: told as background")


def _anchor(token: Token, own: set[int]) -> int:
    """The first word above a date that is the event's, or a verb; -1 if there is none."""
    for _ in range(DEPTH):
        if token.i in own or (is_verbal(token) and token.dep_ not in {"aux", "auxpass"}):
            return token.i
        if token.head == token:
            break
        token = token.head
    return -1


def _is_milestone(token: Token, when: When) -> bool:
    """ "the first launch since 2017", "its biggest in ten years": the date bounds a comparison, not the event."""
    if not when.lasting:
        return False
    compared = not lexicon().words("status", "superlatives").isdisjoint(t.lower_ for t in token.doc)
    since = "since" in {t.lower_ for t in token.doc[max(0, token.i - 1) : token.i + 1]} or token.lower_ == "since"
    return compared and (since or token.head.pos_ in {"NOUN", "PROPN", "ADJ", "ADV"})


def _is_past_tense(walk: Walk) -> bool:
    verbs = [token for token in walk.path if is_verbal(token)]
    return bool(verbs) and verbs[-1].tag_ in {"VBD", "VBN"}
