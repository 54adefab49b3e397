"""Which revision of an article counts, and whether it came out of order. Pure, and in memory.

The newest revision by its stamp counts, whatever the order of arrival. Beside it stand the event types that any
revision has had, so that a pattern that holds an earlier revision hears of a later one, even if that has nothing for it
any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from workers.watch.durations import DAY, MINUTE, Micros, to_micros
from workers.watch.engine import Arrival
from workers.watch.sightings import Stamp

Verdict = Literal["newer", "same", "stale"]

ALLOWED_LATENESS: Micros = 15 * MINUTE
"""News of one minute reaches the feeds over some minutes: so much out of order is in order."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of an article. `late` is that of its newest revision."""

    stamp: Stamp
    types: frozenset[str]
    late: bool = False


def judged(known: Known | None, stamp: Stamp, types: Iterable[str], *, late: bool) -> tuple[Verdict, Known]:
    """Whether a revision with `stamp` is news, and what is to be remembered. `late` is taken from the first reading."""
    if known is None:
        return "newer", Known(stamp, frozenset(types), late)
    together = known.types | frozenset(types)
    if stamp > known.stamp:
        return "newer", Known(stamp, together, late)
    return ("same" if stamp == known.stamp else "stale"), Known(known.stamp, together, known.late)


SILENCE: Micros = 7 * DAY
"""A stream that said nothing for so long begins anew: nobody knows what is usual in it."""


def began(first: Micros | None, newest: Micros | None, time: Micros) -> Micros:
    """When the stream began, as an article of `time` finds it; `first` and `newest` are what was known before.

    An old article that turns up (a pinned post of years ago) does not make the stream older, nor is what came before
    a long silence part of it. `count.lua` does the same.
    """
    if first is None or newest is None or time > newest + SILENCE:
        return time
    return min(first, time) if time >= newest - SILENCE else first


def is_late(time: Micros, newest: Micros | None) -> bool:
    """Whether an article of `time` is late where the newest one before it, on its own partition, was of `newest`.

    Partitions are read at different speeds, so what another partition has shown says nothing about order.
    """
    return newest is not None and time < newest - ALLOWED_LATENESS


class MemoryRevisions:
    """Revisions of all articles, in this process: for tests of patterns and backtests."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._newest: dict[int, Micros] = {}

    def current(self, arrivals: Iterable[Arrival]) -> list[Arrival]:
        """`arrivals` without those that a newer revision has overtaken, each with all that is known of its article."""
        return [known for arrival in arrivals if (known := self._judged(arrival)) is not None]

    def _judged(self, arrival: Arrival) -> Arrival | None:
        annotation = arrival.annotation
        time = to_micros(annotation.event_time)
        newest = self._newest.get(arrival.partition)
        before = self._known.get(annotation.article_id)
        verdict, known = judged(before, arrival.stamp, arrival.types, late=is_late(time, newest))
        self._known[annotation.article_id] = known
        if annotation.event_time_source == "published":
            self._newest[arrival.partition] = time if newest is None else max(time, newest)
        return None if verdict == "stale" else arrival.judged(known.types, late=known.late, revised=before is not None)
