"""The store of windows in Redis: two scripts, one that loads a consistent view and one that commits by version."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json

from topics.alerts import Alert
from workers.redis_client import Redis
from workers.redis_keys import Keys
from workers.watch.durations import DAY, SECOND, Micros
from workers.watch.patterns import Pattern
from workers.watch.ringing import Ring, Window
from workers.watch.scripts import Call, Script, run
from workers.watch.sightings import Body, Sighting
from workers.watch.windows import KEPT_ALERTS, KEPT_SIGHTINGS, Announcement, Ask, Change, Held, Horizon, Taken, Words

_LOAD = Script.load("window_load.lua")
_COMMIT = Script.load("window_commit.lua")
_TAKE = Script.load("window_take.lua")

_SLACK = 14 * DAY
"""Keys outlive what they are needed for by this much of wall-clock time without a write."""


_LONGEST_STEP = 1_000_000


class RedisWindows:
    """Windows in Redis. Any number of processes may write the same pattern."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def load(self, asks: Sequence[Ask]) -> Sequence[Held]:
        """See WindowStore. One round trip."""
        answers = await run(self._client, [self._load_call(ask) for ask in asks])
        return [_held(ask.pattern, answer) for ask, answer in zip(asks, answers, strict=True)]

    def _load_call(self, ask: Ask) -> Call:
        k = self._keys.pattern(ask.pattern.id)
        return Call(
            _LOAD,
            (k.meta, k.times, k.sightings, k.anchors, k.rings, k.outbox),
            (
                "" if ask.earliest is None else ask.earliest,
                ask.pattern.lookback,
                ask.pattern.reach,
                int(ask.pattern.waits),
                *ask.articles,
            ),
        )

    async def words(self, pattern: Pattern, articles: Sequence[str], alerts: Sequence[str]) -> Words:
        """See WindowStore. One round trip."""
        k = self._keys.pattern(pattern.id)
        pipe = self._client.pipeline(transaction=False)
        if articles:
            pipe.hmget(k.bodies, list(articles))
        if alerts:
            pipe.hmget(k.alerts, list(alerts))
        answers: list[list[str | None]] = await pipe.execute()
        bodies = answers[0] if articles else []
        found = answers[-1] if alerts else []
        return Words(
            {a: Body.model_validate_json(text) for a, text in zip(articles, bodies, strict=True) if text},
            {a: Alert.model_validate_json(text) for a, text in zip(alerts, found, strict=True) if text},
        )

    async def commit(self, changes: Sequence[Change]) -> Sequence[bool]:
        """See WindowStore. One round trip."""
        answers = await run(self._client, [self._commit_call(change) for change in changes])
        rung = {change.pattern.id for change in changes if change.alerts}
        if rung:
            await self._client.sadd(self._keys.patterns, *sorted(rung))
        return [answer == 1 for answer in answers]

    def _commit_call(self, change: Change) -> Call:
        k = self._keys.pattern(change.pattern.id)
        plan = change.plan
        horizon = Horizon.of(change.pattern, plan.newest or 0)
        args: list[str | int] = [
            change.version,
            *("" if moment is None else moment for moment in (plan.newest, plan.settled, plan.due)),
            plan.suppressed,
            horizon.sightings,
            horizon.rings,
            KEPT_ALERTS,
            KEPT_SIGHTINGS,
            lifetime_seconds(change.pattern),
            _step(),
            len(plan.changed),
        ]
        for sighting in plan.changed:
            body = change.bodies[sighting.article_id].model_dump_json(exclude_defaults=True)
            args += [sighting.article_id, sighting.time, _json(sighting.to_wire()), body]
        args.append(len(change.alerts))
        for ring, alert in change.alerts:
            args += [ring.id, ring.time, _json(ring.to_wire()), alert.model_dump_json()]
        args.append(len(change.announcements))
        for announcement in change.announcements:
            args += [announcement.key, _announcement_text(announcement)]
        keys = (k.meta, k.times, k.sightings, k.bodies, k.anchors, k.rings, k.alerts, k.outbox)
        return Call(_COMMIT, keys, args)

    async def announced(self, announcements: Sequence[Announcement]) -> None:
        """See WindowStore. One round trip."""
        if not announcements:
            return
        pipe = self._client.pipeline(transaction=False)
        for announcement in announcements:
            pipe.hdel(self._keys.pattern(announcement.pattern_id).outbox, announcement.key)
        await pipe.execute()

    async def outbox(self, pattern_ids: Sequence[str]) -> Sequence[Announcement]:
        """See WindowStore. One round trip."""
        pipe = self._client.pipeline(transaction=False)
        for pattern_id in pattern_ids:
            pipe.hgetall(self._keys.pattern(pattern_id).outbox)
        answers: list[dict[str, str]] = await pipe.execute() if pattern_ids else []
        return [
            _announcement(pattern_id, key, answer[key])
            for pattern_id, answer in zip(pattern_ids, answers, strict=True)
            for key in sorted(answer)
        ]

    async def due(self, pattern_ids: Sequence[str]) -> Sequence[Micros | None]:
        """See WindowStore. One round trip."""
        pipe = self._client.pipeline(transaction=False)
        for pattern_id in pattern_ids:
            pipe.hget(self._keys.pattern(pattern_id).meta, "due")
        answers: list[str | None] = await pipe.execute() if pattern_ids else []
        return [int(answer) if answer else None for answer in answers]

    async def taken(self, pattern_ids: Sequence[str]) -> Sequence[Taken]:
        """See WindowStore. One round trip."""
        pipe = self._client.pipeline(transaction=False)
        for pattern_id in pattern_ids:
            pipe.hmget(self._keys.pattern(pattern_id).meta, ["version", "in_force", "settled", "blind", "due"])
        answers: list[list[str | None]] = await pipe.execute() if pattern_ids else []
        return [
            Taken(int(version or 0), in_force, *(int(moment) if moment else None for moment in moments))
            for version, in_force, *moments in answers
        ]

    async def take(self, taken: Sequence[tuple[Pattern, Taken]]) -> Sequence[bool]:
        """See WindowStore. One round trip."""
        answers = await run(self._client, [self._take_call(pattern, found) for pattern, found in taken])
        return [answer == 1 for answer in answers]

    def _take_call(self, pattern: Pattern, taken: Taken) -> Call:
        told = (taken.in_force, taken.settled, taken.blind, taken.due)
        args = ["" if found is None else found for found in told]
        meta = self._keys.pattern(pattern.id).meta
        return Call(_TAKE, (meta,), (taken.version, *args, lifetime_seconds(pattern), _step()))

    async def known_patterns(self) -> list[str]:
        """Ids of all patterns that have ever rung here, sorted."""
        found = await self._client.smembers(self._keys.patterns)
        return sorted(str(pattern_id) for pattern_id in found)

    async def alerts(self, pattern_ids: Sequence[str], limit: int) -> list[Alert]:
        """The last `limit` alerts of all these patterns together, by the time of the completing event, newest first."""
        pipe = self._client.pipeline(transaction=False)
        for pattern_id in pattern_ids:
            pipe.zrevrange(self._keys.pattern(pattern_id).anchors, 0, limit - 1, withscores=True)
        answers: list[list[tuple[str, float]]] = await pipe.execute() if pattern_ids else []
        newest = sorted(
            (
                (score, alert, pattern_id)
                for pattern_id, answer in zip(pattern_ids, answers, strict=True)
                for alert, score in answer
            ),
            reverse=True,
        )[:limit]
        pipe = self._client.pipeline(transaction=False)
        for _, alert, pattern_id in newest:
            pipe.hget(self._keys.pattern(pattern_id).alerts, alert)
        texts: list[str | None] = await pipe.execute() if newest else []
        return [Alert.model_validate_json(text) for text in texts if text]

    async def find_alert(self, beginning: str) -> list[Alert]:
        """All alerts whose id begins so, whatever pattern rang them."""
        found: list[Alert] = []
        for pattern_id in await self.known_patterns():
            key = self._keys.pattern(pattern_id).alerts
            ids = [alert for alert in await self._client.hkeys(key) if str(alert).startswith(beginning)]
            texts = await self._client.hmget(key, ids) if ids else []
            found += [Alert.model_validate_json(text) for text in texts if text]
        return found


def lifetime_seconds(pattern: Pattern) -> int:
    """How long a pattern's state outlives its last write."""
    return (pattern.retention + pattern.lookback + pattern.reach + _SLACK) // SECOND


def _step() -> int:
    """By how much a version grows: after a failover to an older copy, no other state must bear one that was lost."""
    return secrets.randbelow(_LONGEST_STEP) + 1


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _held(pattern: Pattern, answer: list[Any]) -> Held:
    version, *moments, sightings, rings, outbox = answer
    newest, floor, settled, blind = (int(moment) if moment else None for moment in moments)
    window = Window(
        newest,
        floor,
        settled,
        tuple(Sighting.from_wire(value) for value in from_json(sightings)),
        tuple(Ring.from_wire(value) for value in from_json(rings)),
        blind,
    )
    entries = sorted(zip(outbox[::2], outbox[1::2], strict=True))
    return Held(int(version), window, tuple(_announcement(pattern.id, key, text) for key, text in entries))


def _announcement_text(announcement: Announcement) -> str:
    return f"{announcement.partition}:{announcement.alert.model_dump_json()}"


def _announcement(pattern_id: str, key: str, text: str) -> Announcement:
    partition, _, alert = text.partition(":")
    return Announcement(key, pattern_id, int(partition), Alert.model_validate_json(alert))
