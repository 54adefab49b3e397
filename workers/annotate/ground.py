"""On whose ground something was done, where the sentence names nobody to whom: a town's country, an embassy's state."""

from __future__ import annotations

from topics.annotations import Participant
from workers.annotate.actors import Cast
from workers.annotate.frames import Frame
from workers.annotate.lexicon import lexicon
from workers.annotate.places import Place
from workers.annotate.syntax import children, is_verbal
from workers.annotate.words import Token

_POSTS = frozenset({"embassy", "consulate"})
_NEARBY = frozenset({"near", "outside", "to", "beside", "around", "by", "behind"})
_NO_GROUND = frozenset({"off", "from", "with"})
"""Behind these stands where they came from or what lies near, and not whose ground was struck."""


def of_ground(place: Place, frame: Frame, cast: Cast) -> list[Participant]:
    """The country on whose ground they struck: "rebels of the M23 killed nine people in Congo"."""
    if place.country is None:
        return []
    position = cast.position(frame.head.doc)
    names = cast.mentions_in(position.part, position.token, position.end_token)
    for mention in names:
        if mention.country == place.country and mention.kind in {"place", "country"}:
            token = frame.head.doc[mention.end_token - 1 - position.token]
            before = frame.head.doc[max(0, mention.start_token - 1 - position.token)].lower_
            if before not in _NO_GROUND and _is_told_with(token, frame):
                return [cast.participant(mention)]
    return []


def of_post(frame: Frame, cast: Cast, taken: set[str]) -> list[Participant]:
    """ "A bomb in front of Iran's embassy in Baghdad": it is done to whose the embassy is."""
    if _strikes_a_thing(frame):
        return []  # "hit a market near the embassy"
    for token in frame.head.doc:
        if token.lemma_.lower() in _POSTS and token.dep_ == "pobj" and _is_told_with(token, frame):
            owners = [p for m in cast.owning(token) if (p := cast.participant(m)).id not in taken]
            if owners := [p for p in owners if not p.id.startswith("place:")]:
                return owners[:1]
    return []


def is_beside_post(slot: str, tokens: list[Token], frame: Frame) -> bool:
    """ "Shot two men outside the Israeli consulate": where it was, and not to whom it was done."""
    near = slot in _NEARBY and any(token.lemma_.lower() in _POSTS for token in tokens)
    return near and _strikes_a_thing(frame)


def _strikes_a_thing(frame: Frame) -> bool:
    return any(t.pos_ in {"NOUN", "PROPN"} and t.lemma_.lower() != "fire" for t in frame.slot("object"))


def _is_told_with(token: Token, frame: Frame) -> bool:
    """Does a place stand in the event's own clause or in one around it: no source's ("officials in X said"), and no
    other's ("as envoys flew to X")?"""
    said = lexicon().words("reporting", "say") | {"tell"}
    above = [t for t in token.ancestors if is_verbal(t)]
    verb = above[0] if above else None
    if verb is None or verb == frame.head or frame.head in above:
        return True
    own = {frame.head, *frame.head.ancestors}
    if verb in own:
        return verb.lemma_.lower() not in said
    return (
        verb.head in own and verb.dep_ in {"acl", "relcl", "conj", "xcomp"} and not children(verb, "nsubj", "nsubjpass")
    )


def is_where(participant: Participant, frame: Frame, cast: Cast) -> bool:
    """ "Killed two at Nabatieh": what the model takes for an organisation is where it happened."""
    position = cast.position(frame.head.doc)
    named = (
        m for m in cast.mentions_in(position.part, position.token, position.end_token) if m.start == participant.start
    )
    mention = next((m for m in named if m.sort == "body" and m.country is None and " " not in m.text), None)
    if mention is None or mention.start_token == position.token:
        return False
    return frame.head.doc[mention.start_token - 1 - position.token].lower_ in {"at", "in", "near", "outside", "on"}
