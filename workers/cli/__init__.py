"""`tocsin …`. One file a command group; each has `register(app)`, which is called here."""

from __future__ import annotations

import errno
import importlib
import os
import sys

import typer

from workers.errors import ExitCode, TocsinError

GROUPS = ("produce", "feeds", "annotate", "event_types", "worker", "up", "demo", "replay", "topics", "counts",
          "stories", "patterns", "alerts", "silences", "notify", "doctor")  # fmt: skip
"""In the order of `tocsin --help`."""

app = typer.Typer(
    name="tocsin",
    help="Watches news feeds and archives, understands what happened, and rings when patterns appear together.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _group in GROUPS:
    importlib.import_module(f"workers.cli.{_group}").register(app)


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def main() -> None:
    """The console script. Errors that a user can act on end with one message and their exit code."""
    try:
        app()
    except TocsinError as error:
        print(f"tocsin: {error}", file=sys.stderr)  # noqa: T201 - this is the command line's own last word
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would stumble again at its end
        print(f"tocsin: cannot write: {error.strerror}", file=sys.stderr)  # noqa: T201 - as above
        sys.exit(ExitCode.INPUT)
