"""`Reject`: a record that a step could not use, kept whole, with the reason and its position."""

from __future__ import annotations

import base64
from typing import Literal

from pydantic import Field

from topics.base import Record, UtcDatetime

Step = Literal["annotate", "watch", "notify"]


class Reject(Record):
    """The original bytes and headers of what a step refused, so that it can be mended and sent again."""

    step: Step
    topic: str
    partition: int
    offset: int
    reason: str = Field(description="for people: what was found and what was expected")
    error: str = Field(description="for counting: a short stable name such as not-json or bad-schema")
    attempts: int = 1
    key: str | None = Field(default=None, description="base64 of the original key")
    value: str | None = Field(default=None, description="base64 of the original value; null for an empty record")
    headers: tuple[tuple[str, str], ...] = Field(default=(), description="original headers, values in base64")
    value_bytes: int = Field(default=0, description="size of the original value")
    truncated: bool = Field(default=False, description="the value was too large to keep whole")
    rejected_at: UtcDatetime

    def original(self) -> bytes | None:
        """The bytes that were refused."""
        return None if self.value is None else base64.b64decode(self.value)
