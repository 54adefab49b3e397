"""Moments and durations as options of commands."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import typer

from workers.errors import InputError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d|w)")


def duration(text: str, option: str) -> timedelta:
    """`90s`, `2h`, `1h30m`, `3d`. Raises typer.BadParameter for anything else, zero too."""
    pieces = _PIECE.findall(text.strip())
    if "".join(number + unit for number, unit in pieces) != text.strip() or not pieces:
        raise typer.BadParameter(
            f"{text!r} is no duration; expected such as 90s, 30m, 2h, 1h30m, 3d or 2w", param_hint=option
        )
    found = timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in pieces))
    if not found:
        raise typer.BadParameter("expected more than nothing", param_hint=option)
    return found


def moment(text: str | None, option: str) -> datetime | None:
    """`text` of `option` as a moment; what names no zone is UTC. Raises InputError."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{option}: {text!r} is no date.", hint="Write 2026-03-01 or 2026-03-01T23:50Z.") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
