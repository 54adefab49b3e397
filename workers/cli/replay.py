"""`tocsin replay PATH…`: an archive through the whole pipeline, and what would have rung."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from workers.archives.formats import Format
from workers.cli.archive_options import PATHS, ColumnsOption, FormatOption, form_of
from workers.cli.moments import moment
from workers.cli.preflight import check_model, check_patterns
from workers.cli.replay_options import (
    DropOption,
    HtmlOption,
    Into,
    IntoOption,
    JsonOption,
    KeepOption,
    NameOption,
    NotifyOption,
    PatternsOption,
    ReportOption,
    SinceOption,
    SpeedOption,
    UntilOption,
    VerboseOption,
    WorkersOption,
)
from workers.errors import ExitCode, InputError

if TYPE_CHECKING:
    from workers.archives.playing import Playing
    from workers.local.replay import Run
    from workers.local.replay_report import ReplayReport
    from workers.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("replay")(replay)


def replay(
    paths: Annotated[list[str] | None, typer.Argument(metavar="PATH…|-", help=PATHS)] = None,
    *,
    form: FormatOption = Format.AUTO,
    columns: ColumnsOption = "",
    patterns: PatternsOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    speed: SpeedOption = None,
    workers: WorkersOption = 1,
    name: NameOption = None,
    keep: KeepOption = False,
    drop: DropOption = False,
    into: IntoOption = Into.own,
    notify: NotifyOption = False,
    as_json: JsonOption = False,
    report: ReportOption = None,
    html: HtmlOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Run an archive through the pipeline, page nobody, and print the alerts.

    Articles go in order of event time. Uses the Kafka and Redis of the settings, else those of a running `tocsin up`,
    else embedded ones. Exit code 0: every article was read; 1: some lines were malformed or some articles were
    rejected (alerts are printed anyway); 4: servers do not answer, or the live steps do not read; 130: Ctrl-C, and
    nothing is left of it, unless it has a --name.
    """
    from workers.archives.opening import opened
    from workers.local.replay import Run
    from workers.logs import configure_logging
    from workers.settings import load_settings

    settings = load_settings()
    configure_logging("warning" if not verbose else settings.log_level, settings.log_format, step="replay")
    if drop:
        _drop(settings, name, paths)
        return
    if not paths:
        raise InputError("Nothing to read.", hint="Name files or folders, or - for standard input.")
    if into is Into.live:
        _refuse(live_takes_not={"--keep": keep, "--patterns": patterns, "--workers": workers > 1, "--html": html,
                                "--report": report})  # fmt: skip
    elif notify:
        raise InputError("--notify goes with --into live: a replay of its own never pages anybody.")
    for file in (report, html):
        _writable(file)
    playing = _playing(since, until, speed)
    run = Run(opened(settings, paths, form_of(form, columns)), name=name, keep=keep, workers=workers)
    if into is Into.live:
        from workers.cli.replay_live import fill_live

        fill_live(settings, run, playing, notify=notify, as_json=as_json)
        return
    found = _run_own(settings, patterns, run, playing, verbose=verbose)
    _print_alerts(found, as_json)
    code = _print_summary(found, run)
    _write(found, paths, report, html)
    sys.exit(code)


def _refuse(live_takes_not: dict[str, object]) -> None:
    given = [option for option, value in live_takes_not.items() if value]
    if given:
        raise InputError(
            f"{', '.join(given)}: --into live uses the steps, patterns and topics of the running pipeline.",
            hint="Leave it away, or replay without --into live.",
        )


def _playing(since: str | None, until: str | None, speed: str | None) -> Playing:
    from workers.archives.ordering import Span, speed_of
    from workers.archives.playing import Playing

    try:
        pace = None if speed is None else speed_of(speed)
    except ValueError as error:
        raise InputError(f"--speed {error}.") from None
    span = Span(moment(since, "--since"), moment(until, "--until"))
    if span.since is not None and span.until is not None and span.since >= span.until:
        raise InputError(f"--since {since} is not before --until {until}: no article lies between.")
    return Playing(span=span, speed=pace)


def _writable(file: Path | None) -> None:
    """An hour of replay must not end in a report that cannot be written."""
    if file is None:
        return
    try:
        file.open("a", encoding="utf-8").close()
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}", hint="Name a file that can be written.") from error


def _drop(settings: Settings, name: str | None, paths: list[str] | None) -> None:
    from workers.archives.checkpoint import alone
    from workers.local.replay import checkpoint_path, drop, replay_settings

    if name is None or paths:
        raise InputError("--drop goes with --name, and with no path: `tocsin replay --drop --name NAME`.")
    own = replay_settings(settings, None, name)
    own.require_kafka()
    own.require_redis()
    mark = checkpoint_path(own, name)
    with alone(mark):  # a run that goes on would lose its topics beneath it
        asyncio.run(drop(own))
        mark.unlink(missing_ok=True)
    typer.echo(f"dropped: {own.namespace}", err=True)


def _run_own(settings: Settings, patterns: Path | None, run: Run, playing: Playing, *, verbose: bool) -> ReplayReport:
    from dataclasses import replace

    from workers.local.replay import check_servers, replay_settings
    from workers.local.signals import run_until_signalled

    own = replay_settings(settings, patterns, run.name)
    check_servers(own, run)
    check_model(own)
    waiting = [pattern.id for pattern in check_patterns(own).patterns if pattern.waits]
    run = replace(run, waiting=waiting)
    reports: list[ReplayReport] = []

    async def work() -> int:
        reports.append(await _replay(own, run, playing, verbose))
        return ExitCode.OK

    code = run_until_signalled(work())
    if not reports:
        if run.name is not None:
            sys.stderr.write(f"replay: the same command goes on where this stopped; {_how_to_drop(run)}\n")
        _leave(code)
    return reports[0]


def _how_to_drop(run: Run) -> str:
    return f"`tocsin replay --drop --name {run.name}` deletes what it left"


def _leave(code: int) -> NoReturn:
    """End at once: a thread may wait for a terminal or a pipe that says nothing, and Python would trip over it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def _replay(settings: Any, run: Run, playing: Playing, verbose: bool) -> ReplayReport:
    from rich.console import Console

    from workers.cli.progress_line import ProgressLine
    from workers.cli.up import tagged_sink
    from workers.local.folders import own_folder
    from workers.local.replay import replay as start
    from workers.local.stack import file_sink

    console = Console(stderr=True, highlight=False)
    with own_folder() as folder:
        sink = tagged_sink(console) if verbose else file_sink(folder / "steps.log")
        with console.status("starting …") as status:
            line = ProgressLine(playing)
            return await start(
                settings, run, sink=sink, playing=playing, on_progress=lambda found: status.update(line.words(found))
            )


def _print_alerts(report: ReplayReport, as_json: bool) -> None:
    from rich.console import Console

    if as_json:
        for alert in report.alerts:
            sys.stdout.write(alert.model_dump_json() + "\n")
        return
    from workers.cli.show import show_alert

    console = Console(highlight=False)
    firing = [alert for alert in report.alerts if alert.holds]
    for alert in firing:
        show_alert(console, alert)
    if not firing:
        console.print("No pattern rang.")


def _write(found: ReplayReport, paths: list[str], report: Path | None, html: Path | None) -> None:
    import json

    from workers.local.replay_page import page

    written: dict[Path, str] = {}
    if report is not None:
        written[report] = json.dumps(found.summary(), ensure_ascii=False, indent=1) + "\n"
    if html is not None:
        written[html] = page(found, ", ".join(Path(path).name for path in paths))
    for file, text in written.items():
        try:
            file.write_text(text, "utf-8")
        except OSError as error:
            raise InputError(f"{file}: cannot be written: {error.strerror or error}") from error
        sys.stderr.write(f"written: {file}\n")


def _print_summary(report: ReplayReport, run: Run) -> int:
    from workers.cli.show import plural

    playing = report.playing
    for problem in playing.problems:
        sys.stderr.write(f"{problem}\n")
    for note in notes(playing):
        sys.stderr.write(f"replay: {note}\n")
    firing = sum(alert.holds for alert in report.alerts)
    accounted = "" if report.complete else " (NOT ALL ACCOUNTED FOR)"
    sys.stderr.write(
        f"replay: {report.articles:,} articles = {report.annotated:,} annotated + {report.rejected:,} rejected"
        f"{accounted}; {plural(playing.malformed, 'malformed line')}; {plural(firing, 'alert')}; "
        f"{report.seconds:.1f} s\n"
    )
    if run.keep:
        sys.stderr.write(f"replay: kept; TOCSIN_NAMESPACE={report.namespace} makes other commands look at it\n")
    clean = report.complete and not report.rejected and not playing.malformed
    return ExitCode.OK if clean else ExitCode.FAILED


def notes(playing: Playing) -> list[str]:
    """What a user should know of the reading."""
    found = []
    if playing.resumed_at:
        found.append(f"went on after the first {playing.resumed_at:,} of the archive, which Kafka had")
    if playing.span.left_out:
        found.append(f"{playing.span.left_out:,} articles lie outside --since and --until")
    if playing.span.undated:
        found.append(f"{playing.span.undated:,} articles bear no date: no span holds them")
    if playing.order is not None and playing.order.late:
        found.append(f"{playing.order.late:,} articles were further out of order than is sorted, and came late")
    return found
