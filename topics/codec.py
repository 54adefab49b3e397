"""Bytes and records: JSON on the wire, the schema version in the record and in a header, a size limit.

A header can be read without parsing the record, so that a broker's tool can count versions; the record itself decides.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from pydantic import ValidationError

from topics.alerts import Alert
from topics.annotations import Annotation
from topics.articles import Article
from topics.base import Record
from topics.deliveries import Delivery
from topics.names import TopicKind
from topics.rejects import Reject, Step
from topics.silences import Silence

SCHEMA_VERSION_HEADER = "schema_version"
TRACE_HEADER = "trace_id"

MAX_RECORD_BYTES = 1_000_000
"""No record of ours is larger: Kafka's default limit of 1,048,588 bytes less room for headers and framing."""

MAX_ARTICLE_TEXT_BYTES = 400_000
"""The text of an article; JSON may double it (escapes), and its annotation repeats parts of it."""

MAX_REJECT_VALUE_BYTES = 2_900_000
"""So much of a refused value is kept; base64 makes it four thirds as long, and the topic takes 4 MiB."""

RECORDS: Mapping[TopicKind, type[Record]] = {
    "articles": Article,
    "annotations": Annotation,
    "alerts": Alert,
    "deliveries": Delivery,
    "rejects": Reject,
    "silences": Silence,
}

RecordT = TypeVar("RecordT", bound=Record)


class DecodeError(ValueError):
    """Bytes that are not the record they should be. `error` is a short stable name, the message is for people."""

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.error = error
        self.reason = reason


class TooLargeError(ValueError):
    """A record exceeds the size limit; its writer must shorten it."""


def encode(record: Record, *, max_bytes: int = MAX_RECORD_BYTES) -> bytes:
    """UTF-8 JSON. Raises TooLargeError beyond `max_bytes`."""
    try:
        value = record.model_dump_json(exclude_defaults=False).encode("utf-8")
    except (UnicodeEncodeError, ValueError) as error:  # lone surrogates
        raise DecodeError("bad-text", f"text cannot be written as UTF-8: {error}") from error
    if len(value) > max_bytes:
        raise TooLargeError(f"{type(record).__name__} of {len(value):,} bytes exceeds the limit of {max_bytes:,}")
    return value


class Versioned(Protocol):
    """A record, or something that stands for one."""

    @property
    def schema_version(self) -> int:
        """By which rules it is to be read."""


def headers_for(record: Versioned, trace_id: str | None = None) -> dict[str, str]:
    """The Kafka headers that go with `record`."""
    headers = {SCHEMA_VERSION_HEADER: str(record.schema_version)}
    if trace_id:
        headers[TRACE_HEADER] = trace_id
    return headers


def decode(record_type: type[RecordT], value: bytes | None, *, max_bytes: int = MAX_RECORD_BYTES) -> RecordT:
    """The record in `value`.

    Raises DecodeError with one of the names `empty`, `too-large`, `not-json`, `schema-version`, `bad-schema`.
    """
    if not value:
        raise DecodeError("empty", "the record is empty")
    if len(value) > max_bytes:
        raise DecodeError("too-large", f"the record has {len(value):,} bytes; the limit is {max_bytes:,}")
    known = record_type.model_fields["schema_version"].default
    try:
        record = record_type.model_validate_json(value)
    except ValidationError as error:
        _raise_if_newer(value, known)
        raise DecodeError(*_explain(record_type, error)) from error
    if not 1 <= record.schema_version <= known:
        raise _version_error(record.schema_version, known)
    return record


def _version_error(found: object, known: int) -> DecodeError:
    return DecodeError(
        "schema-version", f"schema_version is {found!r}; this worker reads 1 to {known}: upgrade it first"
    )


def _raise_if_newer(value: bytes, known: int) -> None:
    """A newer schema may well fail ours; then the version is the reason worth telling."""
    try:
        version = Record.model_validate_json(value).schema_version
    except ValidationError:
        return
    if not 1 <= version <= known:
        raise _version_error(version, known)


def _explain(record_type: type[Record], error: ValidationError) -> tuple[str, str]:
    problems = error.errors(include_url=False)
    first = problems[0]
    if first["type"] == "json_invalid":
        return "not-json", f"not JSON: {first['ctx']['error'] if 'ctx' in first else first['msg']}"
    shown = "; ".join(
        f"{'.'.join(str(step) for step in p['loc']) or 'record'}: {p['msg']}, found {_short(p['input'])}"
        for p in problems[:3]
    )
    more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
    return "bad-schema", f"not {record_type.__name__}: {shown}{more}"


def _short(found: object) -> str:
    text = repr(found)
    return text if len(text) <= 60 else f"{text[:57]}…"


def make_reject(
    *,
    step: Step,
    topic: str,
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    headers: Iterable[tuple[str, bytes]],
    error: str,
    reason: str,
    attempts: int,
    rejected_at: datetime,
) -> Reject:
    """A `Reject` that keeps the original bytes, cut only beyond MAX_REJECT_VALUE_BYTES."""
    kept = None if value is None else value[:MAX_REJECT_VALUE_BYTES]
    return Reject(
        step=step,
        topic=topic,
        partition=partition,
        offset=offset,
        reason=reason[:2000],
        error=error,
        attempts=attempts,
        key=None if key is None else base64.b64encode(key).decode(),
        value=None if kept is None else base64.b64encode(kept).decode(),
        headers=tuple((name, base64.b64encode(content or b"").decode()) for name, content in headers),
        value_bytes=len(value or b""),
        truncated=value is not None and len(value) > MAX_REJECT_VALUE_BYTES,
        rejected_at=rejected_at,
    )
