"""The whole pipeline on this machine: servers where none is configured, topics, and the steps as child processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from topics.names import FLOW
from workers.errors import ConfigurationError, TocsinError
from workers.itself import python_module
from workers.kafka_client import ensure_topics
from workers.local.folders import own_folder
from workers.local.processes import Child, ChildSpec, LineSink
from workers.local.progress import Progress, ProgressMeter
from workers.local.servers import SESSION_TIMEOUT, start_broker, start_redis
from workers.local.signals import unbroken
from workers.logs import get_logger
from workers.settings import ENV_PREFIX, Settings

log = get_logger("local")

READY_SECONDS = 120.0
POLL_SECONDS = 0.1
HOPELESS_RESTARTS = 3
STEPS = ("annotate", "watch", "notify")

# A step gets its settings from us alone, not from our environment. Secrets that the receivers' file names stay there.
SETTING_VARIABLES = frozenset(f"{ENV_PREFIX}{name}".upper() for name in Settings.model_fields)

# glibc keeps its memory instead of clearing pages again and again; one thread per process: we scale by processes.
PERFORMANCE_ENV = {
    "MALLOC_MMAP_THRESHOLD_": "268435456",
    "MALLOC_TRIM_THRESHOLD_": "536870912",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


# The embedded broker is one node that knows no passwords, whatever is set for another one.
EMBEDDED_BROKER: dict[str, object] = {
    "kafka_security_protocol": "PLAINTEXT",
    "kafka_sasl_mechanism": None,
    "kafka_username": None,
    "kafka_password": None,
    "kafka_ca_file": None,
    "kafka_session_timeout": SESSION_TIMEOUT,
    "replication_factor": 1,
}
LAST_PORT = 65_535


@dataclass
class Stack:
    """A running pipeline."""

    settings: Settings
    steps: Sequence[str]
    children: dict[str, Child] = field(default_factory=dict)
    embedded: tuple[str, ...] = ()
    processes: Mapping[str, int] = field(default_factory=dict)

    def names(self, step: str) -> list[str]:
        """The names of a step's processes: its own, or numbered if there are several."""
        count = self.processes.get(step, 1)
        return [step] if count == 1 else [f"{step}-{number}" for number in range(1, count + 1)]

    async def wait_until_idle(self, on_progress: Callable[[list[Progress]], None] | None = None) -> list[Progress]:
        """Wait until every step has acknowledged all that lies on its topic.

        Raises TocsinError if a child is gone, or ends again and again without getting on.
        """
        meter = ProgressMeter(self.settings, self.steps)
        marks: dict[str, tuple[int, int]] = {}
        try:
            while True:
                self.check_children()
                progress = await meter.measure_all()
                if on_progress:
                    on_progress(progress)
                if not any(step.waiting for step in progress):
                    return progress
                self._check_progress(progress, marks)
                await asyncio.sleep(POLL_SECONDS)
        finally:
            meter.close()

    def kill(self) -> None:
        """SIGKILL to every child, now."""
        for child in self.children.values():
            child.kill()

    def check_children(self) -> None:
        """Raise TocsinError with the last words of a child that ended for good."""
        for name, child in self.children.items():
            if child.ended.is_set():
                what = f"ended with code {child.exit_code}"
                if child.failure is not None:
                    what = f"is no longer supervised ({type(child.failure).__name__}: {child.failure})"
                raise TocsinError(f"The {name} process {what}. {self.last_words(name)}")

    def _check_progress(self, progress: Sequence[Progress], marks: dict[str, tuple[int, int]]) -> None:
        """`marks` holds for each step how far it was, and the restarts until then, when it last got on."""
        for step in progress:
            names = self.names(step.step)
            restarts = sum(self.children[name].restarts for name in names)
            done, before = marks.setdefault(step.step, (step.done, restarts))
            if step.done != done:
                marks[step.step] = (step.done, restarts)
            elif step.waiting and restarts - before >= HOPELESS_RESTARTS:
                raise TocsinError(
                    f"The {step.step} step ends again and again and does not get on: {step.done:,} of {step.total:,} "
                    f"records after {restarts} restarts. {self.last_words(names[0])}"
                )

    def last_words(self, name: str) -> str:
        """What a child wrote last."""
        return "Its last lines:\n" + "\n".join(self.children[name].last_lines[-12:])


def metrics_ports(settings: Settings, steps: Sequence[str]) -> dict[str, int]:
    """Where each step serves its metrics: the setting, and the ports after it; empty without one."""
    first = settings.metrics_port
    if first is None:
        return {}
    if first and first + len(steps) - 1 > LAST_PORT:
        raise ConfigurationError(f"TOCSIN_METRICS_PORT: {first} leaves no room for {len(steps)} steps.")
    return {step: first + number if first else 0 for number, step in enumerate(steps)}


def step_spec(step: str, settings: Settings, ready_file: Path, *, log_format: str, restart: bool) -> ChildSpec:
    """How a step is started: this Python, the settings as environment."""
    env = {**PERFORMANCE_ENV, **settings.environment()}
    env[ENV_PREFIX + "READY_FILE"] = str(ready_file)
    env["TMPDIR"] = str(ready_file.parent)  # what a killed step leaves goes with the stack
    env[ENV_PREFIX + "LOG_FORMAT"] = log_format
    argv = [*python_module("workers.cli"), "worker", step]
    return ChildSpec(step, argv, env=env, restart=restart, hidden=SETTING_VARIABLES)


@asynccontextmanager
async def local_stack(
    settings: Settings,
    *,
    steps: Sequence[str] = STEPS,
    sink: LineSink,
    restart: bool = True,
    log_format: str = "json",
    clean_up: Callable[[Stack], Awaitable[None]] | None = None,
    meanwhile: Callable[[Settings], None] | None = None,
    processes: Mapping[str, int] | None = None,
) -> AsyncIterator[Stack]:
    """Start what is missing, then the steps; yield when all of them take work; end all of it, whatever happens.

    `processes` says of which step there are several. `meanwhile` is called in a thread when the servers answer and the
    topics are there, before the steps are started, which take some seconds.

    A cancellation ends it politely, a second one kills. `clean_up` runs between: the steps have ended by then, so that
    nobody brings back what it deletes, and the servers still answer.
    """
    stack = Stack(settings, steps, processes=processes or {})
    metrics_ports(settings, _all_names(stack))
    with own_folder() as folder:
        try:
            await _start_servers(stack, folder, sink)
            # A thread cannot be cancelled, and what it still makes must be there to be cleaned up.
            await unbroken(asyncio.to_thread(ensure_topics, stack.settings, FLOW))
            if meanwhile is not None:
                await unbroken(asyncio.to_thread(meanwhile, stack.settings))
            await _start_steps(stack, folder, sink, log_format=log_format, restart=restart)
            yield stack
        finally:
            with contextlib.suppress(asyncio.CancelledError):  # what ended us goes on by itself
                await unbroken(_stop(stack, clean_up), stack.kill)


async def _start_servers(stack: Stack, folder: Path, sink: LineSink) -> None:
    changes: dict[str, object] = {}
    embedded = []
    if stack.settings.kafka_bootstrap_servers is None:
        broker, address = await start_broker(sink)
        stack.children["broker"] = broker
        changes.update(EMBEDDED_BROKER, kafka_bootstrap_servers=address)
        embedded.append("broker")
    if stack.settings.redis_url is None:
        redis, url = await start_redis(folder, sink)
        stack.children["redis"] = redis
        changes["redis_url"] = url
        embedded.append("redis")
    stack.settings = stack.settings.with_changes(**changes)
    stack.embedded = tuple(embedded)


def _all_names(stack: Stack) -> list[str]:
    return [name for step in stack.steps for name in stack.names(step)]


async def _start_steps(stack: Stack, folder: Path, sink: LineSink, *, log_format: str, restart: bool) -> None:
    names = _all_names(stack)
    ready = {name: folder / f"{name}.ready" for name in names}
    ports = metrics_ports(stack.settings, names)
    for step in stack.steps:
        for name in stack.names(step):
            own = stack.settings.with_changes(metrics_port=ports.get(name))
            spec = step_spec(step, own, ready[name], log_format=log_format, restart=restart)
            child = Child(replace(spec, name=name), sink)
            stack.children[name] = child
            await child.start()
    deadline = time.monotonic() + READY_SECONDS
    while missing := [name for name, path in ready.items() if not path.exists()]:
        stack.check_children()
        for name in missing:
            if stack.children[name].restarts >= HOPELESS_RESTARTS:
                raise TocsinError(f"The {name} step ends as soon as it starts. {stack.last_words(name)}")
        if time.monotonic() > deadline:
            raise TocsinError(
                f"Not ready after {READY_SECONDS:.0f} s: {', '.join(missing)}.", hint="Try `tocsin doctor`."
            )
        await asyncio.sleep(0.05)


async def _stop(stack: Stack, clean_up: Callable[[Stack], Awaitable[None]] | None) -> None:
    """Steps first and together, so that they can still say their last words to the servers; then the servers."""
    ours = set(_all_names(stack))
    steps = [child for name, child in stack.children.items() if name in ours]
    servers = [child for name, child in stack.children.items() if name not in ours]
    grace = stack.settings.drain_seconds + 5
    try:
        await asyncio.gather(*(child.stop(grace) for child in steps), return_exceptions=True)
        if clean_up is not None:
            await clean_up(stack)
    finally:
        await asyncio.gather(*(child.stop(grace) for child in servers), return_exceptions=True)


def file_sink(path: Path) -> LineSink:
    """Lines go to a file, each with its child's name."""
    handle = path.open("a", encoding="utf-8", buffering=1)

    def sink(name: str, line: str) -> None:
        handle.write(f"{name:>9} │ {line}{os.linesep}")

    return sink
