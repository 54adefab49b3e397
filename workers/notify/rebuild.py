"""The ledger of a lost Redis, made anew from Kafka: what was delivered stays so, what was parked is parked again.

What `deliveries` does not know of is told again under the same id, as long as its schedule would still run; after that
it counts as told. So a crash of Redis can repeat a message, but lose none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from topics.deliveries import Delivery
from workers.logs import get_logger
from workers.notify.history import Acknowledged, History
from workers.notify.keys import TaskId
from workers.notify.ledger import SUPPRESSED_BECAUSE, Ledger, Past
from workers.notify.routing import Receivers
from workers.notify.standing import Standings
from workers.notify.targets import Receiver

Known = Mapping[tuple[str, TaskId], Past]
"""By receiver and change."""

_CAUSES = {words: cause for cause, words in SUPPRESSED_BECAUSE.items()}
_FINAL = {"delivered": 3, "failed": 2, "suppressed": 2, "retrying": 1}

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
            return Past("pending", "", attempts=delivery.attempt, due=due.timestamp())
        case "suppressed":
            return Past("suppressed", _CAUSES.get(delivery.reason or "", "superseded"))
        case "delivered" | "failed":
            return Past(delivery.outcome)


def past_of(receiver: Receiver, one: Acknowledged, knowledge: Known, now: float) -> Past | None:
    """What is known of one alert and receiver; None: nothing, and it is to be told."""
    found = knowledge.get((receiver.name, TaskId.of(one.arrival.alert)))
    if found is None and one.written_at + receiver.retry.give_up_after < now:
        return Past("delivered")
    return found


class Rebuilder:
    """Notices that Redis was lost, and makes the ledger anew. One at a time; twice does no harm."""

    def __init__(self, receivers: Receivers, ledger: Ledger, standings: Standings, history: History) -> None:
        self._receivers = receivers
        self._ledger = ledger
        self._standings = standings
        self._history = history
        self._lock = asyncio.Lock()

    async def if_lost(self, now: float) -> bool:
        """Rebuild if Redis knows nothing; whether it was so. Raises the errors of `redis`, and Unreachable."""
        if not await self._standings.is_lost():
            return False
        async with self._lock:
            if not await self._standings.is_lost():
                return False
            await self.rebuild(now)
        return True

    async def if_behind(self, now: float) -> bool:
        """Rebuild if Redis knows less than was acknowledged: it was lost, or set back to an older copy.

        For a start, before anything is sent. Raises as `if_lost` does.
        """
        commits = await asyncio.to_thread(self._history.commits)
        behind = await self._standings.is_lost()
        for partition, commit in commits.items():
            behind = behind or await self._standings.applied(partition) < commit
        if behind:
            await self.rebuild(now)
        return behind

    async def rebuild(self, now: float) -> None:
        """From all that was acknowledged. What the ledger knows to have ended stays as it is."""
        commits = await asyncio.to_thread(self._history.commits)
        if any(commits.values()):
            knowledge = await asyncio.to_thread(lambda: known(self._history.deliveries()))
            alerts = await asyncio.to_thread(lambda: list(self._history.alerts(commits)))
            waiting = 0
            for one in alerts:
                for receiver in self._receivers.route(one.arrival.alert).receivers:
                    accepted = await self._ledger.accept(
                        one.arrival,
                        receiver.name,
                        now=now,
                        give_up_at=max(now, one.written_at + receiver.retry.give_up_after),
                        every_change=receiver.every_change,
                        past=past_of(receiver, one, knowledge, now),
                    )
                    waiting += accepted.outcome == "pending"
            _log.warning(
                "ledger of deliveries rebuilt from Kafka", alerts=len(alerts), attempts=len(knowledge), parked=waiting
            )
        await self._standings.set_applied(commits)
