"""A receiver of notifications: records every request; a test programs its answers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from tests.rig.http_server import Answer, HttpServer, Received

__all__ = ["Answer", "HttpReceiver", "Received", "http_receiver"]


class HttpReceiver(HttpServer):
    """Answers 200 until told otherwise."""

    def __init__(self) -> None:
        self._programme: dict[str | None, deque[Answer]] = {}
        self._usual: dict[str | None, Answer] = {None: Answer()}
        self._lock = threading.Lock()
        super().__init__(self._next)

    def answer(self, *answers: Answer | int, path: str | None = None) -> None:
        """Give these answers, one a request, then the usual one again. A number is a status code.

        With `path` only requests for that path use them up; they go before those without.
        """
        with self._lock:
            self._programme.setdefault(path, deque()).extend(_answer(a) for a in answers)

    def always(self, answer: Answer | int, *, path: str | None = None) -> None:
        """What to answer (for `path`, if given) when no programmed answer is left."""
        with self._lock:
            self._usual[path] = _answer(answer)

    def _next(self, request: Received) -> Answer:
        with self._lock:
            for path in (request.path, None):
                if waiting := self._programme.get(path):
                    return waiting.popleft()
                if path in self._usual:
                    return self._usual[path]
        raise AssertionError("unreachable: there is always a usual answer")


def _answer(answer: Answer | int) -> Answer:
    return Answer(status=answer) if isinstance(answer, int) else answer


@contextmanager
def http_receiver() -> Iterator[HttpReceiver]:
    """A running receiver."""
    receiver = HttpReceiver()
    try:
        yield receiver
    finally:
        receiver.close()
