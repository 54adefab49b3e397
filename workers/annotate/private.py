"""What is no public matter although its words hold: a private voice, a charge only mentioned, a shot at a target.

The words are in the lexicon; `events` asks of each event that it has found.
"""

from __future__ import annotations

from collections.abc import Sequence

from topics.annotations import Participant
from workers.annotate.frames import Frame
from workers.annotate.lexicon import lexicon
from workers.annotate.ontology import EventType
from workers.annotate.syntax import agents_of, behind, children, lemma_of
from workers.annotate.words import Token

_SPEAKERS = ("subject", "poss", "by")
_AIMED_AT = ("object", "at", "on", "into")
_PERSONAL = ("person:", "place:")


def is_private(kind: EventType, frame: Frame, actor: Sequence[Participant], target: Sequence[Participant]) -> bool:
    """Are they words of somebody who speaks for nobody, to nobody public: "the actor denied that he was leaving"?"""
    if not kind.spoken or actor or any(not p.id.startswith(_PERSONAL) for p in target):
        return False
    speakers = [token for slot in _SPEAKERS for token in frame.slot(slot)]
    private = lexicon().words("roles", "private")
    return bool(speakers) and all(lemma_of(token) in private for token in speakers)


def is_reproach_in_passing(kind: EventType, frame: Frame) -> bool:
    """ "Officials accused of graft": a clause that only describes somebody, with nobody who says so.

    Nor does "fighters backed by Chad" tell of a statement by Chad.
    """
    verb = frame.head
    if not kind.spoken or frame.kind != "verb" or verb.tag_ != "VBN" or verb.dep_ != "acl":
        return False
    said = agents_of(verb) and verb.lemma_.lower() not in lexicon().words("roles", "lasting_support")
    return not said and not children(verb, "nsubjpass", "aux", "auxpass")


def is_practice(kind: EventType, frame: Frame) -> bool:
    """ "Fired at targets at sea in a drill": force used against nobody."""
    if not kind.on_ground:
        return False
    words = lexicon()
    aims = [token for slot in _AIMED_AT for token in frame.slot(slot)]
    given_up = [token for token in aims if _is_given_up(token)]
    dummies = [token for token in aims if lemma_of(token) in words.words("practice", "aims")] + given_up
    if not dummies or any(token not in dummies and _is_hit(token) for token in aims):
        return False
    if given_up:
        return True
    here = {token.lower_ for token in frame.head.doc}
    return not here.isdisjoint(words.words("practice", "signs")) or any(
        _at_sea(token) for token in (*dummies, frame.head)
    )


def _is_given_up(token: Token) -> bool:
    """ "A decommissioned tanker", "a floating target", "target drones": made or left to be shot at."""
    words = lexicon()
    beside = children(token, "amod", "compound", "nmod")
    return any(
        c.lower_ in words.words("practice", "given_up") or c.lemma_.lower() in words.words("practice", "aims")
        for c in beside
    )


def _is_hit(token: Token) -> bool:
    if lemma_of(token) in lexicon().words("practice", "shots"):
        return False  # "put a missile into a hulk"
    return any(lemma_of(token) in lexicon().words("roles", name) for name in ("site", "people", "military", "group"))


def _at_sea(token: Token) -> bool:
    waters = lexicon().words("names", "waters")
    return any(noun.lower_ in waters for word in ("in", "at", "off", "into") for noun in behind(token, word))
