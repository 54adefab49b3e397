"""From an alert to what is parked for its receivers: routing, when each is told, then the ledger.

What holds an alert back when its time has come (silences, inhibition) is the gate's matter.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from topics.alerts import Alert
from topics.deliveries import Delivery
from workers.notify.changes import Arrival, Past, suppressed
from workers.notify.grouping import when
from workers.notify.ledger import Ledger
from workers.notify.mute_store import MuteStore
from workers.notify.routing import Receivers
from workers.notify.targets import Receiver


def unspoken(alert: Alert) -> Past | None:
    """Of an alert that nobody is to be told of: why. Its retraction goes to whom another was told in its place."""
    if alert.muted is None or alert.state == "retracted":
        return None
    return Past("suppressed", alert.muted)


class Parking:
    """May raise the errors of `redis`."""

    def __init__(self, receivers: Receivers, ledger: Ledger, mutes: MuteStore, clock: Callable[[], datetime]) -> None:
        self._receivers = receivers
        self._ledger = ledger
        self._mutes = mutes
        self._clock = clock

    async def park(self, arrival: Arrival, *, told: bool = False) -> list[Delivery]:
        """Park `arrival` for all that it goes to; the records of what is not sent.

        `told` takes it as delivered without sending (Redis is behind, and nothing tells what was delivered).
        """
        await self._mutes.remember(arrival.alert)
        route = self._receivers.route(arrival.alert)
        unsent: list[Delivery] = []
        past = Past("delivered") if told else unspoken(arrival.alert)
        for receiver in route.receivers:
            unsent += await self.park_for(receiver, arrival, past=past)
        return unsent + ([] if told else [self._unknown(arrival, name) for name in route.unknown])

    async def park_for(self, receiver: Receiver, arrival: Arrival, *, past: Past | None = None) -> list[Delivery]:
        """Park `arrival` for one receiver; the records of what is not sent."""
        moment = self._clock()
        accepted = await self._ledger.accept(
            arrival,
            receiver.name,
            now=moment.timestamp(),
            give_up_at=moment.timestamp() + receiver.retry.give_up_after,
            every_change=receiver.every_change,
            when=when(arrival.alert, receiver),
            past=past,
        )
        return list(suppressed(arrival.alert, receiver.name, accepted, now=moment))

    def _unknown(self, arrival: Arrival, name: str) -> Delivery:
        alert = arrival.alert
        return Delivery(
            alert_id=alert.id,
            alert_state=alert.state,
            alert_sequence=alert.sequence,
            pattern_id=alert.pattern_id,
            receiver=name,
            attempt=0,
            outcome="failed",
            attempted_at=self._clock().astimezone(UTC),
            reason=f"no receiver is called {name!r}; there are: {', '.join(self._receivers.names)}",
        )
