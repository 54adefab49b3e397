"""Who did it, to whom, and where: the participants and the place of one event, from the slots of its trigger.

What a phrase stands for is decided in `actors`; which slots give a role is said by the ontology.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from topics.annotations import Participant
from workers.annotate.actors import Cast
from workers.annotate.frames import Frame
from workers.annotate.ontology import EventType
from workers.annotate.syntax import governor, subjects_of
from workers.annotate.triggers import Candidate

_PARTY_SLOTS = ("subject", "object", "with", "between", "among", "poss", "nation", "by", "of")
_GATHERING = frozenset({"at", "during", "for", "in", "after", "before", "to"})
_PLACES = ("in", "at", "near", "outside", "off", "over", "across")


def participants(candidate: Candidate, kind: EventType, cast: Cast) -> tuple[list[Participant], list[Participant]]:
    """Actors and targets of a candidate; of a symmetric type all parties are actors."""
    frame, trigger = candidate.frame, candidate.trigger
    if kind.symmetric:
        return _parties(frame, cast), []
    actor = _first(trigger.actor, frame, cast)
    taken = {p.id for p in actor}
    target = [p for p in _first(trigger.target, frame, cast, exclude=taken) if p.id not in taken]
    return actor, target


def _first(slots: Sequence[str], frame: Frame, cast: Cast, exclude: set[str] | None = None) -> list[Participant]:
    for slot in slots:
        found = unique(
            p
            for token in frame.slot(slot)
            for p in cast.resolve(token)
            or cast.parties(token)
            or (cast.owners(token, exclude) if exclude is not None else [])
        )
        found = [p for p in found if not exclude or p.id not in exclude]
        if found:
            return found
    return []


def _parties(frame: Frame, cast: Cast) -> list[Participant]:
    found = unique(
        p
        for slot in _PARTY_SLOTS
        for filler in frame.slot(slot)
        for token in (filler, *cast.companions(filler))
        for p in (cast.resolve(token) or cast.parties(token))
    )
    if frame.kind != "verb" and len(found) < 2:
        verb, relation, preposition = governor(frame.head)
        near = relation == "prep" and preposition is not None and preposition.lower_ in _GATHERING
        if verb is not None and (near or relation in {"object", "attr"}):
            people = subjects_of(verb)
            if any(cast.classes(token) & {"state", "person", "org", "company"} for token in people):
                found = unique([*found, *(p for token in people for p in (cast.resolve(token) or cast.parties(token)))])
    return [p for p in found if not p.id.startswith("place:")]


def unique(participants: Iterable[Participant]) -> list[Participant]:
    """The first participant of each id, in order."""
    found: dict[str, Participant] = {}
    for participant in participants:
        found.setdefault(participant.id, participant)
    return list(found.values())


def place_of(frame: Frame, cast: Cast) -> str | None:
    """The place (an entity id) where the event happened, if the text says it."""
    for slot in _PLACES:
        for token in frame.slot(slot):
            mention = cast.mention_at(token)
            if mention is not None and mention.kind in {"place", "country"}:
                return mention.id
    return None
