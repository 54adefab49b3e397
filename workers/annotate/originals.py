"""From a mended text back to the article as it came: entities and events whose offsets fit the original."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from topics.annotations import Entity, Event, Span
from workers.annotate.characters import Offsets, mend
from workers.annotate.spacing import is_spaced

_S = TypeVar("_S", bound=Span)


class Originals:
    """The parts of an article that were mended: their original texts, and the offsets into them."""

    def __init__(self, parts: Mapping[str, tuple[str, Offsets]]) -> None:
        self._parts = parts

    @classmethod
    def mending(cls, title: str, text: str) -> tuple[str, str, Originals]:
        """Title and text as they are read, and the way back."""
        parts: dict[str, tuple[str, Offsets]] = {}
        mended: list[str] = []
        spaced = is_spaced(text)
        for name, raw in (("title", title), ("text", text)):
            made, offsets = mend(raw, spaced=spaced)
            mended.append(made)
            if offsets is not None:
                parts[name] = (raw, offsets)
        return mended[0], mended[1], cls(parts)

    def __bool__(self) -> bool:
        return bool(self._parts)

    def entities(self, entities: Iterable[Entity]) -> tuple[Entity, ...]:
        """`entities`, their mentions in the original."""
        return tuple(
            entity.model_copy(update={"mentions": tuple(self._span(one) for one in entity.mentions)})
            for entity in entities
        )

    def events(self, events: Iterable[Event]) -> list[Event]:
        """`events`, their spans in the original."""
        return [
            event.model_copy(
                update={
                    "trigger": self._span(event.trigger),
                    "sentence": self._span(event.sentence),
                    "actor": tuple(self._span(one) for one in event.actor),
                    "target": tuple(self._span(one) for one in event.target),
                }
            )
            for event in events
        ]

    def _span(self, span: _S) -> _S:
        if span.part not in self._parts:
            return span
        original, offsets = self._parts[span.part]
        start, end = offsets.start(span.start), offsets.end(span.end)
        return span.model_copy(update={"start": start, "end": end, "text": original[start:end]})
