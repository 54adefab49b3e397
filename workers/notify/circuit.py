"""When a receiver as a whole is left alone: after failures in a row, and when it asks for it. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass

from workers.notify.targets import RetryPolicy
from workers.notify.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Circuit:
    """`failures` in a row, and until when (epoch seconds) nothing is sent; then one message tries how it is."""

    failures: int = 0
    open_until: float = 0.0


def after(
    failures: int, verdict: Verdict, *, policy: RetryPolicy, now: float, asked: float | None, chance: random.Random
) -> Circuit:
    """The circuit after an attempt, when `failures` in a row had gone before it.

    An answer, even a refusal of one message, closes it. From `policy.circuit_after` failures on it opens: for a random
    time between half and the whole of `first * 2 ** (failures - 1)` seconds, at most `longest`. `asked` is what the
    receiver asks for (`Retry-After`, seconds): it holds for all messages to it, at most as long as one is tried.
    """
    if verdict != "retry":
        return Circuit()
    failures += 1
    pause = min(asked or 0.0, policy.give_up_after)
    if failures >= policy.circuit_after:
        ceiling = min(policy.longest, policy.first * 2.0 ** min(failures - 1, 60))
        pause = max(pause, chance.uniform(ceiling / 2, ceiling))
    return Circuit(failures, now + pause if pause else 0.0)
