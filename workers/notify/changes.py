"""What the ledger is told and what it answers: changes of alerts on their way to a receiver, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from topics.alerts import Alert, AlertState
from topics.base import Record
from topics.deliveries import Delivery
from topics.deliveries import Outcome as DeliveryOutcome
from topics.names import TopicKind
from workers.notify.circuit import Circuit
from workers.notify.keys import TaskId

TaskOutcome = Literal["pending", "delivered", "failed", "suppressed"]

TimerKind = Literal["repeat", "close"]

SUPPRESSED_BECAUSE: Mapping[str, str] = {
    "superseded": "another alert took its place",
    "supersedes": "the alert that it takes the place of was told already",
    "unsent": "taken back before its firing was sent",
    "retracted": "taken back before it was sent",
    "untold": "its firing did not reach this receiver",
    "outdated": "a later change of the same alert had come in before it",
    "updated": "more evidence came before it was sent, and is told in its place",
    "update": "more evidence for what was told; this receiver does not ask for updates",
    "backfill": "old news pushed afterwards: it is stored, and nobody is told",
    "closed": "nothing new came of it while it was muted, and it stands no more",
    "untimely": "the receiver asks for no repeats or closings any more",
}
"""Causes in the ledger, in words."""


@dataclass(frozen=True, slots=True)
class Timer:
    """A change that only time brings about: at `at` (epoch seconds) what was told is repeated, or closed."""

    kind: TimerKind
    at: float
    give_up_at: float

    @property
    def sequence(self) -> int:
        """Beyond all sequences of an alert's own changes, and the same for the same moment."""
        return int(self.at * 1000) * 1000 + (1 if self.kind == "repeat" else 2)

    def order(self) -> dict[str, object]:
        """As the scripts take it."""
        return {"kind": self.kind, "at": self.at, "give_up_at": self.give_up_at, "sequence": str(self.sequence)}


@dataclass(frozen=True, slots=True)
class Past:
    """What the topic `deliveries` knows of a change whose place in the ledger was lost.

    `due` (epoch seconds), `attempts`, `batch`, the notification it is part of, and `muted`, what held it back, are for
    one that is still to be told: `outcome` is then `pending`. `told_at` is of one that was delivered, `again` what time
    brings about then.
    """

    outcome: TaskOutcome
    cause: str = "rebuilt"
    attempts: int = 0
    due: float | None = None
    batch: str = ""
    muted: str = ""
    told_at: float | None = None
    again: tuple[Timer, ...] = ()

    def order(self) -> dict[str, object]:
        """As the script takes it."""
        if self.outcome != "pending":
            told_at = {} if self.told_at is None else {"told_at": self.told_at}
            again = [timer.order() for timer in self.again]
            return {"outcome": self.outcome, "cause": self.cause, **told_at, "again": again}
        due = {} if self.due is None else {"due": self.due}
        return {"attempts": self.attempts, "batch": self.batch, "muted": self.muted, **due}


@dataclass(frozen=True, slots=True)
class When:
    """When a change is told: `wait` seconds from now; with its `group` (a digest; empty: by itself), which is told of
    at most every `interval` seconds. `urgent` waits for neither and takes along what waits in the group.
    """

    group: str = ""
    wait: float = 0.0
    interval: float = 0.0
    urgent: bool = False
    wants_updates: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """An alert as it came in. `origin` is its place on the topic, `topic/partition/offset`."""

    alert: Alert
    trace_id: str | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """How an alert stands with a receiver after `accept`; `cause` is a key of SUPPRESSED_BECAUSE or empty.

    `took_back`: firings, of it or of the alert that stood for it, that are therefore not sent, and the cause of each.
    """

    outcome: TaskOutcome
    cause: str = ""
    took_back: tuple[tuple[TaskId, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """The receiver must be left alone until `until` (epoch seconds); None: until somebody enables it."""

    until: float | None


@dataclass(frozen=True, slots=True)
class Parked:
    """A change that is due, as far as one must know before it is claimed. `alert` is JSON, empty if it has ended."""

    task: TaskId
    alert: str
    attempts: int
    group: str
    batch: str
    kind: TimerKind | Literal[""]
    muted: str
    stood: str
    incident: str


@dataclass(frozen=True, slots=True)
class Told:
    """One change of a notification of several."""

    task: TaskId
    alert: Alert
    trace_id: str | None
    accepted_at: float
    incident: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A change that this worker holds until its lease ends. Times are epoch seconds; `attempt` counts from 1.

    `what`: `send` it; or end it unsent, because its firing never reached the receiver (`untold`) or because its
    schedule ended while the receiver was left alone (`expired`). `reason` is that of the attempt before, `memo` what
    the receiver said of the message that this belongs to, `failing` the alert about the receiver that stands, if any.
    `batch` is the id of the notification if it tells of a group of alerts, and `others` are what it tells of besides.
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
    batch: str = ""
    group: str = ""
    others: tuple[Told, ...] = ()

    @property
    def told(self) -> tuple[Told, ...]:
        """All that it tells of."""
        first = Told(self.task, self.alert, self.trace_id, self.accepted_at, self.incident, self.origin)
        return (first, *self.others)


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of an attempt. `next_due` is set if and only if `outcome` is `retrying`.

    `record` and `more`: the records of what was told, in the order of the claim. `circuit`: how the receiver itself is
    now; None if it was not asked. `disabled`: why it is sent nothing more, as JSON. `failing`: the alert about the
    receiver that this gives rise to; it goes out unless one stands already. `also`: further records for Kafka. `again`:
    what time is to bring about of each, in the same order.
    """

    outcome: DeliveryOutcome
    record: Delivery
    next_due: float | None = None
    circuit: Circuit | None = None
    disabled: str = ""
    memo: str = ""
    failing: Alert | None = None
    also: Sequence[tuple[TopicKind, Record]] = field(default=())
    more: Sequence[Delivery] = field(default=())
    again: Sequence[Sequence[Timer]] = field(default=())


def as_told(alert: Alert, sequence: int, kind: str, *, heard: bool) -> Alert:
    """`alert` as its receiver gets it: a repeat and a closing say so; who heard nothing yet hears of no update."""
    changed: dict[str, Any] = {}
    if kind:
        changed = {"state": "standing" if kind == "repeat" else "expired", "sequence": sequence}
    elif alert.state == "updated" and not heard:
        changed = {"state": "firing"}
    return alert.model_copy(update=changed) if changed else alert


def suppressed(alert: Alert, receiver: str, accepted: Accepted, *, now: datetime) -> Sequence[Delivery]:
    """The records that tell why something is not sent; none for an alert that is sent."""
    told: list[tuple[TaskId, AlertState, str]] = [(task, "firing", cause) for task, cause in accepted.took_back]
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
