"""`tocsin produce`: articles from files, folders and standard input onto the topic `articles`."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from workers.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from topics.articles import Article
    from workers.archives.producing import Tally
    from workers.archives.readers import Archive, Malformed
    from workers.kafka_client import ArticleProducer

SHOW_EVERY = 100
"""Articles between two looks at how far the reading is."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("produce")(produce)


def produce(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH…|-", help="`.jsonl`, `.jsonl.gz`, `.txt`, folders of them; `-` is JSONL on stdin."
        ),
    ],
) -> None:
    """Push articles onto the topic `articles` and wait until Kafka has confirmed each.

    A malformed line is reported with file, line number and reason, and does not stop the rest.
    Exit codes: 0 all confirmed, 1 something was malformed or refused, 4 Kafka does not answer, 5 a file cannot be read.
    """
    from rich.console import Console

    from workers.archives.producing import Tally, produce_all
    from workers.archives.readers import Archive
    from workers.kafka_client import ArticleProducer
    from workers.logs import configure_logging
    from workers.settings import load_settings

    # A supervisor's SIGTERM as Ctrl-C: what was taken from a pipe cannot be read again, so it is still sent.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = load_settings()
    console = Console(stderr=True)
    configure_logging(settings.log_level, settings.log_format)
    archive, tally, producer = Archive(paths), Tally(), ArticleProducer(settings)
    begun = time.monotonic()
    try:
        with producer, _progress(console, archive, producer) as found:
            # The bar holds the terminal's last line; from here on, log lines must go above it.
            configure_logging(settings.log_level, settings.log_format)
            produce_all(found, producer, tally, lambda problem: _say(console, problem))
            producer.flush()
    finally:
        if producer.connected:
            _summarise(console, tally, producer, time.monotonic() - begun)
    if tally.malformed or producer.confirmed < producer.sent:
        raise typer.Exit(ExitCode.FAILED)


@contextmanager
def _progress(console: Console, archive: Archive, producer: ArticleProducer) -> Iterator[Iterator[Article | Malformed]]:
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

        def watched() -> Iterator[Article | Malformed]:
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


def _summarise(console: Console, tally: Tally, producer: ArticleProducer, seconds: float) -> None:
    rate = f", {producer.confirmed / seconds:,.0f} a second" if producer.confirmed and seconds > 0 else ""
    failed = f", not confirmed {producer.sent - producer.confirmed:,}" if producer.sent > producer.confirmed else ""
    _say(
        console,
        f"read {tally.read:,}, produced {producer.sent:,}, confirmed {producer.confirmed:,}, "
        f"malformed {tally.malformed:,}{failed} ({seconds:.1f} s{rate})",
    )
