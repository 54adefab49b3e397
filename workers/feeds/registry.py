"""What pollers share in Redis: who lives, who has which host, when a host may be asked, and how each feed stands."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Sequence
from datetime import timedelta
from importlib.resources import files
from typing import cast

from pydantic import ValidationError

from workers.feeds.clock import Clock
from workers.feeds.keys import KEEP_SECONDS, Keys
from workers.feeds.seen import Seen
from workers.feeds.state import NEVER_VISITED, FeedState
from workers.feeds.subscriptions import Subscription
from workers.redis_client import Redis

GONE_KEEP_SECONDS = 5 * 365 * 86_400
"""A feed that is gone is not visited, and must not be forgotten for that."""


class LeaseEnded(BaseException):  # not an Exception: who takes those for a page's or a feed's fault must not take this
    """Another poller may ask the host now: no further request."""


class Registry:
    """One poller's view. All methods raise redis's errors when Redis does not answer."""

    def __init__(self, client: Redis, keys: Keys, poller: str, clock: Clock, lease: timedelta) -> None:
        self.poller = poller
        self._client = client
        self._keys = keys
        self._clock = clock
        self._lease = _milliseconds(lease)
        self._heartbeat, self._take, self._save, self._pace = (
            client.register_script((files("workers.feeds") / f"{name}.lua").read_text("utf-8"))
            for name in ("heartbeat", "lease", "save", "pace")
        )

    async def live(self) -> dict[str, timedelta]:
        """Say that we live, and hear who does, ourselves among them, and how long each lives at least."""
        answer = await self._heartbeat(keys=[self._keys.pollers], args=[self.poller, self._now(), self._lease])
        pairs = iter(cast(list[str], answer))
        return {poller: timedelta(milliseconds=int(left)) for poller, left in zip(pairs, pairs, strict=True)}

    async def leave(self, hosts: Collection[str]) -> None:
        """Say that we leave, and give `hosts` back, so that others take them at once."""
        pipe = self._client.pipeline(transaction=False)
        await self._heartbeat(keys=[self._keys.pollers], args=[self.poller, self._now(), 0], client=pipe)
        for host in hosts:
            await self._take(keys=[self._keys.lease(host)], args=[self.poller, self._now(), 0], client=pipe)
        await pipe.execute()

    async def take(self, hosts: Sequence[str]) -> dict[str, int]:
        """Take or renew the leases of `hosts`; of those that are ours now, the token."""
        pipe = self._client.pipeline(transaction=False)
        for host in hosts:
            await self._take(keys=[self._keys.lease(host)], args=[self.poller, self._now(), self._lease], client=pipe)
        tokens = await pipe.execute() if hosts else []
        return {host: int(token) for host, token in zip(hosts, tokens, strict=True) if int(token)}

    async def give_back(self, host: str) -> None:
        """End our lease of `host`."""
        await self._take(keys=[self._keys.lease(host)], args=[self.poller, self._now(), 0])

    async def may_ask(self, host: str, gap: timedelta) -> timedelta:
        """Zero, and nobody else may ask `host` for `gap`; or how long to wait before asking this again."""
        # A millisecond more, for moments are cut to whole ones.
        wait = await self._pace(keys=[self._keys.pace(host)], args=[self._now(), _milliseconds(gap) + 1, 0])
        return timedelta(milliseconds=int(float(cast(str, wait))))

    async def leave_alone(self, host: str, span: timedelta) -> None:
        """Let nobody ask `host` for `span`."""
        await self._pace(keys=[self._keys.pace(host)], args=[self._now(), 0, max(1, _milliseconds(span))])

    async def wanted_again(self) -> frozenset[str]:
        """The feeds that somebody wants to be asked again."""
        return frozenset(await cast(Awaitable[set[str]], self._client.smembers(self._keys.again)))

    async def done_again(self, url: str) -> None:
        """It is under way."""
        await self._client.srem(self._keys.again, url)

    async def alerting(self) -> frozenset[str]:
        """The feeds about which an alert stands."""
        return frozenset(await cast(Awaitable[set[str]], self._client.smembers(self._keys.alerting)))

    async def load(self, feeds: Sequence[Subscription]) -> list[FeedState]:
        """How `feeds` stand."""
        pipe = self._client.pipeline(transaction=False)
        for feed in feeds:
            pipe.hget(self._keys.feed(feed.host, feed.url), "state")
        return [read_state(state) for state in (await pipe.execute() if feeds else [])]

    async def seen(self, feed: Subscription) -> Seen:
        """What was produced of `feed`; read when it is needed, for of many feeds together it is large."""
        key = self._keys.feed(feed.host, feed.url)
        return Seen.parse(await cast(Awaitable[str | None], self._client.hget(key, "seen")))

    async def save(self, feed: Subscription, token: int, state: FeedState, seen: Seen | None) -> bool:
        """Keep what is known of `feed` (`seen` None: as it was); False if our lease with `token` has ended."""
        fields = ["state", state.model_dump_json(exclude_defaults=True)]
        if seen is not None:
            fields += ["seen", seen.dump()]
        keep = GONE_KEEP_SECONDS if state.gone else KEEP_SECONDS
        keys = [self._keys.lease(feed.host), self._keys.feed(feed.host, feed.url)]
        # Noted before, and taken out after: of an alert that stands it must be known.
        if state.alert is not None:
            await self._client.sadd(self._keys.alerting, feed.url)
        saved = bool(await self._save(keys=keys, args=[self.poller, token, self._now(), keep, *fields]))
        if saved and state.alert is None:
            await self._client.srem(self._keys.alerting, feed.url)
        return saved

    def _now(self) -> int:
        return 0 if self._clock.shared else int(self._clock.now().timestamp() * 1000)


async def ask_again(client: Redis, namespace: str, urls: Sequence[str]) -> None:
    """Have feeds asked again, whatever their schedule says, also those that are gone."""
    await client.sadd(Keys(namespace).again, *urls)


def _milliseconds(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)


def read_state(text: str | None) -> FeedState:
    """From what `save` wrote."""
    try:
        return FeedState.model_validate_json(text) if text else NEVER_VISITED
    except ValidationError:  # of another version: it costs one full fetch
        return NEVER_VISITED
