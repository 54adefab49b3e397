"""What all records share: UTC times, a schema version, tolerance of unknown fields."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict


def _to_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""A moment with a time zone, kept in UTC; ISO 8601 on the wire. A naive time is an error: nobody knows when it is."""


class Part(BaseModel):
    """A value inside a record. Unknown fields of a newer writer are dropped, not refused."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Record(Part):
    """A record that travels on a topic of its own.

    `schema_version` rises only when an older reader could no longer make sense of the record; a new optional field
    does not raise it.
    """

    schema_version: int = 1


def digest(*parts: str, length: int = 20) -> str:
    """The first `length` hexadecimal digits of a SHA-256 over `parts`, which are kept apart by a NUL byte."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:length]
