"""What a channel is given to send."""

from __future__ import annotations

from dataclasses import dataclass

from topics.alerts import Alert


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told, and whether it is only a test. `memo`: what the channel said of the incident's message."""

    alert: Alert
    test: bool = False
    memo: str = ""
