"""Which event types patterns may name, and which of them have parties rather than an actor and a target.

The reading step's ontology is the authority: the command line hands it over (steps do not import each other). What
stands here is the default ontology's list, for whoever has none at hand.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventTypes:
    """The names that an ontology knows. Of a `symmetric` type all parties count as actors: a summit has no target."""

    names: frozenset[str]
    symmetric: frozenset[str]


_NAMES = """
missile_launch nuclear_test space_launch weapons_display military_exercise troop_movement armed_attack
ceasefire arms_transfer summit official_visit talks diplomatic_message agreement statement_of_support
condemnation denial appeal threat sanctions sanctions_relief relations_cut recognition aid protest arrest
election leadership_change cyber_attack disaster disease_outbreak
cooperation pledge concession release surrender restriction seizure expulsion abuse investigation asylum aid_cut boycott
apology
"""

DEFAULT_EVENT_TYPES = EventTypes(
    names=frozenset(_NAMES.split()),
    symmetric=frozenset({"summit", "talks", "agreement", "ceasefire"}),
)
