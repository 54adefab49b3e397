"""To whom an article tells that something is done or said, where the sentence itself only points back: "Chad condemned
the raid", "Mali rejected the charge", "hackers read the ministry's mail".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from topics.annotations import Participant
from workers.annotate.actors import Cast, Position
from workers.annotate.home import dateline_country, home_of, spoken_of
from workers.annotate.intercepted import aimed_at
from workers.annotate.lexicon import lexicon
from workers.annotate.syntax import antecedent, is_verbal, lemma_of, subjects_of
from workers.annotate.triggers import TriggerIndex
from workers.annotate.words import Token

if TYPE_CHECKING:
    from workers.annotate.events import Found

Told = Sequence[tuple["Found", Position]]

_POINTING = frozenset({"the", "this", "that", "these", "those", "such", "both"})
_TOPICS = ("object", "of", "over", "about", "at", "on", "against", "to", "with")
_IT = frozenset({"it", "this", "that", "them", "these"})
_HAND = frozenset({"behind", "role", "part", "involvement", "involved", "responsible", "responsibility", "hand"})
_KIND = frozenset({"statement_of_support", "pledge", "aid"})
_NEAREST = 4
"""So many events before one may be those that it answers."""
_STEM = 4
"""So many letters must a noun share with the verb that it is made from."""


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

    def tells(self, noun: Token, other: Found) -> bool:
        """May a noun mean what `other` tells: by its type ("the raid"), or named after its verb ("the opening")?"""
        if other.kind.name in self.kinds(noun):
            return True
        verb, lemma = other.candidate.frame.head.lemma_.lower(), lemma_of(noun)
        if other.trigger.kind != "verb" or len(verb) < _STEM:
            return False
        stem = verb[: max(_STEM, len(verb) - 2)]
        return lemma.startswith(stem) or noun.lower_.startswith(stem)


def struck(one: Found, place: int, story: Story, *, headline: bool) -> list[Participant]:
    """Whom the events before, or the article as a whole, give as the target of one that names none."""
    found: list[Participant] = []
    if one.kind.one_doer or one.kind.on_ground:
        found = aimed_at(one.candidate.frame, story.cast)
    if not found and one.kind.at_the_story:
        found = _story_struck(one, story)
    if not found and one.kind.on_ground and one.place is not None and not headline:
        found = _ground_unknown(one.place, story)
    if found or not one.kind.spoken:
        return found
    own = {p.id for p in one.actor}
    if both := _both_sides(one, own, place, story):
        return both
    for token in _topics(one):
        found = _whose(token, own, place, story, headline=headline)
        if found:
            return found
    return (_accuser(one, own, place, story) or _same_breath(one, own, place, story)) if own else []


def _same_breath(one: Found, own: set[str], place: int, story: Story) -> list[Participant]:
    """ "Vietnam summoned China's envoy. It demanded that the ships leave": who accuses them demands that."""
    if one.candidate.frame.head.lemma_.lower() not in lexicon().words("roles", "against_states"):
        return []
    for last in islice(story.before(place), _NEAREST):
        same = last.verdict.status == one.verdict.status and last.kind is not one.kind
        if same and own == {p.id for p in last.actor}:
            return list(last.target) if last.kind.spoken or last.kind.abroad else []
    return []


def _story_struck(one: Found, story: Story) -> list[Participant]:
    """ "Hackers read the ministry's mail": done to the country that the article is about, not to the doers."""
    doers = {p.id for other, _ in story.told if other.kind is one.kind for p in other.actor}
    spoken = [other for other, _ in story.told if other.kind.spoken and other.kind.name != "denial"]
    doers |= {p.id for other in spoken for p in other.target}  # the accused
    doers |= {p.id for other, _ in story.told if other.kind.name == "denial" for p in other.actor}
    if one.verdict.status == "historical" and len(spoken_of(story.cast.readings)) > 1:
        return []  # an older one was often done elsewhere
    code = home_of(story.cast.readings, frozenset(doers))
    state = story.cast.land(code) if code is not None else None
    return [state] if state is not None else []


def _ground_unknown(place: str, story: Story) -> list[Participant]:
    """A town that nobody knows lies in the country that the article is about."""
    if story.cast.land_of(place) is not None:
        return []
    code = home_of(story.cast.readings)
    told = [other for other, _ in story.told if other.kind.spoken and code in {p.id for p in other.actor}]
    if any(other.kind.name == "denial" and not _HAND.isdisjoint(_words(other)) for other in told):
        return []  # who denies it was suspected of it
    others = {p.id for other in told for p in other.target if ":" not in p.id}
    stood_by = {p.id for other in told if other.kind.name in _KIND for p in other.target if ":" not in p.id}
    if stood_by and others == stood_by and code != dateline_country(story.cast.readings):
        code = next(iter(stood_by)) if len(stood_by) == 1 else None  # "Paris said that it stood by Niger"
    state = story.cast.land(code) if code is not None else None
    return [state] if state is not None else []


def sides(one: Found, place: int, position: Position, story: Story) -> list[Participant]:
    """ "Somalia and Kenya spoke. Chad struck Niger. Peru urged both sides to stop": those who fight, if that was last.

    Nobody where the event names its sides itself.
    """
    last = next(story.before(place), None)
    if last is None or not one.kind.spoken or not last.kind.on_ground or not one.target:
        return []
    here = story.cast.reading(position.part).doc[position.token].idx
    if any(p.part != position.part or p.start >= here for p in one.target):
        return []
    pair = {p.id for p in (*last.actor, *last.target)}
    return _both_sides(one, {p.id for p in one.actor}, place, story) if len(pair) == 2 else []


def _words(one: Found) -> set[str]:
    return {token.lower_ for token in one.candidate.frame.head.doc}


def _both_sides(one: Found, own: set[str], place: int, story: Story) -> list[Participant]:
    """ "Appealed to the two neighbours", "urged both to stop": the doer and the target of what was told before."""
    for slot in one.trigger.target:
        for token in one.candidate.frame.slot(slot):
            several = token.tag_ == "NNS" and lemma_of(token) in lexicon().words("roles", "sides")
            counted = any(child.lower_ in {"two", "both"} for child in token.children)
            if token.lower_ != "both" and not (several and counted):
                continue
            for other in story.before(place):
                pair = [*other.actor, *other.target]
                if len({p.id for p in pair}) == 2 and not own & {p.id for p in pair}:
                    return list({p.id: p for p in pair}.values())
    return []


def _topics(one: Found) -> Iterator[Token]:
    seen: set[int] = set()
    for slot in (*one.trigger.target, *_TOPICS):
        for token in one.candidate.frame.slot(slot):
            topic = antecedent(token)
            if topic.i not in seen and (topic.pos_ in {"NOUN", "PROPN"} or topic.lower_ in _IT):
                seen.add(topic.i)
                yield topic


def _whose(token: Token, own: set[str], place: int, story: Story, *, headline: bool) -> list[Participant]:
    """Whose the deed or claim is that a noun takes up."""
    pronoun = token.pos_ == "PRON"
    if not pronoun and not points_back(token, story.cast, bare=headline):
        return []
    lemma, words = lemma_of(token), lexicon()
    if lemma in words.words("roles", "said"):
        return next((list(o.actor) for o in story.before(place) if _is_said_to(o, own)), [])
    step = pronoun or lemma in words.words("roles", "step")
    freed = lemma in words.words("roles", "freeing")
    told = [
        other
        for other in story.before(place)
        if not other.kind.spoken and other.verdict.status != "negated"
        and (_holds(other) if freed else story.tells(token, other) or (step and not other.kind.symmetric))
    ]  # fmt: skip
    deeds = [other for other in told if other.actor]
    if freed:  # one's own people, else those who were taken last
        deeds = [other for other in deeds if own & {p.id for p in other.target}] or ([] if deeds != told else deeds)
    if not deeds or (not step and not freed and _is_another(told[0], deeds[0], story)):
        return []
    if pronoun:  # what somebody does at home is seldom what others condemn
        deeds = ([other for other in deeds if other.target or not other.kind.abroad] or deeds)[:1]
    # Whom most sentences call the doer; of several the nearest.
    counted = Counter(tuple(sorted(p.id for p in other.actor)) for other in deeds)
    deed = max(deeds, key=lambda other: counted[tuple(sorted(p.id for p in other.actor))])
    return [] if own & {p.id for p in deed.actor} else list(deed.actor)


def _holds(one: Found) -> bool:
    """Does it tell of somebody who is held?"""
    return one.kind.by_state or one.candidate.frame.head.lemma_.lower() in lexicon().words("status", "holding")


def _is_another(one: Found, deed: Found, story: Story) -> bool:
    """Is what is told last, and of nobody's, done to others or elsewhere than the last deed whose doer is known?"""
    if one.actor or one.trigger.kind != "verb":
        return False
    if any(points_back(token, story.cast) for token in one.candidate.frame.slot("subject")):
        return False  # "the strike killed nine": still the same
    first, last = ({p.id for p in other.target if ":" not in p.id} for other in (deed, one))
    return bool(first) and bool(last) and first.isdisjoint(last)


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
    if last is not None:
        return list(last.actor)
    for other in islice(story.before(place), _NEAREST):
        if own & {p.id for p in (*other.actor, *other.target)} and (who := _teller(other, own, story)):
            return who
    return []


def _teller(other: Found, own: set[str], story: Story) -> list[Participant]:
    """Who tells of a deed that those who deny it are said to have done: "the Kuwaiti ministry said"."""
    said = lexicon().words("reporting", "say")
    for verb in other.candidate.frame.head.doc:
        if is_verbal(verb) and verb.lemma_.lower() in said:
            who = [p for t in subjects_of(verb) for p in story.cast.resolve(t) if ":" not in p.id and p.id not in own]
            if who:
                return who
    return []


def points_back(token: Token, cast: Cast, *, bare: bool = False) -> bool:
    """Does a noun take up what was told before, with no word that says whose it is?"""
    if any(child.tag_ == "PRP$" for child in token.children):
        return lemma_of(token) in lexicon().words("roles", "freeing")  # "demanded their release"
    if cast.says_whose(token):
        return False
    return bare or any(child.lower_ in _POINTING for child in token.children)
