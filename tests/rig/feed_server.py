"""A publisher of feeds: documents with validators, answering conditional requests as RFC 9110, section 13, says."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from tests.rig.http_server import Answer, HttpServer, Received


@dataclass(frozen=True, slots=True)
class _Document:
    body: bytes
    content_type: str
    etag: str | None
    modified: datetime | None


class FeedServer(HttpServer):
    """Serves what was published; 404 for the rest. A programmed answer for a path goes before its document."""

    def __init__(self) -> None:
        self._documents: dict[str, _Document] = {}
        self._programme: dict[str, list[Answer]] = {}
        self._lock = threading.Lock()
        super().__init__(self._serve)

    def publish(
        self,
        path: str,
        body: str | bytes,
        *,
        content_type: str = "application/rss+xml; charset=utf-8",
        etag: bool = True,
        modified: datetime | None = None,
    ) -> str:
        """Put a document at `path` and return its address. The ETag is a hash of the body."""
        raw = body.encode("utf-8") if isinstance(body, str) else body
        tag = f'"{hashlib.sha256(raw).hexdigest()[:16]}"' if etag else None
        whole_second = modified.astimezone(UTC).replace(microsecond=0) if modified else None
        with self._lock:
            self._documents[path] = _Document(raw, content_type, tag, whole_second)
        return self.url_for(path)

    def answer(self, path: str, *answers: Answer | int) -> None:
        """Give these answers to the next requests for `path`, then its document again."""
        with self._lock:
            queue = self._programme.setdefault(path, [])
            queue.extend(Answer(status=a) if isinstance(a, int) else a for a in answers)

    def _serve(self, request: Received) -> Answer:
        with self._lock:
            if waiting := self._programme.get(request.path):
                return waiting.pop(0)
            document = self._documents.get(request.path)
        if document is None:
            return Answer(status=404, body=b"no such document")
        headers = {"Content-Type": document.content_type}
        if document.etag:
            headers["ETag"] = document.etag
        if document.modified:
            headers["Last-Modified"] = format_datetime(document.modified, usegmt=True)
        if _unchanged(request, document):
            return Answer(status=304, headers=headers)
        return Answer(body=document.body, headers=headers)


def _unchanged(request: Received, document: _Document) -> bool:
    asked = request.headers.get("If-None-Match")
    if asked is not None:
        # RFC 9110, 13.1.3: with If-None-Match, If-Modified-Since is not looked at.
        tags = {tag.strip().removeprefix("W/") for tag in asked.split(",")}
        return document.etag is not None and ("*" in tags or document.etag in tags)
    since = request.headers.get("If-Modified-Since")
    if since is None or document.modified is None:
        return False
    try:
        return document.modified <= parsedate_to_datetime(since)
    except ValueError:
        return False


@contextmanager
def feed_server() -> Iterator[FeedServer]:
    """A running publisher."""
    server = FeedServer()
    try:
        yield server
    finally:
        server.close()
