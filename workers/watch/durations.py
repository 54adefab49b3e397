"""Durations as a pattern writes them (`90s`, `30m`, `48h`, `7d`, `1d12h`) and moments as whole microseconds.

Whole numbers compare exactly everywhere: in Python, in Redis scores (doubles, exact below 2**53) and in JSON.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

Micros = int
"""A moment (microseconds since 1970, negative before) or a length of time (microseconds)."""

SECOND: Micros = 1_000_000
MINUTE: Micros = 60 * SECOND
HOUR: Micros = 60 * MINUTE
DAY: Micros = 24 * HOUR

ALLOWED_LATENESS: Micros = 15 * MINUTE
"""News of one minute reaches the feeds over some minutes: so much out of order is in order."""

_UNITS = {"w": 7 * DAY, "d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND}
_FORM = r"^(?:\d+[wdhms])+$"
_PART = re.compile(r"(\d+)([wdhms])")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DURATION_HELP = "a duration such as 90s, 30m, 48h, 7d or 1d12h"


def to_micros(moment: datetime) -> Micros:
    """`moment`, which must have a time zone, as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_datetime(moment: Micros) -> datetime:
    """The inverse of `to_micros`."""
    return _EPOCH + timedelta(microseconds=moment)


def parse_duration(text: str) -> Micros:
    """Microseconds of `text`. Raises ValueError if it is not a duration."""
    if not re.fullmatch(_FORM, text):
        raise ValueError(f"found {text!r}, expected {DURATION_HELP}")
    return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))


class Duration(str):
    """A duration, kept as it was written."""

    __slots__ = ()

    @property
    def micros(self) -> Micros:
        """Its length."""
        return parse_duration(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls._checked, core_schema.str_schema())

    @classmethod
    def _checked(cls, text: str) -> Duration:
        if not re.fullmatch(_FORM, text):
            raise PydanticCustomError("allowed", "{allowed}", {"allowed": DURATION_HELP})
        return cls(text)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": _FORM, "examples": ["48h", "7d", "1d12h"]}
