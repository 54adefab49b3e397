"""A publisher that means harm: bodies without end, bombs, slow bytes, circles. Bodies are streamed, never held."""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import brotli
from backports import zstd

from tests.rig.ports import LOOPBACK

MIB = 1024 * 1024
GB = 10**9

_HEAD = "<rss version='2.0'><channel><title>H</title>"
_ITEM = "<item><title>A story</title><description>Words.</description></item>"
_TAIL = "</channel></rss>"
_FEED = (_HEAD + _ITEM + _TAIL).encode()


@dataclass(frozen=True, slots=True)
class Attack:
    """What is sent: `pieces` are written one after another until the client hangs up, `pause` seconds apart.

    `reason` is a part of what is to be told; `harmless` instead says that the feed is read, without what is harmful.
    """

    name: str
    pieces: Callable[[], Iterator[bytes]]
    reason: str = ""
    harmless: str = ""
    pause: float = 0.0


def _answer(*headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *headers, "", ""]).encode()


def _whole(body: bytes, *headers: str) -> Callable[[], Iterator[bytes]]:
    return lambda: iter([_answer(f"Content-Length: {len(body)}", *headers), body])


def _repeated(start: bytes, piece: bytes, times: int | None, *headers: str) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        yield _answer(*headers) + start
        sent = 0
        while times is None or sent < times:
            yield piece
            sent += 1

    return pieces


def _zeros(coding: str) -> bytes:
    """A hundred megabytes of zeros, compressed into one frame or member."""
    data = bytes(MIB)
    if coding == "gzip":
        packer = zlib.compressobj(9, wbits=31)
        return b"".join([*(packer.compress(data) for _ in range(100)), packer.flush()])
    if coding == "br":
        stream = brotli.Compressor(quality=1)
        return b"".join([*(stream.process(data) for _ in range(100)), stream.finish()])
    frames = zstd.ZstdCompressor(level=1)
    return b"".join([*(frames.compress(data) for _ in range(100)), frames.flush()])


def _redirect(to: str) -> Callable[[], Iterator[bytes]]:
    return lambda: iter([_answer(f"Location: {to}", "Content-Length: 0", status="302 Found")])


def _document(subset: str, title: str) -> bytes:
    return f"<?xml version='1.0'?><!DOCTYPE r [{subset}]>{_HEAD}<item><title>{title}</title></item>{_TAIL}".encode()


def _laughs() -> bytes:
    layers = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return _document(f'<!ENTITY l0 "ha">{layers}', "&l9;")


def _headers() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X-A: b\r\n" * 5000


def attacks() -> list[Attack]:
    """All of them; the first ones are those that the issue names."""
    links = "<item><title>A</title><link>javascript:alert(1)</link></item>"
    links += "<item><title>B</title><link>data:text/html,x</link></item>"
    wrong = "<?xml version='1.0' encoding='utf-16'?>" + _HEAD + "<item><title>Señor</title></item>" + _TAIL
    return [
        Attack("billion laughs", _whole(_laughs()), "entities made of entities"),
        Attack(
            "an external entity",
            _whole(_document('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;")),
            "it asks for an outside entity (&x; from file:///etc/passwd)",
        ),
        Attack(
            "10 GB of zeros gzipped",
            _repeated(b"", _zeros("gzip"), 100, "Content-Encoding: gzip"),
            "larger than 10 MiB",
        ),
        Attack("an endless body", _repeated(_HEAD.encode(), _ITEM.encode() * 500, None), "larger than 10 MiB"),
        Attack("slow bytes", _repeated(b"", b"<", None), "no complete answer within", pause=0.2),
        Attack("a redirect loop", _redirect("/a/5"), "redirects in a circle"),
        Attack(
            "a 500 MB entry",
            _repeated((_HEAD + "<item><title>").encode(), b"x" * MIB, 500),
            "larger than 10 MiB",
        ),
        Attack(
            "a 500 MB entry that says so",
            lambda: iter([_answer("Content-Length: 500000000"), *[b"x" * MIB] * 500]),
            "larger than 10 MiB",
        ),
        Attack("a wrong charset", _whole(wrong.encode(), "Content-Type: text/xml; charset=koi8-r"), harmless="Señor"),
        Attack("javascript: links", _whole((_HEAD + links + _TAIL).encode()), harmless="A"),
        Attack("a redirect to a private address", _redirect("http://10.0.0.1/"), "10.0.0.1 is a private address"),
        Attack(
            "a redirect to the cloud's secrets",
            _redirect("http://169.254.169.254/latest/meta-data/"),
            "169.254.169.254 is a link-local address",
        ),
        Attack("a redirect to this machine", _redirect("http://[::1]/"), "::1 is a loopback address"),
        Attack("zeros in br", _repeated(b"", _zeros("br"), 1, "Content-Encoding: br"), "larger than 10 MiB"),
        Attack(
            "10 GB of zeros in zstd",
            _repeated(b"", _zeros("zstd"), 100, "Content-Encoding: zstd"),
            "larger than 10 MiB",
        ),
        Attack("endless headers", _headers, ""),
        Attack("slow headers", lambda: iter([b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 9999]), "no complete", pause=0.2),
        Attack("silence", lambda: iter([b""] * 9999), "no complete answer within", pause=0.2),
        Attack(
            "quadratic entities", _whole(_document(f'<!ENTITY x "{"y" * 50_000}">', "&x;" * 50_000)), "an entity of"
        ),
        Attack("a million open elements", _whole((_HEAD + "<item>" * 1_500_000).encode()), "to parse"),
        Attack(
            "deep JSON",
            _whole(b'{"version": "https://jsonfeed.org/version/1", "items": ' + b"[" * 3 * MIB),
            "too deeply",
        ),
        Attack("ten million references", _whole((_HEAD + "<item><title>" + "&#60;" * 1_900_000).encode()), ""),
        Attack("no HTTP at all", lambda: iter([b"\x16\x03\x01" * 1000]), "not an answer that HTTP knows"),
    ]


class HostileServer:
    """Sends attack N to whoever asks for `/a/N`."""

    def __init__(self, found: list[Attack]) -> None:
        self._attacks = found
        self._closing = threading.Event()
        self._socket = socket.create_server((LOOPBACK, 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, number: int) -> str:
        """Where attack `number` is."""
        return f"http://{LOOPBACK}:{self.port}/a/{number}"

    def close(self) -> None:
        """Let go of everybody."""
        self._closing.set()
        self._socket.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                asked = connection.recv(65536).split(b" ")[1]
                attack = self._attacks[int(asked.rpartition(b"/")[2])]
                for piece in attack.pieces():
                    connection.sendall(piece)
                    if self._closing.wait(attack.pause):
                        return
            except (OSError, ValueError, IndexError):  # who is attacked hangs up, as is right
                return


@contextmanager
def hostile_server(found: list[Attack]) -> Iterator[HostileServer]:
    """A running one."""
    server = HostileServer(found)
    try:
        yield server
    finally:
        server.close()
