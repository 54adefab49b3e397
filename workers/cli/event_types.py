"""The event types that patterns may name, from the ontology in force: reading hands its words to watching here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.settings import Settings
    from workers.watch.event_types import EventTypes


def event_types(settings: Settings | None = None) -> EventTypes:
    """Of the built-in ontology and what TOCSIN_ONTOLOGY adds. Raises ConfigurationError if that file is wrong."""
    from workers.annotate.ontology_file import load_ontology
    from workers.settings import load_settings
    from workers.watch.event_types import EventTypes

    ontology = load_ontology((settings or load_settings()).ontology)
    return EventTypes(
        names=frozenset(ontology.types),
        symmetric=frozenset(name for name, found in ontology.types.items() if found.symmetric),
    )
