"""What the annotate step and the process of its reader say to each other: a small header as JSON, then plain bytes.

Articles and annotations are among the bytes, as they lie on their topics: the step hands them on unread.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from workers.errors import ExitCode
from workers.logs import LogFormat

LENGTHS = struct.Struct(">II")
"""Before each message: how long its header is, and how long the bytes after that."""


class Setup(BaseModel):
    """The first message to the reader: what it is to load, and how it writes its log.

    A batch may take `cpu_limit` seconds of the CPU's time; the rules may take `seconds` of them for one article.
    """

    model: str
    ontology: Path | None
    batch_size: int
    seconds: float
    cpu_limit: float
    log_level: Literal["debug", "info", "warning", "error"]
    log_format: LogFormat


class Loaded(BaseModel):
    """Its answer. `problem` is why it cannot work: a setting or a file is wrong; `hint` says what to do.

    `exit_code` tells which error of ours it is.
    """

    problem: str | None = None
    hint: str | None = None
    exit_code: int = ExitCode.OK


class Task(BaseModel):
    """Records to be read, by the lengths of their values; None is a record without one."""

    lengths: tuple[int | None, ...]


class Told(BaseModel):
    """What came of one record: an annotation of `length` bytes, or `error` and why."""

    error: str | None = None
    reason: str = ""
    length: int = 0
    schema_version: int = 0
    article_id: str = ""
    source: str | None = None
    entities: int = 0
    events: int = 0


class Answer(BaseModel):
    """What came of a task, one `Told` for each record, with what is counted; or an error of ours in `failure`."""

    told: tuple[Told, ...] = ()
    langs: dict[str, int] = {}
    events: tuple[tuple[str, str, int], ...] = ()
    copies: int = 0
    repeated_sentences: int = 0
    failure: str | None = None
    traceback: str = ""


def message(header: BaseModel, body: bytes = b"") -> bytes:
    """The bytes to send."""
    head = header.model_dump_json(exclude_defaults=True).encode()
    return b"".join((LENGTHS.pack(len(head), len(body)), head, body))


def task(values: Sequence[bytes | None]) -> bytes:
    """The message that asks to read `values`."""
    lengths = tuple(None if value is None else len(value) for value in values)
    return message(Task(lengths=lengths), b"".join(value for value in values if value))


def cut(body: bytes, lengths: Sequence[int | None]) -> Iterator[bytes | None]:
    """The pieces of a body."""
    start = 0
    for length in lengths:
        yield None if length is None else body[start : start + length]
        start += length or 0
