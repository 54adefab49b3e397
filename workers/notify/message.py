"""What a channel is given to send."""

from __future__ import annotations

from dataclasses import dataclass, field

from topics.alerts import Alert
from workers.notify.matchers import Labels


@dataclass(frozen=True, slots=True)
class Group:
    """Several alerts told at once, at least one. `id` names the notification, `labels` what they share."""

    id: str
    alerts: tuple[Alert, ...]
    labels: Labels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told, and whether it is only a test. `memo`: what the channel said of the incident's message.

    With `group` it is that which is told, and `alert` is its first.
    """

    alert: Alert
    test: bool = False
    memo: str = ""
    group: Group | None = None
