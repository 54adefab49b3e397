"""What the reader's process does: articles come as bytes, annotations go back as bytes.

No text holds it up for good: the kernel ends it when a batch takes too much of the CPU's time, and the step starts
another one.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol

from topics.annotations import Annotation
from topics.articles import Article
from topics.codec import DecodeError, TooLargeError, decode, encode
from workers.annotate.reader_messages import LENGTHS, Answer, Loaded, Setup, Task, Told, cut, message
from workers.errors import TocsinError
from workers.garbage import keep_what_is_loaded
from workers.logs import configure_logging

if TYPE_CHECKING:
    from workers.annotate.copies import Copies
    from workers.annotate.reader import Unread


class Reads(Protocol):
    """The reader, as far as it matters here."""

    copies: Copies

    @property
    def repeated_sentences(self) -> int:
        """So many sentences were not parsed again so far."""

    def read_each(self, articles: Sequence[Article]) -> Sequence[Annotation | Unread]:
        """One annotation for each article, in order, or why there is none."""


def answer_to(reader: Reads, values: Sequence[bytes | None]) -> tuple[Answer, bytes]:
    """What came of each of `values`, and all annotations as they go to their topic, one after the other."""
    told = [Told()] * len(values)
    articles: list[tuple[int, Article]] = []
    for index, value in enumerate(values):
        try:
            articles.append((index, decode(Article, value)))
        except DecodeError as error:
            told[index] = _refused(error.error, error.reason)
    copies, repeated = reader.copies.hits, reader.repeated_sentences
    read = reader.read_each([article for _, article in articles])
    langs: Counter[str] = Counter()
    events: Counter[tuple[str, str]] = Counter()
    pieces = []
    for (index, _), annotation in zip(articles, read, strict=True):
        if not isinstance(annotation, Annotation):
            told[index] = _refused(annotation.error, annotation.reason)
            continue
        told[index], piece = _written(annotation)
        pieces.append(piece)
        langs[annotation.lang or "unknown"] += 1
        events.update((event.type, event.status) for event in annotation.events)
    counted = tuple((type_, status, number) for (type_, status), number in events.items())
    answer = Answer(
        told=tuple(told),
        langs=langs,
        events=counted,
        copies=reader.copies.hits - copies,
        repeated_sentences=reader.repeated_sentences - repeated,
    )
    return answer, b"".join(pieces)


def _refused(error: str, reason: str) -> Told:
    return Told(error=error, reason=reason)


def _written(annotation: Annotation) -> tuple[Told, bytes]:
    try:
        value = encode(annotation)
    except TooLargeError as error:
        return _refused("too-large", str(error)), b""
    told = Told(
        length=len(value),
        schema_version=annotation.schema_version,
        article_id=annotation.article_id,
        source=annotation.source,
        entities=len(annotation.entities),
        events=len(annotation.events),
    )
    return told, value


def _read_task(reader: Reads, values: Sequence[bytes | None]) -> bytes:
    try:
        return message(*answer_to(reader, values))
    except Exception as error:  # noqa: BLE001 - the step finds the record that brings it about, and keeps it
        return message(Answer(failure=f"{type(error).__name__}: {error}", traceback=traceback.format_exc()))


@contextmanager
def _cpu_seconds(limit: float) -> Iterator[None]:
    """SIGPROF ends this process, whatever it does, when the block takes more than `limit` seconds of the CPU."""
    signal.setitimer(signal.ITIMER_PROF, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _received(connection: socket.socket, length: int) -> bytes:
    """The next `length` bytes. Raises ConnectionError if the step is gone."""
    found = bytearray(length)
    view = memoryview(found)
    while view:
        size = connection.recv_into(view, 0, socket.MSG_WAITALL)
        if not size:
            raise ConnectionResetError("the step has closed the connection")
        view = view[size:]
    return bytes(found)


def _message(connection: socket.socket) -> tuple[bytes, bytes]:
    head, body = LENGTHS.unpack(_received(connection, LENGTHS.size))
    return _received(connection, head), _received(connection, body)


def _receive(connection: socket.socket, tasks: SimpleQueue[tuple[bytes, bytes]]) -> None:
    """Take tasks as they come, so that the next one lies here when one is done; end with the step."""
    try:
        while True:
            tasks.put(_message(connection))
    finally:
        os._exit(0)  # nobody waits for an answer any more, or nobody would ever hear of the task


def load(setup: Setup) -> Reads:
    """The reader that is wanted. Raises ConfigurationError, InputError."""
    from workers.annotate.reader import Reader  # noqa: PLC0415 - only where a model is loaded

    return Reader.load(model=setup.model, ontology=setup.ontology, batch_size=setup.batch_size, seconds=setup.seconds)


def serve(connection: socket.socket, load: Callable[[Setup], Reads]) -> None:
    """Load the reader, then answer every task, in order, until the step closes the connection."""
    setup = Setup.model_validate_json(_message(connection)[0])
    configure_logging(setup.log_level, setup.log_format, step="annotate")
    tasks: SimpleQueue[tuple[bytes, bytes]] = SimpleQueue()
    threading.Thread(target=_receive, args=(connection, tasks), daemon=True).start()
    try:
        reader = load(setup)
    except TocsinError as error:
        connection.sendall(message(Loaded(problem=error.message, hint=error.hint, exit_code=error.exit_code)))
        return
    keep_what_is_loaded()
    connection.sendall(message(Loaded()))
    while True:
        header, body = tasks.get()
        values = list(cut(body, Task.model_validate_json(header).lengths))
        with _cpu_seconds(setup.cpu_limit):
            answer = _read_task(reader, values)
        connection.sendall(answer)
