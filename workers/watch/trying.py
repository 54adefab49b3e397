"""What the rules of a pattern make of one event, in words: why a rule selects it, or why it does not. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from workers.watch.patterns import Selection
from workers.watch.sightings import Happening, Sighting


def refusals(rule: Selection, sighting: Sighting, happening: Happening) -> Iterator[str]:
    """All that keeps `rule` from selecting `happening`; nothing if it does. As `sightings.selects` has it."""
    if happening.type not in rule.types:
        yield f"type is {happening.type}; asked for is {_any(rule.types)}"
    if happening.status not in rule.statuses:
        yield f"status is {happening.status}; asked for is {_any(rule.statuses)}"
    if happening.confidence < rule.min_confidence:
        yield f"confidence is {happening.confidence:.2f}; asked for is {rule.min_confidence:g} or more"
    for name, asked, found in (
        ("actor", rule.actors, happening.actors),
        ("target", rule.targets, happening.targets),
        ("place", rule.places, (happening.place,) if happening.place else ()),
        ("entity", rule.entities, sighting.entities),
        ("source", rule.sources, (sighting.source,) if sighting.source else ()),
        ("tag", rule.tags, sighting.tags),
    ):
        if asked and asked.isdisjoint(found):
            yield f"{name} is {_any(found)}; asked for is {_any(asked)}"
    if rule.texts and rule.texts.isdisjoint(happening.said):
        yield f"neither title nor sentence says {' or '.join(repr(text) for text in sorted(rule.texts))}"


def _any(values: frozenset[str] | tuple[str, ...]) -> str:
    return " or ".join(sorted(values)[:5]) + (" or …" if len(values) > 5 else "") if values else "nobody or nothing"
