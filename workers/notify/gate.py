"""What is done with a parked change whose time has come: claimed with what is told together, held back, or ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from topics.alerts import Alert
from topics.deliveries import Delivery
from workers.logs import get_logger
from workers.metrics import DELIVERIES, MUTED
from workers.notify.changes import SUPPRESSED_BECAUSE, Claim, Parked, Wait, as_told
from workers.notify.inhibition import FOR_EVER, InhibitRule
from workers.notify.keys import TaskId
from workers.notify.ledger import Ledger
from workers.notify.mute_store import MuteStore
from workers.notify.mutes import Mute, Mutes, closed, closing_time
from workers.notify.targets import Receiver

LEASE_MARGIN_SECONDS = 5.0
"""A lease outlives an attempt's timeout by so much: time to write its end down before another worker starts."""

MOST_BYTES = 1_000_000
"""Of the alerts in one notification, as JSON, beyond its first."""

_log = get_logger("notify")


class Gate:
    """The gate to one receiver. May raise the errors of `redis`."""

    def __init__(
        self, receiver: Receiver, ledger: Ledger, mutes: MuteStore | None = None, rules: Sequence[InhibitRule] = ()
    ) -> None:
        self._receiver = receiver
        self._ledger = ledger
        self._mutes = mutes
        self._rules = rules

    async def mutes(self) -> Mutes:
        """What may hold an alert back now."""
        return await self._mutes.mutes(self._rules) if self._mutes else Mutes()

    async def claim(self, task: TaskId, mutes: Mutes, moment: datetime) -> Claim | Wait | None:
        """As `Ledger.claim`; None also for what is held back or ended unsent."""
        name, now = self._receiver.name, moment.timestamp()
        (parked,) = await self._ledger.look(name, [task])
        if not await self._may_go(parked, mutes, moment):
            return None
        others = await self._ledger.look(name, await self._ledger.together(name, parked, now))
        room, going = MOST_BYTES, []
        for other in others:
            room -= len(other.alert)
            if parked.batch or (room >= 0 and await self._may_go(other, mutes, moment)):
                going.append(other)
        return await self._ledger.claim(
            name,
            task,
            now=now,
            lease=self._receiver.timeout + LEASE_MARGIN_SECONDS,
            interval=self._receiver.interval,
            circuit_after=self._receiver.retry.circuit_after,
            patience=self._receiver.retry.give_up_after,
            parked=parked,
            others=going,
        )

    async def _may_go(self, parked: Parked, mutes: Mutes, moment: datetime) -> bool:
        """Whether nothing speaks against telling it now; else it is held back, or ended."""
        if not parked.alert or parked.attempts or parked.batch:
            return True  # it has ended, or is being told already
        if not (mutes.any or parked.kind or parked.muted):
            return True
        said = as_told(Alert.model_validate_json(parked.alert), parked.task.sequence, parked.kind, heard=True)
        if (cause := self._untimely(said, parked, moment)) is not None:
            await self._end(parked, said, cause, moment)
            return False
        if parked.kind == "close" and not closed(said, moment):  # more evidence came, and it stands longer
            await self._ledger.postpone(self._receiver.name, parked, now=moment.timestamp(), until=closing_time(said))
            return False
        mute = None if parked.kind == "close" else mutes.of(said, self._receiver.name, moment)
        if mute is not None and (said.state != "retracted" or mute.by.startswith("silence:")):
            await self._hold(parked, said, mute, moment)
            return False
        return True

    def _untimely(self, said: Alert, parked: Parked, moment: datetime) -> str | None:
        """Why it is not told any more; None if it is."""
        grouping = self._receiver.grouping
        if (parked.kind == "repeat" and grouping.repeat is None) or (parked.kind == "close" and not grouping.closings):
            return "untimely"
        if said.state == "retracted" or parked.kind == "close":
            return None
        return "closed" if (parked.muted or parked.kind) and closed(said, moment) else None

    async def _hold(self, parked: Parked, said: Alert, mute: Mute, moment: datetime) -> None:
        until = mute.until if said.state == "retracted" else min(mute.until, closing_time(said))
        record = self._record(parked, said, moment).model_copy(
            update={
                "outcome": "muted",
                "reason": self._receiver.scrub(mute.reason),
                "muted_by": mute.by,
                "next_attempt_at": datetime.fromtimestamp(until, UTC) if until < FOR_EVER else None,
            }
        )
        counts = await self._ledger.hold(
            self._receiver.name, parked, record, now=moment.timestamp(), until=max(until, moment.timestamp() + 0.001)
        )
        if counts and parked.muted != mute.by:
            MUTED.labels(record.receiver, mute.by.partition(":")[0]).inc()
            self._report(record)

    async def _end(self, parked: Parked, said: Alert, cause: str, moment: datetime) -> None:
        record = self._record(parked, said, moment).model_copy(update={"reason": SUPPRESSED_BECAUSE[cause]})
        if await self._ledger.end_unsent(self._receiver.name, parked, record, cause=cause, now=moment.timestamp()):
            self._report(record)

    def _record(self, parked: Parked, said: Alert, moment: datetime) -> Delivery:
        return Delivery(
            alert_id=said.id,
            alert_state=said.state,
            alert_sequence=parked.task.sequence,
            pattern_id=said.pattern_id,
            receiver=self._receiver.name,
            attempt=0,
            outcome="suppressed",
            attempted_at=moment.astimezone(UTC),
        )

    def _report(self, record: Delivery) -> None:
        DELIVERIES.labels(record.receiver, record.outcome).inc()
        _log.info(
            f"alert {record.outcome}",
            receiver=record.receiver,
            alert_id=record.alert_id,
            state=record.alert_state,
            pattern_id=record.pattern_id,
            reason=record.reason,
        )
