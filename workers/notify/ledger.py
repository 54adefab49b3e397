"""The ledger in Redis: what is parked for whom, who holds it, what came of it. It sends nothing.

Every command may run twice (a timed-out one is sent again) and does the same the second time.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Literal, cast

from topics.alerts import Alert, AlertState
from topics.base import Record
from topics.deliveries import Delivery
from topics.deliveries import Outcome as DeliveryOutcome
from topics.names import TopicKind
from workers.notify.circuit import Circuit
from workers.notify.keys import KEEP_SECONDS, Keys, TaskId
from workers.redis_client import Redis

TaskOutcome = Literal["pending", "delivered", "failed", "suppressed"]

SUPPRESSED_BECAUSE: Mapping[str, str] = {
    "superseded": "another alert took its place",
    "supersedes": "the alert that it takes the place of was told already",
    "unsent": "taken back before its firing was sent",
    "retracted": "taken back before it was sent",
    "untold": "its firing did not reach this receiver",
    "outdated": "a later change of the same alert had come in before it",
}
"""Causes in the ledger, in words."""


@dataclass(frozen=True, slots=True)
class Past:
    """What the topic `deliveries` knows of a change whose place in the ledger was lost.

    `due` (epoch seconds) and `attempts` are for one that is still to be told: `outcome` is then `pending`.
    """

    outcome: TaskOutcome
    cause: str = "rebuilt"
    attempts: int = 0
    due: float | None = None

    def order(self) -> dict[str, object]:
        """As the script takes it."""
        if self.outcome != "pending":
            return {"outcome": self.outcome, "cause": self.cause}
        return {"attempts": self.attempts, **({} if self.due is None else {"due": self.due})}


@dataclass(frozen=True, slots=True)
class Arrival:
    """An alert as it came in. `origin` is its place on the topic, `topic/partition/offset`."""

    alert: Alert
    trace_id: str | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """How an alert stands with a receiver after `accept`; `cause` is a key of SUPPRESSED_BECAUSE or empty.

    `took_back`: firings, of it or of the alert that stood for it, that are therefore not sent.
    """

    outcome: TaskOutcome
    cause: str = ""
    took_back: tuple[TaskId, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """The receiver must be left alone until `until` (epoch seconds); None: until somebody enables it."""

    until: float | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A change that this worker holds until its lease ends. Times are epoch seconds; `attempt` counts from 1.

    `what`: `send` it; or end it unsent, because its firing never reached the receiver (`untold`) or because its
    schedule ended while the receiver was left alone (`expired`). `reason` is that of the attempt before, `memo` what
    the receiver said of the message that this belongs to, `failing` the alert about the receiver that stands, if any.
    """

    receiver: str
    task: TaskId
    token: str
    what: Literal["send", "untold", "expired"]
    attempt: int
    alert: Alert
    trace_id: str | None
    accepted_at: float
    give_up_at: float
    incident: str
    origin: str = ""
    reason: str = ""
    failures: int = 0
    failing: str = ""
    memo: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of an attempt. `next_due` is set if and only if `outcome` is `retrying`.

    `circuit`: how the receiver itself is now; None if it was not asked. `disabled`: why it is sent nothing more, as
    JSON. `failing`: the alert about the receiver that this gives rise to; it goes out unless one stands already.
    `also`: further records for Kafka.
    """

    outcome: DeliveryOutcome
    record: Delivery
    next_due: float | None = None
    circuit: Circuit | None = None
    disabled: str = ""
    memo: str = ""
    failing: Alert | None = None
    also: Sequence[tuple[TopicKind, Record]] = field(default=())


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
        arrival: Arrival,
        receiver: str,
        *,
        now: float,
        give_up_at: float,
        every_change: bool = False,
        past: Past | None = None,
    ) -> Accepted:
        """Park a change for `receiver`, once for all time: what is known already stays as it is.

        Of an alert and those that take its place only the first is told, unless the receiver wants `every_change`.
        `past` is what is known of it from elsewhere (the ledger is being rebuilt).
        """
        alert = arrival.alert
        order = _order(arrival, now=now, give_up_at=give_up_at, every_change=every_change)
        order["past"] = past.order() if past else {}
        superseded = [old for old in alert.supersedes if old != alert.id]
        key = self._keys.alert(receiver, alert.id)
        pipe = self._redis.pipeline(transaction=False)
        pipe.sadd(self._keys.receivers(), receiver)
        pipe.hget(key, "stand")
        _, stand = await pipe.execute()
        stood = stand or alert.id
        while True:
            outcome, cause, *more = await self._accept(
                keys=[
                    self._keys.due(receiver),
                    key,
                    self._keys.alert(receiver, stood),
                    *(self._keys.alert(receiver, old) for old in superseded),
                ],
                args=[json.dumps({**order, "stood": stood}), alert.model_dump_json()],
            )
            if outcome != "look":
                taken = json.loads(more[0]) if more[0] else []
                return Accepted(outcome, cause, tuple(TaskId.parse(member) for member in taken))
            stood = cause

    async def due(self, receiver: str, now: float, limit: int = 16) -> list[TaskId]:
        """What may be claimed now, longest waiting first."""
        found = await self._redis.zrange(self._keys.due(receiver), "-inf", now, byscore=True, offset=0, num=limit)
        return [TaskId.parse(str(member)) for member in found]

    async def next_due(self, receiver: str) -> float | None:
        """When the next change is due (epoch seconds); None if nothing is parked."""
        first = await self._redis.zrange(self._keys.due(receiver), 0, 0, withscores=True)
        return float(first[0][1]) if first else None

    async def claim(
        self,
        receiver: str,
        task: TaskId,
        *,
        now: float,
        lease: float,
        interval: float = 0.0,
        circuit_after: int = 1_000_000,
    ) -> Claim | Wait | None:
        """Hold `task` for `lease` seconds; None if it is not due, not its turn, done, or held by another worker.

        `interval` seconds lie between two messages to the receiver, whoever sends them. After `circuit_after` failures
        in a row one worker at a time tries.
        """
        key = self._keys.alert(receiver, task.alert_id)
        stood, incident = await cast("Any", self._redis.hmget(key, [f"{task.sequence}:stood", "incident"]))
        incident = incident or task.alert_id
        token = uuid.uuid4().hex
        order = {
            "member": str(task),
            "sequence": str(task.sequence),
            "now": now,
            "token": token,
            "lease_until": now + lease,
            "interval": interval,
            "circuit_after": circuit_after,
        }
        answer = await self._claim(
            keys=[
                self._keys.due(receiver),
                key,
                self._keys.alert(receiver, stood or task.alert_id),
                self._keys.alert(receiver, incident),
                self._keys.receiver(receiver),
            ],
            args=[json.dumps(order)],
        )
        if answer is None:
            return None
        if answer[0] == "wait":
            return Wait(float(answer[1]) if answer[1] else None)
        return _claimed(receiver, task, token, incident, answer)

    async def finish(self, claim: Claim, ending: Ending, *, now: float) -> bool:
        """Write down the end of an attempt; False if it did not count because another worker holds the change now."""
        circuit = ending.circuit or Circuit()
        trace_id = claim.trace_id or ""
        failing = ending.failing.model_dump_json() if ending.failing else ""
        order = {
            "alert_id": claim.task.alert_id,
            "member": str(claim.task),
            "sequence": str(claim.task.sequence),
            "token": claim.token,
            "outcome": ending.outcome,
            "now": now,
            "next_due": "" if ending.next_due is None else ending.next_due,
            "keep": KEEP_SECONDS,
            "reason": ending.record.reason or "",
            "memo": ending.memo,
            "record_id": outbox_id("deliveries", claim.token, trace_id),
            "tried": ending.circuit is not None,
            "failures": circuit.failures,
            "open_until": circuit.open_until,
            "disabled": ending.disabled,
            "failing": failing,
        }
        also: list[tuple[TopicKind, Record]] = list(ending.also)
        if ending.failing is not None:
            also.append(("alerts", ending.failing))
        pairs = [(outbox_id(kind, claim.token, trace_id), record.model_dump_json()) for kind, record in also]
        answer = await self._finish(
            keys=[
                self._keys.due(claim.receiver),
                self._keys.alert(claim.receiver, claim.task.alert_id),
                self._keys.alert(claim.receiver, claim.incident),
                self._keys.outbox(claim.receiver),
                self._keys.receiver(claim.receiver),
            ],
            args=[json.dumps(order), ending.record.model_dump_json(), *(part for pair in pairs for part in pair)],
        )
        return bool(answer)


def _order(arrival: Arrival, *, now: float, give_up_at: float, every_change: bool) -> dict[str, object]:
    """What the script `accept` is told of an arrival."""
    alert = arrival.alert
    return {
        "alert_id": alert.id,
        "sequence": str(TaskId.of(alert).sequence),
        "state": alert.state,
        "now": now,
        "give_up_at": give_up_at,
        "ttl": max(0, int(give_up_at - now)) + KEEP_SECONDS,
        "keep": KEEP_SECONDS,
        "trace_id": arrival.trace_id or "",
        "origin": arrival.origin,
        "superseded_by": "" if every_change else alert.superseded_by or "",
        "every_change": every_change,
    }


def _claimed(receiver: str, task: TaskId, token: str, incident: str, answer: Sequence[Any]) -> Claim:
    """What the script `claim` answered."""
    what, attempt, alert, trace_id, accepted_at, give_up_at, origin, reason, failures, failing, memo = answer
    return Claim(
        receiver=receiver,
        task=task,
        token=token,
        what=what,
        attempt=int(attempt),
        alert=Alert.model_validate_json(alert),
        trace_id=trace_id or None,
        accepted_at=float(accepted_at),
        give_up_at=float(give_up_at),
        incident=incident,
        origin=origin,
        reason=reason,
        failures=int(failures),
        failing=failing,
        memo=memo,
    )


def outbox_id(kind: TopicKind, token: str, trace_id: str) -> str:
    """The name of a record in the outbox: where it goes, which attempt it comes of, which trace."""
    return f"{kind}|{token}|{trace_id}"


def suppressed(alert: Alert, receiver: str, accepted: Accepted, *, now: datetime) -> Sequence[Delivery]:
    """The records that tell why something is not sent; none for an alert that is sent."""
    told: list[tuple[TaskId, AlertState, str]] = [(task, "firing", "retracted") for task in accepted.took_back]
    if accepted.outcome == "suppressed":
        told.append((TaskId.of(alert), alert.state, accepted.cause))
    return [
        Delivery(
            alert_id=task.alert_id,
            alert_state=state,
            alert_sequence=task.sequence,
            pattern_id=alert.pattern_id,
            receiver=receiver,
            attempt=0,
            outcome="suppressed",
            attempted_at=now.astimezone(UTC),
            reason=SUPPRESSED_BECAUSE.get(cause, cause),
        )
        for task, state, cause in told
    ]


def _script(name: str) -> str:
    return files("workers.notify").joinpath(f"{name}.lua").read_text("utf-8")
