"""Brings records from the ledger to Kafka: attempts, rejects, alerts about receivers. Kafka's troubles delay only
these, never an alert on its way to a receiver.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from workers.logs import get_logger
from workers.metrics import RETRIES
from workers.notify.patience import pause_after, raise_if_cancelled, until
from workers.notify.standing import Standings
from workers.steps import Publish

_log = get_logger("notify")


class Outbox:
    """Publishes until `stop`; at least once."""

    def __init__(
        self, receivers: Sequence[str], standings: Standings, publish: Publish, *, poll_seconds: float = 5.0
    ) -> None:
        self._receivers = receivers
        self._standings = standings
        self._publish = publish
        self._poll = poll_seconds
        self._awake = asyncio.Event()
        self._stopping = asyncio.Event()

    def wake(self) -> None:
        """There is a record."""
        self._awake.set()

    def stop(self) -> None:
        """End after what is under way."""
        self._stopping.set()
        self._awake.set()

    async def run(self) -> None:
        """Until `stop`."""
        failures = 0
        while not self._stopping.is_set():
            self._awake.clear()
            try:
                await self.flush()
                raise_if_cancelled()
                failures = 0
            except Exception as error:  # noqa: BLE001 - the records are safe in Redis; Kafka's errors have many types
                raise_if_cancelled()
                failures += 1
                pause = pause_after(failures)
                RETRIES.labels("notify").inc()
                _log.warning(
                    "records of deliveries cannot be published", error=type(error).__name__, pause_seconds=pause
                )
                await until(self._stopping, pause)  # new records do not cut it short
            else:
                await until(self._awake, self._poll)

    async def flush(self) -> None:
        """Publish all there is. Raises what Redis or `publish` raise."""
        for receiver in self._receivers:
            while records := await self._standings.unpublished(receiver):
                await self._publish(list(records.values()))
                await self._standings.published(receiver, records)
