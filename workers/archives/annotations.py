"""Annotations that `tocsin annotate` or a topic dump left in files: JSONL, plain or gzip. Articles are in `readers`."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from topics.annotations import Annotation
from topics.codec import DecodeError, decode
from workers.archives.readers import MAX_LINE_BYTES, Malformed
from workers.errors import InputError

_GZIP_MAGIC = b"\x1f\x8b"


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


def read_annotations(paths: Sequence[Path]) -> Iterator[Annotation | Malformed]:
    """The annotations of all files in order; a line that is none becomes a `Malformed`."""
    for path in paths:
        number = 0
        try:
            with _opened(path) as lines:
                for number, line in enumerate(lines, start=1):
                    if line.strip():
                        yield _parsed(line, path, number)
        except (OSError, EOFError, zlib.error) as error:
            yield Malformed(str(path), number + 1, f"cannot be read on: {error}")


def _parsed(line: bytes, path: Path, number: int) -> Annotation | Malformed:
    try:
        return decode(Annotation, line, max_bytes=MAX_LINE_BYTES)
    except DecodeError as error:
        return Malformed(str(path), number, error.reason)


def _opened(path: Path) -> IO[bytes]:
    stream = path.open("rb")
    start = stream.read(2)
    stream.seek(0)
    return gzip.GzipFile(fileobj=stream) if start == _GZIP_MAGIC else stream  # type: ignore[return-value]  # reads bytes, too
