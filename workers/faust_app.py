"""How a Faust app is set up for a step; how it is driven is in `stream.py`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP, Message

from workers.logs import get_logger
from workers.settings import Settings
from workers.steps import Handler, Incoming
from workers.ticker import Reassigned
from workers.wire import MAX_REJECT_BYTES

log = get_logger("stream")

COMMIT_SECONDS = 1.0
BUFFER = 128  # records a stream holds; what is held is read again after a crash
FETCH_WAIT_MS = 100
"""How long the broker may keep a question for records open. Kafka answers as soon as there are some; the embedded
broker looks at them only now and again, in steps that grow with this, and Faust's own 1,500 cost half a second each."""


class _PromptThread(AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # Faust gives its own number and asks nobody
        return consumer


class _PromptConsumer(Consumer):
    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _PromptThread(self, loop=self.loop, beacon=self.beacon)


def make_app(settings: Settings, handler: Handler, datadir: Path) -> faust.App:
    """A Faust app for one step: raw bytes, no tables, no leader topic, nothing declared, at-least-once."""
    app = faust.App(
        f"{settings.namespace}.{handler.step}",
        broker=";".join(f"aiokafka://{server.strip()}" for server in settings.require_kafka().split(",")),
        broker_credentials=_credentials(settings),
        broker_commit_interval=COMMIT_SECONDS,
        broker_commit_every=10_000,
        broker_max_poll_records=BUFFER,
        broker_session_timeout=settings.kafka_session_timeout,
        broker_heartbeat_interval=settings.kafka_session_timeout / 10,
        broker_rebalance_timeout=60.0,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 * 1024 * 1024,
        producer_acks=-1,
        producer_linger_ms=2,
        producer_max_request_size=2 * MAX_REJECT_BYTES,
        producer_compression_type="lz4",
        stream_buffer_maxsize=BUFFER,
        # We drain ourselves; Faust would wait for ever for records that were read again below the commit.
        stream_wait_empty=False,
        processing_guarantee="at_least_once",
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
        datadir=str(datadir),
        web_enabled=False,
        autodiscover=False,
    )
    setattr(app.transport, "Consumer", _PromptConsumer)  # noqa: B010 - typed as if only classes could have it
    if isinstance(handler, Reassigned):
        _tell_of_revoked(app, handler)
    return app


def _tell_of_revoked(app: faust.App, handler: Reassigned) -> None:
    """With Faust's rebalances all partitions are taken away at first; those that come back are asked for anew."""

    async def told(*args: Any, **_kwargs: Any) -> None:
        revoked = {tp.partition for tp in args[-1]}
        if revoked:
            log.info("partitions.revoked", partitions=sorted(revoked))
            handler.revoked(revoked)

    app.on_partitions_revoked.connect(told, weak=False)


def _credentials(settings: Settings) -> Any:
    protocol = settings.kafka_security_protocol
    context = None
    if protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=str(settings.kafka_ca_file) if settings.kafka_ca_file else None)
    if protocol.startswith("SASL"):
        return faust.SASLCredentials(
            mechanism=settings.kafka_sasl_mechanism or "PLAIN",
            username=settings.kafka_username or "",
            password=settings.kafka_password.get_secret_value() if settings.kafka_password else "",
            ssl_context=context,
        )
    return faust.SSLCredentials(context=context) if context else None


def incoming(message: Message, committed: Mapping[TP, int]) -> Incoming:
    """What the step's handler is given of a message; `committed` is how far the group was at its assignment."""
    headers = message.headers or {}
    pairs: Any = headers.items() if isinstance(headers, dict) else headers
    return Incoming(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        headers={str(name): content or b"" for name, content in pairs},
        rebuilding=message.offset < committed.get(TP(message.topic, message.partition), 0),
    )
