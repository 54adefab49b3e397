"""Annotations that `tocsin annotate` or a topic dump left in files: JSONL, plain or gzip. Articles are in `readers`."""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, cast

from pydantic import Field

from topics.annotations import Annotation, Entity, Fingerprint, Span
from topics.codec import DecodeError, decode
from workers.archives.readers import MAX_LINE_BYTES, STDIN_NAME, Malformed
from workers.errors import InputError

_GZIP_MAGIC = b"\x1f\x8b"
_BEGINS = re.compile(rb'\s*\{[^{}]{0,400}?"article_id"\s*:')
"""The beginning of an annotation: of a pipe no more may be looked at than has come."""


class _Named(Entity):
    """An entity of which only the id is asked: its mentions are most of an annotation."""

    mentions: tuple[Span, ...] = Field(default=(), validation_alias="\0 not read")


class _Unweighted(Fingerprint):
    """A fingerprint without the terms by which stories are found."""

    terms: dict[str, float] = Field(default_factory=dict, validation_alias="\0 not read")


class Sketch(Annotation):
    """An annotation without its mentions and terms: all that patterns ask for, in two thirds of the time."""

    entities: tuple[_Named, ...] = ()
    fingerprint: _Unweighted


def stdin_holds_annotations() -> bool:
    """Whether standard input begins with an annotation; nothing of it is used up."""
    start = _stdin().peek(4096)
    if start[:2] == _GZIP_MAGIC:
        start = zlib.decompressobj(wbits=31).decompress(start, 4096)
    return _BEGINS.match(start) is not None


def _stdin() -> io.BufferedReader:
    return cast(io.BufferedReader, sys.stdin.buffer)


def read_stdin(form: type[Annotation] = Annotation) -> Iterator[Annotation | Malformed]:
    """The annotations on standard input, JSONL, plain or gzip, in the `form` that is needed."""
    stdin = _stdin()
    zipped = stdin.peek(2)[:2] == _GZIP_MAGIC
    yield from _read(gzip.GzipFile(fileobj=stdin) if zipped else stdin, STDIN_NAME, form)


def holds_annotations(path: Path) -> bool:
    """Whether the first line of a file is an annotation, and not an article. Raises InputError if it cannot be read."""
    try:
        with _opened(path) as lines:
            first = next((line for line in lines if line.strip()), b"")
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: {error}", hint="Name a JSONL file of articles or of annotations.") from error
    try:
        found = json.loads(first)
    except ValueError:
        return False
    return isinstance(found, dict) and "article_id" in found and "event_time" in found


def read_annotations(paths: Sequence[Path], form: type[Annotation] = Annotation) -> Iterator[Annotation | Malformed]:
    """The annotations of all files in order, in the `form` needed; a line that is none becomes a `Malformed`."""
    for path in paths:
        try:
            with _opened(path) as lines:
                yield from _read(lines, str(path), form)
        except OSError as error:
            yield Malformed(str(path), 0, f"cannot be opened: {error}")


def _read(lines: Iterable[bytes], name: str, form: type[Annotation]) -> Iterator[Annotation | Malformed]:
    number = 0
    try:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _parsed(line, name, number, form)
    except (OSError, EOFError, zlib.error) as error:
        yield Malformed(name, number + 1, f"cannot be read on: {error}")


def _parsed(line: bytes, name: str, number: int, form: type[Annotation]) -> Annotation | Malformed:
    try:
        return decode(form, line, max_bytes=MAX_LINE_BYTES)
    except DecodeError as error:
        return Malformed(name, number, error.reason)


def _opened(path: Path) -> IO[bytes]:
    stream = path.open("rb")
    start = stream.read(2)
    stream.seek(0)
    return gzip.GzipFile(fileobj=stream) if start == _GZIP_MAGIC else stream  # type: ignore[return-value]  # reads bytes, too
