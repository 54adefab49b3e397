"""Which revision of an article counts, and whether it came out of order. Pure, and in memory.

The newest revision counts, whatever the order of arrival (`sightings.prevailing`). Beside it stand the event types that
any revision has had, so that a pattern that holds an earlier revision hears of a later one, even if that has nothing
for it any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from workers.watch.durations import ALLOWED_LATENESS, DAY, Micros, to_micros
from workers.watch.engine import Arrival
from workers.watch.sightings import Stamp, prevailing

Verdict = Literal["newer", "same", "stale"]


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
    after = prevailing(known.stamp, stamp)
    if after != known.stamp:
        return "newer", Known(after, together, late)
    is_same = (stamp.words, stamp.read) == (known.stamp.words, known.stamp.read)
    return ("same" if is_same else "stale"), Known(known.stamp, together, known.late)


SILENCE_DAYS = 7
"""A stream that said nothing for so long begins anew: nobody knows what is usual in it."""

KEPT_DAYS = 200
"""So far back it is known on which days there were articles: beyond any timespan and its reference."""


def began(days: Mapping[int, Micros]) -> Micros | None:
    """When the stream began: `days` says on which days since 1970 there were articles, and when the first of each.

    It began with the earliest day from which on no more than SILENCE_DAYS were silent in a row. So an old article that
    turns up (a pinned post of years ago) does not make it older. A function of the set, whatever came first.
    """
    first: int | None = None
    for day in sorted(days, reverse=True):
        if first is not None and first - day > SILENCE_DAYS:
            break
        first = day
    return None if first is None else days[first]


def days_of(times: Iterable[Micros]) -> dict[int, Micros]:
    """Which days `times` lie on, and the first time on each."""
    found: dict[int, Micros] = {}
    for time in times:
        found[time // DAY] = min(time, found.get(time // DAY, time))
    return found


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
