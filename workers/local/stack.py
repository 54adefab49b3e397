"""The whole pipeline on this machine: servers where none is configured, topics, and the steps as child processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from topics.names import FLOW
from workers.errors import TocsinError
from workers.kafka_client import ensure_topics
from workers.local.processes import Child, ChildSpec, LineSink
from workers.local.progress import Progress, ProgressMeter
from workers.local.servers import SESSION_TIMEOUT, start_broker, start_redis
from workers.logs import get_logger
from workers.settings import ENV_PREFIX, Settings

log = get_logger("local")

READY_SECONDS = 120.0
POLL_SECONDS = 0.2
STEPS = ("annotate", "watch", "notify")

# glibc keeps its memory instead of clearing pages again and again; one thread per process: we scale by processes.
PERFORMANCE_ENV = {
    "MALLOC_MMAP_THRESHOLD_": "268435456",
    "MALLOC_TRIM_THRESHOLD_": "536870912",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


@dataclass
class Stack:
    """A running pipeline."""

    settings: Settings
    steps: Sequence[str]
    children: dict[str, Child] = field(default_factory=dict)
    embedded: tuple[str, ...] = ()

    async def wait_until_idle(self, on_progress: Callable[[list[Progress]], None] | None = None) -> list[Progress]:
        """Wait until every step has acknowledged all that lies on its topic. Raises TocsinError if a child is gone."""
        meter = ProgressMeter(self.settings, self.steps)
        try:
            while True:
                self.check_children()
                progress = await meter.measure_all()
                if on_progress:
                    on_progress(progress)
                if not any(step.waiting for step in progress):
                    return progress
                await asyncio.sleep(POLL_SECONDS)
        finally:
            meter.close()

    def check_children(self) -> None:
        """Raise TocsinError with the last words of a child that ended for good."""
        for name, child in self.children.items():
            if child.ended.is_set():
                last = "\n".join(child.last_lines[-12:])
                raise TocsinError(f"The {name} process ended with code {child.exit_code}. Its last lines:\n{last}")


def step_spec(step: str, settings: Settings, ready_file: Path, *, log_format: str, restart: bool) -> ChildSpec:
    """How a step is started: this Python, the settings as environment."""
    env = {**PERFORMANCE_ENV, **settings.environment()}
    env[ENV_PREFIX + "READY_FILE"] = str(ready_file)
    env["TMPDIR"] = str(ready_file.parent)  # what a killed step leaves goes with the stack
    env[ENV_PREFIX + "LOG_FORMAT"] = log_format
    return ChildSpec(step, [sys.executable, "-m", "workers.cli", "worker", step], env=env, restart=restart)


@asynccontextmanager
async def local_stack(
    settings: Settings,
    *,
    steps: Sequence[str] = STEPS,
    sink: LineSink,
    restart: bool = True,
    log_format: str = "json",
) -> AsyncIterator[Stack]:
    """Start what is missing, then the steps; yield when all of them take work; end all of it, whatever happens."""
    stack = Stack(settings, steps)
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder:
        try:
            await _start_servers(stack, Path(folder), sink)
            await asyncio.to_thread(ensure_topics, stack.settings, FLOW)
            await _start_steps(stack, Path(folder), sink, log_format=log_format, restart=restart)
            yield stack
        finally:
            await _stop(stack)


async def _start_servers(stack: Stack, folder: Path, sink: LineSink) -> None:
    changes: dict[str, object] = {}
    embedded = []
    if stack.settings.kafka_bootstrap_servers is None:
        broker, address = await start_broker(sink)
        stack.children["broker"] = broker
        changes.update(kafka_bootstrap_servers=address, kafka_session_timeout=SESSION_TIMEOUT)
        embedded.append("broker")
    if stack.settings.redis_url is None:
        redis, url = await start_redis(folder, sink)
        stack.children["redis"] = redis
        changes["redis_url"] = url
        embedded.append("redis")
    stack.settings = stack.settings.with_changes(**changes)
    stack.embedded = tuple(embedded)


async def _start_steps(stack: Stack, folder: Path, sink: LineSink, *, log_format: str, restart: bool) -> None:
    ready = {step: folder / f"{step}.ready" for step in stack.steps}
    for step in stack.steps:
        spec = step_spec(step, stack.settings, ready[step], log_format=log_format, restart=restart)
        child = Child(spec, sink)
        stack.children[step] = child
        await child.start()
    deadline = time.monotonic() + READY_SECONDS
    while missing := [step for step, path in ready.items() if not path.exists()]:
        stack.check_children()
        for step in missing:
            if stack.children[step].restarts >= 3:
                last = "\n".join(stack.children[step].last_lines[-12:])
                raise TocsinError(f"The {step} step ends as soon as it starts. Its last lines:\n{last}")
        if time.monotonic() > deadline:
            raise TocsinError(
                f"Not ready after {READY_SECONDS:.0f} s: {', '.join(missing)}.", hint="Try `tocsin doctor`."
            )
        await asyncio.sleep(0.05)


async def _stop(stack: Stack) -> None:
    """Steps first and together, so that they can still say their last words to the servers; then the servers."""
    steps = [child for name, child in stack.children.items() if name in stack.steps]
    servers = [child for name, child in stack.children.items() if name not in stack.steps]
    grace = stack.settings.drain_seconds + 5
    for children in (steps, servers):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*(child.stop(grace) for child in children), return_exceptions=True)


def file_sink(path: Path) -> LineSink:
    """Lines go to a file, each with its child's name."""
    handle = path.open("a", encoding="utf-8", buffering=1)

    def sink(name: str, line: str) -> None:
        handle.write(f"{name:>9} │ {line}{os.linesep}")

    return sink
