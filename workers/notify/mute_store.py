"""Silences and the alerts that stand, in Redis. Kafka keeps the silences; the alerts are on the topic `alerts`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from pydantic import ValidationError

from topics.alerts import Alert
from topics.silences import Silence
from workers.logs import get_logger
from workers.notify.inhibition import InhibitRule, Standing
from workers.notify.keys import Keys
from workers.notify.mutes import Mutes
from workers.notify.silences import is_over, latest
from workers.redis_client import Redis

_log = get_logger("notify")

_PUT_IF_NEWER = """
local new, at = ARGV[2], tonumber(ARGV[3])
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old then
  local known = cjson.decode(old)
  local before = ARGV[4] == 'list' and known[1] or known['changed_seconds']
  if before and tonumber(before) > at then return 0 end
end
if new == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], new) end
return 1
"""


class MuteStore:
    """All methods may raise the errors of `redis`."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._put = redis.register_script(_PUT_IF_NEWER)
        self._unreadable: set[str] = set()

    async def put(self, silences: Iterable[Silence]) -> None:
        """Store each, unless a later word on it is stored already."""
        for silence in latest(silences).values():
            changed = silence.changed_at.timestamp()
            text = silence.model_dump_json()
            stored = f'{{"changed_seconds":{changed:.6f},"silence":{text}}}'
            await self._put(keys=[self._keys.silences()], args=[silence.id, stored, f"{changed:.6f}", "map"])

    async def silences(self) -> list[Silence]:
        """All that are stored, the expired too, by their start; none that only another version can read."""
        found: dict[str, str] = await cast("Any", self._redis.hgetall(self._keys.silences()))
        read = [silence for identity, text in found.items() if (silence := self._read(identity, text)) is not None]
        return sorted(read, key=lambda one: (one.starts_at, one.id))

    def _read(self, identity: str, text: str) -> Silence | None:
        """Told once; it mutes nothing, for to stop all alerts over it would be worse."""
        try:
            return Silence.model_validate_json(text.partition('"silence":')[2][:-1])
        except ValidationError as error:
            if identity not in self._unreadable:
                self._unreadable.add(identity)
                _log.error("silence cannot be read and mutes nothing", silence=identity, faults=error.error_count())
            return None

    async def silence(self, identity: str) -> Silence | None:
        """One of them."""
        return next((one for one in await self.silences() if one.id == identity), None)

    async def mutes(self, rules: Sequence[InhibitRule]) -> Mutes:
        """What may hold an alert back now."""
        silences = await self.silences()
        return Mutes(silences, rules, await self.standing() if rules else ())

    async def standing(self) -> list[Standing]:
        """Alerts that stand, or did until just now."""
        found = await cast("Any", self._redis.hgetall(self._keys.standing()))
        return [Standing.from_wire(identity, text) for identity, text in found.items()]

    async def remember(self, alert: Alert) -> None:
        """`alert` stands, or stands no more; an older word than what is known changes nothing.

        Old news pushed afterwards mutes nobody.
        """
        text = "" if alert.state == "retracted" or alert.muted else Standing.of(alert).to_wire()
        await self._put(keys=[self._keys.standing()], args=[alert.id, text, str(alert.sequence), "list"])

    async def tidy(self, now: datetime) -> None:
        """Drop silences that ended long ago, and alerts that stand no more."""
        over = [one.id for one in await self.silences() if is_over(one, now)]
        if over:
            await cast("Any", self._redis.hdel(self._keys.silences(), *over))
        closed = [one.id for one in await self.standing() if one.ends_at <= now.timestamp()]
        if closed:
            await cast("Any", self._redis.hdel(self._keys.standing(), *closed))
