"""The Redis keys of the feeds, in one place.

All that belongs to one host shares a hash tag, so that one script may use it on a Redis Cluster; all keys of a
namespace begin with `{NAMESPACE:`, so that it can be dropped as a whole (`workers.redis_keys`):

| key | type | holds |
|---|---|---|
| `{NS:feeds}:pollers` | sorted set | the pollers that live, by the moment (epoch milliseconds) at which they are dead |
| `{NS:feeds}:alerting` | set | addresses of feeds about which an alert stands |
| `{NS:feeds}:again` | set | addresses of feeds that somebody wants to be asked again soon |
| `{NS:feeds:HOST}:lease` | hash | `owner`, `until` (epoch milliseconds) and `token`, which grows with each owner |
| `{NS:feeds:HOST}:pace` | string | the moment (epoch milliseconds) from which the host may be asked again |
| `{NS:feeds:HOST}:feed:DIGEST` | hash | of one feed `state` (JSON) and `seen` (a line an entry) |
"""

from __future__ import annotations

from dataclasses import dataclass

from topics.base import digest

KEEP_SECONDS = 90 * 86_400
"""A feed that was not visited for so long is forgotten."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one namespace."""

    namespace: str

    @property
    def pollers(self) -> str:
        """Who lives."""
        return f"{{{self.namespace}:feeds}}:pollers"

    @property
    def again(self) -> str:
        """What is to be asked again."""
        return f"{{{self.namespace}:feeds}}:again"

    @property
    def alerting(self) -> str:
        """Of what an alert tells."""
        return f"{{{self.namespace}:feeds}}:alerting"

    def lease(self, host: str) -> str:
        """Who has the host."""
        return f"{self._tag(host)}:lease"

    def pace(self, host: str) -> str:
        """When the host may be asked."""
        return f"{self._tag(host)}:pace"

    def feed(self, host: str, url: str) -> str:
        """One feed, by its address as written in feeds.yaml. An address may hold what is nobody's business: hashed."""
        return f"{self._tag(host)}:feed:{digest('feed', url)}"

    def _tag(self, host: str) -> str:
        return f"{{{self.namespace}:feeds:{host}}}"
