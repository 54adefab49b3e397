"""Reads archives as a stream: JSONL (plain or gzip), text files, folders of them, standard input.

A line that cannot be used becomes a `Malformed` with its file and line; it never stops the rest. What one line or one
file holds is decided in `parsing`.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from topics.articles import Article
from workers.archives.parsing import NotAnArticle, article_from_json, article_from_text
from workers.errors import InputError

STDIN = "-"
STDIN_NAME = "<stdin>"
MAX_LINE_BYTES = 16 * 1024 * 1024
"""Longest line, and largest text file, that is read; a longer one is reported and skipped without being held."""

SUFFIXES = (".jsonl", ".jsonl.gz", ".txt")
_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Malformed:
    """What could not be used: `line` counts from 1; it is 0 if the whole file is meant."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def read_paths(
    paths: Sequence[str], *, clock: Clock = utc_now, prose_on_stdin: bool = False
) -> Iterator[Article | Malformed]:
    """Articles of all `paths` in order; see `Archive`. Raises InputError before the first line is read."""
    return iter(Archive(paths, clock=clock, prose_on_stdin=prose_on_stdin))


class Archive:
    """Articles of all `paths` in order; `-` is standard input (JSONL), a folder is read in sorted order, recursively.

    `clock` gives `fetched_at`. With `prose_on_stdin`, standard input that does not begin like JSONL is one article of
    plain text. All paths are looked at here, before the first line is read: raises InputError for a
    missing or unreadable file, for one of an unknown kind, and for a folder without articles.
    """

    def __init__(self, paths: Sequence[str], *, clock: Clock = utc_now, prose_on_stdin: bool = False) -> None:
        self._files = [file for path in paths for file in files_of(path)]
        self._prose_on_stdin = prose_on_stdin
        self._clock = clock
        self._bytes_before = 0
        self._stream: BinaryIO | None = None

    @property
    def files(self) -> Sequence[str]:
        """Every file, in the order in which they are read."""
        return tuple(self._files)

    @property
    def total_bytes(self) -> int | None:
        """Size of all files as they lie on disk; None if a pipe is among them."""
        sizes = [_size(file) for file in self._files]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def bytes_read(self) -> int:
        """How far into `total_bytes` the reading is."""
        return self._bytes_before + (self._stream.tell() if self._stream is not None else 0)

    def __iter__(self) -> Iterator[Article | Malformed]:
        """Read once, from first to last."""
        for file in self._files:
            yield from self._read_file(file)

    def _read_file(self, file: str) -> Iterator[Article | Malformed]:
        if file == STDIN:
            stdin = _buffered(sys.stdin.buffer)
            if self._prose_on_stdin and not _begins_like_jsonl(stdin):
                yield _read_text(stdin, STDIN_NAME, self._clock)
            else:
                yield from _read_jsonl(stdin, STDIN_NAME, self._clock)
            return
        try:
            with Path(file).open("rb") as stream:
                self._stream = stream if stream.seekable() else None
                if file.lower().endswith(".txt"):
                    yield _read_text(stream, file, self._clock)
                else:
                    yield from _read_jsonl(stream, file, self._clock)
                self._bytes_before, self._stream = self.bytes_read, None
        except OSError as error:  # errors of reading are met further down; this is one of opening
            yield Malformed(file, 0, f"cannot be opened: {_why(error)}")


def files_of(path: str) -> list[str]:
    """The files that `path` stands for: itself, or of a folder all archives in it. Raises InputError."""
    if path == STDIN:
        return [path]
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        raise InputError(f"{path}: {_why(error)}", hint="Name files or folders that exist, or - for stdin.") from error
    if stat.S_ISDIR(mode):
        return _files_in(path)
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: permission denied", hint="Make the file readable for this user.")
    # A pipe has no telling name (`tocsin produce <(zcat …)`); it is read as standard input is.
    if stat.S_ISREG(mode) and not _is_archive(path):
        raise InputError(
            f"{path}: unknown kind of file",
            hint=f"Tocsin reads {', '.join(SUFFIXES)}, folders of them, and JSONL from standard input (-).",
        )
    return [path]


def _files_in(folder: str) -> list[str]:
    found: list[str] = []

    def fail(error: OSError) -> None:
        raise InputError(f"{error.filename}: {_why(error)}", hint="Every folder below a named one must be readable.")

    for parent, folders, names in os.walk(folder, onerror=fail):
        folders.sort()
        found.extend(str(Path(parent) / name) for name in names if _is_archive(name) and not name.startswith("."))
    if not found:
        raise InputError(f"{folder}: the folder holds no {', '.join(SUFFIXES)} file", hint="Name another folder.")
    return sorted(found)


def _is_archive(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _size(file: str) -> int | None:
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _read_text(stream: BinaryIO, file: str, clock: Clock) -> Article | Malformed:
    try:
        content = stream.read(MAX_LINE_BYTES + 1)
        if len(content) > MAX_LINE_BYTES:
            return Malformed(file, 0, f"larger than {MAX_LINE_BYTES >> 20} MiB: too long for an article")
        return article_from_text(content, clock())
    except (NotAnArticle, OSError) as error:
        return Malformed(file, 0, _why(error) if isinstance(error, OSError) else str(error))


def _read_jsonl(stream: BinaryIO, file: str, clock: Clock) -> Iterator[Article | Malformed]:
    """Lines as they come, so that a pipe that stays open is followed; nothing but the current line is held."""
    number = 0
    try:
        for number, line in enumerate(_lines(_plain(stream, file)), start=1):
            if line is None:
                yield Malformed(file, number, f"longer than {MAX_LINE_BYTES >> 20} MiB: too long for an article")
            elif line.strip():
                yield _parsed(line, file, number, clock)
    except NotAnArticle as error:
        yield Malformed(file, 0, str(error))
    except EOFError:
        yield Malformed(file, number + 1, "the gzip file ends early: what follows is lost (an interrupted download?)")
    except (OSError, zlib.error) as error:
        yield Malformed(file, number + 1, f"cannot be read on: {_why(error)}")


def _parsed(line: bytes, file: str, number: int, clock: Clock) -> Article | Malformed:
    try:
        return article_from_json(line.removeprefix(_UTF8_BOM) if number == 1 else line, clock())
    except NotAnArticle as error:
        return Malformed(file, number, str(error))


def _buffered(stream: BinaryIO) -> io.BufferedReader:
    if isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(cast(io.RawIOBase, stream))  # a BinaryIO is raw enough


def _begins_like_jsonl(stream: io.BufferedReader) -> bool:
    start = stream.peek(512)
    return start[:2] == _GZIP_MAGIC or start.removeprefix(_UTF8_BOM).lstrip()[:1] in {b"{", b""}


def _plain(stream: BinaryIO, file: str) -> BinaryIO:
    """`stream`, decompressed if its first bytes say gzip. Raises NotAnArticle if the whole file is of no use."""
    buffered = _buffered(stream)
    start = buffered.peek(2)[:2]
    if start == _GZIP_MAGIC:
        return io.BufferedReader(gzip.GzipFile(fileobj=buffered))
    if file.lower().endswith(".gz"):
        raise NotAnArticle("not a gzip file, though its name says so")
    if start in _UTF16_BOMS:
        raise NotAnArticle("UTF-16, expected UTF-8: convert it with `iconv -f UTF-16 -t UTF-8`")
    return buffered


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Lines without their ends; None for one that is too long, whose rest is skipped."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while (rest := stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield None
        else:
            yield line.rstrip(b"\r\n")


def _why(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
