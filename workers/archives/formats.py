"""What a file holds, told by its name or by the user. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

STDIN = "-"
MAX_ITEM_BYTES = 16 * 1024 * 1024
"""Largest line, row, message, page or text file that is read; what is longer is told and skipped without being held."""

FIELDS = ("id", "title", "text", "published_at", "url", "source", "lang", "tags", "feed")
"""Of an article, as a table may give them."""

QUIET_SECONDS = 60.0
"""Whoever writes a message does not pause for so long in the middle of it."""

SETTLED_SECONDS = 86_400.0
"""To a file that nobody has written to for so long, nobody will. A slow wire fills its buffer in hours."""

Clock = Callable[[], datetime]


class Format(StrEnum):
    """Kinds of archives."""

    AUTO = "auto"
    JSONL = "jsonl"
    CSV = "csv"
    TEXT = "text"
    HTML = "html"
    WARC = "warc"
    MBOX = "mbox"
    EML = "eml"


_SUFFIXES: dict[Format, tuple[str, ...]] = {
    Format.JSONL: (".jsonl", ".ndjson"),
    Format.CSV: (".csv", ".tsv"),
    Format.TEXT: (".txt",),
    Format.HTML: (".html", ".htm", ".xhtml"),
    Format.WARC: (".warc",),
    Format.MBOX: (".mbox",),
    Format.EML: (".eml",),
}
COMPRESSED = (".gz", ".zst")
"""What may follow: `news.csv.zst`."""

SHOWN = ", ".join(suffix for each in _SUFFIXES.values() for suffix in each)


def format_of(name: str) -> Format | None:
    """By the end of a file's name; None for an unknown one."""
    plain = name.lower()
    for suffix in COMPRESSED:
        plain = plain.removesuffix(suffix)
    return next((each for each, suffixes in _SUFFIXES.items() if plain.endswith(suffixes)), None)


@dataclass(frozen=True, slots=True)
class Form:
    """How files are to be read. `columns` gives, for a field of an article, the name or number of a table's column."""

    format: Format = Format.AUTO
    columns: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> Format | None:
        """The format of the file of this name; None if nobody knows."""
        return format_of(name) if self.format is Format.AUTO else self.format


AUTO = Form()


def parse_columns(words: str) -> dict[str, str]:
    """From "title=headline,text=body". Raises ValueError for what is no such list."""
    found: dict[str, str] = {}
    for word in words.split(","):
        name, equals, column = (each.strip() for each in word.partition("="))
        if not equals or not column:
            raise ValueError(f"expected FIELD=COLUMN, found {word.strip()!r}")
        if name not in FIELDS:
            raise ValueError(f"an article has no field {name!r}; it has {', '.join(FIELDS)}")
        if name in found:
            raise ValueError(f"{name!r} is given twice")
        found[name] = column
    return found


@dataclass(frozen=True, slots=True)
class Malformed:
    """What could not be used: `line` counts from 1; it is 0 if the whole file is meant.

    Of a WARC it is the number of the record. `unfinished`: the file ends here, and may just be being written.
    """

    file: str
    line: int
    reason: str
    unfinished: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Context:
    """What a reader of one file is told. `limit` is the size in bytes of the largest item, `finished` that nothing more
    will be written to the file; `age` tells for how many seconds nobody has written to it.
    """

    file: str
    clock: Clock
    limit: int = MAX_ITEM_BYTES
    columns: dict[str, str] = field(default_factory=dict)
    finished: bool = True
    age: Callable[[], float] = lambda: math.inf

    @property
    def may_grow(self) -> bool:
        """Whether what looks half at the end of the file may become whole."""
        return not self.finished and self._within(SETTLED_SECONDS)

    @property
    def is_being_written(self) -> bool:
        """Whether even what looks whole at the end of the file may be half of something."""
        return not self.finished and self._within(QUIET_SECONDS)

    def _within(self, seconds: float) -> bool:
        # A moment that is still to come says nothing: clocks differ.
        return self.age() < seconds

    def half_written(self, line: int, what: str) -> Malformed:
        """The end of this file, which somebody may still be writing."""
        hint = "it is left for the next time (with --finished, it is taken as it is)"
        return self.malformed(line, f"{what}: it may be half written, and {hint}", cut=True)

    def malformed(self, line: int, reason: str, *, cut: bool = False) -> Malformed:
        """Something in this file that is no article; `cut`: the file ends in the middle of it."""
        return Malformed(self.file, line, reason, unfinished=cut and self._within(SETTLED_SECONDS))

    @property
    def too_long(self) -> str:
        """Of an item over the limit."""
        return f"longer than {self.limit / 2**20:g} MiB: too long for an article"


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)
