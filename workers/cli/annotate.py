"""`tocsin annotate`: reads articles from files or standard input and writes one Annotation as JSON per line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.errors import ConfigurationError, ExitCode
from workers.settings import load_settings

if TYPE_CHECKING:
    from topics.articles import Article
    from workers.annotate.reader import Reader


def register(app: typer.Typer) -> None:
    """Add `tocsin annotate`."""
    app.command(name="annotate")(annotate)


def annotate(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH…", help="Files or folders of .txt, .jsonl, .jsonl.gz; - is standard input."),
    ],
    ontology: Annotated[
        Path | None, typer.Option(help="A YAML file that adds event types or triggers; default: TOCSIN_ONTOLOGY.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="An installed spaCy pipeline; default: TOCSIN_MODEL.")] = None,
) -> None:
    """Read articles and write what they say happened, one JSON Annotation a line, in the order of the input.

    A JSONL line needs `text`; `id`, `title`, `published_at`, `source` and `url` are optional. Needs no Kafka and no
    Redis. Lines that cannot be used are named on standard error; the exit code is then 1.
    """
    from workers.annotate.reader import Reader
    from workers.archives.readers import Malformed, read_paths

    settings = load_settings(ontology=ontology, model=model)
    if settings.ontology is not None and not settings.ontology.is_file():
        raise ConfigurationError(
            f"The ontology file {settings.ontology} does not exist.", hint="Check TOCSIN_ONTOLOGY."
        )
    records = read_paths(paths)
    reader = Reader.load(model=settings.model, ontology=settings.ontology, batch_size=settings.batch_size)
    malformed = 0

    def good() -> Iterator[Article]:
        nonlocal malformed
        for record in records:
            if isinstance(record, Malformed):
                malformed += 1
                typer.echo(f"tocsin: {record}", err=True)
            else:
                yield record

    for line in _annotated(reader, good(), settings.batch_size):
        sys.stdout.write(line + "\n")
    sys.stdout.flush()
    if malformed:
        typer.echo(f"tocsin: {malformed} line{'s' if malformed != 1 else ''} could not be used", err=True)
        raise typer.Exit(ExitCode.FAILED)


def _annotated(reader: Reader, articles: Iterable[Article], batch_size: int) -> Iterator[str]:
    batch: list[Article] = []
    for article in articles:
        batch.append(article)
        if len(batch) == batch_size:
            yield from (annotation.model_dump_json() for annotation in reader.read(batch))
            batch.clear()
    yield from (annotation.model_dump_json() for annotation in reader.read(batch))
