"""Reads archives as a stream: files of many formats, folders of them, standard input.

What cannot be used becomes a `Malformed` with its file and line; it never stops the rest. What one item holds is
decided in `parsing`, `tables`, `mail` and `pages`; nothing but the current item is held.
"""

from __future__ import annotations

import io
import os
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from topics.articles import Article
from workers.archives.formats import (
    AUTO,
    COMPRESSED,
    MAX_ITEM_BYTES,
    SHOWN,
    STDIN,
    Clock,
    Context,
    Form,
    Format,
    Malformed,
    utc_now,
)
from workers.archives.mail import read_mbox, read_message
from workers.archives.numbers import Numbered, number_of
from workers.archives.pages import PageProcess, read_page, read_warc
from workers.archives.parsing import NotAnArticle, article_from_json, article_from_text
from workers.archives.rows import FileRow
from workers.archives.streams import (
    BROKEN_STREAM,
    GZIP_MAGIC,
    ZSTD_MAGIC,
    BrokenStreamError,
    buffered,
    lines,
    plain,
    whole,
    why_broken,
)
from workers.archives.tables import read_table
from workers.errors import InputError

__all__ = ["MAX_LINE_BYTES", "STDIN", "Archive", "Clock", "Malformed", "files_of", "read_paths", "utc_now"]

STDIN_NAME = "<stdin>"
MAX_LINE_BYTES = MAX_ITEM_BYTES

_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


def read_paths(
    paths: Sequence[str], *, clock: Clock = utc_now, prose_on_stdin: bool = False, form: Form = AUTO
) -> Iterator[Article | Malformed]:
    """Articles of all `paths` in order; see `Archive`. Raises InputError before the first line is read."""
    archive = Archive(paths, clock=clock, prose_on_stdin=prose_on_stdin, form=form)
    return (each.item for each in archive)


class Archive:
    """Articles of all `paths` in order; `-` is standard input, a folder is read in sorted order, recursively.

    `clock` gives `fetched_at`, `form` says how files are to be read: by their names, if it does not. Standard input is
    JSONL then; with `prose_on_stdin`, what does not begin like JSONL is one article of plain text. All paths are looked
    at here, before the first line is read: raises InputError for a missing or unreadable file, for one of an unknown
    kind, and for a folder without articles. At every reading of the same file its items are the same, in number too.
    Unless they are `finished`, what a file ends with is no article if it may be half written.
    """

    def __init__(
        self,
        paths: Sequence[str],
        *,
        clock: Clock = utc_now,
        prose_on_stdin: bool = False,
        form: Form = AUTO,
        finished: bool = True,
    ) -> None:
        self._rows = [FileRow(file) for path in paths for file in files_of(path, form)]
        self._prose_on_stdin = prose_on_stdin
        self._clock = clock
        self._form = form
        self._finished = finished
        self._bytes_before = 0
        self._stream: BinaryIO | None = None

    @property
    def rows(self) -> Sequence[FileRow]:
        """Every file, in the order in which they are read."""
        return tuple(self._rows)

    @property
    def total_bytes(self) -> int | None:
        """Size of all files as they lie on disk; None if a pipe is among them."""
        sizes = [_size(row.file) for row in self._rows]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def bytes_read(self) -> int:
        """How far into `total_bytes` the reading is."""
        return self._bytes_before + (self._stream.tell() if self._stream is not None else 0)

    def __iter__(self) -> Iterator[Numbered]:
        """Read once, from first to last, without the files that a mark is done with."""
        pages = PageProcess()
        try:
            for place, row in enumerate(self._rows):
                if row.done_with:
                    self._bytes_before += _size(row.file) or 0
                    continue
                count, whole = 0, True
                for count, item in enumerate(self._read_file(row, pages), start=1):
                    whole = not (isinstance(item, Malformed) and item.unfinished)
                    yield Numbered(number_of(place, count - 1), item)
                row.items = count if whole else None
        finally:
            pages.close()

    def _read_file(self, row: FileRow, pages: PageProcess) -> Iterator[Article | Malformed]:
        if row.file == STDIN:
            yield from self._read_stdin(pages)
            return
        context = Context(row.file, self._clock, MAX_LINE_BYTES, self._form.columns, self._finished)
        try:
            with Path(row.file).open("rb") as stream:
                self._stream = stream if stream.seekable() else None
                row.look(stream.fileno())
                context = replace(context, age=partial(_age, stream.fileno()))
                yield from _read(stream, self._form.of(row.file) or Format.JSONL, context, pages)
                if self._stream is not None:
                    row.look(stream.fileno(), stream.tell())  # what was written since is not read
                self._bytes_before, self._stream = self.bytes_read, None
        except OSError as error:  # errors of reading are met further down; this is one of opening
            problem = f"cannot be opened: {error.strerror or error}"
            yield Malformed(row.file, 0, problem, unfinished=True)

    def _read_stdin(self, pages: PageProcess) -> Iterator[Article | Malformed]:
        context = Context(STDIN_NAME, self._clock, MAX_LINE_BYTES, self._form.columns)
        stdin = buffered(sys.stdin.buffer)
        form = self._form.format
        if form is Format.AUTO:
            form = Format.TEXT if self._prose_on_stdin and not _begins_like_jsonl(stdin) else Format.JSONL
        yield from _read(stdin, form, context, pages)


def _age(descriptor: int) -> float:
    """For how many seconds nobody has written to the open file."""
    return time.time() - os.fstat(descriptor).st_mtime


def files_of(path: str, form: Form = AUTO) -> list[str]:
    """The files that `path` stands for: itself, or of a folder all archives in it. Raises InputError."""
    if path == STDIN:
        return [path]
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        raise InputError(f"{path}: {_why(error)}", hint="Name files or folders that exist, or - for stdin.") from error
    if stat.S_ISDIR(mode):
        return _files_in(path, form)
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: permission denied", hint="Make the file readable for this user.")
    # A pipe has no telling name (`tocsin produce <(zcat …)`); it is read as standard input is.
    if stat.S_ISREG(mode) and form.of(path) is None:
        raise InputError(
            f"{path}: unknown kind of file",
            hint=f"Tocsin reads {SHOWN} ({' or '.join(COMPRESSED)} behind it), folders of them, and JSONL from "
            "standard input (-). `produce --format` says what a file of another name is.",
        )
    return [path]


def _files_in(folder: str, form: Form) -> list[str]:
    found: list[str] = []

    def fail(error: OSError) -> None:
        raise InputError(f"{error.filename}: {_why(error)}", hint="Every folder below a named one must be readable.")

    for parent, folders, names in os.walk(folder, onerror=fail):
        folders.sort()
        wanted = (Path(parent) / name for name in names if form.of(name) and not name.startswith("."))
        found.extend(str(path) for path in wanted if _may_end(path))
    if not found:
        raise InputError(f"{folder}: the folder holds no {SHOWN} file", hint="Name another folder, or a --format.")
    return sorted(found)


def _may_end(path: Path) -> bool:
    """No pipe or device, which may keep us waiting for ever; a link to nowhere is told when it is opened."""
    return path.is_file() or not path.exists()


def _size(file: str) -> int | None:
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _read(stream: BinaryIO, form: Format, context: Context, pages: PageProcess) -> Iterator[Article | Malformed]:
    """The items of one file; what breaks in the middle of it is the last of them."""
    try:
        yield from _items(plain(stream, context.file), form, context, pages)
    except NotAnArticle as error:
        yield context.malformed(0, str(error), cut=True)
    except BrokenStreamError as error:
        yield context.malformed(error.line, str(error), cut=True)
    except BROKEN_STREAM as error:
        yield context.malformed(0, why_broken(error), cut=True)


def _items(
    stream: io.BufferedReader, form: Format, context: Context, pages: PageProcess
) -> Iterator[Article | Malformed]:
    if form is Format.HTML:
        return read_page(stream, context, pages)
    if form is Format.WARC:
        return read_warc(stream, context, pages)
    return _READERS.get(form, _read_jsonl)(stream, context)


def _read_text(stream: io.BufferedReader, context: Context) -> Iterator[Article | Malformed]:
    content = whole(stream, context.limit)
    if content is None:
        yield context.malformed(0, f"larger than {context.limit >> 20} MiB: too long for an article")
        return
    try:
        yield article_from_text(content, context.clock())
    except NotAnArticle as error:
        yield context.malformed(0, str(error))


def _read_jsonl(stream: io.BufferedReader, context: Context) -> Iterator[Article | Malformed]:
    """Lines as they come, so that a pipe that stays open is followed."""
    if stream.peek(2)[:2] in _UTF16_BOMS:
        raise NotAnArticle("UTF-16, expected UTF-8: convert it with `iconv -f UTF-16 -t UTF-8`")
    for number, line in enumerate(lines(stream, context.limit), start=1):
        if line is None:
            yield context.malformed(number, context.too_long)
        elif line.strip():
            yield _parsed(line.rstrip(b"\r\n"), number, context, ended=line.endswith(b"\n"))


def _parsed(line: bytes, number: int, context: Context, *, ended: bool) -> Article | Malformed:
    try:
        return article_from_json(line.removeprefix(_UTF8_BOM) if number == 1 else line, context.clock())
    except NotAnArticle as error:
        return context.malformed(number, str(error), cut=not ended)


_READERS = {
    Format.CSV: read_table,
    Format.TEXT: _read_text,
    Format.MBOX: read_mbox,
    Format.EML: read_message,
}


def _begins_like_jsonl(stream: io.BufferedReader) -> bool:
    start = stream.peek(512)
    packed = start.startswith((GZIP_MAGIC, ZSTD_MAGIC))
    return packed or start.removeprefix(_UTF8_BOM).lstrip()[:1] in {b"{", b""}


def _why(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
