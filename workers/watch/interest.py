"""Which patterns an annotation concerns: an index, so that a hundred patterns do not cost a hundred times one. Pure.

Patterns are found by what their rules ask for: type and status of an event, then its actor, if the rule names any. What
else a rule asks for is looked at by `sightings`; too many found costs time, too few would be wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from topics.annotations import Annotation, Event
from workers.watch.patterns import Pattern, Selection

_Places = dict[int, None]
"""Places of patterns in their list, in order of being found: a set that keeps its order."""


class Interest:
    """An index of patterns. It keeps their order."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = patterns
        self._by_type: dict[str, list[int]] = defaultdict(list)
        self._by_status: dict[tuple[str, str], _Places] = defaultdict(dict)
        self._by_actor: dict[tuple[str, str, str], _Places] = defaultdict(dict)
        for place, pattern in enumerate(patterns):
            for type_ in pattern.types:
                self._by_type[type_].append(place)
            for rule in pattern.selections:
                self._add(place, rule)

    def _add(self, place: int, rule: Selection) -> None:
        for type_ in rule.types:
            for status in rule.statuses:
                if not rule.actors:
                    self._by_status[type_, status][place] = None
                for actor in rule.actors:
                    self._by_actor[type_, status, actor][place] = None

    def in_types(self, types: Iterable[str]) -> list[Pattern]:
        """Patterns that any event of these types may concern: for articles of which an earlier revision is known."""
        places = {place for type_ in types for place in self._by_type.get(type_, ())}
        return [self._patterns[place] for place in sorted(places)]

    def in_annotation(self, annotation: Annotation) -> list[Pattern]:
        """Patterns of which a rule may select one of the events."""
        places: _Places = {}
        for event in annotation.events:
            if event.type in self._by_type:
                self._find(event, places)
        return [self._patterns[place] for place in sorted(places)]

    def _find(self, event: Event, places: _Places) -> None:
        key = event.type, event.status
        if key in self._by_status:
            places |= self._by_status[key]
        # Of a symmetric type the targets are actors too; of another one, a rule finds nothing there.
        for participant in (*event.actor, *event.target):
            found = self._by_actor.get((*key, participant.id))
            if found is not None:
                places |= found
