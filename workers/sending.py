"""Produces what came of a batch, and waits until Kafka has all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import faust
from aiokafka.errors import MessageSizeTooLargeError, RecordListTooLargeError

from topics.rejects import Step
from workers import metrics
from workers.errors import PermanentError, TransientError
from workers.settings import Settings
from workers.steps import Incoming, Refused
from workers.wire import WireRecord, reject_to_wire

CONFIRM_SECONDS = 30.0
"""For Kafka's confirmations of one batch; then it is tried again."""


TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
"""Kafka takes no more of a record, or of those that were sent together, however often it is tried."""


class Sender:
    """Sends the records of one step."""

    def __init__(self, settings: Settings, step: Step, app: faust.App) -> None:
        self._settings = settings
        self._step = step
        self._app = app

    async def send_all(self, sends: Sequence[WireRecord]) -> None:
        """Enqueue all, then wait for all: `send` only enqueues, the delivery is the future that it gives.

        Raises PermanentError if a topic takes less than ours do. Kafka refuses what was sent together as a whole: of
        several records only one may be too large.
        """
        futures = []
        async with asyncio.timeout(CONFIRM_SECONDS):
            for kind, key, value, headers in sends:
                topic = self._settings.topics.of(kind)
                # Faust takes a partition and a timestamp too; None leaves both to the client.
                futures.append(await self._app.producer.send(topic, key, value, None, None, headers))
        if not futures:
            return
        # `wait` leaves what is late alone: a cancelled future of aiokafka's would be sent all the same.
        _, late = await asyncio.wait([asyncio.ensure_future(f) for f in futures], timeout=CONFIRM_SECONDS)
        if late:
            raise TransientError(
                f"Kafka has not confirmed {len(late)} of {len(futures)} records in {CONFIRM_SECONDS:.0f} s"
            )
        for future, sent in zip(futures, sends, strict=True):
            try:
                await future
            except TOO_LARGE as error:
                topic = self._settings.topics.of(sent.kind)
                raise PermanentError(
                    "too-large",
                    f"a record of {len(sent.value):,} bytes is more than Kafka takes on {topic}: its max.message.bytes "
                    "is lower than ours (`tocsin topics check`)",
                ) from error
            metrics.RECORDS_OUT.labels(self._step, self._settings.topics.of(sent.kind)).inc()

    async def refuse(self, record: Incoming, refused: Refused, attempts: int) -> None:
        """Keep the record on `rejects`; if that takes less than ours does, at least why, and where it lies."""
        try:
            await self.send_all([reject_to_wire(self._step, record, refused, attempts)])
        except PermanentError:
            await self.send_all([reject_to_wire(self._step, record, refused, attempts, bare=True)])
