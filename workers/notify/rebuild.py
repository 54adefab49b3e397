"""The ledger of a lost Redis, made anew from Kafka: what was delivered stays so, what was parked is parked again.

What `deliveries` does not know of is told again under the same id, as long as its schedule would still run; after that
it counts as told. So a crash of Redis can repeat a message, but lose none.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from topics.deliveries import Delivery
from workers.logs import get_logger
from workers.notify.changes import SUPPRESSED_BECAUSE, Past, suppressed
from workers.notify.grouping import timers, when
from workers.notify.history import Acknowledged, History
from workers.notify.keys import TaskId
from workers.notify.ledger import Ledger
from workers.notify.mute_store import MuteStore
from workers.notify.parking import unspoken
from workers.notify.routing import Receivers
from workers.notify.standing import Standings
from workers.notify.targets import Receiver

Known = Mapping[tuple[str, TaskId], Past]
"""By receiver and change."""

_CAUSES = {words: cause for cause, words in SUPPRESSED_BECAUSE.items()}
_FINAL = {"delivered": 3, "failed": 2, "suppressed": 2, "retrying": 1, "muted": 0}

_log = get_logger("notify")


def known(deliveries: Iterable[Delivery]) -> Known:
    """What the records of attempts say of each change: its end if it came to one, else how often it was tried."""
    last: dict[tuple[str, TaskId], Delivery] = {}
    for delivery in deliveries:
        place = (delivery.receiver, TaskId.told_by(delivery))
        before = last.get(place)
        if before is None or _rank(delivery) >= _rank(before):
            last[place] = delivery
    return {place: _past(delivery) for place, delivery in last.items()}


def _rank(delivery: Delivery) -> tuple[int, int]:
    return _FINAL[delivery.outcome], delivery.attempt


def _past(delivery: Delivery) -> Past:
    match delivery.outcome:
        case "retrying":
            due = delivery.next_attempt_at or delivery.attempted_at
            batch = delivery.notification or ""
            return Past("pending", "", attempts=delivery.attempt, due=due.timestamp(), batch=batch)
        case "muted":
            return Past("pending", "", muted=delivery.muted_by or "")
        case "suppressed":
            return Past("suppressed", _CAUSES.get(delivery.reason or "", "superseded"))
        case "delivered":
            return Past("delivered", told_at=delivery.attempted_at.timestamp())
        case "failed":
            return Past("failed")


def last_told(knowledge: Known) -> Mapping[tuple[str, str], float]:
    """When each receiver was last told of each alert, repeats too (epoch seconds)."""
    found: dict[tuple[str, str], float] = {}
    for (receiver, task), past in knowledge.items():
        if past.told_at is not None:
            place = receiver, task.alert_id
            found[place] = max(found.get(place, 0.0), past.told_at)
    return found


def past_of(receiver: Receiver, one: Acknowledged, knowledge: Known, now: float) -> Past | None:
    """What is known of one alert and receiver; None: nothing, and it is to be told."""
    found = knowledge.get((receiver.name, TaskId.of(one.arrival.alert))) or unspoken(one.arrival.alert)
    if found is None and one.written_at + receiver.retry.give_up_after < now:
        return Past("delivered")
    return found


class Rebuilder:
    """Notices that Redis was lost, and makes the ledger anew. One at a time; twice does no harm."""

    def __init__(
        self, receivers: Receivers, ledger: Ledger, standings: Standings, mutes: MuteStore, history: History
    ) -> None:
        self._receivers = receivers
        self._ledger = ledger
        self._standings = standings
        self._mutes = mutes
        self._history = history
        self._lock = asyncio.Lock()

    async def if_lost(self, now: float, parked: Mapping[int, int]) -> bool:
        """Rebuild if Redis knows nothing, or less than what was `parked` (by partition, the next offset): it failed
        over to a copy that lags. Whether it was so. Raises the errors of `redis`, and Unreachable.
        """
        if not await self._standings.is_behind(parked):
            return False
        async with self._lock:
            if not await self._standings.is_behind(parked):
                return False
            await self.rebuild(now, parked)
        return True

    async def if_behind(self, now: float) -> bool:
        """Rebuild if Redis knows less than was acknowledged: it was lost, or set back to an older copy.

        For a start, before anything is sent. Raises as `if_lost` does.
        """
        commits = await asyncio.to_thread(self._history.commits)
        behind = await self._standings.is_behind(commits)
        if behind:
            await self.rebuild(now)
        return behind

    async def rebuild(self, now: float, parked: Mapping[int, int] | None = None) -> None:
        """From all that was acknowledged, and what was `parked` since. What is known to have ended stays as it is."""
        await self.learn_silences()
        commits = await asyncio.to_thread(self._history.commits)
        for partition, offset in (parked or {}).items():
            commits[partition] = max(offset, commits.get(partition, 0))
        if any(commits.values()):
            knowledge = await asyncio.to_thread(lambda: known(self._history.deliveries()))
            alerts = await asyncio.to_thread(lambda: list(self._history.alerts(commits)))
            waiting = await self._park(alerts, knowledge, now)
            _log.warning(
                "ledger of deliveries rebuilt from Kafka", alerts=len(alerts), attempts=len(knowledge), parked=waiting
            )
        await self._standings.set_applied(commits)

    async def learn_silences(self) -> None:
        """Silences that Redis does not know, or knows an older word of. Raises as `if_lost` does."""
        await self._mutes.put(await asyncio.to_thread(lambda: list(self._history.silences())))

    async def _park(self, alerts: Iterable[Acknowledged], knowledge: Known, now: float) -> int:
        """All of `alerts`, as they stood; how many are still to be told."""
        told, waiting = last_told(knowledge), 0
        batches: dict[str, dict[str, list[TaskId]]] = defaultdict(lambda: defaultdict(list))
        for one in alerts:
            alert, task = one.arrival.alert, TaskId.of(one.arrival.alert)
            await self._mutes.remember(alert)
            for receiver in self._receivers.route(alert).receivers:
                past = past_of(receiver, one, knowledge, now)
                if past is not None and past.outcome == "delivered":
                    moment = datetime.fromtimestamp(told.get((receiver.name, alert.id), now), UTC)
                    past = replace(past, again=timers(alert, receiver, moment))
                accepted = await self._ledger.accept(
                    one.arrival,
                    receiver.name,
                    now=now,
                    give_up_at=max(now, one.written_at + receiver.retry.give_up_after),
                    every_change=receiver.every_change,
                    when=when(alert, receiver),
                    past=past,
                )
                waiting += accepted.outcome == "pending"
                if past is None:  # what is decided only now must be told, too
                    moment = datetime.fromtimestamp(now, UTC)
                    await self._ledger.record(receiver.name, suppressed(alert, receiver.name, accepted, now=moment))
                if past is not None and past.batch and accepted.outcome == "pending":
                    batches[receiver.name][past.batch].append(task)
        for name, made in batches.items():
            await self._ledger.restore_batches(name, made)
        return waiting
