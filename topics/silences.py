"""`Silence`: alerts that match it are not told while it holds. The words are Alertmanager's."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from topics.base import Part, Record, UtcDatetime

Operator = Literal["=", "!=", "=~", "!~"]
"""Equal, not equal, matches the whole of a regular expression, does not."""


class Matcher(Part):
    """One condition over a label of an alert: `pattern`, `level`, `tag`, `actor`, …"""

    name: str
    operator: Operator
    value: str

    def __str__(self) -> str:
        return f"{self.name}{self.operator}{self.value}"


class Silence(Record):
    """Holds from `starts_at` until `ends_at`. Of several records with one `id` the one last changed counts."""

    id: str
    matchers: tuple[Matcher, ...] = Field(min_length=1, description="all of them must match")
    starts_at: UtcDatetime
    ends_at: UtcDatetime = Field(description="an earlier end than it was made with: it was expired by hand")
    created_by: str
    comment: str
    changed_at: UtcDatetime = Field(description="when it was made or last changed")
