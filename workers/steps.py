"""What a step is, without Faust: a handler that turns a batch of raw records into outcomes.

`stream.py` drives handlers and keeps the promises (nothing lost, order of acknowledgement); handlers know nothing of
it, so that a test can call them with plain values.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from topics.base import Record
from topics.codec import TRACE_HEADER
from topics.names import TopicKind
from topics.rejects import Step


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record as it lies on the topic.

    `rebuilding` says that the group had already acknowledged it and that it is read again only because Redis is behind
    (lost or restored): state is applied, but nothing is announced a second time.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes] = field(default_factory=dict)
    rebuilding: bool = False

    @property
    def trace_id(self) -> str | None:
        """The trace that this record belongs to."""
        found = self.headers.get(TRACE_HEADER)
        return found.decode("ascii", "replace") if found else None


@dataclass(frozen=True, slots=True)
class Encoded:
    """A record as its bytes, encoded elsewhere and within the size limit."""

    value: bytes
    schema_version: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to be produced; the record it came from is acknowledged only after Kafka has confirmed this one."""

    kind: TopicKind
    key: str
    record: Record | Encoded
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The record will never be usable: it goes to the topic `rejects` with its bytes. `error` is for counting."""

    error: str
    reason: str


Outcome = Sequence[Outgoing] | Refused
"""What came of one incoming record."""

Publish = Callable[[Sequence[Outgoing]], Awaitable[None]]
"""Produces records and returns when Kafka has confirmed all of them."""


class Handler(Protocol):
    """The work of one step.

    `handle` returns exactly one outcome per incoming record, in order. It raises `TransientError` (or a library's
    connection error) for what may pass: the whole batch is then tried again, so every effect must be idempotent.
    """

    step: Step
    input: TopicKind

    async def start(self, publish: Publish) -> None:
        """Open connections; `publish` is for what a step says unasked, such as an attempt to notify."""

    async def handle(self, batch: Sequence[Incoming]) -> Sequence[Outcome]:
        """Do the work, effects and all."""

    async def confirmed(self, batch: Sequence[Incoming]) -> None:
        """Kafka has confirmed all that `handle` returned for `batch`; its acknowledgement follows."""

    async def applied(self, partition: int) -> int | None:
        """The next offset of `input` that the step's own state still misses; None if the step keeps no state.

        A step whose state is empty for the partition answers 0.
        """

    async def stop(self) -> None:
        """Close connections."""
