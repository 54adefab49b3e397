"""The one module that knows Faust's habits: ordered acknowledgement, retries, rejects, watchdog, draining.

The promise: a record is acknowledged only after everything that follows from it is confirmed, in offset order, and
whatever goes wrong ends in one of three ways: tried again, kept on the topic `rejects`, or the process ends non-zero
with nothing acknowledged. Each trap of faust-streaming 0.15.3 that shaped this file is named where it is avoided.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, cast

from aiokafka.errors import KafkaError
from faust.exceptions import FaustError
from faust.streams import Stream
from faust.types import TP, EventT, StreamT
from redis.exceptions import BusyLoadingError, ReadOnlyError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from workers import metrics
from workers.ahead import Ahead, Begun, WorksAhead
from workers.commits import Commits, portions
from workers.errors import ExitCode, TransientError, Unreachable
from workers.faust_app import incoming, make_app
from workers.health import Health, serve_health
from workers.logs import get_logger
from workers.sending import Sender
from workers.settings import Settings
from workers.steps import Handler, Incoming, Outcome, Outgoing, Refused
from workers.ticker import Reassigned, Reloading, Ticker, Ticking
from workers.watchdog import Watchdog, committed_offsets
from workers.wire import WireRecord, outcome_to_wire, refusal_of, to_wire

log = get_logger("stream")

TRANSIENT: tuple[type[Exception], ...] = (
    TransientError,
    Unreachable,
    RedisConnectionError,
    RedisTimeoutError,
    BusyLoadingError,
    ReadOnlyError,
    KafkaError,
    FaustError,
    OSError,  # TimeoutError and ConnectionError among them
)
"""What may pass: another try is worth it."""

EXIT_SECONDS = 5.0  # beyond the drain; then the process ends itself, whatever still hangs
SUSPICIOUS_FAILURES = 25
"""So many records in a row that fail by an error of ours are not bad records; then the step itself is broken."""


class StepBrokenError(Exception):
    """The step cannot go on; its supervisor must start it anew. Nothing was acknowledged."""


class StepRunner:
    """Drives one handler on one Faust app. Use `run_step`."""

    def __init__(self, settings: Settings, handler: Handler, datadir: Path) -> None:
        self.settings = settings
        self.handler = handler
        self.topic = settings.topics.of(handler.input)
        self.app = make_app(settings, handler, datadir)
        self.health = Health()
        self._broken: str | None = None
        self._broken_event = asyncio.Event()
        self._draining = False
        self._in_hand = 0
        self._ahead = Ahead()
        self._resting: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._turn = asyncio.Lock()
        self._committed_at_assignment: dict[TP, int] = {}
        self.watchdog = Watchdog(self.app, handler.step, settings.watchdog_seconds, idle=self._idle, broken=self._break)
        self._failures_in_row = 0
        self._sender = Sender(settings, handler.step, self.app)
        self._commits = Commits(self.app)
        self._ticker = (
            Ticker(handler, self._turn, transient=TRANSIENT, broken=self._break)
            if isinstance(handler, Ticking)
            else None
        )
        channel = self.app.topic(
            self.topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
        )
        self.app.agent(channel, name=f"{handler.step}-agent")(self._consume)
        self.app.on_partitions_assigned.connect(self._on_assigned, weak=False)
        self._rewind_on_seek()

    # -- life -----------------------------------------------------------------------------------------------------

    async def run(self) -> int:
        """Run until a signal or a failure; the exit code. Draining takes at most `drain_seconds`."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, stop.set)
        if isinstance(self.handler, Reloading):
            loop.add_signal_handler(signal.SIGHUP, self.handler.reload)
        async with serve_health(self.settings.metrics_port, self.health):
            stopping = asyncio.create_task(stop.wait())
            starting = asyncio.create_task(self._start())
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done() and (problem := starting.exception()) is not None:
                if not isinstance(problem, TRANSIENT):
                    raise problem
                self._break(f"it could not start: {problem}")
            waits: set[asyncio.Task[Any]] = {stopping, asyncio.create_task(self._broken_event.wait())}
            if self.app.started:
                waits.add(asyncio.create_task(self._crash()))
            beside = [asyncio.create_task(one.run()) for one in (self.watchdog, self._ticker) if one is not None]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in beside:
                task.cancel()
            code = await self._shut_down(stop)
            for task in (*waits, starting):
                task.cancel()
        return code

    async def _crash(self) -> None:
        await self.app.wait_until_stopped()  # nobody but a crash stops it before we do

    async def _start(self) -> None:
        """In this order: the handler may have something left to say, and must be ready before the first record."""
        self.app.finalize()
        await self.app.producer.maybe_start()
        await self.handler.start(self.publish)
        await self.app.maybe_start()
        self.health.started = True

    async def _shut_down(self, stop: asyncio.Event) -> int:
        self._draining = True
        if self._resting is not None:
            self._resting.cancel()
        code = ExitCode.OK if stop.is_set() else ExitCode.TRANSIENT
        if self._broken is not None:
            log.error("step.broken", error=self._broken, todo="the supervisor starts it anew")
            code = ExitCode.TRANSIENT
        elif not stop.is_set():
            log.error("step.crashed", error=repr(self.app.crash_reason))
        self.health.started = False
        # Faust, a reader's thread or a lost cancellation may hold on for ever; the supervisor must not wait for that.
        deadline = threading.Timer(self.settings.drain_seconds + EXIT_SECONDS, os._exit, [int(ExitCode.TRANSIENT)])
        deadline.daemon = True
        deadline.start()
        try:
            async with asyncio.timeout(self.settings.drain_seconds):
                await self._idle.wait()
                if self.app.started and not self.app.crashed:
                    await self.app.consumer.commit()
                await self.handler.stop()
                await self.app.stop()
        except TimeoutError:
            log.warning("step.drain_timeout", seconds=self.settings.drain_seconds)
            code = code or ExitCode.TRANSIENT
        except Exception as error:  # noqa: BLE001 - the end goes on: what was not committed is read again
            log.warning("step.stop_failed", error=repr(error))
            code = code or ExitCode.TRANSIENT
        log.info("step.stopped", exit_code=int(code))
        return int(code)

    def _break(self, reason: str) -> None:
        self._broken = self._broken or reason
        self._broken_event.set()

    # -- records ---------------------------------------------------------------------------------------------------

    async def _consume(self, stream: StreamT[Any]) -> None:
        # `noack` first: an exception in an agent, and `take` as it stands, acknowledge what was not done.
        # One after the other: acknowledging out of order within a partition can commit past an unfinished record (606).
        unacknowledged = cast(Stream[Any], cast(Stream[Any], stream).noack())
        batches: AsyncIterator[Sequence[EventT[bytes]]] = unacknowledged.noack_take(
            self.settings.batch_size, within=self.settings.batch_within
        )
        async for events in batches:
            if self._draining or self._broken is not None:
                continue  # unacknowledged: the next owner reads them again
            for portion in portions(events):
                await self._take_in_hand(portion, last=len(events) < self.settings.batch_size)

    async def _take_in_hand(self, events: Sequence[EventT[bytes]], *, last: bool) -> None:
        """Work on a batch, the `last` one that waited; returns when the next one may be begun."""
        if self._draining or self._broken is not None:
            return
        self._in_hand += 1
        self._idle.clear()
        if self._resting is not None:
            self._resting.cancel()
        if self._ticker is not None:
            self._ticker.busy()
        batch = [incoming(event.message, self._committed_at_assignment) for event in events]
        see_through = partial(self._see_through, time.monotonic(), events, batch, last)
        if isinstance(self.handler, WorksAhead):
            await self._ahead.take(partial(self._handle, batch), see_through)
        else:
            await see_through(None)

    async def _see_through(
        self,
        started: float,
        events: Sequence[EventT[bytes]],
        batch: Sequence[Incoming],
        last: bool,
        begun: Begun | None,
    ) -> None:
        try:
            if self._broken is not None:
                return  # what came before is not acknowledged
            async with self._turn:
                await self._run_batch(events, batch, begun)
            metrics.BATCH_SECONDS.labels(self.handler.step).observe(time.monotonic() - started)
            # A full batch may be the last one too: that shows when no other follows.
            self._resting = asyncio.get_running_loop().call_later(0 if last else self.settings.batch_within, self._rest)
        except Exception as error:  # nothing may escape: Faust would acknowledge the event
            log.exception("step.failed", error=repr(error))
            self._break(str(error) if isinstance(error, StepBrokenError) else repr(error))
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._idle.set()

    def _rest(self) -> None:
        """Nothing waits: what is done need not wait for the next full second to be committed, nor what time brings."""
        self._commits.soon()
        if self._ticker is not None:
            self._ticker.soon()

    async def _handle(self, batch: Sequence[Incoming]) -> Sequence[Outcome]:
        return await self.handler.handle(batch)

    async def _run_batch(self, events: Sequence[EventT[bytes]], batch: Sequence[Incoming], begun: Begun | None) -> None:
        metrics.RECORDS_IN.labels(self.handler.step, self.topic).inc(len(batch))
        await self._process(batch, begun)
        for event, record in zip(events, batch, strict=True):
            event.ack()
            self.watchdog.acknowledged(TP(record.topic, record.partition), record.offset)
        metrics.LAST_PROGRESS.labels(self.handler.step).set_to_current_time()

    async def _process(self, batch: Sequence[Incoming], begun: Begun | None = None) -> None:
        """All effects of `batch`, confirmed. Transient failures are tried again; other failures are isolated."""
        for attempt in range(1, self.settings.retry_attempts + 1):
            try:
                await self._attempt(batch, attempt, begun if attempt == 1 else None)
            except TRANSIENT as error:
                await self._pause(attempt, error)
            except Exception as error:  # noqa: BLE001 - an error of ours: find the record that brings it about
                await self._isolate(batch, error, attempt)
                return
            else:
                self._failures_in_row = 0
                return

    async def _attempt(self, batch: Sequence[Incoming], attempt: int, begun: Begun | None) -> None:
        outcomes = await (begun or self.handler.handle(batch))
        if len(outcomes) != len(batch):
            raise AssertionError(f"{self.handler.step} gave {len(outcomes)} outcomes for {len(batch)} records")
        await self._send_outcomes(batch, outcomes, attempt)
        await self.handler.confirmed(batch)

    async def _send_outcomes(self, batch: Sequence[Incoming], outcomes: Sequence[Outcome], attempt: int) -> None:
        sends: list[WireRecord] = []
        refusals: list[tuple[Incoming, Refused]] = []
        for record, outcome in zip(batch, outcomes, strict=True):
            wire, refused = outcome_to_wire(self.handler.step, record, outcome, attempts=attempt)
            sends.extend(wire)
            if refused is not None:
                refusals.append((record, refused))
        await self._sender.send_all(sends)
        for record, refused in refusals:
            self._tell_refusal(record, refused)

    async def _pause(self, attempt: int, error: Exception) -> None:
        metrics.RETRIES.labels(self.handler.step).inc()
        if attempt >= self.settings.retry_attempts:
            raise StepBrokenError(f"{attempt} tries failed; the last with {error!r}") from error
        wait = min(self.settings.retry_max_wait, 0.1 * 2**attempt) * (0.5 + random.random() / 2)  # noqa: S311 - jitter
        log.warning(
            "step.retry", attempt=attempt, of=self.settings.retry_attempts, wait=round(wait, 2), error=repr(error)
        )
        await asyncio.sleep(wait)

    async def _isolate(self, batch: Sequence[Incoming], error: Exception, attempt: int) -> None:
        if len(batch) > 1:
            for record in batch:
                await self._process([record])
                self.watchdog.progressed()
            return
        record = batch[0]
        self._failures_in_row += 1
        if self._failures_in_row > SUSPICIOUS_FAILURES:
            raise StepBrokenError(
                f"{self._failures_in_row} records in a row failed; the last with {error!r}"
            ) from error
        log.error(
            "step.record_failed", partition=record.partition, offset=record.offset, error=repr(error), exc_info=error
        )
        refused = refusal_of(error)
        for again in range(1, self.settings.retry_attempts + 1):
            try:
                await self._sender.refuse(record, refused, attempt)
            except TRANSIENT as problem:
                await self._pause(again, problem)
            else:
                self._tell_refusal(record, refused)
                return

    async def publish(self, outgoing: Sequence[Outgoing]) -> None:
        """Produce and wait until Kafka has confirmed all."""
        await self._sender.send_all([to_wire(out) for out in outgoing])

    def _tell_refusal(self, record: Incoming, refused: Refused) -> None:
        metrics.REJECTS.labels(self.handler.step, refused.error).inc()
        log.warning(
            "record.rejected",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            error=refused.error,
            reason=refused.reason[:300],
            trace_id=record.trace_id,
        )

    # -- partitions ------------------------------------------------------------------------------------------------

    def _rewind_on_seek(self) -> None:
        """After Faust has sought to the commit, seek back to where the step's own state ends, if that is earlier.

        It must be here: Faust seeks to the commit again after `on_partitions_assigned`, from its table recovery.
        """
        consumer = self.app.consumer
        seek_to_commit = consumer.perform_seek

        async def perform_seek() -> None:
            await seek_to_commit()
            await self._rewind()

        setattr(consumer, "perform_seek", perform_seek)  # noqa: B010 - mypy refuses to assign to a method

    async def _rewind(self) -> None:
        for tp in sorted(self.app.consumer.assignment()):
            committed = committed_offsets(self.app).get(tp) or 0
            self._committed_at_assignment[tp] = committed
            applied = await self.handler.applied(tp.partition)
            if applied is not None and applied < committed:
                log.warning(
                    "state.behind",
                    topic=tp.topic,
                    partition=tp.partition,
                    applied=applied,
                    committed=committed,
                    action="reading again from there; nothing is announced twice",
                )
                await self.app.consumer.seek(tp, applied)
            elif applied is not None and applied > committed and isinstance(self.handler, Reassigned):
                await self.handler.reads_from(tp.partition, committed)

    async def _on_assigned(self, *args: Any, **_kwargs: Any) -> None:
        assigned: set[TP] = args[-1]
        log.info("partitions.assigned", topic=self.topic, partitions=sorted(tp.partition for tp in assigned))
        self.watchdog.assigned(assigned)
        self.health.assigned = True
        if self.settings.ready_file is not None:
            self.settings.ready_file.touch()


async def _run(settings: Settings, handler: Handler) -> int:
    with tempfile.TemporaryDirectory(prefix="tocsin-faust-") as datadir:
        return await StepRunner(settings, handler, Path(datadir)).run()


def run_step(settings: Settings, handler: Handler) -> NoReturn:
    """Run a step until a signal or a failure, then end the process with its exit code.

    It ends at once: waiting for Faust's tasks, which swallow cancellation while Kafka is away, or for a thread that
    hangs would leave a process that does nothing and that no supervisor replaces.
    """
    code = asyncio.new_event_loop().run_until_complete(_run(settings, handler))
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
