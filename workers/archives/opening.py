"""What a command's paths name: files and folders, standard input, or a Kafka topic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from workers.archives.formats import AUTO, Form
from workers.archives.numbers import Numbered
from workers.archives.readers import Archive
from workers.archives.rows import Row
from workers.archives.topic import PREFIX, TopicArchive
from workers.errors import InputError
from workers.settings import Settings


class Source(Protocol):
    """Articles with numbers that are the same at every reading."""

    @property
    def rows(self) -> Sequence[Row]:
        """What it is made of; by these a checkpoint knows it again."""

    @property
    def total_bytes(self) -> int | None:
        """Size, if it is known."""

    @property
    def bytes_read(self) -> int:
        """How far into `total_bytes` the reading is."""

    def __iter__(self) -> Iterator[Numbered]:
        """Read once, from first to last."""


def opened(settings: Settings, paths: Sequence[str], form: Form = AUTO, *, finished: bool = True) -> Source:
    """The source that `paths` name, its files read as `form` says; `finished`: see `Archive`.

    Raises InputError; Unreachable for a topic.
    """
    topics = [path for path in paths if path.startswith(PREFIX)]
    if not topics:
        return Archive(paths, form=form, finished=finished)
    if len(paths) > 1:
        raise InputError(f"{topics[0]}: a topic is read alone.", hint="Name one topic, or files and folders.")
    return TopicArchive(settings, topics[0].removeprefix(PREFIX))


def refuse_own_topic(settings: Settings, source: Source) -> None:
    """What is read from `articles` must not be written to it: it would never end. Raises InputError."""
    if isinstance(source, TopicArchive) and source.topic in settings.topics.all():
        raise InputError(
            f"{PREFIX}{source.topic}: these articles are in the pipeline already.",
            hint="`tocsin replay topic:articles` plays them through one of its own.",
        )
