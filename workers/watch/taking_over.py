"""Patterns that come into force over what is held by their ids: at the step's start and after a reload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workers.errors import TransientError
from workers.watch.in_force import taken_over
from workers.watch.patterns import Pattern
from workers.watch.ringing import Clock
from workers.watch.windows import WindowStore

ATTEMPTS = 20


async def take_over(
    store: WindowStore,
    patterns: Sequence[Pattern],
    former: Mapping[str, Pattern],
    clock: Clock,
    *,
    behind: bool = False,
) -> None:
    """Note in `store` by what each of `patterns` is collected from now on, and have changed ones decided anew.

    `former` are those that this worker ran until now, by id; `behind`: a partition was read by other ones until now,
    whichever they were. Raises TransientError if others keep writing.
    """
    waiting = list(patterns)
    for _ in range(ATTEMPTS):
        held = await store.taken([pattern.id for pattern in waiting])
        found = [
            (pattern, taken)
            for pattern, state in zip(waiting, held, strict=True)
            if (taken := taken_over(pattern, state, former.get(pattern.id), clock, behind=behind)) is not None
        ]
        stored = await store.take(found)
        waiting = [pattern for (pattern, _), ok in zip(found, stored, strict=True) if not ok]
        if not waiting:
            return
    raise TransientError(f"pattern {waiting[0].id}: {ATTEMPTS} times another worker wrote first")
