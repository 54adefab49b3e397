"""What is said when a receiver does not take alerts: the alert about the receiver, and the reject that keeps what was
not delivered. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from topics.alerts import Alert, AlertCounts, Window, alert_id
from topics.codec import encode, make_reject
from topics.rejects import Reject
from workers.notify.targets import RECEIVER_PATTERN

_MOST_KEPT = 700_000
"""Bytes of an alert in a reject: as base64 it must fit a record."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """An alert that a receiver did not take. `origin` is its place on the topic, `topic/partition/offset`."""

    alert: Alert
    receiver: str
    reason: str
    attempts: int
    origin: str


def receiver_alert(what: Undelivered, now: datetime, *, disabled: bool) -> Alert | None:
    """The alert that tells the others; None if `what` is itself about a receiver: that would never end."""
    if what.alert.pattern_id == RECEIVER_PATTERN:
        return None
    name = what.receiver
    said = f"Alert {what.alert.id} ({what.alert.title or what.alert.pattern_id})"
    description = (
        f"{said} met this: {what.reason}. What comes for it waits; `tocsin notify enable {name}`, or a change of its"
        " configuration, sends it."
        if disabled
        else f"{said} was not delivered after {what.attempts} {'attempt' if what.attempts == 1 else 'attempts'}:"
        f" {what.reason}. It is kept on the topic rejects. `tocsin notify status` tells how the receiver stands."
    )
    return Alert(
        id=alert_id(RECEIVER_PATTERN, (name,), f"{what.alert.id}:{what.alert.sequence}:{now.isoformat()}"),
        pattern_id=RECEIVER_PATTERN,
        pattern_version="1",
        title=f"Receiver {name} {'is disabled' if disabled else 'does not take alerts'}",
        level="high",
        group={"receiver": (name,)},
        window=Window(start=now, end=now, timespan="0s"),
        evidence=(),
        counts=AlertCounts(articles=0, stories=0, sources=0),
        first_event_at=now,
        last_event_at=now,
        fired_at=now,
        tags=("tocsin", "receiver"),
        description=description,
        trace_id=what.alert.trace_id,
    )


def recovered(failing: Alert) -> Alert:
    """The end of `failing`: the receiver takes alerts again."""
    return failing.model_copy(
        update={
            "state": "retracted",
            "sequence": failing.sequence + 1,
            "description": f"Receiver {', '.join(failing.group.get('receiver', ()))} takes alerts again.",
        }
    )


def undelivered_reject(what: Undelivered, now: datetime) -> Reject:
    """The record for the topic `rejects`: the alert in whole, so that it can be sent again."""
    topic, partition, offset = what.origin.rsplit("/", 2) if what.origin.count("/") == 2 else ("", "-1", "-1")
    value = encode(what.alert)
    reject = make_reject(
        step="notify",
        topic=topic,
        partition=int(partition),
        offset=int(offset),
        key=what.alert.pattern_id.encode(),
        value=value[:_MOST_KEPT],
        headers=(),
        error="not-delivered",
        reason=f"receiver {what.receiver}: not delivered after {what.attempts} attempts: {what.reason}",
        attempts=what.attempts,
        rejected_at=now,
    )
    return reject.model_copy(update={"value_bytes": len(value), "truncated": len(value) > _MOST_KEPT})
