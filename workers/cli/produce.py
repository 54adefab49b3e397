"""`tocsin produce`: articles from files, folders and standard input onto the topic `articles`."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.archives.formats import Format
from workers.cli.archive_options import PATHS, ColumnsOption, FormatOption, form_of
from workers.errors import ExitCode, InputError
from workers.notify.receivers.words import plain

if TYPE_CHECKING:
    from rich.console import Console

    from workers.archives.opening import Source
    from workers.archives.ordering import Item
    from workers.archives.playing import Playing
    from workers.kafka_client import ArticleProducer

SHOW_EVERY = 100
"""Articles between two looks at how far the reading is."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("produce")(produce)


def produce(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…|-", help=PATHS)],
    form: FormatOption = Format.AUTO,
    columns: ColumnsOption = "",
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Remember here what Kafka has confirmed, and go on after it the next time."),
    ] = None,
    finished: Annotated[
        bool,
        typer.Option("--finished", help="With --checkpoint: nobody writes to the files any more; take their ends."),
    ] = False,
) -> None:
    """Push articles onto the topic `articles` and wait until Kafka has confirmed each.

    A malformed line is reported with file, line number and reason, and does not stop the rest. With --checkpoint the
    same command, run again after a crash, sends only what was not confirmed, and later what files grew by and what new
    ones hold; what a file ends with is left for the next time if it may be half written.
    Exit codes: 0 all confirmed, 1 something was malformed or refused, 4 Kafka does not answer, 5 a file cannot be read.
    """
    from rich.console import Console

    from workers.archives.opening import opened, refuse_own_topic
    from workers.archives.playing import Playing
    from workers.archives.readers import STDIN
    from workers.kafka_client import ArticleProducer
    from workers.logs import configure_logging
    from workers.settings import load_settings

    # A supervisor's SIGTERM as Ctrl-C: what was taken from a pipe cannot be read again, so it is still sent.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = load_settings()
    console = Console(stderr=True)
    configure_logging(settings.log_level, settings.log_format)
    whole = finished or checkpoint is None
    archive, producer = opened(settings, paths, form_of(form, columns), finished=whole), ArticleProducer(settings)
    refuse_own_topic(settings, archive)
    if checkpoint is not None and any(row.name == STDIN for row in archive.rows):
        raise InputError("--checkpoint: standard input cannot be read again.", hint="Name files, or leave it away.")
    playing = Playing(order=None, on_problem=lambda problem: _say(console, plain(problem)))
    begun = time.monotonic()
    try:
        with (
            _remembered(playing, archive, checkpoint, console),
            producer,
            _progress(console, archive, producer) as found,
        ):
            # The bar holds the terminal's last line; from here on, log lines must go above it.
            configure_logging(settings.log_level, settings.log_format)
            playing.play(found, producer)
    finally:
        if producer.connected:
            _summarise(console, playing, producer, time.monotonic() - begun)
    if playing.malformed or producer.confirmed < producer.sent:
        raise typer.Exit(ExitCode.FAILED)


@contextmanager
def _remembered(playing: Playing, archive: Source, file: Path | None, console: Console) -> Iterator[None]:
    """Have `playing` go on after the mark in `file`, and keep it there, whatever ends us."""
    from workers.archives.checkpoint import Checkpoint

    if file is None:
        yield
        return
    playing.checkpoint = Checkpoint.of(file, archive.rows, on_other=lambda words: _say(console, words))
    with playing.checkpoint.held() as playing.low:
        try:
            yield
        finally:
            playing.checkpoint.save(playing.low, finished=True)


@contextmanager
def _progress(console: Console, archive: Source, producer: ArticleProducer) -> Iterator[Iterator[Item]]:
    """The archive's content, with a bar on a terminal that moves as it is taken."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %" if archive.total_bytes else ""),
        TextColumn("{task.fields[confirmed]:,} of {task.fields[sent]:,} confirmed"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("produce", total=archive.total_bytes, sent=0, confirmed=0)

        def show() -> None:
            progress.update(task, completed=archive.bytes_read, sent=producer.sent, confirmed=producer.confirmed)

        def watched() -> Iterator[Item]:
            for number, each in enumerate(archive):
                yield each
                if number % SHOW_EVERY == 0:
                    show()
            # All is read; the bar stays until Kafka has confirmed it, which a slow broker makes a person wait for.
            while producer.pending:
                producer.poll(0.1)
                show()

        yield watched()


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _summarise(console: Console, playing: Playing, producer: ArticleProducer, seconds: float) -> None:
    rate = f", {producer.confirmed / seconds:,.0f} a second" if producer.confirmed and seconds > 0 else ""
    skipped = f" after {playing.resumed_at:,} of before" if playing.resumed_at else ""
    failed = f", not confirmed {producer.sent - producer.confirmed:,}" if producer.sent > producer.confirmed else ""
    _say(
        console,
        f"read {playing.read:,}{skipped}, produced {producer.sent:,}, confirmed {producer.confirmed:,}, "
        f"malformed {playing.malformed:,}{failed} ({seconds:.1f} s{rate})",
    )
