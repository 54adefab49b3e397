"""`tocsin worker annotate|watch|notify|feeds`: one process, for a supervisor, compose or Kubernetes."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workers.settings import Settings
    from workers.steps import Handler


class StepName(StrEnum):
    """The steps that can be run, and the poller of feeds."""

    annotate = "annotate"
    watch = "watch"
    notify = "notify"
    feeds = "feeds"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("worker")(worker)


def worker(
    step: Annotated[StepName, typer.Argument(help="Which step to run.")],
    processes: Annotated[
        int, typer.Option(min=1, max=256, help="annotate only: as many readers, one for each core.")
    ] = 1,
) -> None:
    """Run one step of the pipeline, or a poller of the feeds in feeds.yaml, until SIGTERM or Ctrl-C.

    Its topics are created if they are missing. It ends with code 6 when something that should pass did not: let a
    supervisor start it again; nothing is lost. With --processes each reader is a process with a port of its own for
    metrics (TOCSIN_METRICS_PORT and the ones after it), and all end when one does.
    """
    if processes > 1 and step is not StepName.annotate:
        raise typer.BadParameter(
            f"{step.value} runs in one process; start it again for more.", param_hint="--processes"
        )
    # Numpy and glibc read these when they load; a step that was started by hand gets them too.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from topics.names import FLOW
    from workers.garbage import keep_what_is_loaded
    from workers.kafka_client import ensure_topics
    from workers.logs import configure_logging
    from workers.settings import load_settings

    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format, step=step.value)
    if processes > 1:
        from workers.local.crew import run_crew

        raise typer.Exit(run_crew(step.value, processes, settings))
    if step is StepName.feeds:
        from workers.feeds.running import run_poller

        raise typer.Exit(run_poller(settings))
    handler = _handler(step, settings)
    ensure_topics(settings, FLOW)
    from workers.stream import run_step

    keep_what_is_loaded()
    run_step(settings, handler)


def _handler(step: StepName, settings: Settings) -> Handler:
    """Each step loads only what it needs: notify should not wait for spaCy."""
    if step is StepName.annotate:
        from workers.annotate.agent import make_handler as make_annotate

        return make_annotate(settings)
    if step is StepName.watch:
        from workers.cli.event_types import event_types
        from workers.watch.agent import make_handler as make_watch

        return make_watch(settings, event_types(settings))
    from workers.notify.agent import make_handler as make_notify

    return make_notify(settings)
