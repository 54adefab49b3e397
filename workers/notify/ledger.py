"""The ledger in Redis: what is parked for whom, who holds it, what came of it. It sends nothing.

Every command may run twice (a timed-out one is sent again) and does the same the second time.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Literal, cast

from topics.alerts import Alert
from topics.deliveries import Delivery
from topics.deliveries import Outcome as DeliveryOutcome
from workers.notify.keys import KEEP_SECONDS, Keys, TaskId
from workers.redis_client import Redis

TaskOutcome = Literal["pending", "delivered", "failed", "suppressed"]

SUPPRESSED_BECAUSE: Mapping[str, str] = {
    "superseded": "another alert took its place",
    "supersedes": "the alert that it takes the place of was told already",
    "unsent": "taken back before its firing was sent",
    "retracted": "taken back before it was sent",
    "untold": "its firing did not reach this receiver",
}
"""Causes in the ledger, in words."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """How an alert stands with a receiver after `accept`; `cause` is a key of SUPPRESSED_BECAUSE or empty."""

    outcome: TaskOutcome
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A task that this worker holds until its lease ends. Times are epoch seconds; `attempt` counts from 1.

    `reached` is False for a retraction whose firing, as it turned out, never reached the receiver.
    """

    receiver: str
    task: TaskId
    token: str
    attempt: int
    alert: Alert
    trace_id: str | None
    accepted_at: float
    give_up_at: float
    reached: bool = True


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of an attempt. `next_due` is set if and only if `outcome` is `retrying`."""

    outcome: DeliveryOutcome
    record: Delivery
    next_due: float | None = None


class Ledger:
    """All methods may raise the errors of `redis`."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._accept = redis.register_script(_script("accept"))
        self._claim = redis.register_script(_script("claim"))
        self._finish = redis.register_script(_script("finish"))

    async def accept(
        self,
        alert: Alert,
        receiver: str,
        *,
        now: float,
        give_up_after: float,
        trace_id: str | None = None,
        every_change: bool = False,
        told: bool = False,
    ) -> Accepted:
        """Park `alert` for `receiver`, once for all time: what is known already stays as it is.

        Of an alert and those that take its place only the first is told, unless the receiver wants `every_change`.
        `told` takes it as delivered without sending (the ledger is being rebuilt).
        """
        task = TaskId(alert.id, alert.state)
        superseded = [] if every_change else [old for old in alert.supersedes if old != alert.id]
        firing = task if alert.state == "firing" else await self._firing(receiver, alert.id)
        await cast("Any", self._redis.sadd(self._keys.receivers(), receiver))
        answer = await self._accept(
            keys=[
                self._keys.due(receiver),
                self._keys.task(receiver, task),
                self._keys.task(receiver, firing),
                *(self._keys.task(receiver, TaskId(old, "firing")) for old in superseded),
            ],
            args=[
                str(task),
                now,
                now + give_up_after,
                int(give_up_after) + KEEP_SECONDS,
                KEEP_SECONDS,
                alert.model_dump_json(),
                trace_id or "",
                "" if every_change else alert.superseded_by or "",
                "1" if told else "",
                str(firing),
                alert.id,
                *superseded,
            ],
        )
        return Accepted(answer[0], answer[1])

    async def _firing(self, receiver: str, alert_id: str) -> TaskId:
        """The firing that a human was told of: the alert's own, or that of the one which stood in its place."""
        own = TaskId(alert_id, "firing")
        stood = await cast("Any", self._redis.hget(self._keys.task(receiver, own), "stands_for"))
        return TaskId(stood, "firing") if stood else own

    async def due(self, receiver: str, now: float, limit: int = 16) -> list[TaskId]:
        """What may be claimed now, longest waiting first."""
        found = await self._redis.zrange(self._keys.due(receiver), "-inf", now, byscore=True, offset=0, num=limit)
        return [TaskId.parse(str(member)) for member in found]

    async def next_due(self, receiver: str) -> float | None:
        """When the next task is due (epoch seconds); None if nothing is parked."""
        first = await self._redis.zrange(self._keys.due(receiver), 0, 0, withscores=True)
        return float(first[0][1]) if first else None

    async def claim(self, receiver: str, task: TaskId, *, now: float, lease: float) -> Claim | None:
        """Hold `task` for `lease` seconds; None if it is not due, done, or held by another worker."""
        task_key = self._keys.task(receiver, task)
        firing = task
        if task.state == "retracted":
            member = await cast("Any", self._redis.hget(task_key, "firing"))
            firing = TaskId.parse(member) if member else TaskId(task.alert_id, "firing")
        token = uuid.uuid4().hex
        answer = await self._claim(
            keys=[self._keys.due(receiver), task_key, self._keys.task(receiver, firing)],
            args=[str(task), now, token, now + lease, str(firing)],
        )
        if answer is None:
            return None
        what, attempt, alert, trace_id, accepted_at, give_up_at = answer
        return Claim(
            receiver=receiver,
            task=task,
            token=token,
            attempt=int(attempt),
            alert=Alert.model_validate_json(alert),
            trace_id=trace_id or None,
            accepted_at=float(accepted_at),
            give_up_at=float(give_up_at),
            reached=what == "send",
        )

    async def finish(self, claim: Claim, ending: Ending, *, now: float) -> bool:
        """Write down the end of an attempt; False if it did not count because another worker holds the task now."""
        answer = await self._finish(
            keys=[
                self._keys.due(claim.receiver),
                self._keys.task(claim.receiver, claim.task),
                self._keys.outbox(claim.receiver),
            ],
            args=[
                str(claim.task),
                claim.token,
                ending.outcome,
                now,
                "" if ending.next_due is None else ending.next_due,
                KEEP_SECONDS,
                ending.record.reason or "",
                f"{claim.token}|{claim.trace_id or ''}",
                ending.record.model_dump_json(),
            ],
        )
        return bool(answer)

    async def unpublished(self, receiver: str, limit: int = 100) -> dict[str, Delivery]:
        """Up to about `limit` records that the topic `deliveries` may still miss, by their ids."""
        _, found = await cast("Any", self._redis.hscan(self._keys.outbox(receiver), count=limit))
        return {name: Delivery.model_validate_json(record) for name, record in found.items()}

    async def published(self, receiver: str, ids: Iterable[str]) -> None:
        """Kafka has confirmed these records."""
        if names := list(ids):
            await cast("Any", self._redis.hdel(self._keys.outbox(receiver), *names))

    async def parked(self, receiver: str) -> int:
        """How many tasks wait."""
        return int(await self._redis.zcard(self._keys.due(receiver)))

    async def receivers_seen(self) -> set[str]:
        """Names of all receivers that were ever given a task, also of those that are configured no longer."""
        return set(await cast("Any", self._redis.smembers(self._keys.receivers())))


def trace_of(record_id: str) -> str | None:
    """The trace id that a record's id in the outbox carries."""
    return record_id.partition("|")[2] or None


def suppressed(alert: Alert, receiver: str, accepted: Accepted, *, now: datetime) -> Sequence[Delivery]:
    """The records that tell why nothing is sent; none for an alert that is sent."""
    if accepted.outcome != "suppressed":
        return ()
    states = [(alert.state, accepted.cause)]
    if accepted.cause == "unsent":
        states.insert(0, ("firing", "retracted"))
    return [
        Delivery(
            alert_id=alert.id,
            alert_state=state,
            pattern_id=alert.pattern_id,
            receiver=receiver,
            attempt=0,
            outcome="suppressed",
            attempted_at=now.astimezone(UTC),
            reason=SUPPRESSED_BECAUSE.get(cause, cause),
        )
        for state, cause in states
    ]


def _script(name: str) -> str:
    return files("workers.notify").joinpath(f"{name}.lua").read_text("utf-8")
