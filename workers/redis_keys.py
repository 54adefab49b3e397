"""Every key of the watch step in Redis, in one place. What one script touches shares a hash tag, for Redis Cluster.

All keys begin with `{NAMESPACE:`, so that a namespace can be found and dropped as a whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from zlib import crc32

from workers.redis_client import Redis

_SCAN_COUNT = 1000


@dataclass(frozen=True, slots=True)
class PatternKeys:
    """The state of one pattern.

    meta (hash)      version, newest event time, floor, suppressed matches, by which rules it was collected (in_force);
                     of patterns that wait: settled, due, blind
    times (zset)     article id by event time, microseconds
    sightings (hash) article id to what the matching needs
    bodies (hash)    article id to the words that an alert shows
    anchors (zset)   alert id by the time of the completing article
    rings (hash)     alert id to what the next arrival needs to know of it
    alerts (hash)    alert id to the whole alert
    outbox (hash)    alerts that Kafka has not confirmed
    """

    tag: str

    @property
    def meta(self) -> str:
        return f"{self.tag}:meta"

    @property
    def times(self) -> str:
        return f"{self.tag}:times"

    @property
    def sightings(self) -> str:
        return f"{self.tag}:sightings"

    @property
    def bodies(self) -> str:
        return f"{self.tag}:bodies"

    @property
    def anchors(self) -> str:
        return f"{self.tag}:anchors"

    @property
    def rings(self) -> str:
        return f"{self.tag}:rings"

    @property
    def alerts(self) -> str:
        return f"{self.tag}:alerts"

    @property
    def outbox(self) -> str:
        return f"{self.tag}:outbox"


@dataclass(frozen=True, slots=True)
class CountKeys:
    """The counts that one partition of `annotations` contributes."""

    tag: str

    @property
    def meta(self) -> str:
        """Hash: `applied` and `done`, the next offsets that the counts and the whole step miss; the `newest` event
        time; `clock`, the moment up to which nothing more is expected, said while nothing waited.
        """
        return f"{self.tag}:meta"

    def guard(self, article_id: str) -> str:
        """What an article has contributed, and which revision of it."""
        return f"{self.tag}:a:{article_id}"

    def log(self, hour: int) -> str:
        """What the articles of one hour (since 1970) count for (string of bytes, see `count_log`)."""
        return f"{self.tag}:l:{hour}"

    def numbers(self, period: int) -> str:
        """Names (hash) to the numbers that stand for them in the logs of a period."""
        return f"{self.tag}:n:{period}"

    def names(self, period: int) -> str:
        """The names (string) in the order of their numbers, each with a line feed."""
        return f"{self.tag}:i:{period}"


SHARES = 4096
"""Hashes into which the cells of one kind and one span of time are divided: small hashes take a third of the memory."""


@dataclass(frozen=True, slots=True)
class StoryKeys:
    """What is needed to recognise stories and copies."""

    tag: str

    def cells(self, kind: str, era: int, field: str) -> str:
        """The share (hash) with the cell `field`: `a` articles, `s` stories, `t` texts, `p` and `b` postings."""
        return self._share(kind, era, crc32(field.encode()) % SHARES)

    def share_names(self, era: int) -> list[str]:
        """All shares of a span of time, whether they are there or not."""
        return [self._share(kind, era, share) for kind in "astpb" for share in range(SHARES)]

    def _share(self, kind: str, era: int, share: int) -> str:
        return f"{self.tag}:{kind}:{era}:{share:x}"

    @property
    def version(self) -> str:
        """What all cells stand at (string): new with every batch that is stored."""
        return f"{self.tag}:version"

    @property
    def log(self) -> str:
        """What the last batches changed (list), so that workers know what of theirs is out of date."""
        return f"{self.tag}:log"

    @property
    def eras(self) -> str:
        """Spans of time (set) that have begun and are not dropped yet."""
        return f"{self.tag}:eras"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one namespace."""

    namespace: str

    def pattern(self, pattern_id: str) -> PatternKeys:
        """Of one pattern."""
        return PatternKeys(f"{{{self.namespace}:pattern:{pattern_id}}}")

    def counts(self, partition: int) -> CountKeys:
        """Of one partition."""
        return CountKeys(f"{{{self.namespace}:counts:p{partition}}}")

    @property
    def stories(self) -> StoryKeys:
        """Of copies and stories."""
        return StoryKeys(f"{{{self.namespace}:stories}}")

    @property
    def patterns(self) -> str:
        """Ids (set) of patterns that have rung."""
        return f"{{{self.namespace}:registry}}:patterns"

    @property
    def partitions(self) -> str:
        """Numbers (set) of partitions that have counts."""
        return f"{{{self.namespace}:registry}}:partitions"

    @property
    def everything(self) -> str:
        """A glob that matches all keys of the namespace and none of another."""
        return f"{{{self.namespace}:*"

    @property
    def readers(self) -> str:
        """Of each partition (hash), the versions of the waiting patterns by which it was last read, as JSON."""
        return f"{{{self.namespace}:registry}}:readers"

    @property
    def days(self) -> str:
        """Days (hash) on which there were articles, each with the first event time: when the stream began."""
        return f"{{{self.namespace}:registry}}:days"


async def drop_namespace(client: Redis, namespace: str) -> int:
    """Delete all keys of `namespace`; how many there were."""
    dropped = 0
    async for keys in _found(client, Keys(namespace).everything):
        # One key a command: in Redis Cluster they lie on different machines.
        pipe = client.pipeline(transaction=False)
        for key in keys:
            pipe.unlink(key)
        dropped += sum(await pipe.execute())
    return dropped


async def _found(client: Redis, glob: str) -> AsyncIterator[list[str]]:
    keys: list[str] = []
    async for key in client.scan_iter(match=glob, count=_SCAN_COUNT):
        keys.append(key)
        if len(keys) >= _SCAN_COUNT:
            yield keys
            keys = []
    if keys:
        yield keys
