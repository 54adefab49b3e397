"""Roles that an article tells once and later only points to: "Chad condemned the raid", "Mali rejected the charge",
"the talks go on".

The events told so far know who did what; each of those here gets from them what its own sentence leaves out. As with
all references, nobody is better than a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from topics.annotations import Participant
from workers.annotate.actors import Cast
from workers.annotate.answered import Story, Told, points_back, sides, struck
from workers.annotate.home import dateline_country, home_of
from workers.annotate.triggers import TriggerIndex

if TYPE_CHECKING:
    from workers.annotate.events import Found

_LAW = frozenset(
    {"police", "prosecutor", "prosecutors", "court", "judge", "judges", "tribunal", "policemen", "gendarmes",
     "detectives", "magistrate", "magistrates"}
)  # fmt: skip


def complete(told: Told, cast: Cast, index: TriggerIndex) -> None:
    """Give events the roles that those around them tell."""
    story = Story(told, cast, index)
    _share(told)
    # A headline points forward: what the text tells of it is known first.
    for place, (one, position) in sorted(enumerate(told), key=lambda item: item[1][1].part == "title"):
        headline = position.part == "title"
        if not one.actor and _is_by_their_own(one, place, story):
            one.target = []
        if not one.actor:
            one.actor = _without(_doers(one, place, story, headline=headline), one.target)
        if not one.target and not one.kind.symmetric:
            one.target = _without(struck(one, place, story, headline=headline), one.actor)
        one.target = sides(one, place, position, story) or one.target
    _share(told)


def _share(told: Told) -> None:
    """Two events that one verb tells have the same roles: a missile that hit a town was fired at it."""
    heads: dict[int, list[Found]] = {}
    for one, _ in told:
        heads.setdefault(id(one.candidate.frame.head), []).append(one)
    for twins in heads.values():
        for one in twins:
            for other in twins:
                if other.kind.symmetric or one.kind.symmetric or other.kind.spoken != one.kind.spoken:
                    continue
                if one.kind.one_doer or other.kind.one_doer:
                    one.target = one.target or _without(other.target, one.actor)
                    one.actor = one.actor or _without(other.actor, one.target)


def _without(found: Iterable[Participant], others: Iterable[Participant]) -> list[Participant]:
    taken = {p.id for p in others}
    return [p for p in found if p.id not in taken]


# --- who did it ------------------------------------------------------------------------------------------------------


def _doers(one: Found, place: int, story: Story, *, headline: bool) -> list[Participant]:
    return (
        _retold(one, place, story)
        or _parties_before(one, place, story)
        or _blamed(one, place, story)
        or (_state_there(one, story) if one.kind.by_state else [])
    )


def _state_there(one: Found, story: Story) -> list[Participant]:
    """ "Two men were detained in Omsk": by the state on whose ground, else by that which the article is about."""
    if one.verdict.status in {"future", "hypothetical"}:
        return []
    code = story.cast.land_of(one.place) if one.place else None
    if code is None:
        doers = {tuple(p.id for p in other.actor) for other, _ in story.told if other.kind is one.kind and other.actor}
        if len(doers) == 1:
            code = next(iter(doers))[0]
        elif _has_law(story):
            code = dateline_country(story.cast.readings)
            code = code or home_of(story.cast.readings, frozenset(p.id for p in one.target))
    state = story.cast.land(code) if code is not None and ":" not in code else None
    return [state] if state is not None else []


def _has_law(story: Story) -> bool:
    """Does the article name those who arrest here? Otherwise its dateline may be that of who complains of it."""
    return any(not _LAW.isdisjoint(reading.lower) for reading in story.cast.readings)


def _retold(one: Found, place: int, story: Story) -> list[Participant]:
    """ "The drill, the third this year": whose the last one of its kind was."""
    if one.trigger.kind != "noun" or not points_back(one.candidate.frame.head, story.cast):
        return []
    last = next((other for other in story.before(place) if other.kind is one.kind and other.actor), None)
    return list(last.actor) if last is not None else []


def _parties_before(one: Found, place: int, story: Story) -> list[Participant]:
    """ "A deal signed after four days of negotiations": the parties of what was told right before."""
    if not one.kind.symmetric or one.trigger.kind != "noun":
        return []
    last = next((other for other in story.before(place) if other.kind.symmetric), None)
    return list(last.actor) if last is not None and len(last.actor) > 1 else []


def _blamed(one: Found, place: int, story: Story) -> list[Participant]:
    """ "Drones hit a depot. The governor blamed Chad": who alone is accused, where nobody else has done it."""
    if not one.kind.on_ground or any(other.actor for other, _ in story.told if other.kind is one.kind):
        return []
    charges = [other for other, _ in story.told if len(other.target) == 1 and _is_charged_with(other, one, story)]
    named = {other.target[0].id for other in charges}
    return list(charges[0].target) if len(named) == 1 else []


def _is_by_their_own(one: Found, place: int, story: Story) -> bool:
    """ "Drones hit a depot in Feodosia. The governor blamed Ukraine": it is theirs by the map only."""
    if len(one.target) != 1 or one.target[0].id == one.place:
        return False
    by = {p.id for p in _blamed(one, place, story)}
    names = (m for r in story.cast.readings if r.part == one.target[0].part for m in r.mentions)
    return by == {one.target[0].id} and any(m.start == one.target[0].start and m.kind == "place" for m in names)


def _is_charged_with(charge: Found, one: Found, story: Story) -> bool:
    """Is somebody blamed for what `one` tells, or accused of nothing else?"""
    head = charge.candidate.frame.head
    lemma = head.lemma_.lower()
    if not charge.kind.spoken or charge.verdict.status != "actual" or lemma not in {"blame", "accuse"}:
        return False
    of = charge.candidate.frame.slot("of" if lemma == "accuse" else "for")
    return all(token.pos_ == "PRON" or story.tells(token, one) for token in of)
