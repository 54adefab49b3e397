"""How far event time has come over all partitions of `annotations`, as it stands in Redis beside the counts.

Each partition's counts keep its newest event time; here they are put together. Nothing is known of a partition that is
not registered, so as long as one of the topic's is missing there is no watermark.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from topics.annotations import Annotation
from workers.redis_client import Redis
from workers.redis_keys import Keys
from workers.watch.durations import ALLOWED_LATENESS, DAY, SECOND, Micros, to_micros
from workers.watch.revisions import KEPT_DAYS, began
from workers.watch.ringing import Clock
from workers.watch.scripts import Call, Script, run

_DAYS = Script.load("days.lua")
_DAYS_SECONDS = 60 * DAY // SECOND


class StreamClock:
    """Reads the clock and moves it on. `partitions` are those that the topic is known to have."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._noted: dict[int, Micros] = {}
        self.partitions: frozenset[int] = frozenset()

    async def note(self, annotations: Iterable[Annotation]) -> None:
        """Remember of which days there were articles. No round trip if this worker has told all of them before."""
        fresh: dict[int, Micros] = {}
        for annotation in annotations:
            if annotation.event_time_source == "published":
                time = to_micros(annotation.event_time)
                day = time // DAY
                if time < min(self._noted.get(day, time + 1), fresh.get(day, time + 1)):
                    fresh[day] = time
        if fresh:
            told = [number for day in fresh.items() for number in day]
            await run(self._client, [Call(_DAYS, [self._keys.days], [KEPT_DAYS, _DAYS_SECONDS, *told])])
            self._noted |= fresh

    async def read(self) -> Clock:
        """How far event time has come. Two round trips.

        A partition that has shown nothing yet holds the others back, until it is known that nothing waits on it.
        """
        registered = await self._registered()
        pipe = self._client.pipeline(transaction=False)
        for partition in registered:
            pipe.hmget(self._keys.counts(partition).meta, ["newest", "clock"])
        pipe.hgetall(self._keys.days)
        *answers, days = await pipe.execute()
        found: list[list[int | None]] = [[int(time) if time else None for time in answer] for answer in answers]
        found += [[None, None]] * len(self.partitions - registered)
        reached = [max((moment for moment in times if moment is not None), default=None) for times in found]
        known = [moment for moment in reached if moment is not None]
        return Clock(
            slowest=min((newest or 0 for newest, _ in found), default=None),
            watermark=min(known) - ALLOWED_LATENESS if known and len(known) == len(found) else None,
            oldest=began({int(day): int(time) for day, time in days.items()}),
            newest=max((newest for newest, _ in found if newest is not None), default=None),
        )

    async def done(self) -> Mapping[int, int]:
        """Of each partition, the next offset that the step's state misses; those without state have none. Two trips."""
        registered = sorted(await self._registered())
        pipe = self._client.pipeline(transaction=False)
        for partition in registered:
            pipe.hget(self._keys.counts(partition).meta, "done")
        answers: list[str | None] = await pipe.execute() if registered else []
        return {partition: int(answer) for partition, answer in zip(registered, answers, strict=True) if answer}

    async def caught_up(self, partitions: Collection[int], moment: Micros) -> None:
        """Nothing of before `moment` waits on `partitions` any more. One round trip."""
        if not partitions:
            return
        pipe = self._client.pipeline(transaction=False)
        for partition in partitions:
            pipe.hset(self._keys.counts(partition).meta, "clock", str(moment))
        pipe.sadd(self._keys.partitions, *(str(partition) for partition in partitions))
        await pipe.execute()

    async def forget_others(self) -> frozenset[int]:
        """Forget the partitions that the topic has no more (it was made anew); which. Two round trips.

        They would hold the watermark back for ever. One that is new, and that another worker registers just now, is
        registered again with its next record.
        """
        if not self.partitions:
            return frozenset()
        gone = await self._registered() - self.partitions
        if gone:
            await self._client.srem(self._keys.partitions, *(str(partition) for partition in gone))
        return gone

    async def _registered(self) -> frozenset[int]:
        return frozenset(int(partition) for partition in await self._client.smembers(self._keys.partitions))
