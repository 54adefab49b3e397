"""Bytes of an archive as a stream: gzip or Zstandard taken off, and lines that are never longer than a limit."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from workers.archives.parsing import NotAnArticle

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

BROKEN_STREAM = (OSError, EOFError, zlib.error, zstd.ZstdError)
"""What reading a compressed file may raise in the middle."""

_ZSTD_WINDOW_LOG = 27
"""128 MiB, what `zstd` itself reads without being told `--long`."""


class BrokenStreamError(Exception):
    """Reading cannot go on at `line`."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def buffered(stream: BinaryIO) -> io.BufferedReader:
    """`stream`, so that one may look at its first bytes."""
    if isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(cast(io.RawIOBase, stream))  # a BinaryIO is raw enough


class Pieces(io.RawIOBase):
    """A stream piece by piece, each as `changed` makes it of the same length.

    What came before a broken place of a compressed stream is so given before the error is.
    """

    def __init__(self, stream: io.BufferedIOBase, changed: Callable[[bytes], bytes] = bytes) -> None:
        self._stream = stream
        self._changed = changed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # Buffer, from 3.12 on
        view = memoryview(buffer).cast("B")
        piece = self._changed(self._stream.read1(len(view)))
        view[: len(piece)] = piece
        return len(piece)


def plain(stream: BinaryIO, file: str) -> io.BufferedReader:
    """`stream`, decompressed if its first bytes say so. Raises NotAnArticle if only the name of the file says so."""
    looked = buffered(stream)
    start = looked.peek(4)
    if start[:2] == GZIP_MAGIC:
        return io.BufferedReader(Pieces(gzip.GzipFile(fileobj=looked)))
    if start[:4] == ZSTD_MAGIC:
        options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
        return io.BufferedReader(Pieces(zstd.ZstdFile(looked, options=options)))
    for suffix, name in ((".gz", "gzip"), (".zst", "Zstandard")):
        if file.lower().endswith(suffix):
            raise NotAnArticle(f"not a {name} file, though its name says so")
    return looked


def lines(stream: BinaryIO, limit: int) -> Iterator[bytes | None]:
    """Lines with their ends; None for one that is longer than `limit` bytes, whose rest is skipped.

    Raises BrokenStreamError.
    """
    number = 1
    try:
        while line := stream.readline(limit + 1):
            if len(line) > limit and len(line.rstrip(b"\r\n")) > limit:
                while not line.endswith(b"\n") and (line := stream.readline(limit)):
                    pass
                yield None
            else:
                yield line
            number += 1
    except BROKEN_STREAM as error:
        raise BrokenStreamError(number, why_broken(error)) from error


def whole(stream: BinaryIO, limit: int) -> bytes | None:
    """All of it; None if it is longer than `limit` bytes."""
    content = stream.read(limit + 1)
    return None if len(content) > limit else content


def why_broken(error: BaseException) -> str:
    """What a reader may tell of one of BROKEN_STREAM."""
    if isinstance(error, EOFError):
        return "the compressed file ends early: what follows is lost (an interrupted download?)"
    return f"cannot be read on: {(error.strerror or str(error)) if isinstance(error, OSError) else error}"
