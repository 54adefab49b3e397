"""`tocsin annotate`: reads articles from files or standard input and writes one Annotation as JSON per line."""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.event_types import OntologyOption, chosen
from workers.errors import ExitCode
from workers.settings import load_settings

if TYPE_CHECKING:
    from topics.annotations import Annotation
    from topics.articles import Article
    from workers.annotate.explain import Explanation
    from workers.annotate.reader import Reader, Unread
    from workers.archives.readers import Malformed


def register(app: typer.Typer) -> None:
    """Add `tocsin annotate`."""
    app.command(name="annotate")(annotate)


def annotate(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH…", help="Files or folders of .txt, .jsonl, .jsonl.gz; - is standard input."),
    ],
    *,
    ontology: OntologyOption = None,
    model: Annotated[str | None, typer.Option(help="An installed spaCy pipeline; default: TOCSIN_MODEL.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show, for people, why each trigger word was taken or dropped.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --explain: one JSON object a line, annotation and explanation.")
    ] = False,
    types: Annotated[
        list[str] | None, typer.Option("--type", metavar="TYPE", help="With --explain: only this type; repeatable.")
    ] = None,
) -> None:
    """Read articles and write what they say happened, one JSON Annotation a line, in the order of the input.

    A JSONL line needs `text`; `id`, `title`, `published_at`, `source` and `url` are optional. Needs no Kafka and no
    Redis. Lines that cannot be used are named on standard error; the exit code is then 1. With --explain, standard
    input may also be plain text.
    """
    # Numpy reads it when it loads. Two threads for matrices as small as these take twice the CPU's time and save none.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from workers.annotate.reader import Reader
    from workers.archives.readers import read_paths
    from workers.garbage import keep_what_is_loaded

    if (as_json or types) and not explain:
        option = "--json" if as_json else "--type"
        raise typer.BadParameter("it goes with --explain; without it, JSON is what comes anyway", param_hint=option)
    settings = load_settings(model=model)
    source = _Source(read_paths(paths, prose_on_stdin=explain))
    reader = Reader.load(
        model=settings.model,
        ontology=chosen(ontology),
        batch_size=settings.batch_size,
        seconds=settings.read_seconds,
    )
    keep_what_is_loaded()
    if explain and not as_json:
        from workers.cli.explained import show_explanations

        _check_types(types or [], reader)
        show_explanations(_explained(reader, source, settings.batch_size), types or ())
    else:
        lines = _explained_lines if explain else _annotated
        for line in lines(reader, source, settings.batch_size):
            sys.stdout.write(line + "\n")
    sys.stdout.flush()
    if source.useless:
        typer.echo(f"tocsin: {source.useless} line{'s' * (source.useless != 1)} could not be used", err=True)
        raise typer.Exit(ExitCode.FAILED)


class _Source:
    """The articles among `records`; what cannot be used is named on standard error, and counted."""

    def __init__(self, records: Iterable[Article | Malformed]) -> None:
        self.records = records
        self.useless = 0

    def refuse(self, what: str) -> None:
        """Name what cannot be used."""
        self.useless += 1
        typer.echo(f"tocsin: {what}", err=True)

    def __iter__(self) -> Iterator[Article]:
        from workers.archives.readers import Malformed

        for record in self.records:
            if isinstance(record, Malformed):
                self.refuse(str(record))
            else:
                yield record


def _check_types(types: list[str], reader: Reader) -> None:
    for name in types:
        if name not in reader.ontology.types:
            raise typer.BadParameter(f"there is no event type {name!r}; see `tocsin event-types list`")


def _annotated(reader: Reader, source: _Source, batch_size: int) -> Iterator[str]:
    for batch in _batches(source, batch_size):
        for answer in reader.read_each(batch):
            if (annotation := _read(answer, source)) is not None:
                yield annotation.model_dump_json()


def _read(answer: Annotation | Unread, source: _Source) -> Annotation | None:
    from workers.annotate.reader import Unread

    if isinstance(answer, Unread):
        source.refuse(f"{answer.article_id}: {answer.reason}")
        return None
    return answer


def _explained(reader: Reader, source: _Source, batch_size: int) -> Iterator[tuple[Annotation, Explanation]]:
    from workers.annotate.explain import Explanation

    for batch in _batches(source, batch_size):
        traces = [Explanation() for _ in batch]
        for answer, trace in zip(reader.read_each(batch, traces), traces, strict=True):
            if (annotation := _read(answer, source)) is not None:
                yield annotation, trace


def _explained_lines(reader: Reader, source: _Source, batch_size: int) -> Iterator[str]:
    for annotation, explanation in _explained(reader, source, batch_size):
        both = {"annotation": annotation.model_dump(mode="json"), "explanation": explanation.as_dict()}
        yield json.dumps(both, ensure_ascii=False)


def _batches(articles: Iterable[Article], size: int) -> Iterator[list[Article]]:
    rest = iter(articles)
    while batch := list(itertools.islice(rest, size)):
        yield batch
