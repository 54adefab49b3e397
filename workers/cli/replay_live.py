"""`tocsin replay --into live`: old news into the running pipeline."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from workers.errors import ExitCode
from workers.notify.receivers.words import plain

if TYPE_CHECKING:
    from workers.archives.playing import Playing
    from workers.local.backfill import BackfillReport
    from workers.local.replay import Run
    from workers.settings import Settings


def fill_live(settings: Settings, run: Run, playing: Playing, *, notify: bool, as_json: bool) -> None:
    """Run it, print what would have rung (with --notify: what rang), and end the process."""
    from workers.archives.opening import refuse_own_topic
    from workers.local.signals import run_until_signalled

    refuse_own_topic(settings, run.source)
    playing.backfill = not notify
    reports: list[BackfillReport] = []

    async def work() -> int:
        reports.append(await _fill(settings, run, playing))
        return ExitCode.OK

    code = run_until_signalled(work())
    if not reports:
        from workers.cli.replay import _leave

        sys.stderr.write("replay: what Kafka took is in the live pipeline; to go on, run the same command again.\n")
        _leave(code)
    sys.exit(_tell(reports[0], as_json))


async def _fill(settings: Settings, run: Run, playing: Playing) -> BackfillReport:
    from rich.console import Console

    from workers.cli.progress_line import ProgressLine
    from workers.local.backfill import backfill

    console, line = Console(stderr=True, highlight=False), ProgressLine(playing)
    with console.status("producing …") as status:
        return await backfill(settings, run, playing, on_progress=lambda found: status.update(line.words(found)))


def _tell(report: BackfillReport, as_json: bool) -> int:
    from rich.console import Console

    from workers.cli.replay import notes
    from workers.cli.show import plural, show_alert

    console = Console(highlight=False)
    for alert in report.alerts:
        if as_json:
            sys.stdout.write(alert.model_dump_json() + "\n")
        else:
            show_alert(console, alert)
    playing = report.playing
    for problem in (*playing.problems, *(f"replay: {note}" for note in notes(playing))):
        sys.stderr.write(f"{plain(problem)}\n")
    told = "stand, and nobody was told" if playing.backfill else "since its start"
    sys.stderr.write(
        f"replay: {plural(playing.sent, 'article')} into the live pipeline; "
        f"{plural(playing.malformed, 'malformed line')}; {plural(len(report.alerts), 'alert')} {told}; "
        f"{report.seconds:.1f} s\n"
    )
    if report.stalled is not None:
        sys.stderr.write(
            f"replay: the {report.stalled} step does not get on: is it running? What was sent waits for it on Kafka.\n"
        )
        return ExitCode.UNREACHABLE
    return ExitCode.FAILED if playing.malformed else ExitCode.OK
