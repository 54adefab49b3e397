"""The Redis keys of the notify step, in one place.

All keys of one receiver share a hash tag, so that one script may use them on a Redis Cluster; all keys of a namespace
begin with `{NAMESPACE:`, so that it can be dropped as a whole (`workers.redis_keys`):

| key | type | holds |
|---|---|---|
| `{NS:notify:RECEIVER}:queue` | sorted set | `ALERT:SEQUENCE` by the time (epoch seconds) at which it may be claimed |
| `{NS:notify:RECEIVER}:alert:ALERT` | hash | of one alert: what the receiver was told, and every change of it (below) |
| `{NS:notify:RECEIVER}:group:GROUP` | hash | `told_at`, `flush_at`, and `m:ALERT:SEQUENCE` for what waits |
| `{NS:notify:RECEIVER}:batches` | hash | notifications that are being tried, and of what each tells (JSON) |
| `{NS:notify:RECEIVER}:muted` | hash | `ALERT:SEQUENCE` to the silence or alert that holds it back |
| `{NS:notify:RECEIVER}:outbox` | hash | records that Kafka still misses |
| `{NS:notify:RECEIVER}:receiver` | hash | `failures` in a row, `open_until`, `next_at`, `disabled`, `failing` |
| `{NS:notify}:silences` | hash | silences by id (JSON) |
| `{NS:notify}:standing` | hash | alerts that stand, as far as inhibition must know them (JSON) |
| `{NS:notify}:receivers` | set | names of all receivers that were ever given an alert |
| `{NS:notify}:applied` | hash | by partition of `alerts` the next offset that is not parked; missing: Redis was lost |

The hash of an alert: `pending` (sequences still to be told, in order), `last` (the highest sequence that came), `told`
(the state that the receiver was last told), `stand` (the alert whose firing stands for it with a person), `incident`
(the alert whose message it belongs to), `memo` (what the receiver said of that message), `replaced_by`; and for each
change `SEQUENCE:FIELD` with outcome, cause, state, alert, attempts, lease, give_up_at, record (the last attempt) and
others. A repeat and a closing are changes, too: `kind` says which; `group` and `batch` with what else it is told,
`muted` what held it back.
"""

from __future__ import annotations

from dataclasses import dataclass

from topics.alerts import Alert
from topics.deliveries import Delivery

KEEP_SECONDS = 30 * 86_400
"""How long what has ended is remembered, so that a late repeat of an alert is not told again."""


@dataclass(frozen=True, slots=True)
class TaskId:
    """One change of state of one alert, for one receiver."""

    alert_id: str
    sequence: int = 0

    def __str__(self) -> str:
        return f"{self.alert_id}:{self.sequence}"

    @classmethod
    def of(cls, alert: Alert) -> TaskId:
        """A retraction without a sequence is from a writer that knew none: it follows the first firing."""
        return cls(alert.id, alert.sequence or int(alert.state == "retracted"))

    @classmethod
    def told_by(cls, delivery: Delivery) -> TaskId:
        """What the record of an attempt is about."""
        return cls(delivery.alert_id, delivery.alert_sequence or int(delivery.alert_state == "retracted"))

    @classmethod
    def parse(cls, member: str) -> TaskId:
        """From a member of the sorted set. An alert id may itself hold a colon."""
        alert_id, _, sequence = member.rpartition(":")
        return cls(alert_id, int(sequence))


@dataclass(frozen=True, slots=True)
class Keys:
    """Names of keys under a namespace."""

    namespace: str

    def _of(self, receiver: str, rest: str) -> str:
        return f"{{{self.namespace}:notify:{receiver}}}:{rest}"

    def due(self, receiver: str) -> str:
        """What is parked, by due time."""
        return self._of(receiver, "queue")

    def alert(self, receiver: str, alert_id: str) -> str:
        """One alert."""
        return self._of(receiver, f"alert:{alert_id}")

    def group(self, receiver: str, group: str) -> str:
        """One group of alerts."""
        return self._of(receiver, f"group:{group}")

    def batches(self, receiver: str) -> str:
        """Notifications of several alerts under way."""
        return self._of(receiver, "batches")

    def muted(self, receiver: str) -> str:
        """What is held back."""
        return self._of(receiver, "muted")

    def silences(self) -> str:
        """All silences."""
        return f"{{{self.namespace}:notify}}:silences"

    def standing(self) -> str:
        """Alerts that stand."""
        return f"{{{self.namespace}:notify}}:standing"

    def outbox(self, receiver: str) -> str:
        """Records to be published."""
        return self._of(receiver, "outbox")

    def receiver(self, receiver: str) -> str:
        """How the receiver itself is."""
        return self._of(receiver, "receiver")

    def receivers(self) -> str:
        """All receivers ever seen."""
        return f"{{{self.namespace}:notify}}:receivers"

    def applied(self) -> str:
        """How far `alerts` is parked."""
        return f"{{{self.namespace}:notify}}:applied"
