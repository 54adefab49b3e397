"""One step in several processes of one machine: one for each core, all in the consumer group of the step.

They end together: Kafka would share a lost process's partitions among the others, and nobody would see that a core is
idle. Whoever supervises us sees one process that ends, and starts us again.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from topics.names import FLOW
from workers.errors import ExitCode
from workers.kafka_client import ensure_topics
from workers.local.folders import own_folder
from workers.local.processes import Child, ChildSpec
from workers.local.signals import run_until_signalled, unbroken
from workers.local.stack import metrics_ports, step_spec
from workers.logs import get_logger
from workers.settings import Settings

log = get_logger("local")

GRACE_SECONDS = 8.0
"""Beyond the time that a step has for draining: it ends itself within that, and is killed after it."""

_POLL_SECONDS = 0.1


def run_crew(step: str, count: int, settings: Settings) -> int:
    """Run `step` in `count` processes until a signal or the end of one of them; the exit code.

    Each child serves metrics and health on a port of its own: `metrics_port` and the ones after it. `ready_file` is
    touched when all of them take work. Raises ConfigurationError if there is no room for the ports.
    """
    names = [f"{step}-{number}" for number in range(1, count + 1)]
    ports = metrics_ports(settings, names)
    ensure_topics(settings, FLOW)  # once, so that they do not all try
    with own_folder() as folder:
        files = [folder / f"{name}.ready" for name in names]
        specs = []
        for name, ready in zip(names, files, strict=True):
            own = settings.model_copy(update={"metrics_port": ports.get(name)})
            spec = step_spec(step, own, ready, log_format=_log_format(settings), restart=False)
            specs.append(ChildSpec(name, spec.argv, env=spec.env, hidden=spec.hidden))
        crew = Crew(specs, grace=settings.drain_seconds + GRACE_SECONDS)
        return run_until_signalled(crew.run(files, settings.ready_file))


class Crew:
    """Children that end together."""

    def __init__(self, specs: Sequence[ChildSpec], *, grace: float) -> None:
        self.children = [Child(spec, _hand_on) for spec in specs]
        self._grace = grace

    async def run(self, ready_files: Sequence[Path] = (), ready_file: Path | None = None) -> int:
        """Start all, wait until one ends or we are cancelled, end the others; the exit code.

        It is 0 if they were ended by a signal to us and all drained in time; else that of the child that ended.
        """
        telling = asyncio.create_task(_tell_ready(ready_files, ready_file))
        waits: list[asyncio.Task[bool]] = []
        ended_by: Child | None = None
        try:
            for child in self.children:
                await child.start()
            waits = [asyncio.create_task(child.ended.wait()) for child in self.children]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            ended_by = next(child for child in self.children if child.ended.is_set())
            log.error("crew.child_ended", child=ended_by.spec.name, exit_code=ended_by.exit_code, then="all end")
        except asyncio.CancelledError:
            log.info("crew.ending", processes=len(self.children))
        finally:
            for task in (telling, *waits):
                task.cancel()
            with suppress(asyncio.CancelledError):  # a second signal means: hurry
                await unbroken(self._stop(), self.kill)
        if ended_by is not None:
            return _positive(ended_by.exit_code) or ExitCode.TRANSIENT
        return max((_positive(child.exit_code) for child in self.children), default=int(ExitCode.OK))

    def kill(self) -> None:
        """End all of them now."""
        for child in self.children:
            child.kill()

    async def _stop(self) -> None:
        await asyncio.gather(*(child.stop(self._grace) for child in self.children))


def _positive(code: int | None) -> int:
    """An exit code for ourselves: a child that a signal ended, or that never started, gave up."""
    return int(ExitCode.TRANSIENT) if code is None or code < 0 else code


async def _tell_ready(files: Sequence[Path], told: Path | None) -> None:
    while told is not None:
        if all(map(os.path.exists, files)):
            await asyncio.to_thread(told.touch)
            return
        await asyncio.sleep(_POLL_SECONDS)


def _log_format(settings: Settings) -> str:
    """What the children write, whose errors go through a pipe: what we would write ourselves."""
    if settings.log_format != "auto":
        return settings.log_format
    return "console" if sys.stderr.isatty() else "json"


def _hand_on(name: str, line: str) -> None:
    """A child's line as our own; on a terminal with its name."""
    sys.stderr.write(f"{name} | {line}\n" if sys.stderr.isatty() else f"{line}\n")
    sys.stderr.flush()
