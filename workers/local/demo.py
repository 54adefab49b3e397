"""The demo: the embedded stack, a local receiver, the sample archive; it ends well if just the expected rings."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

from workers.archives.readers import read_paths
from workers.local.expected import Comparison, compare, read_expected
from workers.local.folders import own_folder
from workers.local.processes import LineSink
from workers.local.progress import Progress
from workers.local.receiver import Received, receiver
from workers.local.replay import produce
from workers.local.stack import Stack, local_stack
from workers.local.stored import stored_alerts
from workers.settings import Settings, examples_dir

SECRET_VARIABLE = "TOCSIN_DEMO_SECRET"  # noqa: S105 - the name of a variable, not a secret
SETTLE_SECONDS = 10.0


@dataclass
class Demo:
    """A demo under way."""

    stack: Stack
    received: Received
    started: float
    first_alert_after: float | None = None


def demo_settings(settings: Settings) -> Settings:
    """The defaults, so that what rings is what the sample archive must ring; of the user's only how to log."""
    defaults = {name: field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items()}
    own = {"namespace": "demo", "clock": "archive", "patterns": examples_dir() / "patterns"}
    logging = {"log_level": settings.log_level, "log_format": settings.log_format}
    return settings.with_changes(**{**defaults, **own, **logging})


@asynccontextmanager
async def demo(settings: Settings, sink: LineSink) -> AsyncIterator[Demo]:
    """Receiver, servers and steps, all on loopback, all gone at the end."""
    with own_folder() as folder:
        async with receiver() as received:
            os.environ[SECRET_VARIABLE] = received.secret
            receivers = folder / "receivers.yaml"
            entry = {"name": "local-receiver", "type": "webhook", "url": received.url, "secret_env": SECRET_VARIABLE,
                     "allow_private": True, "every_change": True}  # fmt: skip
            receivers.write_text(json.dumps({"receivers": [entry]}), "utf-8")
            own = demo_settings(settings).with_changes(receivers=receivers)
            async with local_stack(own, sink=sink) as stack:
                yield Demo(stack, received, monotonic())


async def play(demo: Demo, on_progress: Callable[[list[Progress]], None]) -> Comparison:
    """Produce the archive, wait until all steps are done and the receiver has heard all; the comparison."""
    folder = examples_dir() / "archive"
    expected = read_expected(folder / "expected.json")
    watching = asyncio.create_task(_watch_first_alert(demo))
    try:
        await produce(demo.stack.settings, read_paths([str(folder / "wire.jsonl")]))
        await demo.stack.wait_until_idle(on_progress)
        await _settle(demo, len(expected))
    finally:
        watching.cancel()
    stored = await stored_alerts(demo.stack.settings)
    return compare(expected, demo.received.firing(), [alert for alert in stored if alert.holds])


async def _settle(demo: Demo, expected: int) -> None:
    """The last deliveries are under way when notify has acknowledged their alerts."""
    deadline = monotonic() + SETTLE_SECONDS
    while len(demo.received.firing()) < expected and monotonic() < deadline:
        demo.stack.check_children()
        await asyncio.sleep(0.1)


async def _watch_first_alert(demo: Demo) -> None:
    await demo.received.first.wait()
    demo.first_alert_after = monotonic() - demo.started
