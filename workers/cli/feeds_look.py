"""`tocsin feeds list | check | retry`: how the feeds stand, and what they give."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.feeds_file import FileOption, path_of
from workers.errors import ExitCode, InputError
from workers.notify.receivers.words import harmless, plain

if TYPE_CHECKING:
    from workers.feeds.checking import Checked
    from workers.feeds.overview import Row
    from workers.feeds.subscriptions import Subscriptions
    from workers.settings import Settings


def register(group: typer.Typer) -> None:
    """Add the commands to `tocsin feeds`."""
    group.command("list")(list_)
    group.command("check")(check)
    group.command("retry")(retry)


def list_(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a feed and line.")] = False,
    file: FileOption = None,
) -> None:
    """The subscriptions and how each stands: last success, last error, rate, next poll, which poller has it.

    Without Redis only what feeds.yaml says. Ends with 1 if a feed is failing or gone, with 4 if Redis does not answer.
    """
    from workers.feeds.subscriptions import load_subscriptions
    from workers.settings import load_settings

    settings = load_settings()
    rows = asyncio.run(_rows(settings, load_subscriptions(path_of(file))))
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row.as_json()))
    else:
        _print(rows)
        if settings.redis_url is None:
            typer.echo("How they stand is in Redis: set TOCSIN_REDIS_URL, or run `tocsin up`.", err=True)
    if any(row.standing in ("failing", "gone") for row in rows):
        raise typer.Exit(ExitCode.FAILED)


def check(
    urls: Annotated[list[str] | None, typer.Argument(metavar="[URL…]", help="Feeds; default: all of them.")] = None,
    file: FileOption = None,
) -> None:
    """Fetch each feed once and say what it gives. Nothing is produced or remembered; no server is needed.

    Exit code 1 if one is broken.
    """
    from workers.feeds.checking import check_feeds
    from workers.feeds.subscriptions import Subscriptions, load_subscriptions
    from workers.settings import load_settings

    path = path_of(file)
    there = load_subscriptions(path) if path.exists() or not urls else Subscriptions()
    settings = load_settings(discover=False)
    broken = 0

    def tell(checked: Checked) -> None:
        nonlocal broken
        broken += checked.broken
        _tell(checked)

    asyncio.run(check_feeds(settings, _chosen(there, urls), path.absolute().parent, tell))
    if broken:
        raise typer.Exit(ExitCode.FAILED)


def retry(
    urls: Annotated[list[str], typer.Argument(metavar="URL…", help="Feeds, as feeds.yaml has them.")],
    file: FileOption = None,
) -> None:
    """Ask feeds again as soon as their hosts allow: those that are gone, or whose next try is far off."""
    from workers.feeds.subscriptions import load_subscriptions
    from workers.settings import load_settings

    there = load_subscriptions(path_of(file))
    for url in urls:
        if there.find(url) is None:
            raise InputError(f"{url}: not in {path_of(file)}", hint="`tocsin feeds list` shows the addresses.")
    asyncio.run(_retry(load_settings(), urls))
    typer.echo("A poller asks again within seconds, if one runs; else when one starts.", err=True)


def _tell(checked: Checked) -> None:
    typer.echo("\n".join(map(harmless, checked.lines)))


def _chosen(there: Subscriptions, urls: Sequence[str] | None) -> Subscriptions:
    from dataclasses import replace

    from pydantic import ValidationError

    from workers.feeds.subscriptions import Subscription

    if not urls:
        return there
    try:
        # What the user names may be on a network of his own.
        feeds = [there.find(url) or Subscription(url=url, allow_private=True) for url in dict.fromkeys(urls)]
    except ValidationError as error:
        detail = error.errors()[0]
        raise InputError(f"URL: expected {detail.get('ctx', {}).get('allowed', detail['msg'])}") from None
    return replace(there, feeds=tuple(feeds))


async def _rows(settings: Settings, there: Subscriptions) -> list[Row]:
    from workers.cli.redis_session import redis_session
    from workers.feeds.overview import overview, unknown_rows

    if settings.redis_url is None:
        return unknown_rows(there)
    async with redis_session(settings) as client:
        return await overview(client, settings.namespace, there, datetime.now(UTC))


async def _retry(settings: Settings, urls: Sequence[str]) -> None:
    from workers.cli.redis_session import redis_session
    from workers.feeds.registry import ask_again

    async with redis_session(settings) as client:
        await ask_again(client, settings.namespace, urls)


def _print(rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in ("feed", "stands", "last success", "a day", "next poll", "articles", "last error"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row.cells()))
    Console().print(table)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.standing] = counts.get(row.standing, 0) + 1
    typer.echo(f"{len(rows):,} feeds: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()), err=True)
