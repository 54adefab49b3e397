"""At whom a weapon was fired that never arrived: whoever shot it down, or over whose land it set off sirens."""

from __future__ import annotations

from collections.abc import Iterator

from topics.annotations import Participant
from workers.annotate.actors import Cast
from workers.annotate.frames import Frame
from workers.annotate.lexicon import lexicon
from workers.annotate.objects import objects_of
from workers.annotate.syntax import antecedent, behind, children, is_passive, is_verbal, subjects_of
from workers.annotate.words import Token

_DEFENCES = frozenset({"defence", "defense", "shield", "battery"})
_GOAL_WORDS = frozenset({"for", "at", "towards", "toward", "to"})
_ENTERED = frozenset({"into", "over", "across", "in", "towards", "toward"})


def aimed_at(frame: Frame, cast: Cast) -> list[Participant]:
    """ "A missile fired from Yemen was intercepted, the Israeli army said": Israel; nobody if nothing is said."""
    weapons = {antecedent(t).i for slot in ("object", "subject", "of") for t in frame.slot(slot) if _is_weapon(t, cast)}
    if not weapons:
        return []
    if frame.kind == "verb" and _downs(frame.head):
        return []  # to shoot a weapon down is done to nobody here
    for verb in frame.head.doc:
        if not is_verbal(verb):
            continue
        if _downs(verb) and not weapons.isdisjoint(t.i for t in objects_of(verb)):
            found = _states(subjects_of(verb), cast) or _bound_for(cast) or _states(_speakers(verb), cast)
            if found:
                return found
        if _alarms(verb) and not weapons.isdisjoint(t.i for t in subjects_of(verb)):
            where = (t for thing in (verb, *children(verb, "dobj")) for word in _ENTERED for t in behind(thing, word))
            found = _bound_for(cast) or _lands(where, cast)
            if found:
                return found
    return []


def _bound_for(cast: Cast) -> list[Participant]:
    """ "It was heading for Israel": the only goal that the article gives weapons in so many words."""
    found: dict[str, Participant] = {}
    goals = lexicon().words("roles", "bound")
    for reading in cast.readings:
        for i, word in enumerate(reading.lower[:-2]):
            if word not in goals or reading.lower[i + 1] not in _GOAL_WORDS:
                continue
            at = next((m for j in (i + 2, i + 3, i + 4) if (m := reading.at.get(j)) is not None), None)
            if at is not None and at.country and at.kind != "person":
                found.setdefault(at.country, cast.participant(at).model_copy(update={"id": at.country}))
    return list(found.values()) if len(found) == 1 else []


def _is_weapon(token: Token, cast: Cast) -> bool:
    lemma = antecedent(token).lemma_.lower()
    return lemma in lexicon().words("roles", "projectile") or "military" in cast.classes(token)


def _downs(verb: Token) -> bool:
    lemma = verb.lemma_.lower()
    if lemma == "shoot":
        return any(c.lower_ == "down" for c in verb.children)
    return lemma in lexicon().words("roles", "intercepting")


def _alarms(verb: Token) -> bool:
    if not any(c.lemma_.lower() in {"siren", "alarm", "alert"} for c in children(verb, "dobj")):
        return False
    return verb.lemma_.lower() in {"trigger", "set", "activate", "prompt", "sound"}


def _speakers(verb: Token) -> Iterator[Token]:
    """Who says so: "was intercepted, the army said"."""
    said = lexicon().words("reporting", "say")
    for above in (verb.head, *children(verb, "parataxis")):
        if is_verbal(above) and above.lemma_.lower() in said and not is_passive(above):
            yield from subjects_of(above)


def _states(tokens: Iterator[Token] | list[Token], cast: Cast) -> list[Participant]:
    found = []
    for t in tokens:
        if cast.classes(t) & {"state", "military", "official"}:
            found += cast.resolve(t)
        elif t.lemma_.lower() in _DEFENCES:
            found += map(cast.participant, cast.owning(t))  # "Saudi air defences"
    return [p for p in found if ":" not in p.id]


def _lands(tokens: Iterator[Token], cast: Cast) -> list[Participant]:
    return [p for t in tokens for m in cast.owning(t) if m.country and ":" not in (p := cast.participant(m)).id]
