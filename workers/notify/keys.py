"""The Redis keys of the notify step, in one place.

All keys of one receiver share a hash tag, so that one script may use them on a Redis Cluster; all keys of a namespace
begin with `{NAMESPACE:`, so that it can be dropped as a whole (`workers.redis_keys`):

| key | type | holds |
|---|---|---|
| `{NS:notify:RECEIVER}:due` | sorted set | `ALERT:STATE` by the time (epoch seconds) at which it may next be claimed |
| `{NS:notify:RECEIVER}:task:ALERT:STATE` | hash | the task: alert, attempts, lease, outcome |
| `{NS:notify:RECEIVER}:outbox` | hash | records of attempts that the topic `deliveries` still misses |
| `{NS:notify}:receivers` | set | names of all receivers that were ever given a task |
"""

from __future__ import annotations

from dataclasses import dataclass

from topics.alerts import AlertState

KEEP_SECONDS = 30 * 86_400
"""How long a finished task is remembered, so that a late repeat of its alert is not told again."""


@dataclass(frozen=True, slots=True)
class TaskId:
    """One state of one alert, for one receiver."""

    alert_id: str
    state: AlertState

    def __str__(self) -> str:
        return f"{self.alert_id}:{self.state}"

    @classmethod
    def parse(cls, member: str) -> TaskId:
        """From a member of the sorted set. An alert id may itself hold a colon."""
        alert_id, _, state = member.rpartition(":")
        return cls(alert_id, "retracted" if state == "retracted" else "firing")


@dataclass(frozen=True, slots=True)
class Keys:
    """Names of keys under a namespace."""

    namespace: str

    def _of(self, receiver: str, rest: str) -> str:
        return f"{{{self.namespace}:notify:{receiver}}}:{rest}"

    def due(self, receiver: str) -> str:
        """What is parked, by due time."""
        return self._of(receiver, "due")

    def task(self, receiver: str, task: TaskId) -> str:
        """One task."""
        return self._of(receiver, f"task:{task}")

    def outbox(self, receiver: str) -> str:
        """Records to be published."""
        return self._of(receiver, "outbox")

    def receivers(self) -> str:
        """All receivers ever seen."""
        return f"{{{self.namespace}:notify}}:receivers"
