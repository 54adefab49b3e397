"""What an attempt means for an alert and for its receiver: done, tried again, given up, and what is said of that. Pure:
it reads no clock and asks nobody.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime

from topics.alerts import Alert
from topics.base import Record
from topics.deliveries import Delivery
from topics.deliveries import Outcome as DeliveryOutcome
from topics.names import TopicKind
from workers.notify.about_receiver import Undelivered, receiver_alert, recovered, undelivered_reject
from workers.notify.circuit import after
from workers.notify.ledger import SUPPRESSED_BECAUSE, Claim, Ending
from workers.notify.standing import Disabled
from workers.notify.targets import Receiver
from workers.notify.verdicts import Attempt, next_due


class Judge:
    """Judges the attempts for one receiver."""

    def __init__(self, receiver: Receiver, chance: random.Random) -> None:
        self._receiver = receiver
        self._chance = chance
        self._fingerprint = receiver.fingerprint()

    def of(self, claim: Claim, attempt: Attempt, attempted_at: datetime, now: float) -> Ending:
        """The end of an attempt. `now` (epoch seconds) is when its verdict was known."""
        policy = self._receiver.retry
        circuit = after(
            claim.failures,
            attempt.verdict,
            policy=policy,
            now=now,
            asked=attempt.retry_after,
            chance=self._chance,
        )
        if attempt.verdict == "delivered":
            also = _recovery(claim)
            record = _record(claim, "delivered", attempted_at, attempt)
            return Ending("delivered", record, circuit=circuit, memo=attempt.memo, also=also)
        due = None
        if attempt.verdict == "retry":
            due = next_due(
                policy,
                attempt=claim.attempt,
                now=now,
                give_up_at=claim.give_up_at,
                asked=attempt.retry_after,
                chance=self._chance,
            )
        elif attempt.verdict == "gone" and now < claim.give_up_at:
            reason = attempt.reason or "the receiver is gone"
            disabled = Disabled(reason, now, self._fingerprint).to_wire()
            failing = self._failing(claim, reason, attempted_at, disabled=True)
            record = _record(claim, "retrying", attempted_at, attempt)
            return Ending("retrying", record, now, circuit=circuit, disabled=disabled, failing=failing)
        if due is not None:
            return Ending("retrying", _record(claim, "retrying", attempted_at, attempt, due), due, circuit=circuit)
        record = _record(claim, "failed", attempted_at, attempt)
        reject, failing = self._given_up(claim, record.reason or "", attempted_at)
        return Ending("failed", record, circuit=circuit, failing=failing, also=[reject])

    def unsent(self, claim: Claim, moment: datetime) -> Ending:
        """The end of what is not sent: nobody heard of its firing, or its schedule ended while nothing was sent."""
        if claim.what == "untold":
            why = Attempt("permanent", SUPPRESSED_BECAUSE["untold"])
            return Ending("suppressed", _record(claim, "suppressed", moment, why))
        last = f"; the last attempt: {claim.reason}" if claim.reason else ""
        why = Attempt("permanent", f"its schedule ended while the receiver was left alone{last}")
        record = _record(claim, "failed", moment, why)
        reject, failing = self._given_up(claim, record.reason or "", moment)
        return Ending("failed", record, failing=failing, also=[reject])

    def _given_up(self, claim: Claim, reason: str, moment: datetime) -> tuple[tuple[TopicKind, Record], Alert | None]:
        reject: tuple[TopicKind, Record] = ("rejects", undelivered_reject(_undelivered(claim, reason), moment))
        return reject, self._failing(claim, reason, moment, disabled=False)

    def _failing(self, claim: Claim, reason: str, moment: datetime, *, disabled: bool) -> Alert | None:
        return receiver_alert(_undelivered(claim, reason), moment.astimezone(UTC), disabled=disabled)


def _undelivered(claim: Claim, reason: str) -> Undelivered:
    return Undelivered(claim.alert, claim.receiver, reason, claim.attempt, claim.origin)


def _recovery(claim: Claim) -> list[tuple[TopicKind, Record]]:
    return [("alerts", recovered(Alert.model_validate_json(claim.failing)))] if claim.failing else []


def _record(
    claim: Claim, outcome: DeliveryOutcome, attempted_at: datetime, attempt: Attempt, due: float | None = None
) -> Delivery:
    return Delivery(
        alert_id=claim.task.alert_id,
        alert_state=claim.alert.state,
        alert_sequence=claim.task.sequence,
        pattern_id=claim.alert.pattern_id,
        receiver=claim.receiver,
        attempt=claim.attempt,
        outcome=outcome,
        attempted_at=attempted_at,
        reason=attempt.reason,
        latency_ms=attempt.latency_ms,
        status_code=attempt.status_code,
        next_attempt_at=None if due is None else datetime.fromtimestamp(due, UTC),
    )
