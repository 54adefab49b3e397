"""Roles that an article tells once and later only points to: "Chad condemned the raid", "Mali rejected the charge",
"the talks go on".

The events told so far know who did what; each of those here gets from them what its own sentence leaves out. As with
all references, nobody is better than a guess.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from topics.annotations import Participant
from workers.annotate.actors import Cast, Position
from workers.annotate.home import dateline_country, home_of, spoken_of
from workers.annotate.intercepted import aimed_at
from workers.annotate.lexicon import lexicon
from workers.annotate.syntax import antecedent, behind, children, governor, is_verbal, lemma_of
from workers.annotate.triggers import TriggerIndex
from workers.annotate.words import Token

if TYPE_CHECKING:
    from workers.annotate.events import Found

Told = Sequence[tuple["Found", Position]]

_POINTING = frozenset({"the", "this", "that", "these", "those", "such", "both"})
_TOPICS = ("object", "of", "over", "about", "at", "on", "against", "to", "with")
_NEAR = 900
"""How many characters before an answer the charge may stand."""


@dataclass(frozen=True, slots=True)
class Story:
    """The events of an article in the order of its text, as far as they are found."""

    told: Told
    cast: Cast
    index: TriggerIndex

    def before(self, place: int) -> Iterator[Found]:
        """The events before one, nearest first."""
        return (one for one, _ in reversed(self.told[:place]))

    def kinds(self, noun: Token) -> set[str]:
        """The types of which a noun may tell."""
        heads = self.index.heads
        forms = (lemma_of(noun), noun.lower_)
        return {trigger.type for form in forms for trigger, _ in heads.get(form, ()) if trigger.kind == "noun"}


def complete(told: Told, cast: Cast, index: TriggerIndex) -> list[int]:
    """Give events the roles that those around them tell. Returns the places of the events that gained one."""
    story = Story(told, cast, index)
    before = [(len(one.actor), len(one.target)) for one, _ in told]
    _share(told)
    for place, (one, position) in enumerate(told):
        headline = position.part == "title"
        if not one.actor:
            one.actor = _without(_doers(one, place, story, headline=headline), one.target)
        if not one.target and not one.kind.symmetric:
            one.target = _without(_struck(one, place, story, headline=headline), one.actor)
    _share(told)
    return [i for i, (one, _) in enumerate(told) if before[i] != (len(one.actor), len(one.target))]


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
        code = next(iter(doers))[0] if len(doers) == 1 else dateline_country(story.cast.readings)
        code = code or home_of(story.cast.readings, frozenset(p.id for p in one.target))
    state = story.cast.land(code) if code is not None and ":" not in code else None
    return [state] if state is not None else []


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
    """ "Drones hit a depot. The governor blamed Chad": who alone is accused, where nobody else is said to have done it."""
    if not one.kind.on_ground or any(other.actor for other, _ in story.told if other.kind is one.kind):
        return []
    charges = [other for other, _ in story.told if len(other.target) == 1 and _is_charged_with(other, one, story)]
    named = {other.target[0].id for other in charges}
    return list(charges[0].target) if len(named) == 1 else []


def _is_charged_with(charge: Found, one: Found, story: Story) -> bool:
    """Is somebody blamed for what `one` tells, or accused of nothing else?"""
    head = charge.candidate.frame.head
    lemma = head.lemma_.lower()
    if not charge.kind.spoken or charge.verdict.status != "actual" or lemma not in {"blame", "accuse"}:
        return False
    of = charge.candidate.frame.slot("of")
    return lemma == "blame" or all(one.kind.name in story.kinds(token) for token in of)


# --- to whom ---------------------------------------------------------------------------------------------------------


def _struck(one: Found, place: int, story: Story, *, headline: bool) -> list[Participant]:
    if one.kind.one_doer or one.kind.on_ground:
        return aimed_at(one.candidate.frame, story.cast)
    if one.kind.at_the_story:
        return _story_struck(one, story)
    if not one.kind.spoken or not one.actor:
        return []
    own = {p.id for p in one.actor}
    for token in _topics(one):
        found = _whose(token, own, place, story, headline=headline)
        if found:
            return found
    return _accuser(one, own, place, story)


def _story_struck(one: Found, story: Story) -> list[Participant]:
    """ "Hackers read the ministry's mail": it is done to the country that the article is about, apart from the doers."""
    doers = {p.id for other, _ in story.told if other.kind is one.kind for p in other.actor}
    if one.verdict.status == "historical" and len(spoken_of(story.cast.readings)) > 1:
        return []  # an older one was often done elsewhere
    code = home_of(story.cast.readings, frozenset(doers))
    state = story.cast.land(code) if code is not None else None
    return [state] if state is not None else []


def _topics(one: Found) -> Iterator[Token]:
    seen: set[int] = set()
    for slot in (*one.trigger.target, *_TOPICS):
        for token in one.candidate.frame.slot(slot):
            token = antecedent(token)
            if token.i not in seen and token.pos_ in {"NOUN", "PROPN"}:
                seen.add(token.i)
                yield token


def _whose(token: Token, own: set[str], place: int, story: Story, *, headline: bool) -> list[Participant]:
    """Whose the deed or claim is that a noun takes up."""
    if not points_back(token, story.cast, bare=headline):
        return []
    lemma, words = lemma_of(token), lexicon()
    if lemma in words.words("roles", "said"):
        return next((list(o.actor) for o in story.before(place) if _is_said_to(o, own)), [])
    kinds, step = story.kinds(token), lemma in words.words("roles", "step")
    deeds = [
        other
        for other in story.before(place)
        if other.actor and not other.kind.spoken and other.verdict.status != "negated"
        and (other.kind.name in kinds or (step and not other.kind.symmetric))
    ]  # fmt: skip
    if not deeds:
        return []
    # Whom most sentences call the doer; of several the nearest.
    counted = Counter(tuple(sorted(p.id for p in other.actor)) for other in deeds)
    deed = max(deeds, key=lambda other: counted[tuple(sorted(p.id for p in other.actor))])
    return [] if own & {p.id for p in deed.actor} else list(deed.actor)


def _is_said_to(other: Found, own: set[str]) -> bool:
    """Is it said to those who answer, and not by them?"""
    if not other.kind.spoken or other.verdict.status == "negated":
        return False
    return bool(own & {p.id for p in other.target}) and not own & {p.id for p in other.actor}


def _accuser(one: Found, own: set[str], place: int, story: Story) -> list[Participant]:
    """ "Accused by Chad, … Mali denied any part": who denies answers who has just accused."""
    head = one.candidate.frame.head
    if head.lemma_.lower() not in lexicon().words("status", "own_denial"):
        return []
    last = next((other for other in story.before(place) if _is_said_to(other, own)), None)
    return list(last.actor) if last is not None else []


def points_back(token: Token, cast: Cast, *, bare: bool = False) -> bool:
    """Does a noun take up what was told before, with no word that says whose it is?"""
    if cast.says_whose(token):
        return False
    return bare or any(child.lower_ in _POINTING for child in token.children)
