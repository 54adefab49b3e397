"""What an attempt means for an alert and for its receiver: done, tried again, given up, and what is said of that. Pure:
it reads no clock and asks nobody.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

from topics.alerts import Alert
from topics.base import Record
from topics.deliveries import Delivery
from topics.deliveries import Outcome as DeliveryOutcome
from topics.names import TopicKind
from workers.notify.about_receiver import Undelivered, receiver_alert, recovered, undelivered_reject
from workers.notify.changes import SUPPRESSED_BECAUSE, Claim, Ending, Told
from workers.notify.circuit import after
from workers.notify.grouping import timers
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
            ending = _ending(claim, "delivered", attempted_at, attempt)
            again = [timers(one.alert, self._receiver, attempted_at) for one in claim.told]
            memo = "" if claim.batch else attempt.memo
            return replace(ending, circuit=circuit, memo=memo, also=_recovery(claim), again=again)
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
            ending = _ending(claim, "retrying", attempted_at, attempt)
            return replace(ending, next_due=now, circuit=circuit, disabled=disabled, failing=failing)
        if due is not None:
            return replace(_ending(claim, "retrying", attempted_at, attempt, due), next_due=due, circuit=circuit)
        ending = _ending(claim, "failed", attempted_at, attempt)
        rejects, failing = self._given_up(claim, ending.record.reason or "", attempted_at)
        return replace(ending, circuit=circuit, failing=failing, also=rejects)

    def unsent(self, claim: Claim, moment: datetime) -> Ending:
        """The end of what is not sent: nobody heard of its firing, or its schedule ended while nothing was sent."""
        if claim.what == "untold":
            why = Attempt("permanent", SUPPRESSED_BECAUSE["untold"])
            return _ending(claim, "suppressed", moment, why)
        last = f"; the last attempt: {claim.reason}" if claim.reason else ""
        why = Attempt("permanent", f"its schedule ended while the receiver was left alone{last}")
        ending = _ending(claim, "failed", moment, why)
        rejects, failing = self._given_up(claim, ending.record.reason or "", moment)
        return replace(ending, failing=failing, also=rejects)

    def _given_up(
        self, claim: Claim, reason: str, moment: datetime
    ) -> tuple[list[tuple[TopicKind, Record]], Alert | None]:
        """Each alert is kept in whole; that the receiver failed is said once."""
        rejects: list[tuple[TopicKind, Record]] = [
            ("rejects", undelivered_reject(_undelivered(claim, one, reason), moment)) for one in claim.told
        ]
        return rejects, self._failing(claim, reason, moment, disabled=False)

    def _failing(self, claim: Claim, reason: str, moment: datetime, *, disabled: bool) -> Alert | None:
        about = _undelivered(claim, claim.told[0], reason)
        return receiver_alert(about, moment.astimezone(UTC), disabled=disabled)


def _undelivered(claim: Claim, one: Told, reason: str) -> Undelivered:
    return Undelivered(one.alert, claim.receiver, reason, claim.attempt, one.origin)


def _recovery(claim: Claim) -> list[tuple[TopicKind, Record]]:
    return [("alerts", recovered(Alert.model_validate_json(claim.failing)))] if claim.failing else []


def _ending(
    claim: Claim, outcome: DeliveryOutcome, attempted_at: datetime, attempt: Attempt, due: float | None = None
) -> Ending:
    """One record for each change that was told."""
    record, *more = (
        Delivery(
            alert_id=one.task.alert_id,
            alert_state=one.alert.state,
            alert_sequence=one.task.sequence,
            pattern_id=one.alert.pattern_id,
            receiver=claim.receiver,
            attempt=claim.attempt,
            outcome=outcome,
            attempted_at=attempted_at,
            reason=attempt.reason,
            latency_ms=attempt.latency_ms,
            status_code=attempt.status_code,
            next_attempt_at=None if due is None else datetime.fromtimestamp(due, UTC),
            notification=claim.batch or None,
        )
        for one in claim.told
    )
    return Ending(outcome, record, more=more)
