"""`Delivery`: one attempt to bring one alert to one receiver. The topic is the ledger."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from topics.alerts import AlertState
from topics.base import Record, UtcDatetime

Outcome = Literal["delivered", "retrying", "failed", "suppressed", "muted"]


class Delivery(Record):
    """What came of one attempt. `failed` is final; `retrying` names the `next_attempt_at`.

    `muted`: it is held back, and told at `next_attempt_at` if it still stands then, or before, if what mutes it ends.
    """

    alert_id: str
    alert_state: AlertState = "firing"
    alert_sequence: int = Field(default=0, ge=0, description="which change of state of the alert; see `Alert.sequence`")
    pattern_id: str
    receiver: str
    attempt: int = Field(ge=0, description="1 for the first; 0 if none was made")
    outcome: Outcome
    attempted_at: UtcDatetime
    latency_ms: float | None = None
    status_code: int | None = None
    reason: str | None = Field(default=None, description="why it failed or was suppressed; never holds a secret")
    next_attempt_at: UtcDatetime | None = None
    notification: str | None = Field(
        default=None, description="id of the notification that told of several alerts; None: of this one alone"
    )
    muted_by: str | None = Field(default=None, description="`silence:ID`, or `alert:ID` of the alert that inhibits it")
