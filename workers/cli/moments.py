"""Moments as options of commands."""

from __future__ import annotations

from datetime import UTC, datetime

from workers.errors import InputError


def moment(text: str | None, option: str) -> datetime | None:
    """`text` of `option` as a moment; what names no zone is UTC. Raises InputError."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{option}: {text!r} is no date.", hint="Write 2026-03-01 or 2026-03-01T23:50Z.") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
