"""Every attack of `tests/rig/hostile_feeds.py` against the fetcher and the parser: its reason, time and memory."""

from __future__ import annotations

import asyncio
import gc
import resource
from dataclasses import dataclass

from tests.benchmarks.feeds.outcomes import HERE, Outcome, forget_peak, outcome, peak_bytes, resident_bytes
from tests.rig.hostile_feeds import Attack, attacks, hostile_server
from workers.feeds.fetch import Fetcher

SECONDS = 3.0
"""A poller's patience in this run, so that the slow ones do not take half a minute each."""


@dataclass(frozen=True, slots=True)
class Withstood:
    """One attack, and memory in bytes: before, at the highest, after."""

    attack: Attack
    outcome: Outcome
    before: int
    peak: int
    after: int

    @property
    def right(self) -> bool:
        """Whether it was refused with its reason, or read without what is harmful."""
        if self.outcome.crash is not None:
            return False
        if self.attack.harmless:
            read = self.outcome.articles
            return bool(read) and read[0].title == self.attack.harmless and all(each.url is None for each in read)
        return self.attack.reason in (self.outcome.reason or ("" if self.outcome.problems else "nothing told"))


async def withstand() -> list[Withstood]:
    """All attacks, one after another in one process."""
    found = attacks()
    results = []
    with hostile_server(found) as server:
        async with Fetcher(private=HERE, seconds=SECONDS) as fetcher:
            # What is loaded at first use is no attack's fault.
            await outcome(fetcher, "", server.url(0))
            for number, attack in enumerate(found):
                gc.collect()
                before = resident_bytes()
                forget_peak()
                came = await outcome(fetcher, attack.name, server.url(number))
                results.append(Withstood(attack, came, before, peak_bytes(), resident_bytes()))
                await asyncio.sleep(0)
    return results


def child_peak_bytes() -> int:
    """The most that any process held which parsed for us."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
