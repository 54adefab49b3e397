"""From outcomes to what is sent: key, bytes and headers for a topic. No Faust, no socket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from topics.codec import TooLargeError, encode, headers_for, make_reject
from topics.names import TopicKind
from topics.rejects import Reject, Step
from workers.errors import PermanentError
from workers.steps import Encoded, Incoming, Outcome, Outgoing, Refused

MAX_REJECT_BYTES = 4_000_000


class WireRecord(NamedTuple):
    """What a producer takes."""

    kind: TopicKind
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def to_wire(out: Outgoing) -> WireRecord:
    """Raises TooLargeError if the record exceeds the size limit."""
    headers = _raw(headers_for(out.record, out.trace_id))
    value = out.record.value if isinstance(out.record, Encoded) else encode(out.record)
    return WireRecord(out.kind, out.key.encode(), value, headers)


def outcome_to_wire(
    step: Step, record: Incoming, outcome: Outcome, *, attempts: int
) -> tuple[Sequence[WireRecord], Refused | None]:
    """What to send for one outcome, and the refusal if it is one; an answer that is too large becomes a refusal."""
    if not isinstance(outcome, Refused):
        try:
            return [to_wire(out) for out in outcome], None
        except TooLargeError as error:
            outcome = Refused("too-large", str(error))
    return [reject_to_wire(step, record, outcome, attempts)], outcome


def reject_to_wire(step: Step, record: Incoming, refused: Refused, attempts: int, *, bare: bool = False) -> WireRecord:
    """The reject; `bare`, without the refused record itself."""
    reject = make_reject(
        step=step,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=record.headers.items(),
        error=refused.error,
        reason=refused.reason,
        attempts=attempts,
        rejected_at=datetime.now(UTC),
    )
    # The key is the position: a record that is read and refused again overwrites itself in a compacted view.
    key = f"{record.topic}/{record.partition}/{record.offset}".encode()
    return WireRecord(
        "rejects", key, _fitting(reject, _BARE if bare else ({}, *_LESS)), _raw(headers_for(reject, record.trace_id))
    )


_LESS: tuple[dict[str, object], ...] = (
    {"headers": ()},
    {"headers": (), "key": None},
    {"headers": (), "key": None, "value": None},
)
_BARE = _LESS[-1:]


def refusal_of(error: Exception) -> Refused:
    """Why a record is refused that brings `error` about whenever it is worked on."""
    if isinstance(error, PermanentError):
        return Refused(error.error, str(error))
    return Refused("internal-error", f"{type(error).__name__}: {error}")


def _fitting(reject: Reject, ways: Sequence[dict[str, object]]) -> bytes:
    """A reject must always be writable, or its record would stop the partition: what is too much is left out."""
    for less in ways:
        try:
            shorter = reject.model_copy(update={**less, "truncated": reject.truncated or bool(less)})
            return encode(shorter, max_bytes=MAX_REJECT_BYTES)
        except TooLargeError:
            continue
    raise AssertionError("a reject without key, headers and value is small")


def _raw(headers: dict[str, str]) -> list[tuple[str, bytes]]:
    return [(name, content.encode()) for name, content in headers.items()]
