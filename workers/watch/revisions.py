"""Which revision of an article counts: the newest by its stamp, whatever the order of arrival. Pure, and in memory.

Beside it stand the event types that any revision has had, so that a pattern that holds an earlier revision hears of a
later one, even if that has nothing for it any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from workers.watch.engine import Arrival
from workers.watch.sightings import Stamp

Verdict = Literal["newer", "same", "stale"]


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of an article."""

    stamp: Stamp
    types: frozenset[str]


def judged(known: Known | None, stamp: Stamp, types: Iterable[str]) -> tuple[Verdict, Known]:
    """Whether a revision with `stamp` is news, and what is to be remembered."""
    if known is None:
        return "newer", Known(stamp, frozenset(types))
    together = known.types | frozenset(types)
    if stamp > known.stamp:
        return "newer", Known(stamp, together)
    return ("same" if stamp == known.stamp else "stale"), Known(known.stamp, together)


class MemoryRevisions:
    """Revisions of all articles, in this process: for tests of patterns and backtests."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}

    def current(self, arrivals: Iterable[Arrival]) -> list[Arrival]:
        """`arrivals` without those that a newer revision has overtaken, each with all types its article has had."""
        kept = []
        for arrival in arrivals:
            article = arrival.annotation.article_id
            verdict, known = judged(self._known.get(article), arrival.stamp, arrival.types)
            self._known[article] = known
            if verdict != "stale":
                kept.append(arrival.with_types(known.types))
        return kept
