"""`tocsin feeds add | import | export`: what `feeds.yaml` says."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.errors import ConfigurationError, ExitCode, InputError

if TYPE_CHECKING:
    from workers.feeds.editing import Added


def register(group: typer.Typer) -> None:
    """Add the commands to `tocsin feeds`."""
    group.command("add")(add)
    group.command("import")(import_)
    group.command("export")(export)


FileOption = Annotated[
    Path | None,
    typer.Option("--file", help="A feeds.yaml; default: TOCSIN_FEEDS, else the one in this folder.", dir_okay=False),
]


def add(
    urls: Annotated[list[str], typer.Argument(metavar="URL…", help="Addresses of RSS, Atom or JSON feeds.")],
    *,
    source: Annotated[str | None, typer.Option(help="Name of the outlet; default: the feed's own title.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag for its articles; may be given again.")] = None,
    interval: Annotated[str | None, typer.Option(help="How often to ask, such as 10m; default: its rhythm.")] = None,
    full_text: Annotated[bool, typer.Option("--full-text", help="Fetch the articles' pages for their text.")] = False,
    file: FileOption = None,
) -> None:
    """Subscribe to feeds. What is there already stays as it is. Exit code 1 if an address was refused."""
    options: dict[str, Any] = {"source": source, "tags": tag, "interval": interval, "full_text": full_text or None}
    given = {name: value for name, value in options.items() if value}
    _add([{"url": url, **given} for url in urls], file)


def import_(
    opml: Annotated[str, typer.Argument(metavar="OPML|-", help="A file as feed readers export it; `-`: stdin.")],
    file: FileOption = None,
) -> None:
    """Subscribe to the feeds of an OPML file; folders become tags. Importing it again adds nothing.

    Exit codes: 1 an address was refused, 5 the file cannot be read.
    """
    from workers.feeds.opml import NotOpml, read_opml

    try:
        document = sys.stdin.buffer.read() if opml == "-" else Path(opml).read_bytes()
        entries = read_opml(document)
    except OSError as error:
        raise InputError(f"{opml}: cannot be read: {error.strerror or error}") from error
    except NotOpml as error:
        raise InputError(f"{opml}: no OPML: {error}") from error
    if not entries:
        raise InputError(f"{opml}: holds no feed: no outline has an xmlUrl")
    _add(entries, file)


def export(
    to: Annotated[str, typer.Argument(metavar="[OPML|-]", help="Where to write; `-`: standard output.")] = "-",
    file: FileOption = None,
) -> None:
    """Write the subscriptions as OPML. Headers and logins stay in feeds.yaml."""
    from workers.feeds.opml import is_private, write_opml
    from workers.feeds.subscriptions import load_subscriptions

    feeds = load_subscriptions(path_of(file)).feeds
    document = write_opml(feeds, datetime.now(UTC))
    if to == "-":
        sys.stdout.buffer.write(document)
        sys.stdout.buffer.flush()
    else:
        try:
            Path(to).write_bytes(document)
        except OSError as error:
            raise ConfigurationError(f"{to}: cannot be written: {error.strerror or error}") from error
    private = sum(is_private(feed) for feed in feeds)
    kept = f"; headers and logins of {private:,} stay in {path_of(file)}" if private else ""
    typer.echo(f"{len(feeds):,} feeds{kept}", err=True)


def _add(entries: list[dict[str, Any]], file: Path | None) -> None:
    from workers.feeds.editing import add_feeds

    path = path_of(file)
    done = add_feeds(path, entries)
    _tell(done, path)
    if done.refused:
        raise typer.Exit(ExitCode.FAILED)


def _tell(done: Added, path: Path) -> None:
    for url, why in done.refused:
        typer.echo(f"{url}: refused: {why}", err=True)
    typer.echo(
        f"{path}: {len(done.added):,} added, {len(done.known):,} there already"
        + (f", {len(done.refused):,} refused" if done.refused else ""),
        err=True,
    )


def path_of(file: Path | None) -> Path:
    """The feeds.yaml that a command means."""
    from workers.feeds.paths import feeds_path
    from workers.settings import load_settings

    return file or feeds_path(load_settings())
