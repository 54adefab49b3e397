"""Labelled texts: one JSON object a line, as described in README.md beside this file."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from topics.annotations import Status
from topics.articles import Article, revision_of


class GoldEvent(BaseModel):
    """One event that a careful reader finds."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: str
    status: Status
    attributed: bool | None = None
    actor: tuple[str, ...] | None = None
    target: tuple[str, ...] | None = None
    place: str | None = None
    trigger: str = ""
    plover: str | None = None


class Allowed(BaseModel):
    """An event that may or may not be found: a right answer either way. Without a status, any status."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: str
    status: Status | None = None


class Item(BaseModel):
    """One labelled text, with the place in its file for messages."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    title: str = ""
    text: str
    published_at: datetime | None = None
    events: tuple[GoldEvent, ...] = ()
    optional: tuple[Allowed, ...] = ()
    asked: frozenset[str] | None = None
    entities: tuple[str, ...] | None = None
    note: str = ""

    def only(self, types: frozenset[str]) -> Item:
        """The item without its labels of other types."""
        return self.model_copy(
            update={
                "events": [event for event in self.events if event.type in types],
                "optional": [allowed for allowed in self.optional if allowed.type in types],
            }
        )

    def asks_for(self, name: str) -> bool:
        """Is an event of this type right or wrong here? Yes, unless the text is labelled for other types only."""
        return self.asked is None or name in self.asked

    def article(self) -> Article:
        """The text as an article; without a date, published on the day that the old test sets use."""
        moment = self.published_at or datetime(2024, 5, 15, 12, tzinfo=UTC)
        return Article(
            id=self.id,
            revision=revision_of(self.title, self.text),
            title=self.title,
            text=self.text,
            published_at=moment,
            fetched_at=moment,
        )


class LabelError(ValueError):
    """A line of a labelled file is wrong; the message names file, line and field."""


def read_items(path: Path, known_types: frozenset[str]) -> Iterator[Item]:
    """The items of a JSONL file (plain or .gz). Raises LabelError for a broken line or an unknown event type."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                item = Item.model_validate_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(step) for step in first["loc"])
                raise LabelError(f"{path}:{number}: {where}: {first['msg']}") from error
            for name in [event.type for event in item.events] + [allowed.type for allowed in item.optional]:
                if not item.asks_for(name):
                    raise LabelError(f"{path}:{number}: `{name}` is labelled, but not among those asked")
                if name not in known_types:
                    raise LabelError(f"{path}:{number}: there is no event type `{name}`")
            yield item
