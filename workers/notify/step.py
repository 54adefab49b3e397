"""The notify step without Faust: alerts are parked durably for their receivers; a lane per receiver sends them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from typing import Self

from redis.exceptions import RedisError

from topics.alerts import Alert
from topics.codec import DecodeError, decode
from topics.deliveries import Delivery
from topics.names import TopicKind
from topics.rejects import Step
from workers.errors import TransientError, Unreachable
from workers.logs import bind_article, get_logger
from workers.metrics import DELIVERIES, MUTED
from workers.notify.changes import SUPPRESSED_BECAUSE, Arrival
from workers.notify.config import load_receivers
from workers.notify.gate import Gate
from workers.notify.history import History, KafkaHistory
from workers.notify.keys import Keys
from workers.notify.lane import Clock, Lane, utc_now
from workers.notify.ledger import Ledger
from workers.notify.mute_store import MuteStore
from workers.notify.outbox import Outbox
from workers.notify.parking import Parking
from workers.notify.patience import until
from workers.notify.rebuild import Rebuilder
from workers.notify.routing import Receivers
from workers.notify.sending import Channel, open_channel
from workers.notify.standing import Standings
from workers.notify.targets import Receiver
from workers.notify.upkeep import Upkeep
from workers.redis_client import Redis, connect
from workers.settings import Settings
from workers.steps import Incoming, Outcome, Outgoing, Publish, Refused

_LAST_WORDS_SECONDS = 5.0
"""What the shutdown adds to `drain_seconds` at most, twice: to end what is cut off, and to publish the last records."""

LOOK_SECONDS = 5.0
"""So often it is looked whether Redis was lost, and whether a silence or an inhibition has ended before its time."""

_log = get_logger("notify")


class Notify:
    """A `workers.steps.Handler`. `stop` closes `redis` too if `owns_redis`. Time and chance are for tests to choose.

    `history` is what a lost Redis is rebuilt from; None: from nothing.
    """

    step: Step = "notify"
    input: TopicKind = "alerts"

    def __init__(
        self,
        receivers: Receivers,
        redis: Redis,
        *,
        namespace: str,
        drain_seconds: float = 20.0,
        owns_redis: bool = False,
        channel: Callable[[Receiver], Channel] = open_channel,
        clock: Clock = utc_now,
        chance: random.Random | None = None,
        poll_seconds: float = 1.0,
        history: History | None = None,
    ) -> None:
        self.receivers = receivers
        self._redis = redis
        self._owns_redis = owns_redis
        self._ledger = Ledger(redis, Keys(namespace))
        self._standings = Standings(redis, Keys(namespace))
        self._mutes = MuteStore(redis, Keys(namespace))
        self._upkeep = Upkeep(receivers, self._ledger, self._mutes)
        self._parking = Parking(receivers, self._ledger, self._mutes, clock)
        self._rebuilder = Rebuilder(receivers, self._ledger, self._standings, self._mutes, history) if history else None
        self._parked: dict[int, int] = {}
        """Of this worker's own partitions, the next offset that is not parked."""
        self._revoked: set[int] = set()
        self._stopping = asyncio.Event()
        self._drain = drain_seconds
        self._channel = channel
        self._clock = clock
        self._chance = chance
        self._poll = poll_seconds
        self._lanes: dict[str, Lane] = {}
        self._outbox: Outbox | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """As configured. Raises ConfigurationError or InputError."""
        return cls(
            load_receivers(settings.receivers),
            connect(settings),
            namespace=settings.namespace,
            drain_seconds=settings.drain_seconds,
            owns_redis=True,
            history=KafkaHistory(settings),
        )

    async def start(self, publish: Publish) -> None:
        """Open the lanes; what was parked before a restart is sent at once. Raises TransientError or Unreachable."""
        lanes = self.receivers.lanes
        try:
            if self._rebuilder is not None:
                await self._rebuilder.learn_silences()
                await self._rebuilder.if_behind(self._clock().timestamp())
            for receiver in lanes:
                if await self._standings.enable(receiver.name, unless=receiver.fingerprint()):
                    _log.info("receiver enabled: its configuration has changed", receiver=receiver.name)
        except (RedisError, OSError) as error:
            raise TransientError(f"Redis does not answer: {type(error).__name__}: {error}") from error
        self._outbox = Outbox([r.name for r in lanes], self._standings, publish, poll_seconds=self._poll * 5)
        for receiver in lanes:
            self._lanes[receiver.name] = Lane(
                receiver,
                self._ledger,
                self._channel(receiver),
                recorded=self._outbox.wake,
                clock=self._clock,
                chance=self._chance,
                poll_seconds=self._poll,
                gate=Gate(receiver, self._ledger, self._mutes, self.receivers.inhibit_rules),
            )
        self._tasks = [asyncio.create_task(lane.run(), name=f"notify-{name}") for name, lane in self._lanes.items()]
        self._tasks.append(asyncio.create_task(self._outbox.run(), name="notify-outbox"))
        self._tasks.append(asyncio.create_task(self._tell_orphans(), name="notify-orphans"))
        self._tasks.append(asyncio.create_task(self._look(), name="notify-look"))

    async def handle(self, batch: Sequence[Incoming]) -> Sequence[Outcome]:
        """Park each alert for its receivers. Returns records only for what will not be sent.

        Raises TransientError while Redis does not answer.
        """
        self._check_alive()
        try:
            if self._rebuilder is not None:
                await self._catch_up(self._rebuilder, batch)
            outcomes = [await self._accept(record) for record in batch]
            # Who has a partition now reads it from the commit, and may be further.
            parked = {one.partition: one.offset + 1 for one in batch if one.partition not in self._revoked}
            await self._standings.set_applied(parked)
            self._parked |= parked
        except (RedisError, OSError) as error:
            # Whatever ails Redis (away, loading, full, read-only), the alert is not to blame and must not be rejected.
            raise TransientError(f"Redis does not take the alerts: {type(error).__name__}: {error}") from error
        for lane in self._lanes.values():
            lane.wake()
        return outcomes

    async def confirmed(self, batch: Sequence[Incoming]) -> None:
        """Nothing waits for the acknowledgement: what is parked is sent at once."""

    async def applied(self, partition: int) -> int | None:
        """The next offset of `alerts` that is not parked, as far as Redis knows."""
        if self._rebuilder is None:
            return None
        self._revoked.discard(partition)
        self._parked[partition] = await self._standings.applied(partition)
        return self._parked[partition]

    async def reads_from(self, partition: int, offset: int) -> None:
        """What comes is parked from `offset` on; what was parked already is not parked twice."""
        await self._standings.set_applied({partition: offset})
        self._parked[partition] = offset

    def revoked(self, partitions: Collection[int]) -> None:
        """Another worker may read them again now."""
        self._revoked.update(partitions)
        for partition in partitions:
            self._parked.pop(partition, None)

    async def _catch_up(self, rebuilder: Rebuilder, batch: Sequence[Incoming]) -> None:
        """Before anything is parked: a Redis that was lost, or is behind what was acknowledged, learns from Kafka."""
        now = self._clock().timestamp()
        if not await rebuilder.if_lost(now, self._parked) and any(record.rebuilding for record in batch):
            await rebuilder.rebuild(now)

    async def _look(self) -> None:
        """A Redis that is lost while no alert comes in is noticed too, and so are mutes that were ended by hand."""
        while not self._stopping.is_set():
            await until(self._stopping, LOOK_SECONDS)
            try:
                now = self._clock().timestamp()
                if self._rebuilder is not None and await self._rebuilder.if_lost(now, self._parked):
                    for lane in self._lanes.values():
                        lane.wake()
                for name in await self._upkeep.look(self._clock()):
                    self._lanes[name].wake()
            except (RedisError, OSError, Unreachable) as error:
                _log.warning("cannot look after the ledger", error=type(error).__name__)

    async def stop(self) -> None:
        """Finish the attempts under way, within the deadline; then close connections. What is left stays parked."""
        self._stopping.set()
        for lane in self._lanes.values():
            lane.stop()
        if self._outbox is not None:
            self._outbox.stop()
        if self._tasks:
            await self._drained(self._tasks)
        if self._outbox is not None:
            await self._last_records(self._outbox)
        for lane in self._lanes.values():
            await lane.close()
        self._tasks, self._lanes, self._outbox = [], {}, None
        if self._owns_redis:
            await self._redis.aclose()

    async def _drained(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        _, late = await asyncio.wait(tasks, timeout=self._drain)
        for task in late:
            _log.warning("attempt cut off; it is made again under the same id", task=task.get_name())
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_LAST_WORDS_SECONDS)

    async def _last_records(self, outbox: Outbox) -> None:
        try:
            async with asyncio.timeout(min(_LAST_WORDS_SECONDS, self._drain)):
                await outbox.flush()
        except Exception as error:  # noqa: BLE001 - they are safe in Redis and go out after the restart
            _log.warning("last deliveries are published after the restart", error=type(error).__name__)

    def _check_alive(self) -> None:
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise RuntimeError(f"{task.get_name()} has ended: {type(error).__name__}") from error

    async def _accept(self, record: Incoming) -> Outcome:
        try:
            alert = decode(Alert, record.value)
        except DecodeError as error:
            return Refused(error.error, error.reason)
        trace_id = record.trace_id or alert.trace_id
        article_id = alert.evidence[-1].article_id if alert.evidence else ""
        with bind_article(article_id, trace_id, alert_id=alert.id):
            arrival = Arrival(alert, trace_id, f"{record.topic}/{record.partition}/{record.offset}")
            unsent = await self._parking.park(arrival, told=record.rebuilding and self._rebuilder is None)
            for delivery in unsent:
                _tell_unsent(delivery)
        return [Outgoing("deliveries", alert.id, delivery, trace_id) for delivery in unsent]

    async def _tell_orphans(self) -> None:
        """Warn once of what is parked for receivers that are configured no longer."""
        try:
            for name in sorted(await self._standings.seen() - {receiver.name for receiver in self.receivers.lanes}):
                if waiting := await self._standings.parked(name):
                    _log.warning(
                        "alerts wait for a receiver that is configured no longer", receiver=name, parked=waiting
                    )
        except (RedisError, OSError) as error:
            _log.warning("cannot look for alerts without a receiver", error=type(error).__name__)


def _tell_unsent(delivery: Delivery) -> None:
    DELIVERIES.labels(delivery.receiver, delivery.outcome).inc()
    if delivery.reason == SUPPRESSED_BECAUSE["backfill"]:
        MUTED.labels(delivery.receiver, "backfill").inc()
    tell = _log.error if delivery.outcome == "failed" else _log.info
    tell(
        f"alert {delivery.outcome}",
        receiver=delivery.receiver,
        state=delivery.alert_state,
        pattern_id=delivery.pattern_id,
        reason=delivery.reason,
    )
