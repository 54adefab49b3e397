"""Replay into the live pipeline: an archive fills its counts and windows, and pages nobody unless told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import chain, islice
from time import monotonic

from topics.alerts import Alert
from topics.codec import decode
from topics.names import FLOW
from workers.archives.playing import Playing
from workers.kafka_client import ensure_topics
from workers.local.progress import Progress, ProgressMeter
from workers.local.replay import Run, checkpointed, produce
from workers.local.replay_report import latest_alerts
from workers.local.signals import in_daemon_thread, unbroken
from workers.local.topic_reader import ANY_SIZE, TopicReader
from workers.settings import Settings

STEPS = ("annotate", "watch")
POLL_SECONDS = 0.5
STALL_SECONDS = 60.0
"""A step that acknowledges nothing for so long is not running, or has lost its servers."""


@dataclass(frozen=True)
class BackfillReport:
    """What came of it. `alerts` were told on the topic since the start: with articles marked as old, those muted.

    `stalled` names the step that did not read what was sent; it will, when it runs.
    """

    playing: Playing
    alerts: tuple[Alert, ...]
    seconds: float
    stalled: str | None


async def backfill(
    settings: Settings,
    run: Run,
    playing: Playing,
    *,
    on_progress: Callable[[list[Progress]], None] | None = None,
) -> BackfillReport:
    """Produce the archive into the namespace of `settings`, and wait until annotate and watch have passed it.

    Raises ConfigurationError if no servers are known, Unreachable, InputError.
    """
    settings.require_kafka()
    settings.require_redis()
    articles = iter(run.source)
    first = await in_daemon_thread(lambda: list(islice(articles, 1)))
    started = monotonic()
    await asyncio.to_thread(ensure_topics, settings, FLOW)
    async with AsyncExitStack() as stack:
        stack.enter_context(checkpointed(settings, run, playing))
        told = stack.enter_context(TopicReader(settings, "alerts"))
        await asyncio.to_thread(told.find_ends)
        await produce(settings, chain(first, articles), playing)
        stalled = await _passed(settings, on_progress)
        # A cancellation waits for the answer: a consumer must not be closed while its thread asks.
        alerts = await unbroken(asyncio.to_thread(_told_since, told))
    if playing.checkpoint is not None:
        playing.checkpoint.remove()
    marked = [alert for alert in alerts if alert.muted == "backfill" or not playing.backfill]
    return BackfillReport(playing, tuple(latest_alerts(marked)), monotonic() - started, stalled)


def _told_since(reader: TopicReader) -> list[Alert]:
    return [decode(Alert, message.value(), max_bytes=ANY_SIZE) for message in reader.following()]


async def _passed(settings: Settings, on_progress: Callable[[list[Progress]], None] | None) -> str | None:
    """Wait until each step has passed what lay before it when the one before had; the step that does not, or None."""
    meter = ProgressMeter(settings, STEPS)
    try:
        for step in STEPS:
            target: Mapping[int, int] | None = None
            seen, since = -1, monotonic()
            while True:
                progress = await meter.measure_all()
                if on_progress:
                    on_progress(progress)
                mine = next(one for one in progress if one.step == step)
                target = mine.ends if target is None else target
                if mine.has_passed(target):
                    break
                if mine.done != seen:
                    seen, since = mine.done, monotonic()
                elif monotonic() - since > STALL_SECONDS:
                    return step
                await asyncio.sleep(POLL_SECONDS)
        return None
    finally:
        meter.close()
