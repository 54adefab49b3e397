"""`tocsin patterns check` and `tocsin patterns test`: pattern files, without Kafka and without Redis.

`tocsin patterns backtest` is in `backtest`, `tocsin patterns explain` in `explain_alert`, and `test --article` in
`tried_article`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.backtest import backtest
from workers.cli.explain_alert import explain
from workers.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from workers.watch.pattern_tests import TestResult

_Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="Pattern files, or folders of them. Default: the patterns in force (TOCSIN_PATTERNS)."),
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Check and test pattern files.", no_args_is_help=True)
    group.command("check")(check)
    group.command("test")(run)
    group.command("backtest")(backtest)
    group.command("explain")(explain)
    app.add_typer(group, name="patterns")


def check(paths: _Paths = None) -> None:
    """Read pattern files and tell every mistake with its line and column.

    Exit code 0 if all is well, 3 if there are mistakes, 5 if a path cannot be read. Nothing is contacted.
    """
    from workers.cli.event_types import event_types
    from workers.watch.pattern_file import check_patterns

    patterns, problems, files = check_patterns(_chosen(paths), event_types())
    for problem in problems:
        typer.echo(str(problem))
    mistakes = _number(len(problems), "mistake") if problems else "no mistake"
    typer.echo(f"{_number(len(patterns), 'sound pattern')} in {_number(len(files), 'file')}, {mistakes}.", err=True)
    if problems or not patterns:
        raise typer.Exit(ExitCode.CONFIGURATION)


def run(
    paths: _Paths = None,
    *,
    article: Annotated[
        list[Path] | None,
        typer.Option(help="Instead of the tests: read this article (.json, .jsonl, .txt) and say what every rule "
                          "selects and what lacks. May be given more than once."),
    ] = None,
    at: Annotated[str | None, typer.Option(help="With --article: when it was published (UTC).")] = None,
) -> None:  # fmt: skip
    """Run the tests that stand in pattern files, by the code that runs live.

    Exit code 0 if all pass, 1 if one fails or there is none, 3 if a file has mistakes, 5 if a path cannot be read. With
    --article it is 0, whatever rang.
    """
    from rich.console import Console

    from workers.cli.event_types import event_types
    from workers.watch.pattern_file import load_patterns
    from workers.watch.pattern_tests import run_tests

    loaded = load_patterns(_chosen(paths), event_types())
    if article:
        from workers.cli.tried_article import try_articles

        try_articles(loaded.patterns, article, at)
        return
    results = run_tests(loaded.patterns)
    out = Console(highlight=False, soft_wrap=True)
    for result in results:
        _tell(out, result)
    failed = sum(not result.passed for result in results)
    untested = [pattern.id for pattern in loaded.patterns if not pattern.document.tests]
    if untested:
        typer.echo(f"without tests: {', '.join(untested)}", err=True)
    typer.echo(f"{len(results) - failed} of {_number(len(results), 'test')} passed.", err=True)
    if failed or not results:
        raise typer.Exit(ExitCode.FAILED)


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _chosen(paths: list[Path] | None) -> list[Path]:
    if paths:
        return paths
    from workers.settings import load_settings

    return [load_settings().patterns_path]


def _tell(out: Console, result: TestResult) -> None:
    from rich.markup import escape

    from workers.watch.pattern_tests import described, wished

    word = "[green]pass[/green]" if result.passed else "[red]FAIL[/red]"
    out.print(f"{word}  {escape(result.pattern.id)}: {escape(result.test.name)}")
    for wanted in result.missing:
        out.print(f"      expected, did not ring: {escape(wished(wanted))}")
    for alert in result.unexpected:
        out.print(f"      rang, not expected:     {escape(described(alert))}")
