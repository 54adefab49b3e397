"""By which versions of the patterns each partition was last read: in a rolling restart, workers differ for a while."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workers.redis_client import Redis
from workers.redis_keys import Keys
from workers.watch.patterns import Pattern


class Readers:
    """Only of patterns that wait: what others did not collect, they merely miss."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._key = keys.readers

    async def left_behind(self, partition: int, patterns: Iterable[Pattern]) -> list[Pattern]:
        """Those of `patterns` by which `partition` was not read until now; none if nobody knows. One round trip."""
        told = await self._client.hget(self._key, str(partition))
        if told is None:
            return []
        versions: Mapping[str, str] = json.loads(told)
        return [pattern for pattern in patterns if pattern.waits and versions.get(pattern.id) != pattern.version]

    async def note(self, partitions: Iterable[int], patterns: Sequence[Pattern]) -> None:
        """From now on `partitions` are read by `patterns`. One round trip."""
        versions = json.dumps({pattern.id: pattern.version for pattern in patterns if pattern.waits})
        told: dict[Any, Any] = {str(partition): versions for partition in partitions}
        if told:
            await self._client.hset(self._key, mapping=told)
