"""A producer that loses nothing and doubles nothing; and one for articles, which shortens what is too long."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from topics.articles import Article, fitted
from topics.base import Record, digest
from topics.codec import MAX_ARTICLE_TEXT_BYTES, TooLargeError, encode, headers_for
from topics.names import TopicKind
from workers.errors import PermanentError, Unreachable
from workers.kafka_client.administration import ensure_topics
from workers.kafka_client.config import Trouble, client_config, misconfigured, scrubbed
from workers.logs import get_logger
from workers.settings import Settings

DELIVERY_SECONDS = 30.0
"""How long a record may wait for Kafka's confirmation; a broker that restarts faster goes unnoticed."""

INTERRUPTED_FLUSH_SECONDS = 5.0
MAX_TITLE_CHARS = 2000
"""Titles are cut to this only where the record would not fit otherwise."""

_RECORD_AT_FAULT = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG, KafkaError.INVALID_RECORD})
"""Errors that condemn one record; any other would meet the next record too."""

_log = get_logger("kafka")


class RecordProducer:
    """Produces records so that none is lost or doubled: idempotent, all replicas confirm, and it waits for it.

    Use it in a `with` block: leaving it waits until Kafka has confirmed everything, and raises Unreachable if that
    takes longer than `delivery_seconds`. Not for several threads at once.

    `sent`, `confirmed` and `failed` count records; `connected` says whether Kafka ever answered.
    """

    def __init__(
        self, settings: Settings, *, kinds: Sequence[TopicKind], delivery_seconds: float = DELIVERY_SECONDS
    ) -> None:
        self._settings = settings
        self._kinds = kinds
        self._delivery_seconds = delivery_seconds
        self._trouble = Trouble()
        self._producer: Producer | None = None
        self._broken: KafkaError | None = None
        self.connected = False
        self.sent = 0
        self.confirmed = 0
        self.failed = 0

    def __enter__(self) -> Self:
        """As `connect`, if nobody has called that."""
        if self._producer is None:
            self.connect()
        return self

    def connect(self) -> None:
        """Make sure that Kafka answers and that the topics exist. Raises Unreachable, ConfigurationError.

        Librdkafka takes half a second from here until it sends anything: whoever can tells it early.
        """
        ensure_topics(self._settings, self._kinds)
        config = client_config(self._settings, "producer", self._trouble) | producer_config(self._delivery_seconds)
        try:
            self._producer = Producer(config)
        except KafkaException as exception:
            raise misconfigured(exception, self._settings) from None
        self.connected = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        producer = self._open()
        try:
            if kind is None:
                self.flush()
            elif not isinstance(error, Unreachable):
                # Interrupted, or the input failed: what is under way still gets its chance, but nobody waits long.
                self._drain(time.monotonic() + INTERRUPTED_FLUSH_SECONDS)
        finally:
            producer.purge()
            producer.poll(0)
            self._producer = None

    @property
    def pending(self) -> int:
        """Records that wait for their confirmation."""
        return self.sent - self.confirmed - self.failed

    def send(
        self,
        kind: TopicKind,
        key: str,
        record: Record,
        *,
        trace_id: str | None = None,
        on_confirmed: Callable[[], None] | None = None,
    ) -> None:
        """Hand over a record; returns before Kafka has it. `on_confirmed` is called when Kafka has confirmed it.

        Partitions confirm independently, so records may be confirmed in another order than sent. Raises PermanentError
        for a record that is too large or cannot be written, Unreachable if an earlier record could not be delivered.
        """
        try:
            value = encode(record)
        except ValueError as error:
            raise PermanentError("unwritable", f"{kind} record {key!r} cannot be sent: {error}") from error
        self._send(kind, key, value, headers_for(record, trace_id), on_confirmed)

    def poll(self, seconds: float = 0.0) -> None:
        """Take in confirmations. Raises Unreachable if a record could not be delivered."""
        self._open().poll(seconds)
        self._raise_if_broken()

    def flush(self) -> None:
        """Wait until every record is confirmed. Raises Unreachable if that takes longer than `delivery_seconds`."""
        # Librdkafka gives every record up by itself; the margin only guards against a client that hangs.
        self._drain(time.monotonic() + self._delivery_seconds + 5)
        self._raise_if_broken()
        if self.pending:
            raise self._unreachable("it does not confirm")

    def _send(
        self, kind: TopicKind, key: str, value: bytes, headers: dict[str, str], on_confirmed: Callable[[], None] | None
    ) -> None:
        producer = self._open()

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is None:
                self.confirmed += 1
                if on_confirmed is not None:
                    on_confirmed()
            else:
                self._failed(kind, key, error)

        while True:
            self.poll()
            try:
                producer.produce(
                    self._settings.topics.of(kind),
                    value,
                    key.encode("utf-8"),
                    headers=list(headers.items()),
                    on_delivery=delivered,
                )
            except BufferError:  # the local queue is full: Kafka is slower than we are
                self.poll(0.1)
            except KafkaException as exception:
                error = exception.args[0]
                if error.code() in _RECORD_AT_FAULT:
                    raise PermanentError("unwritable", f"{kind} record {key!r}: {error.str()}") from exception
                raise self._unreachable(error.str()) from exception
            else:
                self.sent += 1
                return

    def _failed(self, kind: TopicKind, key: str, error: KafkaError) -> None:
        self.failed += 1
        if error.code() in _RECORD_AT_FAULT:
            # A batch is refused as a whole: records that are small enough share the fate of one that is not.
            _log.error("kafka refuses a record", kind=kind, key=key, reason=error.str(), see="tocsin topics check")
        elif self._broken is None and error.code() not in (KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT):
            self._broken = error

    def _drain(self, deadline: float) -> None:
        producer = self._open()
        while len(producer) > 0 and time.monotonic() < deadline:
            producer.poll(0.1)  # short, so that Ctrl-C is heard
        producer.poll(0)

    def _raise_if_broken(self) -> None:
        if self._broken is not None:
            timed_out = self._broken.code() == KafkaError._MSG_TIMED_OUT
            reason = f"no confirmation within {self._delivery_seconds:.0f} s" if timed_out else self._broken.str()
            raise self._unreachable(reason)

    def _unreachable(self, reason: str) -> Unreachable:
        said = f"{reason} ({self._trouble.reason})" if self._trouble.reason else reason
        return Unreachable(
            scrubbed(
                f"Kafka at {self._settings.kafka_bootstrap_servers} took {self.confirmed:,} of {self.sent:,} records, "
                f"then failed: {said}",
                self._settings,
            ),
            hint="Run the command again when Kafka answers: what arrives twice has the same id and counts once.",
        )

    def _open(self) -> Producer:
        if self._producer is None:
            raise RuntimeError("a RecordProducer is used inside its `with` block only")
        return self._producer


class ArticleProducer(RecordProducer):
    """Produces articles: what is too long is cut and flagged, never dropped; each gets its trace id.

    `also` names topics that it writes besides.
    """

    def __init__(
        self, settings: Settings, *, also: Sequence[TopicKind] = (), delivery_seconds: float = DELIVERY_SECONDS
    ) -> None:
        super().__init__(settings, kinds=("articles", *also), delivery_seconds=delivery_seconds)

    def send_article(self, article: Article, *, on_confirmed: Callable[[], None] | None = None) -> None:
        """Hand over an article; see `send`."""
        article, value = encoded(article)
        self._send("articles", article.id, value, headers_for(article, trace_id_of(article)), on_confirmed)


def trace_id_of(article: Article) -> str:
    """The trace of one revision: 32 hexadecimal digits, the same whenever and wherever it is produced."""
    return digest("trace", article.id, article.revision, length=32)


def encoded(article: Article) -> tuple[Article, bytes]:
    """The article, shortened if it must be, and its bytes. Raises PermanentError if even its other fields do not fit.

    JSON writes a control character in six bytes, so a text within its limit may still make too large a record.
    """
    limit = MAX_ARTICLE_TEXT_BYTES
    article = fitted(article, limit)
    while True:
        try:
            return article, encode(article)
        except TooLargeError as error:
            if limit > 1000:
                limit //= 2
                article = fitted(article, limit)
            elif len(article.title) > MAX_TITLE_CHARS:
                article = article.model_copy(update={"title": article.title[:MAX_TITLE_CHARS], "truncated": True})
            else:
                raise PermanentError("too-large", f"article {article.id!r}: {error}") from error
        except ValueError as error:
            raise PermanentError("bad-text", f"article {article.id!r}: {error}") from error


def producer_config(delivery_seconds: float) -> dict[str, Any]:
    """What makes librdkafka's producer safe, and as fast as that allows."""
    return {
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": "murmur2_random",  # as aiokafka's and Java's, so that a key has one partition whoever writes
        "compression.type": "lz4",
        "linger.ms": 20,
        "message.timeout.ms": max(1, int(delivery_seconds * 1000)),
        "message.max.bytes": 1_048_000,  # a record of MAX_RECORD_BYTES with key and headers; below Kafka's default
        # Small enough to be confirmed within the time-out by a slow broker, large enough for a fast one.
        "queue.buffering.max.messages": 4000,
        "queue.buffering.max.kbytes": 16 * 1024,
    }
