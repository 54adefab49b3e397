"""`tocsin replay PATH…`: an archive through the whole pipeline, and what would have rung."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from workers.cli.preflight import check_model, check_patterns
from workers.errors import ExitCode

if TYPE_CHECKING:
    from workers.local.progress import Progress
    from workers.local.replay import ReplayReport


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("replay")(replay)


def replay(
    paths: Annotated[
        list[str], typer.Argument(help="JSONL, JSONL.gz, text files or folders of them; - is standard input.")
    ],
    patterns: Annotated[Path | None, typer.Option(help="Pattern file or folder; default: TOCSIN_PATTERNS.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One Alert as JSON per line.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the steps' own log lines.")] = False,
) -> None:
    """Run an archive through the pipeline in a namespace of its own, page nobody, and print the alerts.

    Uses the Kafka and Redis of the settings, else those of a running `tocsin up`, else embedded ones. Exit code 0:
    every article was read; 1: some lines were malformed or some articles were rejected (alerts are printed anyway);
    130: Ctrl-C, and nothing is left of it.
    """
    from workers.local.replay import replay_settings
    from workers.local.signals import run_until_signalled
    from workers.logs import configure_logging
    from workers.settings import load_settings

    settings = load_settings()
    own = settings if patterns is None else settings.with_changes(patterns=patterns)
    check_model(own)
    waiting = [pattern.id for pattern in check_patterns(own).patterns if pattern.waits]
    configure_logging("warning" if not verbose else settings.log_level, settings.log_format, step="replay")
    reports: list[ReplayReport] = []

    async def run() -> int:
        reports.append(await _replay(replay_settings(settings, patterns), paths, waiting, verbose))
        return ExitCode.OK

    code = run_until_signalled(run())
    if not reports:
        _leave(code)
    _print_alerts(reports[0], as_json)
    sys.exit(_print_summary(reports[0]))


def _leave(code: int) -> NoReturn:
    """End at once: a thread may wait for a terminal or a pipe that says nothing, and Python would trip over it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def _replay(settings: Any, paths: list[str], waiting: list[str], verbose: bool) -> ReplayReport:
    from rich.console import Console

    from workers.cli.up import tagged_sink
    from workers.local.folders import own_folder
    from workers.local.replay import replay as run
    from workers.local.stack import file_sink

    console = Console(stderr=True, highlight=False)
    with own_folder() as folder:
        sink = tagged_sink(console) if verbose else file_sink(folder / "steps.log")
        with console.status("starting …") as status:

            def show(progress: list[Progress]) -> None:
                status.update("  ".join(f"{step.step} {step.done:,}/{step.total:,}" for step in progress))

            return await run(settings, paths, sink=sink, on_progress=show, waiting=waiting)


def _print_alerts(report: ReplayReport, as_json: bool) -> None:
    from rich.console import Console

    if as_json:
        for alert in report.alerts:
            sys.stdout.write(alert.model_dump_json() + "\n")
        return
    from workers.cli.show import show_alert

    console = Console(highlight=False)
    firing = [alert for alert in report.alerts if alert.state == "firing"]
    for alert in firing:
        show_alert(console, alert)
    if not firing:
        console.print("No pattern rang.")


def _print_summary(report: ReplayReport) -> int:
    from workers.cli.show import plural

    for problem in report.produced.problems:
        sys.stderr.write(f"{problem}\n")
    firing = sum(alert.state == "firing" for alert in report.alerts)
    accounted = "" if report.complete else " (NOT ALL ACCOUNTED FOR)"
    sys.stderr.write(
        f"replay: {report.articles:,} articles = {report.annotated:,} annotated + {report.rejected:,} rejected"
        f"{accounted}; {plural(len(report.produced.problems), 'malformed line')}; {plural(firing, 'alert')}; "
        f"{report.seconds:.1f} s\n"
    )
    clean = report.complete and not report.rejected and not report.produced.problems
    return ExitCode.OK if clean else ExitCode.FAILED
