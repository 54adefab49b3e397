"""What `tocsin replay` can be told."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Into(StrEnum):
    """Where a replay goes."""

    own = "own"
    live = "live"


PatternsOption = Annotated[Path | None, typer.Option(help="Pattern file or folder; default: TOCSIN_PATTERNS.")]
SinceOption = Annotated[str | None, typer.Option(help="Only articles from this date or time (UTC) on.")]
UntilOption = Annotated[str | None, typer.Option(help="Only articles before this date or time (UTC).")]
SpeedOption = Annotated[
    str | None, typer.Option(help="60x plays an hour of news in a minute; default: as fast as it goes.")
]
WorkersOption = Annotated[int, typer.Option(min=1, max=64, help="Annotate processes, one for each core.")]
NameOption = Annotated[
    str | None, typer.Option(help="A run that was killed goes on when it is started again by the same name.")
]
KeepOption = Annotated[bool, typer.Option("--keep", help="Leave its topics and keys at the end, to look at.")]
DropOption = Annotated[bool, typer.Option("--drop", help="Delete what the run --name left, and nothing else.")]
IntoOption = Annotated[
    Into, typer.Option(help="own: a namespace for itself. live: fill the running pipeline's counts and windows.")
]
NotifyOption = Annotated[
    bool, typer.Option("--notify", help="With --into live: tell the receivers, as if it were news.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One Alert as JSON per line.")]
ReportOption = Annotated[Path | None, typer.Option(help="Also write the whole report as JSON to this file.")]
HtmlOption = Annotated[Path | None, typer.Option(help="Also write a page with a timeline and all evidence.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show the steps' own log lines.")]
