"""Whether words are a command line that Tocsin understands, without running it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from workers.cli import app


def parse(words: Sequence[str]) -> str:
    """The command that `words` (without `tocsin`) name, for example `counts top`. Raises what Typer raises if none."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("tocsin", list(words))
    path = []
    while hasattr(command, "resolve_command"):
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        path.append(name)
        context = command.make_context(name, rest, parent=context)
    return " ".join(path)
