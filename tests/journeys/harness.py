"""Plays the sample archive through all steps on servers of the test's choice, disturbed or not."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.rig.process import ended
from topics.alerts import Alert
from workers.archives.readers import read_paths
from workers.local.expected import Expectation, as_expectation
from workers.local.progress import ProgressMeter
from workers.local.receiver import Received, receiver
from workers.local.replay import produce_all
from workers.local.replay_report import latest_alerts
from workers.local.stack import Stack, file_sink, local_stack
from workers.local.stored import stored_alerts
from workers.local.topic_reader import read_records
from workers.redis_client import connect
from workers.redis_keys import Keys
from workers.settings import Settings, examples_dir
from workers.watch.count_reader import CountReader

ARCHIVE = examples_dir() / "archive" / "wire.jsonl"
KINDS = ("entity", "event", "pair")
WINDOWS = ("1h", "24h", "7d")


@dataclass(frozen=True)
class Outcome:
    """What stands at the end. `told` counts how often the receiver heard each alert and state, repeats removed."""

    ids: frozenset[str]
    alerts: frozenset[Expectation]
    counts: dict[tuple[str, str], tuple[tuple[str, int], ...]]
    received: frozenset[str]
    told: Counter[tuple[str, str]]
    articles: int


Disturb = Callable[[Stack], Awaitable[None]]


async def play(settings: Settings, folder: Path, disturb: Disturb | None = None) -> Outcome:
    """Play the archive; `disturb` runs beside it once the steps are up."""
    async with receiver() as received:
        os.environ["TOCSIN_TEST_SECRET"] = received.secret
        receivers = folder / f"receivers-{secrets.token_hex(3)}.yaml"
        entry = {"name": "test", "type": "webhook", "url": received.url, "secret_env": "TOCSIN_TEST_SECRET",
                 "allow_private": True, "every_change": True, "retry": {"first": 0.2, "longest": 1}}  # fmt: skip
        receivers.write_text(json.dumps({"receivers": [entry]}))
        settings = settings.with_changes(
            receivers=receivers, patterns=examples_dir() / "patterns", clock="archive", kafka_session_timeout=6
        )
        log = folder / "steps.log"
        async with local_stack(settings, sink=file_sink(log)) as stack:
            disturbing = asyncio.create_task(disturb(stack)) if disturb else None
            produced = await asyncio.to_thread(produce_all, stack.settings, read_paths([str(ARCHIVE)]))
            await stack.wait_until_idle()
            if disturbing:
                await asyncio.wait_for(disturbing, 120)
                await stack.wait_until_idle()
            firing = [a for a in latest_alerts(read_records(stack.settings, "alerts", Alert)) if a.holds]
            await _settle(received, {alert.id for alert in firing})
            counts = await read_counts(stack.settings)
            stored = await stored_alerts(stack.settings)
    return Outcome(
        ids=frozenset(alert.id for alert in firing),
        alerts=frozenset(as_expectation(alert) for alert in stored if alert.holds),
        counts=counts,
        received=frozenset(alert.id for alert in received.firing()),
        told=Counter((alert.id, alert.state) for history in received.alerts.values() for alert in history),
        articles=produced.sent,
    )


async def _settle(received: Received, wanted: set[str]) -> None:
    for _ in range(300):
        if {alert.id for alert in received.firing()} == wanted:
            return
        await asyncio.sleep(0.1)


async def read_counts(settings: Settings) -> dict[tuple[str, str], tuple[tuple[str, int], ...]]:
    """All rolling counts at the archive's newest moment, by kind and window."""
    client = connect(settings)
    try:
        reader = CountReader(client, Keys(settings.namespace))
        at = await reader.newest()
        assert at is not None, "nothing was counted"
        return {(kind, window): tuple(await reader.top(kind, window, at)) for kind in KINDS for window in WINDOWS}
    finally:
        await client.aclose()


async def until_done(stack: Stack, step: str, number: int) -> None:
    """Returns once the step has acknowledged so many records."""
    meter = ProgressMeter(stack.settings, [step])
    try:
        while (await asyncio.to_thread(meter.measure, step)).done < number:
            await asyncio.sleep(0.02)
    finally:
        meter.close()


def kill_when(step: str, done: int) -> Disturb:
    """`kill -9` the step once it has acknowledged `done` records; its supervisor starts it again."""

    async def disturb(stack: Stack) -> None:
        await until_done(stack, step, done)
        child = stack.children[step]
        assert child.pid is not None
        for victim in [*psutil.Process(child.pid).children(recursive=True), psutil.Process(child.pid)]:
            victim.send_signal(signal.SIGKILL)
        while child.restarts == 0:
            await asyncio.sleep(0.05)

    return disturb


def readers(stack: Stack) -> list[psutil.Process]:
    """The processes in which the annotate step's readers work."""
    pids = [stack.children[name].pid for name in stack.names("annotate")]
    return [reader for pid in pids if pid is not None for reader in psutil.Process(pid).children()]


def kill_readers_when(*done: int) -> Disturb:
    """`kill -9` the annotate step's reader each time that so many records are acknowledged; the step lives on."""

    async def disturb(stack: Stack) -> None:
        for number in done:
            await until_done(stack, "annotate", number)
            while not (found := readers(stack)):
                await asyncio.sleep(0.01)
            for reader in found:
                reader.kill()
        assert stack.children["annotate"].restarts == 0

    return disturb


def kill_but_not_its_reader_when(done: int) -> Disturb:
    """`kill -9` the annotate step alone; its reader ends by itself."""

    async def disturb(stack: Stack) -> None:
        await until_done(stack, "annotate", done)
        child = stack.children["annotate"]
        orphans = readers(stack)
        assert orphans
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        while child.restarts == 0 or not all(map(ended, orphans)):
            await asyncio.sleep(0.05)

    return disturb


def new_namespace() -> str:
    """One that no other test has."""
    return f"t-{base64.b32encode(secrets.token_bytes(5)).decode().lower()}"
