"""Who did what an article tells of nobody's: the one doer of its kind that the article names, else its only country.

"Iran test-fired a missile on Monday. The weapon was last launched in 2019": that was Iran, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from topics.annotations import Event, Participant
from workers.annotate.actors import Cast
from workers.annotate.ontology import DEFAULT_ACTOR, Ontology, Trigger

Told = tuple[Event, Trigger]
"""An event and the trigger that told it."""


def with_doers(told: Sequence[Told], cast: Cast, ontology: Ontology) -> list[Event]:
    """The events of `told`. Those of a type with `one_doer` that have no actor get that of the others of their type.

    Others that differ give none. If there are none, the only country that the article names did it, where words told it
    whose subject is who acts, and not what flew ("was tested", but not "struck a house").
    """
    events = [event for event, _ in told]
    loose = [event for event in events if not event.actor and ontology[event.type].one_doer]
    if not loose:
        return events
    doers = {name: _doer(events, name) for name in {event.type for event in loose}}
    alone = _only_country(cast) if not all(doers.values()) else ()
    made = []
    for event, trigger in told:
        doer: tuple[Participant, ...] = ()
        if not event.actor and event.type in doers:
            named = any(other.actor for other in events if other.type == event.type)
            doer = doers[event.type] if named else alone if _is_open(event, trigger) else ()
        taken = {p.id for p in event.target}
        made.append(
            event.model_copy(update={"actor": doer}) if doer and taken.isdisjoint(p.id for p in doer) else event
        )
    return made


def _doer(events: Sequence[Event], name: str) -> tuple[Participant, ...]:
    """The actor of all events of the type that name one; nobody if they differ, or if it is also struck by one."""
    told = [event for event in events if event.type == name]
    named = [event.actor for event in told if event.actor]
    if len({tuple(sorted(p.id for p in actor)) for actor in named}) != 1:
        return ()
    struck = {p.id for event in told for p in event.target}
    return () if struck & {p.id for p in named[0]} else named[0]


def _is_open(event: Event, trigger: Trigger) -> bool:
    """May anybody whom the article names have done it: no claim of others, and not what a weapon did by itself?"""
    return trigger.actor == DEFAULT_ACTOR[trigger.kind] and not (event.attributed or event.target)


def _only_country(cast: Cast) -> tuple[Participant, ...]:
    found = {m.country: m for reading in cast.readings for m in reading.mentions if m.country and m.sort != "igo"}
    if len(found) != 1:
        return ()
    ((country, mention),) = found.items()
    return (cast.participant(mention).model_copy(update={"id": country}),)
