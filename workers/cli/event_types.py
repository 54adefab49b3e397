"""`tocsin event-types list`, `show` and `check`: the ontology in force, and files of one's own.

Also here: the event types that patterns may name. Reading hands its words to watching.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.errors import ExitCode, InputError

if TYPE_CHECKING:
    from rich.console import Console

    from workers.annotate.ontology import Condition, Ontology, Trigger
    from workers.settings import Settings
    from workers.watch.event_types import EventTypes

OntologyOption = Annotated[
    list[Path] | None,
    typer.Option("--ontology", help="A file or folder that adds event types; repeatable. Default: TOCSIN_ONTOLOGY."),
]


def event_types(settings: Settings | None = None) -> EventTypes:
    """Of the built-in ontology and what TOCSIN_ONTOLOGY adds. Raises ConfigurationError if that file is wrong."""
    from workers.annotate.ontology_file import load_ontology
    from workers.settings import load_settings
    from workers.watch.event_types import EventTypes

    ontology = load_ontology((settings or load_settings()).ontology)
    return EventTypes(
        names=frozenset(ontology.types),
        symmetric=frozenset(name for name, found in ontology.types.items() if found.symmetric),
    )


def chosen(ontology: list[Path] | None) -> list[Path]:
    """The files and folders that were named, else those of the setting."""
    if ontology:
        return ontology
    from workers.settings import load_settings

    setting = load_settings().ontology
    return [] if setting is None else [setting]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Show the event types in force; check files of your own.", no_args_is_help=True)
    group.command("list")(show_list)
    group.command("show")(show)
    group.command("check")(check)
    group.command("schema")(schema)
    app.add_typer(group, name="event-types")


def show_list(ontology: OntologyOption = None) -> None:
    """All event types: name, codes of PLOVER and CAMEO, number of triggers, meaning."""
    from rich.console import Console
    from rich.table import Table

    from workers.annotate.ontology_file import load_ontology, ontology_files

    own = {str(file) for file in ontology_files(chosen(ontology))}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("type", "PLOVER", "CAMEO"):
        table.add_column(name, no_wrap=True)
    table.add_column("triggers", justify="right")
    table.add_column("meaning", overflow="fold", ratio=1)
    for kind in load_ontology(chosen(ontology)).types.values():
        files = dict.fromkeys(Path(trigger.file).name for trigger in kind.triggers if trigger.file in own)
        meaning = kind.description + (f" ({', '.join(files)})" if files else "")
        table.add_row(kind.name, kind.plover or "-", kind.cameo or "-", str(len(kind.triggers)), meaning)
    Console(highlight=False).print(table)


def show(name: Annotated[str, typer.Argument(help="An event type.")], ontology: OntologyOption = None) -> None:
    """One event type: its meaning, codes, triggers with their conditions, and the file and line of each."""
    from rich.console import Console

    from workers.annotate.ontology_file import load_ontology

    found = load_ontology(chosen(ontology))
    if name not in found.types:
        raise InputError(f"There is no event type {name!r}.", hint=_near(name, found))
    kind = found.types[name]
    out = Console(highlight=False)
    out.print(f"[bold]{kind.name}[/]  {kind.description}")
    out.print(f"PLOVER {kind.plover or '-'}, CAMEO {kind.cameo or '-'}")
    marks = ("symmetric", "failed_counts", "lasting", "arranged")
    if said := [mark for mark in marks if getattr(kind, mark)]:
        out.print(", ".join(said))
    if kind.yields_to:
        out.print(f"yields to: {', '.join(kind.yields_to)}")
    if kind.exclude:
        out.print(f"excluded phrases: {', '.join(' '.join(phrase) for phrase in kind.exclude)}")
    for trigger in kind.triggers:
        _show_trigger(out, trigger)


def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders. Default: TOCSIN_ONTOLOGY.")] = None,
) -> None:
    """Read ontology files and tell every mistake with its line and column, what was found and what is allowed.

    Exit code 0 if all is well, 3 if there are mistakes, 5 if a path cannot be read.
    """
    from workers.annotate.ontology_file import check_ontology

    ontology, problems, files = check_ontology(chosen(paths))
    for problem in problems:
        typer.echo(str(problem))
    if not files:
        raise InputError("No ontology file is named.", hint="Name files or folders, or set TOCSIN_ONTOLOGY.")
    mistakes = f"{len(problems)} mistake{'s' * (len(problems) != 1)}" if problems else "no mistake"
    own = {str(file) for file in files}
    touched = sorted(kind.name for kind in ontology.types.values() if any(t.file in own for t in kind.triggers))
    adds = f"; triggers for {', '.join(touched)}" if touched and not problems else ""
    typer.echo(f"{len(files)} file{'s' * (len(files) != 1)}, {mistakes}{adds}.", err=True)
    if problems:
        raise typer.Exit(ExitCode.CONFIGURATION)


def schema() -> None:
    """Print the JSON Schema of ontology files. Editors find it by `# yaml-language-server: $schema=FILE` on top."""
    from workers.annotate.ontology_spec import SCHEMA_FILE

    typer.echo(SCHEMA_FILE.read_text("utf-8"), nl=False)


def _near(name: str, ontology: Ontology) -> str:
    import difflib

    like = difflib.get_close_matches(name, list(ontology.types), n=3)
    return f"Did you mean {' or '.join(like)}?" if like else "`tocsin event-types list` shows all."


def _show_trigger(out: Console, trigger: Trigger) -> None:
    from rich.markup import escape
    from rich.padding import Padding

    words = ", ".join(" ".join(phrase) for phrase in trigger.words)
    label = f"{trigger.kind}s" if trigger.kind != "pattern" else "pattern with one of"
    limits = f", only in the {trigger.only_in}" if trigger.only_in else ""
    limits += f", only where it is {' or '.join(trigger.only_status)}" if trigger.only_status else ""
    out.print()
    out.print(f"[dim]{escape(trigger.file)}:{trigger.line}[/]  confidence {trigger.confidence:g}{limits}")
    lines = [f"{label}: {words}", *(_condition(condition) for condition in trigger.conditions)]
    lines.append(f"actor: {', '.join(trigger.actor) or 'none'}; target: {', '.join(trigger.target) or 'none'}")
    for line in lines:
        out.print(Padding(escape(line), (0, 0, 0, 2), expand=False))


def _condition(condition: Condition) -> str:
    return f"{'not ' * condition.forbidden}{'|'.join(condition.slots)}: {', '.join(condition.written)}"
