"""The way of parked alerts to one receiver: claim, send, write down.

Each receiver has a lane of its own, so that a slow or dead one delays nobody else.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from datetime import UTC, datetime

from workers.logs import get_logger
from workers.metrics import DELIVERIES, DELIVERY_SECONDS, RETRIES
from workers.notify.changes import Claim, Ending, Wait
from workers.notify.endings import Judge
from workers.notify.gate import Gate
from workers.notify.grouping import group_labels
from workers.notify.ledger import Ledger
from workers.notify.message import Group, Message
from workers.notify.mutes import Mutes
from workers.notify.patience import pause_after, raise_if_cancelled, until
from workers.notify.sending import Channel
from workers.notify.targets import Receiver

Clock = Callable[[], datetime]
"""The present moment, aware."""

_MUTES_SECONDS = 0.5
"""What mutes is read anew before a change that is told so much later than the last reading."""

_log = get_logger("notify")


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Lane:
    """Sends what is due to one receiver until `stop`. `recorded` is called after each attempt that was written down."""

    def __init__(
        self,
        receiver: Receiver,
        ledger: Ledger,
        channel: Channel,
        *,
        recorded: Callable[[], None],
        clock: Clock = utc_now,
        chance: random.Random | None = None,
        poll_seconds: float = 1.0,
        gate: Gate | None = None,
    ) -> None:
        self.receiver = receiver
        self._gate = gate or Gate(receiver, ledger)
        self._ledger = ledger
        self._channel = channel
        self._recorded = recorded
        self._clock = clock
        self._judge = Judge(receiver, chance or random.Random())  # noqa: S311 - it spreads tries and guards no secret
        self._poll = poll_seconds
        self._awake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Something new is parked."""
        self._awake.set()

    def stop(self) -> None:
        """End after the attempt under way."""
        self._stopping = True
        self._awake.set()

    async def run(self) -> None:
        """Until `stop`. Trouble with Redis is waited out: what is parked stays parked."""
        failures = 0
        while not self._stopping:
            self._awake.clear()
            try:
                pause = await self._send_due()
                failures = 0
            except Exception as error:  # noqa: BLE001 - a lane that dies would silently keep its alerts for ever
                failures += 1
                pause = self._told(error, failures)
            raise_if_cancelled()
            if pause > 0 and not self._stopping:
                await until(self._awake, pause)

    async def close(self) -> None:
        """Let go of connections."""
        await self._channel.close()

    def _told(self, error: Exception, failures: int) -> float:
        RETRIES.labels("notify").inc()
        pause = pause_after(failures)
        _log.warning(
            "sending is held up",
            receiver=self.receiver.name,
            error=f"{type(error).__name__}: {self.receiver.scrub(str(error))}",
            pause_seconds=pause,
        )
        return pause

    def _now(self) -> float:
        return self._clock().timestamp()

    async def _send_due(self) -> float:
        """Send what is due, one after the other; how long there is nothing to do (seconds)."""
        name = self.receiver.name
        sent, wait = False, None
        due = await self._ledger.due(name, self._now())
        mutes, read_at = Mutes(), -math.inf
        for task in due:
            if self._stopping:
                break
            if abs(self._now() - read_at) >= _MUTES_SECONDS:  # a receiver may have taken its time over the last one
                read_at, mutes = self._now(), await self._gate.mutes()
            claim = await self._gate.claim(task, mutes, self._clock())
            raise_if_cancelled()
            if isinstance(claim, Wait):
                wait = claim  # the others due may be such whose schedule has ended
            elif claim is not None:
                await self._tell(claim)
                sent = True
        if sent:
            return 0.0
        moment = wait.until if wait else await self._ledger.next_due(name)
        return self._poll if moment is None else min(self._poll, max(0.005, moment - self._now()))

    async def _tell(self, claim: Claim) -> None:
        attempted_at = self._clock()
        if claim.what == "send":
            attempt = await self._channel.send(self._message(claim), attempted_at)
            ending = self._judge.of(claim, attempt, attempted_at, self._now())
        else:
            ending = self._judge.unsent(claim, attempted_at)
        await self._write_down(claim, ending)
        self._report(claim, ending)

    def _message(self, claim: Claim) -> Message:
        if not claim.batch:
            return Message(claim.alert, memo=claim.memo)
        # In one order, whichever of them leads: every attempt has the same bytes.
        alerts = tuple(one.alert for one in sorted(claim.told, key=lambda one: str(one.task)))
        return Message(alerts[0], group=Group(claim.batch, alerts, group_labels(alerts[0], self.receiver)))

    async def _write_down(self, claim: Claim, ending: Ending) -> None:
        """Insist: an attempt that is made but not written down would be made again."""
        failures = 0
        while True:
            try:
                counts = await self._ledger.finish(claim, ending, now=self._now())
                break
            except Exception as error:  # noqa: BLE001 - whatever it is, the attempt was made
                raise_if_cancelled()
                failures += 1
                # Not woken by new alerts, and not ended by `stop`: its deadline cancels this task if need be.
                await asyncio.sleep(self._told(error, failures))
        if not counts:
            _log.warning(
                "attempt took longer than its lease; another worker holds it",
                receiver=claim.receiver,
                alert_id=claim.task.alert_id,
                attempt=claim.attempt,
            )
        self._recorded()

    def _report(self, claim: Claim, ending: Ending) -> None:
        record = ending.record
        DELIVERIES.labels(claim.receiver, ending.outcome).inc()
        if record.latency_ms is not None:
            DELIVERY_SECONDS.labels(claim.receiver).observe(record.latency_ms / 1000)
        level = {"delivered": "info", "suppressed": "info", "retrying": "warning"}.get(ending.outcome, "error")
        getattr(_log, level)(
            f"alert {ending.outcome}",
            receiver=claim.receiver,
            receiver_address=self.receiver.address(),
            alert_id=claim.task.alert_id,
            state=claim.alert.state,
            together=len(claim.told),
            pattern_id=claim.alert.pattern_id,
            trace_id=claim.trace_id,
            attempt=record.attempt,
            status_code=record.status_code,
            reason=record.reason,
            next_attempt_at=record.next_attempt_at and record.next_attempt_at.isoformat(),
        )
        if ending.circuit is not None and ending.circuit.open_until > self._now():
            _log.warning(
                "receiver left alone",
                receiver=claim.receiver,
                failures=ending.circuit.failures,
                until=datetime.fromtimestamp(ending.circuit.open_until, UTC).isoformat(),
            )
        if ending.disabled:
            _log.error(
                "receiver disabled",
                receiver=claim.receiver,
                reason=record.reason,
                todo=f"change its configuration, or run `tocsin notify enable {claim.receiver}`",
            )
