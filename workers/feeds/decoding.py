"""Takes the compression off an HTTP answer piece by piece, never holding more than a limit. Pure."""

from __future__ import annotations

import sys
import zlib
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ACCEPTED = "gzip, deflate, br, zstd"
"""What a request may say that it understands."""

MAX_LAYERS = 2
"""Some servers compress twice by mistake; who does it oftener does not mean well."""

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_WINDOW_LOG = 23
"""8 MiB, the largest window that RFC 9659 lets a server use; a larger one would be ours to hold in memory."""

_PLAIN_STARTS = (b"<", b"{", b"\xef\xbb\xbf", b" ", b"\n", b"\r")


class TooLarge(ValueError):
    """More comes out than the limit allows."""


class NotDecodable(ValueError):
    """The bytes are not compressed as it was said. The message says how."""


class _Layer(Protocol):
    def process(self, data: bytes, room: int) -> bytes:
        """What `data` gives, of which no more than about `room` bytes are made."""

    def close(self) -> None:
        """Raises NotDecodable if the end is missing."""


class Decoder:
    """Decompresses what Content-Encoding says, each layer up to `limit` bytes in total."""

    def __init__(self, content_encoding: str, limit: int) -> None:
        """Raises NotDecodable for an unknown or a repeated coding."""
        names = [name for each in content_encoding.split(",") if (name := each.strip().lower()) not in ("", "identity")]
        if len(names) > MAX_LAYERS:
            raise NotDecodable(f"compressed {len(names)} times over")
        self._layers = [_layer(name) for name in reversed(names)]
        self._made = [0] * len(self._layers)
        self._limit = limit

    def feed(self, data: bytes) -> bytes:
        """What comes out for a piece of the body. Raises TooLarge, NotDecodable."""
        for number, layer in enumerate(self._layers):
            try:
                data = layer.process(data, self._limit - self._made[number] + 1)
            except (zlib.error, brotli.error, zstd.ZstdError, EOFError) as error:
                raise NotDecodable(str(error)) from error
            self._made[number] += len(data)
            if self._made[number] > self._limit:
                raise TooLarge
        return data

    def close(self) -> None:
        """All was fed. Raises NotDecodable if the compressed stream has no end: something is lost."""
        for layer in self._layers:
            layer.close()


def inflated(body: bytes, limit: int) -> bytes:
    """`body`, decompressed if it is itself a gzip file (`feed.xml.gz`). Raises TooLarge, NotDecodable."""
    if not body.startswith(_GZIP_MAGIC):
        return body
    decoder = Decoder("gzip", limit)
    out = decoder.feed(body)
    decoder.close()
    return out


def _layer(name: str) -> _Layer:
    match name:
        case "gzip" | "x-gzip":
            return _Gzip()
        case "deflate":
            return _Deflate()
        case "br":
            return _Brotli()
        case "zstd":
            return _Zstd()
    raise NotDecodable(f"compressed in an unknown way: {name[:40]}")


class _Plain:
    """Not compressed, though it was said."""

    def process(self, data: bytes, room: int) -> bytes:
        return data[:room]

    def close(self) -> None:
        """Plain bytes have no mark at their end."""


class _Gzip:
    """One member after another (RFC 1952, 2.2). Some servers say gzip and send plain XML: that is seen."""

    def __init__(self) -> None:
        self._head = b""
        self._members = 0
        self._member: zlib._Decompress | None = None
        self._plain: _Plain | None = None

    def process(self, data: bytes, room: int) -> bytes:
        if self._plain:
            return self._plain.process(data, room)
        if not self._members:
            data, self._head = self._head + data, b""
            if len(data) < len(_GZIP_MAGIC):
                self._head = data
                return b""
            if data.startswith(_PLAIN_STARTS):
                self._plain = _Plain()
                return self._plain.process(data, room)
        parts: list[bytes] = []
        while data and room > 0:
            if self._member is None:
                if self._members and not (data := data.lstrip(b"\0")):  # padding after the last member
                    break
                self._member = zlib.decompressobj(wbits=31)
                self._members += 1
            out = self._member.decompress(data, room)
            parts.append(out)
            room -= len(out)
            data = self._member.unused_data
            if self._member.eof:
                self._member = None
        return b"".join(parts)

    def close(self) -> None:
        if self._member is not None or self._head:
            raise NotDecodable("the gzip stream has no end")


class _Deflate:
    """zlib's format as RFC 9110 says, or raw deflate, as some servers do."""

    def __init__(self) -> None:
        self._stream: zlib._Decompress | None = None

    def process(self, data: bytes, room: int) -> bytes:
        if self._stream is None:
            if not data:
                return b""
            # The low four bits of zlib's first byte are 8; raw deflate of text does not begin so.
            self._stream = zlib.decompressobj(wbits=15 if data[0] & 0x0F == 8 else -15)
        return self._stream.decompress(data, room)

    def close(self) -> None:
        if self._stream is not None and not self._stream.eof:
            raise NotDecodable("the deflate stream has no end")


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._begun = False

    def process(self, data: bytes, room: int) -> bytes:
        if not data or self._stream.is_finished():
            return b""
        self._begun = True
        return bytes(self._stream.process(data, output_buffer_limit=room))

    def close(self) -> None:
        if self._begun and not self._stream.is_finished():
            raise NotDecodable("the brotli stream has no end")


class _Zstd:
    """One frame after another (RFC 8878, 3.1)."""

    def __init__(self) -> None:
        self._frame: zstd.ZstdDecompressor | None = None
        self._begun = False

    def process(self, data: bytes, room: int) -> bytes:
        parts: list[bytes] = []
        while data and room > 0:
            self._begun = True
            if self._frame is None:
                self._frame = zstd.ZstdDecompressor(
                    options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
                )
            out = self._frame.decompress(data, max_length=room)
            parts.append(out)
            room -= len(out)
            data = b""
            if self._frame.eof:
                data, self._frame = self._frame.unused_data, None
        return b"".join(parts)

    def close(self) -> None:
        if self._begun and self._frame is not None:
            raise NotDecodable("the zstd stream has no end")
