"""The ledger in Redis: what is parked for whom, who holds it, what came of it. It sends nothing.

Every command may run twice (a timed-out one is sent again) and does the same the second time.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Literal, cast

from topics.alerts import Alert
from topics.base import Record
from topics.deliveries import Delivery
from topics.names import TopicKind
from workers.notify.changes import Accepted, Arrival, Claim, Ending, Parked, Past, TimerKind, Told, Wait, When, as_told
from workers.notify.circuit import Circuit
from workers.notify.keys import KEEP_SECONDS, Keys, TaskId
from workers.redis_client import Redis

MOST_TOGETHER = 50
"""Alerts in one notification; the others of the group follow in the next."""

_MOST_RELEASED = 500
"""Changes in one call."""


class Ledger:
    """All methods may raise the errors of `redis`."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._accept = redis.register_script(_script("accept"))
        self._claim = redis.register_script(_script("claim"))
        self._finish = redis.register_script(_script("finish"))
        self._hold = redis.register_script(_script("hold"))
        self._release = redis.register_script(_script("release"))

    async def accept(
        self,
        arrival: Arrival,
        receiver: str,
        *,
        now: float,
        give_up_at: float,
        every_change: bool = False,
        when: When | None = None,
        past: Past | None = None,
    ) -> Accepted:
        """Park a change for `receiver`, once for all time: what is known already stays as it is.

        Of an alert and those that take its place only the first is told, unless the receiver wants `every_change`.
        `past` is what is known of it from elsewhere (the ledger is being rebuilt).
        """
        alert, when = arrival.alert, when or When()
        order = _order(arrival, when, now=now, give_up_at=give_up_at, every_change=every_change)
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
                    self._keys.group(receiver, when.group),
                    *(self._keys.alert(receiver, old) for old in superseded),
                ],
                args=[json.dumps({**order, "stood": stood}), alert.model_dump_json()],
            )
            if outcome != "look":
                taken = json.loads(more[0]) if more[0] else []
                return Accepted(outcome, cause, tuple((TaskId.parse(member), why) for member, why in taken))
            stood = cause

    async def due(self, receiver: str, now: float, limit: int = 16) -> list[TaskId]:
        """What may be claimed now, longest waiting first."""
        found = await self._redis.zrange(self._keys.due(receiver), "-inf", now, byscore=True, offset=0, num=limit)
        return [TaskId.parse(str(member)) for member in found]

    async def next_due(self, receiver: str) -> float | None:
        """When the next change is due (epoch seconds); None if nothing is parked."""
        first = await self._redis.zrange(self._keys.due(receiver), 0, 0, withscores=True)
        return float(first[0][1]) if first else None

    async def look(self, receiver: str, tasks: Sequence[TaskId]) -> list[Parked]:
        """What is parked under `tasks`, in their order."""
        names = ("alert", "attempts", "group", "batch", "kind", "muted", "stood")
        pipe = self._redis.pipeline(transaction=False)
        for task in tasks:
            key = self._keys.alert(receiver, task.alert_id)
            pipe.hmget(key, [*(f"{task.sequence}:{name}" for name in names), "incident"])
        found: list[list[Any]] = await pipe.execute() if tasks else []
        return [_parked(task, values) for task, values in zip(tasks, found, strict=True)]

    async def together(self, receiver: str, parked: Parked, now: float) -> list[TaskId]:
        """What may be told with `parked`: the rest of its notification if it was made already, else of its group."""
        if parked.batch:
            members = await cast("Any", self._redis.hget(self._keys.batches(receiver), parked.batch))
            found = [TaskId.parse(member) for member in json.loads(members)] if members else []
        elif parked.group:
            names = await cast("Any", self._redis.hkeys(self._keys.group(receiver, parked.group)))
            waiting = sorted(name.removeprefix("m:") for name in names if name.startswith("m:"))
            scores = await self._redis.zmscore(self._keys.due(receiver), waiting) if waiting else []
            found = [
                TaskId.parse(member)
                for member, score in zip(waiting, scores, strict=True)
                if score is None or float(score) <= now  # what is not there any more is tidied up by the claim
            ]
        else:
            found = []
        return [task for task in found if task != parked.task][: MOST_TOGETHER - 1]

    async def claim(
        self,
        receiver: str,
        task: TaskId,
        *,
        now: float,
        lease: float,
        interval: float = 0.0,
        circuit_after: int = 1_000_000,
        patience: float = 86_400.0,
        parked: Parked | None = None,
        others: Sequence[Parked] = (),
    ) -> Claim | Wait | None:
        """Hold `task` for `lease` seconds; None if it is not due, not its turn, done, or held by another worker.

        `interval` seconds lie between two messages to the receiver, whoever sends them. After `circuit_after` failures
        in a row one worker at a time tries. `others` are told with it if their turn has come, too. What was held back
        is tried for `patience` seconds from its first try.
        """
        if parked is None:
            (parked,) = await self.look(receiver, [task])
        changes = [parked, *others]
        token = uuid.uuid4().hex
        order = {
            "now": now,
            "token": token,
            "lease_until": now + lease,
            "interval": interval,
            "circuit_after": circuit_after,
            "patience": patience,
            "group": parked.group,
            "batch": parked.batch,
            "changes": [{"member": str(one.task), "sequence": str(one.task.sequence)} for one in changes],
        }
        answer = await self._claim(
            keys=[
                self._keys.due(receiver),
                self._keys.receiver(receiver),
                self._keys.group(receiver, parked.group),
                self._keys.batches(receiver),
                *(key for one in changes for key in self._of(receiver, one)),
            ],
            args=[json.dumps(order)],
        )
        if answer is None:
            return None
        if answer[0] == "wait":
            return Wait(float(answer[1]) if answer[1] else None)
        return _claimed(receiver, changes, token, answer)

    def _of(self, receiver: str, parked: Parked) -> tuple[str, str, str]:
        """The keys of a change that is to be claimed."""
        task = parked.task
        names = (task.alert_id, parked.stood or task.alert_id, parked.incident)
        first, second, third = (self._keys.alert(receiver, name) for name in names)
        return first, second, third

    async def finish(self, claim: Claim, ending: Ending, *, now: float) -> bool:
        """Write down the end of an attempt; False if it did not count because another worker holds the change now."""
        told, records = claim.told, [ending.record, *ending.more]
        also: list[tuple[TopicKind, Record]] = list(ending.also)
        if ending.failing is not None:
            also.append(("alerts", ending.failing))
        trace_id = claim.trace_id or ""
        pairs = [
            (outbox_id(kind, f"{claim.token}.{place}" if place else claim.token, trace_id), record.model_dump_json())
            for place, (kind, record) in enumerate(also)
        ]
        keys = [
            self._keys.due(claim.receiver),
            self._keys.receiver(claim.receiver),
            self._keys.outbox(claim.receiver),
            self._keys.batches(claim.receiver),
            self._keys.group(claim.receiver, claim.group),
        ]
        for one in told:
            keys += [
                self._keys.alert(claim.receiver, one.task.alert_id),
                self._keys.alert(claim.receiver, one.incident),
            ]
        answer = await self._finish(
            keys=keys,
            args=[
                json.dumps(_ending_order(claim, ending, now)),
                *(record.model_dump_json() for record in records),
                *(part for pair in pairs for part in pair),
            ],
        )
        return bool(answer)

    async def hold(self, receiver: str, parked: Parked, record: Delivery, *, now: float, until: float) -> bool:
        """Mute `parked` until `until`; whether it counts: somebody may have begun to send it."""
        order = {
            "outcome": "pending",
            "until_": until,
            "muted_by": record.muted_by or "",
            "reason": record.reason or "",
        }
        return await self._held(receiver, parked, order, record, now)

    async def postpone(self, receiver: str, parked: Parked, *, now: float, until: float) -> bool:
        """It is too early for `parked`: it is due at `until`."""
        return await self._held(receiver, parked, {"outcome": "pending", "until_": until, "muted_by": ""}, None, now)

    async def end_unsent(self, receiver: str, parked: Parked, record: Delivery, *, cause: str, now: float) -> bool:
        """End `parked`, which nobody has begun to send."""
        return await self._held(receiver, parked, {"outcome": "suppressed", "cause": cause}, record, now)

    async def _held(
        self, receiver: str, parked: Parked, order: Mapping[str, object], record: Delivery | None, now: float
    ) -> bool:
        task = parked.task
        until = order.get("until_", now)
        ttl = int(max(0.0, float(cast("float", until)) - now)) + KEEP_SECONDS
        given = {"muted_by": "", "cause": "", "until_": now, "reason": "", **order}
        given |= {"member": str(task), "sequence": str(task.sequence), "now": now, "keep": KEEP_SECONDS, "ttl": ttl}
        given["record_id"] = outbox_id("deliveries", uuid.uuid4().hex, "")
        answer = await self._hold(
            keys=[
                self._keys.due(receiver),
                self._keys.alert(receiver, task.alert_id),
                self._keys.muted(receiver),
                self._keys.outbox(receiver),
            ],
            args=[json.dumps(given), record.model_dump_json() if record else ""],
        )
        return bool(answer)

    async def muted(self, receiver: str) -> dict[TaskId, str]:
        """What is held back, and by which silence or alert (`Delivery.muted_by`)."""
        found = await cast("Any", self._redis.hgetall(self._keys.muted(receiver)))
        return {TaskId.parse(member): by for member, by in found.items()}

    async def release(self, receiver: str, tasks: Iterable[TaskId], now: float) -> None:
        """What muted `tasks` has ended: each that nobody has begun to tell is looked at again, now."""
        waiting = list(tasks)
        for some in (waiting[at : at + _MOST_RELEASED] for at in range(0, len(waiting), _MOST_RELEASED)):
            await self._release(
                keys=[
                    self._keys.due(receiver),
                    self._keys.muted(receiver),
                    *(self._keys.alert(receiver, task.alert_id) for task in some),
                ],
                args=[now, *(part for task in some for part in (str(task), str(task.sequence)))],
            )

    async def record(self, receiver: str, records: Iterable[Delivery]) -> None:
        """Records for Kafka of what was decided while the ledger was made anew; the same ones again change nothing."""
        for one in records:
            name = outbox_id("deliveries", f"rebuilt.{TaskId.told_by(one)}", "")
            await cast("Any", self._redis.hset(self._keys.outbox(receiver), name, one.model_dump_json()))

    async def restore_batches(self, receiver: str, batches: Mapping[str, Sequence[TaskId]]) -> None:
        """Notifications that were made before Redis was lost, with what they tell of."""
        for batch, tasks in batches.items():
            members: Any = json.dumps(sorted(str(task) for task in tasks))
            await cast("Any", self._redis.hset(self._keys.batches(receiver), batch, members))
        if batches:
            await self._redis.expire(self._keys.batches(receiver), KEEP_SECONDS)


def _order(arrival: Arrival, when: When, *, now: float, give_up_at: float, every_change: bool) -> dict[str, object]:
    """What the script `accept` is told of an arrival."""
    alert = arrival.alert
    return {
        "alert_id": alert.id,
        "sequence": str(TaskId.of(alert).sequence),
        "state": "retracted" if alert.state == "retracted" else "firing",
        "update": alert.state == "updated",
        "now": now,
        "give_up_at": give_up_at,
        "ttl": max(0, int(give_up_at - now)) + KEEP_SECONDS,
        "keep": KEEP_SECONDS,
        "trace_id": arrival.trace_id or "",
        "origin": arrival.origin,
        "superseded_by": "" if every_change else alert.superseded_by or "",
        "every_change": every_change,
        "wants_updates": when.wants_updates,
        "group": when.group,
        "wait": when.wait,
        "interval": when.interval,
        "urgent": when.urgent,
    }


def _ending_order(claim: Claim, ending: Ending, now: float) -> dict[str, object]:
    """What the script `finish` is told."""
    circuit = ending.circuit or Circuit()
    again = list(ending.again) or [()] * len(claim.told)
    latest = max((timer.give_up_at for timers in again for timer in timers), default=now)
    return {
        "token": claim.token,
        "outcome": ending.outcome,
        "now": now,
        "next_due": "" if ending.next_due is None else ending.next_due,
        "keep": KEEP_SECONDS,
        "ttl": int(max(latest, claim.give_up_at, now) - now) + KEEP_SECONDS,
        "reason": ending.record.reason or "",
        "memo": ending.memo,
        "batch": claim.batch,
        "tried": ending.circuit is not None,
        "failures": circuit.failures,
        "open_until": circuit.open_until,
        "disabled": ending.disabled,
        "failing": ending.failing.model_dump_json() if ending.failing else "",
        "changes": [
            {
                "alert_id": one.task.alert_id,
                "member": str(one.task),
                "sequence": str(one.task.sequence),
                "record_id": outbox_id("deliveries", f"{claim.token}.{place}", one.trace_id or ""),
                "again": [timer.order() for timer in timers],
            }
            for place, (one, timers) in enumerate(zip(claim.told, again, strict=True))
        ],
    }


def _parked(task: TaskId, values: Sequence[Any]) -> Parked:
    alert, attempts, group, batch, kind, muted, stood, incident = (value or "" for value in values)
    known: TimerKind | Literal[""] = "repeat" if kind == "repeat" else "close" if kind == "close" else ""
    return Parked(task, alert, int(attempts or 0), group, batch, known, muted, stood, incident or task.alert_id)


def _claimed(receiver: str, changes: Sequence[Parked], token: str, answer: Sequence[Any]) -> Claim:
    """What the script `claim` answered."""
    what, attempt, give_up_at, failures, failing, memo, batch, told = answer
    incidents = {str(one.task): one.incident for one in changes}
    first, *others = (_told(one, incidents[one[0]]) for one in told)
    return Claim(
        receiver=receiver,
        task=first.task,
        token=token,
        what=what,
        attempt=int(attempt),
        alert=first.alert,
        trace_id=first.trace_id,
        accepted_at=first.accepted_at,
        give_up_at=float(give_up_at),
        incident=first.incident,
        origin=first.origin,
        reason=told[0][5],
        failures=int(failures),
        failing=failing,
        memo=memo,
        batch=batch,
        group=changes[0].group,
        others=tuple(others),
    )


def _told(change: Sequence[Any], incident: str) -> Told:
    member, alert, trace_id, accepted_at, origin, _, told, kind = change
    task = TaskId.parse(member)
    said = as_told(Alert.model_validate_json(alert), task.sequence, kind, heard=told == "firing")
    return Told(task, said, trace_id or None, float(accepted_at), incident, origin)


def outbox_id(kind: TopicKind, token: str, trace_id: str) -> str:
    """The name of a record in the outbox: where it goes, which attempt it comes of, which trace."""
    return f"{kind}|{token}|{trace_id}"


def _script(name: str) -> str:
    return files("workers.notify").joinpath(f"{name}.lua").read_text("utf-8")
