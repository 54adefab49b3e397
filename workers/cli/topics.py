"""`tocsin topics create|check`: the topics that Tocsin needs, on the configured Kafka."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from workers.errors import ExitCode

_group = typer.Typer(help="Create and verify the topics.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(_group, name="topics")


@_group.command("create")
def create(
    as_json: Annotated[bool, typer.Option("--json", help="Print the topics created as JSON.")] = False,
) -> None:
    """Create the topics that are missing. What exists is left as it is; differences are told.

    TOCSIN_PARTITIONS and TOCSIN_REPLICATION_FACTOR say how. Exit codes: 0 all exist, 4 Kafka does not answer.
    """
    from workers.kafka_client import check_topics, create_topics
    from workers.settings import load_settings

    settings = load_settings()
    created = create_topics(settings)
    if as_json:
        typer.echo(json.dumps({"created": created}))
    else:
        for name in settings.topics.all():
            typer.echo(f"{name}: {'created' if name in created else 'exists'}")
    for difference in check_topics(settings):
        typer.echo(f"tocsin: {difference}", err=True)


@_group.command("check")
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print the differences as JSON.")] = False,
) -> None:
    """Tell how the topics differ from what Tocsin needs.

    Exit codes: 0 they do not, 1 they do, 4 Kafka does not answer.
    """
    from dataclasses import asdict

    from workers.kafka_client import check_topics
    from workers.settings import load_settings

    settings = load_settings()
    differences = check_topics(settings)
    if as_json:
        typer.echo(json.dumps({"ok": not differences, "differences": [asdict(d) for d in differences]}))
    else:
        _tell(differences=[str(d) for d in differences], names=settings.topics.all())
    if differences:
        raise typer.Exit(ExitCode.FAILED)


def _tell(*, differences: list[str], names: tuple[str, ...]) -> None:
    if not differences:
        typer.echo(f"{len(names)} topics are as they should be: {', '.join(names)}")
        return
    for difference in differences:
        typer.echo(difference)
    if any(difference.endswith("missing") for difference in differences):
        typer.echo("Create what is missing with `tocsin topics create`.", err=True)
    else:
        typer.echo("Kafka's own tools change topics: kafka-configs.sh --alter, kafka-topics.sh --alter.", err=True)
