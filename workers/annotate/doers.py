"""Who did what an article tells of nobody's: the one doer of its kind that the article names.

"Iran test-fired a missile on Monday. The weapon was last launched in 2019" — that was Iran, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from topics.annotations import Event, Participant
from workers.annotate.ontology import Ontology


def with_doers(events: Sequence[Event], ontology: Ontology) -> list[Event]:
    """`events`, those of a type with `one_doer` that have no actor with that of the others, if all have the same."""
    doers = {name: _doer(events, name) for name in {event.type for event in events if ontology[event.type].one_doer}}
    return [
        event.model_copy(update={"actor": doer}) if not event.actor and (doer := doers.get(event.type, ())) else event
        for event in events
    ]


def _doer(events: Sequence[Event], name: str) -> tuple[Participant, ...]:
    """The actor of all events of the type that name one; nobody if they differ, or if it is also struck by one."""
    told = [event for event in events if event.type == name]
    named = [event.actor for event in told if event.actor]
    if len({tuple(sorted(p.id for p in actor)) for actor in named}) != 1:
        return ()
    struck = {p.id for event in told for p in event.target}
    return () if struck & {p.id for p in named[0]} else named[0]
