"""A real threaded HTTP server that records what came and lets a test decide each answer, or refuse to give one."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from tests.rig.ports import LOOPBACK

HANG_SECONDS = 600.0
"""A hanging answer is given up after this, in case a test forgets to close the server."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came. Header names are case-insensitive; `at` is when it had come in whole."""

    method: str
    path: str
    headers: Message
    body: bytes
    at: datetime

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    def header(self, name: str) -> str:
        """One header's value. Raises AssertionError, naming those that came, if it is absent."""
        value = self.headers.get(name)
        assert value is not None, f"no header {name!r} among {sorted(self.headers.keys())}"
        return str(value)


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer. `delay` is in seconds, before the first byte.

    `fault`: `reset` cuts the connection with a TCP reset; `hang` takes the request and never answers;
    `half` promises more bytes than it sends, then closes.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    fault: Literal["reset", "hang", "half"] | None = None


class HttpServer:
    """Serves in threads until `close`; `respond` decides each answer."""

    def __init__(self, respond: Callable[[Received], Answer]) -> None:
        self._respond = respond
        self._received: list[Received] = []
        self._arrived = threading.Condition()
        self._closing = threading.Event()
        self._server = _Server((LOOPBACK, 0), self._handler())
        self.port = self._server.server_address[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def url_for(self, path: str) -> str:
        """The address of `path`, which starts with a slash."""
        return self.url + path

    @property
    def requests(self) -> tuple[Received, ...]:
        """All that came so far, in order of arrival."""
        with self._arrived:
            return tuple(self._received)

    def requests_to(self, path: str) -> tuple[Received, ...]:
        """Those that came for `path`."""
        return tuple(r for r in self.requests if r.path == path)

    def wait_for(self, count: int, *, path: str | None = None, timeout: float = 60.0) -> tuple[Received, ...]:
        """Wait until `count` requests have come (for `path`, if given). Raises AssertionError after `timeout` s."""
        with self._arrived:
            self._arrived.wait_for(lambda: len(self._matching(path)) >= count, timeout)
            found = self._matching(path)
        where = f" for {path}" if path else ""
        assert len(found) >= count, f"{len(found)} of {count} requests{where} came in {timeout:g} s: {found}"
        return found

    def forget(self) -> None:
        """Forget the requests that came."""
        with self._arrived:
            self._received.clear()

    def close(self) -> None:
        """Stop listening and let go of everything that hangs. May be called twice."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _matching(self, path: str | None) -> tuple[Received, ...]:
        return tuple(r for r in self._received if path is None or r.path == path)

    def _take(self, request: Received) -> Answer:
        with self._arrived:
            answer = self._respond(request)
            self._received.append(request)
            self._arrived.notify_all()
        return answer

    def _wait(self, seconds: float) -> None:
        self._closing.wait(seconds)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(_Handler):
            server_of_test = owner

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what many tests are about; it is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # header and body are two writes, and the second would wait for an acknowledgement
    server_of_test: HttpServer

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def log_message(self, *args: Any, **kwargs: Any) -> None:
        """The requests are recorded; nobody needs them on standard error too."""

    def _serve(self) -> None:
        owner = self.server_of_test
        body = self._chunks() if self.headers.get("Transfer-Encoding") == "chunked" else self._sized()
        request = Received(self.command, self.path, self.headers, body, datetime.now(UTC))
        answer = owner._take(request)
        if answer.delay:
            owner._wait(answer.delay)
        if answer.fault == "hang":
            owner._wait(HANG_SECONDS)
        if answer.fault in {"reset", "hang"}:
            self._reset()
            return
        self._send(answer)

    def _sized(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        bodiless = answer.status in {204, 304} or answer.status < 200
        if not bodiless and "content-length" not in {name.lower() for name in answer.headers}:
            promised = len(answer.body) + (1000 if answer.fault == "half" else 0)
            self.send_header("Content-Length", str(promised))
        self.end_headers()
        if self.command != "HEAD" and not bodiless:
            self.wfile.write(answer.body)
        if answer.fault == "half":
            self.close_connection = True

    def _reset(self) -> None:
        # Zero linger: close() sends RST instead of FIN, as a crashed peer or a firewall does.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
