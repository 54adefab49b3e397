"""`tocsin demo`: what `make demo` runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from workers.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from workers.local.demo import Demo
    from workers.local.expected import Comparison
    from workers.local.progress import Progress


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the steps' own log lines.")] = False,
) -> None:
    """Play the sample archive through the whole pipeline on this machine and show what rang.

    Starts an embedded broker, Redis, all steps and a webhook receiver on loopback; uses no other server and leaves
    nothing behind. Exit code 0: just the expected alerts reached the receiver; 1: not so; 130: Ctrl-C.
    """
    from rich.console import Console

    from workers.local.signals import run_until_signalled
    from workers.logs import configure_logging
    from workers.settings import load_settings

    settings = load_settings(discover=False)
    configure_logging(settings.log_level if verbose else "error", settings.log_format, step="demo")
    sys.exit(run_until_signalled(_demo(Console(highlight=False), verbose)))


async def _demo(console: Console, verbose: bool) -> int:
    from time import monotonic

    from workers.cli.up import tagged_sink
    from workers.local.demo import demo as run
    from workers.local.demo import play
    from workers.local.folders import own_folder
    from workers.local.stack import file_sink
    from workers.settings import load_settings

    started = monotonic()
    console.print("Starting broker, Redis, three steps and a receiver on this machine …")
    with own_folder() as folder:
        sink = tagged_sink(console) if verbose else file_sink(folder / "steps.log")
        async with run(load_settings(discover=False), sink) as playing:
            console.print(f"Ready after {monotonic() - started:.1f} s. Playing the sample archive:")
            with _bars(console) as show:
                comparison = await play(playing, show)
            await _show_counts(console, playing)
            _show_alerts(console, playing)
            return _verdict(console, playing, comparison, monotonic() - started)


@contextmanager
def _bars(console: Console) -> Iterator[Callable[[list[Progress]], None]]:
    """One progress bar per step; on something else than a terminal only the last line of each is printed."""
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("  {task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with Bars(*columns, console=console) as bars:

        def show(found: list[Progress]) -> None:
            for step in found:
                if step.step not in tasks:
                    tasks[step.step] = bars.add_task(step.step)
                bars.update(tasks[step.step], total=step.total or None, completed=step.done)

        yield show


async def _show_counts(console: Console, playing: Demo) -> None:
    from workers.cli.counts import counts_table
    from workers.cli.counts_read import read_top

    console.print()
    for kind in ("event", "entity", "pair"):
        top = await read_top(playing.stack.settings, kind=kind, window="7d", limit=5)
        console.print(counts_table(top))


def _show_alerts(console: Console, playing: Demo) -> None:
    from workers.cli.show import show_alert

    console.print("\n[bold]What the receiver got[/] (every signature verified)\n")
    for alert in playing.received.firing():
        show_alert(console, alert)
    for history in playing.received.alerts.values():
        if history[-1].state == "retracted":
            console.print(f"Taken back: {history[-1].title} ({history[-1].id}), as the receiver was told.\n")


def _verdict(console: Console, playing: Demo, comparison: Comparison, seconds: float) -> int:
    for expectation in comparison.missing:
        console.print(f"[bold red]did not ring[/]  {expectation}", soft_wrap=True)
    for expectation in comparison.surprising:
        console.print(f"[bold red]rang, but should not have[/]  {expectation}", soft_wrap=True)
    for expectation in comparison.misproved:
        console.print(f"[bold red]its evidence is not what it should be[/]  {expectation}", soft_wrap=True)
    if playing.received.refused:
        console.print(f"[bold red]{playing.received.refused} deliveries had a wrong signature[/]")
    first = playing.first_alert_after
    console.print(
        f"{len(playing.received.firing())} alerts stand; the first came {first or 0:.1f} s after the archive "
        f"began to play; {seconds:.1f} s in all."
    )
    if comparison.exact and not playing.received.refused:
        console.print("[bold green]Exactly the expected alerts rang.[/]")
        return ExitCode.OK
    return ExitCode.FAILED
