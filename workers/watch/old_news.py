"""Whether old news that was pushed afterwards brought a match about: then nobody is told of it. Pure.

An article came when the first of its revisions that said the same was fetched. What completes on arrival was brought
about by the article with which its window was first complete, in the order in which the articles came; what time
completes, by all that had come in time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from workers.watch.completions import Completion, Instance, Supply, complete, corroborated, counted, meets, usual
from workers.watch.durations import ALLOWED_LATENESS
from workers.watch.patterns import Pattern


def is_old_news(pattern: Pattern, instance: Instance, found: Completion) -> bool:
    """Whether `found` was brought about by old news.

    More old news changes nothing in a match that live news had brought about before.
    """
    if not any(supply.sighting.backfill for supply in found.window):
        return False
    if all(supply.sighting.backfill for supply in found.window):
        return True
    return _waited(pattern, instance, found) if pattern.waits else _arrived(pattern, found)


def _arrived(pattern: Pattern, found: Completion) -> bool:
    """By the article that came last of the fewest, in the order of their coming, that make it complete."""
    came = sorted(found.window, key=lambda supply: (supply.sighting.came, supply.sighting.article_id))
    known = came.index(found.anchor)

    def is_complete(number: int) -> bool:
        return number > known and complete(pattern, _in_order(came[:number]))

    # What completes on arrival stays complete whatever is added, so that one may search for the first time.
    first = bisect_left(range(len(came) + 1), True, key=is_complete)
    return came[min(first, len(came)) - 1].sighting.backfill


def _waited(pattern: Pattern, instance: Instance, found: Completion) -> bool:
    """What old news completes after its time is old; one live article in what had come is enough to be told."""
    in_time = [supply for supply in found.window if not _too_late(supply, found)]
    if len(in_time) == len(found.window):
        return False
    if found.anchor not in in_time:
        return True
    if pattern.spike is not None:
        count = counted(pattern, in_time)
        high = pattern.spike.times * usual(pattern, pattern.spike, instance, found.time)
        return not (count >= pattern.spike.least and count >= high and corroborated(pattern, in_time))
    if pattern.counts:
        return False
    opened = (clause for clause in pattern.clauses if not clause.present.isdisjoint(found.anchor.rules))
    return not any(meets(pattern, clause, in_time) for clause in opened)


def _too_late(supply: Supply, found: Completion) -> bool:
    """Old news that came when time had decided already."""
    return supply.sighting.backfill and supply.sighting.came[0] > found.time + ALLOWED_LATENESS


def _in_order(supplies: Sequence[Supply]) -> list[Supply]:
    return sorted(supplies, key=lambda supply: supply.sighting.position)
