"""How receivers stand, in Redis: what waits for them, whether they are disabled; and the records that Kafka misses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from topics.alerts import Alert
from topics.base import Record
from topics.codec import RECORDS
from topics.deliveries import Delivery
from topics.names import FLOW
from workers.notify.keys import Keys, TaskId
from workers.redis_client import Redis
from workers.steps import Encoded, Outgoing

_AT_ONCE = 500
"""Commands in one round trip."""


@dataclass(frozen=True, slots=True)
class Disabled:
    """Why and since when (epoch seconds) a receiver is sent nothing, and of which configuration of it that holds."""

    reason: str
    since: float
    fingerprint: str

    def to_wire(self) -> str:
        """As JSON."""
        return json.dumps({"reason": self.reason, "since": self.since, "fingerprint": self.fingerprint})

    @classmethod
    def from_wire(cls, text: str) -> Disabled:
        """The inverse of `to_wire`."""
        found = json.loads(text)
        return cls(str(found["reason"]), float(found["since"]), str(found["fingerprint"]))


@dataclass(frozen=True, slots=True)
class Standing:
    """One receiver. Times are epoch seconds; `failing` is the alert about it that stands."""

    parked: int
    next_due: float | None
    failures: int
    open_until: float
    disabled: Disabled | None
    failing: Alert | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of an alert in the ledger of a receiver; `last` is the record of the last attempt.

    `muted_by` names what holds it back, `kind` says that it is a repeat or a closing that time brings about.
    """

    task: TaskId
    state: str
    outcome: str
    cause: str
    attempts: int
    last: Delivery | None
    muted_by: str = ""
    kind: str = ""

    @property
    def shown(self) -> str:
        """The outcome in a word: what is held back is `muted`."""
        held = self.outcome == "pending" and self.muted_by and not self.attempts
        return "muted" if held or self.cause == "backfill" else self.outcome


class Standings:
    """All methods may raise the errors of `redis`."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def of(self, receiver: str) -> Standing:
        """How `receiver` stands."""
        due = self._keys.due(receiver)
        parked = int(await self._redis.zcard(due))
        first = await self._redis.zrange(due, 0, 0, withscores=True)
        found = await cast("Any", self._redis.hgetall(self._keys.receiver(receiver)))
        return Standing(
            parked=parked,
            next_due=float(first[0][1]) if first else None,
            failures=int(found.get("failures", 0)),
            open_until=float(found.get("open_until", 0)),
            disabled=Disabled.from_wire(found["disabled"]) if found.get("disabled") else None,
            failing=Alert.model_validate_json(found["failing"]) if found.get("failing") else None,
        )

    async def parked(self, receiver: str) -> int:
        """How many changes wait."""
        return int(await self._redis.zcard(self._keys.due(receiver)))

    async def seen(self) -> set[str]:
        """Names of all receivers that were ever given an alert, also of those that are configured no longer."""
        return set(await cast("Any", self._redis.smembers(self._keys.receivers())))

    async def enable(self, receiver: str, *, unless: str | None = None) -> Disabled | None:
        """Send to `receiver` again, at once; why it was disabled, or None if it was not.

        With `unless` a receiver stays disabled that was so with the configuration of this fingerprint.
        """
        key = self._keys.receiver(receiver)
        text = await cast("Any", self._redis.hget(key, "disabled"))
        disabled = Disabled.from_wire(text) if text else None
        if disabled is not None and disabled.fingerprint == unless:
            return None
        if unless is None or disabled is not None:
            await cast("Any", self._redis.hdel(key, "disabled", "open_until", "failures"))
        return disabled

    async def entries(self, receiver: str, alert_id: str) -> list[Entry]:
        """What the ledger of `receiver` holds of one alert, in order of its changes."""
        (found,) = await self.entries_of([(receiver, alert_id)])
        return found

    async def entries_of(self, places: Sequence[tuple[str, str]]) -> list[list[Entry]]:
        """As `entries`, for each of these receivers and alerts."""
        found: list[list[Entry]] = []
        for first in range(0, len(places), _AT_ONCE):
            some = places[first : first + _AT_ONCE]
            pipe = self._redis.pipeline(transaction=False)
            for receiver, alert_id in some:
                pipe.hgetall(self._keys.alert(receiver, alert_id))
            answers: list[dict[str, str]] = await pipe.execute()
            found += [_entries(alert_id, answer) for (_, alert_id), answer in zip(some, answers, strict=True)]
        return found

    async def unpublished(self, receiver: str, limit: int = 100) -> dict[str, Outgoing]:
        """Up to about `limit` records that Kafka may still miss, by their ids, in order of time."""
        _, found = await cast("Any", self._redis.hscan(self._keys.outbox(receiver), count=limit))
        waiting = [(name, _outgoing(name, text)) for name, text in found.items()]
        return dict(sorted(waiting, key=lambda one: _moment(one[1].record)))

    async def published(self, receiver: str, ids: Iterable[str]) -> None:
        """Kafka has confirmed these records."""
        if names := list(ids):
            await cast("Any", self._redis.hdel(self._keys.outbox(receiver), *names))

    async def applied(self, partition: int) -> int:
        """The next offset of `alerts` that is not parked."""
        return int(await cast("Any", self._redis.hget(self._keys.applied(), str(partition))) or 0)

    async def is_behind(self, known: Mapping[int, int]) -> bool:
        """Whether Redis knows nothing of the step, or less than it knew already (`known`): it was lost or set back."""
        found = await cast("Any", self._redis.hgetall(self._keys.applied()))
        return not found or any(int(found.get(str(partition)) or 0) < offset for partition, offset in known.items())

    async def set_applied(self, offsets: dict[int, int]) -> None:
        """So far the partitions are parked."""
        if offsets:
            named: Any = {str(partition): str(offset) for partition, offset in offsets.items()}
            await cast("Any", self._redis.hset(self._keys.applied(), mapping=named))


def _entries(alert_id: str, found: Mapping[str, str]) -> list[Entry]:
    sequences = sorted(int(name.partition(":")[0]) for name in found if name.endswith(":outcome"))
    return [
        Entry(
            task=TaskId(alert_id, n),
            state=found.get(f"{n}:state", ""),
            outcome=found[f"{n}:outcome"],
            cause=found.get(f"{n}:cause", ""),
            attempts=int(found.get(f"{n}:attempts", 0)),
            last=Delivery.model_validate_json(found[f"{n}:record"]) if f"{n}:record" in found else None,
            muted_by=found.get(f"{n}:muted", ""),
            kind=found.get(f"{n}:kind", ""),
        )
        for n in sequences
    ]


def _outgoing(name: str, text: str) -> Outgoing:
    kind, _, trace_id = name.split("|", 2)
    topic = next(known for known in FLOW if known == kind)
    record: Record = RECORDS[topic].model_validate_json(text)
    return Outgoing(topic, _key(record), record, trace_id or None)


def _moment(record: Record | Encoded) -> datetime:
    match record:
        case Delivery():
            return record.attempted_at
        case Alert():
            return record.fired_at
    return datetime.max.replace(tzinfo=UTC)


def _key(record: Record) -> str:
    if isinstance(record, Delivery):
        return record.alert_id
    if isinstance(record, Alert):
        return record.pattern_id
    return f"{getattr(record, 'topic', '')}/{getattr(record, 'partition', 0)}/{getattr(record, 'offset', 0)}"
