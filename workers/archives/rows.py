"""By what a file is known again, however it grew: its place, its first bytes, and the last ones that it had."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Protocol

from workers.archives.formats import STDIN

_KNOWN_BYTES = 4096
"""Of the first bytes, and of the last that a file had."""

Known = list[int | str]
"""By what a row is known again: a short JSON value."""


class Row(Protocol):
    """A part of an archive whose items are numbered by themselves: a file, or a partition of a topic."""

    items: int | None
    """How many it holds, once it was read to its end and all of it was whole."""
    done_with: bool
    """Whether a mark says that all of it is done, as it is now: there is nothing to read in it."""

    @property
    def name(self) -> str:
        """The same at every reading."""

    @property
    def other(self) -> str:
        """What to say if another has taken its place."""

    def known(self) -> Known | None:
        """By what it is known again; None if there is nothing."""

    def is_still(self, known: Known, *, done_with: bool) -> bool:
        """Whether it is what was known then, or has grown out of it. `done_with`: all that was known then."""


class FileRow:
    """One file of an archive. Whoever reads it lets it `look` at what is read, so that no other file is looked at."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.items: int | None = None
        self.done_with = False
        self._known: Known | None = None

    @property
    def name(self) -> str:
        """Its absolute path."""
        return str(Path(self.file).resolve()) if self.file != STDIN and Path(self.file).exists() else self.file

    @property
    def other(self) -> str:
        """What to say if another has taken its place."""
        return f"{self.file}: it has changed since, or another file has taken its place"

    def look(self, descriptor: int, size: int | None = None) -> None:
        """Know the open file by what it holds now, or by its first `size` bytes."""
        try:
            self._known = _known_of(descriptor, os.fstat(descriptor).st_size if size is None else size)
        except OSError:  # a pipe
            self._known = None

    def known(self) -> Known | None:
        """Its size, and what it begins and ends with; None for a pipe, or one that is gone."""
        if self._known is None:
            try:
                with Path(self.file).open("rb") as stream:
                    self.look(stream.fileno())
            except OSError:
                return None  # whoever reads it says so
        return self._known

    def is_still(self, known: Known, *, done_with: bool) -> bool:
        """Whether it begins with what was known then."""
        try:
            with Path(self.file).open("rb") as stream:
                size, then = os.fstat(stream.fileno()).st_size, int(known[0])
                same = size >= then and _known_of(stream.fileno(), then) == known
        except OSError:
            return True  # it cannot be read; whoever reads it says so
        if same:
            self._known, self.done_with = known, done_with and size == then
        return same


def _known_of(descriptor: int, size: int) -> Known:
    head = os.pread(descriptor, min(size, _KNOWN_BYTES), 0)
    tail = os.pread(descriptor, min(size, _KNOWN_BYTES), max(0, size - _KNOWN_BYTES))
    return [size, _hash(head), _hash(tail)]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
