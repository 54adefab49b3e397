"""Options of the commands that read archives."""

from __future__ import annotations

from typing import Annotated

import typer

from workers.archives.formats import Form, Format, parse_columns

PATHS = (
    "JSONL, CSV, text, HTML, WARC, mbox, EML, each also `.gz` or `.zst`; folders of them; `-` is stdin; `topic:NAME` a "
    "Kafka topic."
)
FormatOption = Annotated[
    Format, typer.Option("--format", help="What all files and standard input are; else their names tell.")
]
ColumnsOption = Annotated[
    str, typer.Option(metavar="FIELD=COLUMN,…", help="For CSV: which column is `title`, `text`, `published_at` …")
]


def form_of(form: Format, columns: str) -> Form:
    """How files are to be read. Raises InputError."""
    try:
        return Form(form, parse_columns(columns) if columns else {})
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--columns") from error
