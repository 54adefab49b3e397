"""`tocsin silences add | list | show | expire`: what nobody is to be told of for a while, by whom and why."""

from __future__ import annotations

import asyncio
import getpass
import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from workers.errors import ExitCode

if TYPE_CHECKING:
    from topics.silences import Silence
    from workers.notify.mute_store import MuteStore
    from workers.settings import Settings

T = TypeVar("T")

_group = typer.Typer(no_args_is_help=True, help="Hold alerts back for a while; they are stored and shown.")

_Json = Annotated[bool, typer.Option("--json", help="one JSON Silence per line")]


def register(app: typer.Typer) -> None:
    """Add `tocsin silences`."""
    app.add_typer(_group, name="silences")


@_group.command("add")
def add(
    matchers: Annotated[
        list[str],
        typer.Argument(metavar="MATCHER…", help="name=value, name!=value, name=~regex, name!~regex; all must match"),
    ],
    *,
    comment: Annotated[str, typer.Option("--comment", "-c", help="why; whoever is not woken will ask")],
    lasts: Annotated[str | None, typer.Option("--for", metavar="DURATION", help="such as 30m, 2h, 1h30m, 3d")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="ISO 8601, in place of --for")] = None,
    starts: Annotated[str | None, typer.Option("--from", metavar="TIME", help="ISO 8601; default: now")] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="who makes it; default: your login")] = None,
    as_json: _Json = False,
) -> None:
    """Silence alerts that match; prints the silence's id.

    Labels are pattern, level, tag, title, alert (its id), receiver, and what patterns group by: actor, place, story,
    article, entity. Exit codes: 2 for what cannot be, 4 if Kafka or Redis does not answer.
    """
    from workers.cli.moments import duration, moment
    from workers.notify.matchers import MatcherError, parse_matcher
    from workers.notify.silences import SilenceError, new_silence
    from workers.settings import load_settings

    now = datetime.now(UTC)
    begins, ends = moment(starts, "--from") or now, moment(until, "--until")
    if (lasts is None) == (ends is None):
        raise typer.BadParameter("expected one of --for and --until", param_hint="--for")
    if ends is None:
        ends = begins + duration(lasts or "", "--for")
    try:
        silence = new_silence(
            secrets.token_hex(6),
            [parse_matcher(text) for text in matchers],
            starts_at=begins,
            ends_at=ends,
            created_by=by if by is not None else getpass.getuser(),
            comment=comment,
            now=now,
        )
    except (MatcherError, SilenceError) as error:
        raise typer.BadParameter(str(error)) from None
    settings = load_settings()
    matching = asyncio.run(_keep(settings, [silence]))
    typer.echo(silence.model_dump_json() if as_json else silence.id)
    typer.echo(f"Silenced from {_shown(begins)} to {_shown(ends)}; {_matching_words(matching)}.", err=True)


@_group.command("list")
def show_all(
    every: Annotated[bool, typer.Option("--expired", help="those that ended in the last five days, too")] = False,
    as_json: _Json = False,
) -> None:
    """The silences that hold or are to come. Exit code 4 if Redis does not answer."""
    from workers.notify.silences import state_of
    from workers.settings import load_settings

    now = datetime.now(UTC)
    found = asyncio.run(_read(load_settings(), lambda store: store.silences()))
    shown = [one for one in found if every or state_of(one, now) != "expired"]
    if as_json:
        for one in shown:
            typer.echo(one.model_dump_json())
    elif shown:
        _table(shown, now)
    else:
        typer.echo("Nothing is silenced.", err=True)


@_group.command("show")
def show_one(
    silence: Annotated[str, typer.Argument(metavar="ID", help="as `tocsin silences list` shows it")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """One silence, and what it holds back. Exit code 1 if there is none of this id, 4 if Redis does not answer."""
    from workers.notify.silences import state_of
    from workers.settings import load_settings

    found, held = asyncio.run(_one(load_settings(), silence))
    if found is None:
        typer.echo(f"There is no silence {silence}.", err=True)
        raise typer.Exit(ExitCode.FAILED)
    if as_json:
        typer.echo(json.dumps({**found.model_dump(mode="json"), "holds_back": held}, ensure_ascii=False))
        return
    typer.echo(f"{found.id} ({state_of(found, datetime.now(UTC))})")
    typer.echo(f"  matchers    {' '.join(map(str, found.matchers))}")
    typer.echo(f"  from        {_shown(found.starts_at)}")
    typer.echo(f"  until       {_shown(found.ends_at)}")
    typer.echo(f"  created by  {found.created_by}")
    typer.echo(f"  comment     {found.comment}")
    for receiver, alerts in held.items():
        typer.echo(f"  holds back from {receiver}: {', '.join(alerts)}")


@_group.command("expire")
def expire(
    silences: Annotated[list[str], typer.Argument(metavar="ID…", help="as `tocsin silences list` shows them")],
) -> None:
    """End silences now: what they held back and still stands is told within seconds.

    Exit code 1 if one of them does not exist or has ended already, 4 if Kafka or Redis does not answer.
    """
    from workers.notify.silences import SilenceError, expired
    from workers.settings import load_settings

    settings, now = load_settings(), datetime.now(UTC)
    known = {one.id: one for one in asyncio.run(_read(settings, lambda store: store.silences()))}
    ended: list[Silence] = []
    problems = [f"There is no silence {name}." for name in silences if name not in known]
    for name in dict.fromkeys(silences):
        try:
            ended += [expired(known[name], now)] if name in known else []
        except SilenceError as error:
            problems.append(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    if ended:
        asyncio.run(_keep(settings, ended))
    for silence in ended:
        typer.echo(f"Silence {silence.id} has ended.", err=True)
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(ExitCode.FAILED)


async def _keep(settings: Settings, silences: Sequence[Silence]) -> int:
    """First on Kafka, which keeps them, then in Redis, where they count; how many standing alerts they match."""
    from workers.kafka_client import RecordProducer
    from workers.logs import configure_logging
    from workers.notify.matchers import match_all

    configure_logging("warning", settings.log_format)

    def produce() -> None:
        with RecordProducer(settings, kinds=("silences",)) as producer:
            for silence in silences:
                producer.send("silences", silence.id, silence)

    await asyncio.to_thread(produce)

    async def put(store: MuteStore) -> int:
        await store.put(silences)
        standing = await store.standing()
        return sum(any(match_all(silence.matchers, one.labels) for silence in silences) for one in standing)

    return await _read(settings, put)


async def _one(settings: Settings, name: str) -> tuple[Silence | None, dict[str, list[str]]]:
    from workers.cli.redis_session import redis_session
    from workers.notify.keys import Keys
    from workers.notify.ledger import Ledger
    from workers.notify.mute_store import MuteStore
    from workers.notify.standing import Standings

    async with redis_session(settings) as client:
        keys = Keys(settings.namespace)
        held: dict[str, list[str]] = {}
        for receiver in sorted(await Standings(client, keys).seen()):
            muted = await Ledger(client, keys).muted(receiver)
            if alerts := sorted({task.alert_id for task, by in muted.items() if by == f"silence:{name}"}):
                held[receiver] = alerts
        return await MuteStore(client, keys).silence(name), held


async def _read(settings: Settings, ask: Callable[[MuteStore], Awaitable[T]]) -> T:
    from workers.cli.redis_session import redis_session
    from workers.notify.keys import Keys
    from workers.notify.mute_store import MuteStore

    async with redis_session(settings) as client:
        return await ask(MuteStore(client, Keys(settings.namespace)))


def _table(silences: Sequence[Silence], now: datetime) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from workers.notify.silences import state_of

    table = Table(box=None, pad_edge=False)
    for column in ("id", "state", "matchers", "from", "until", "by", "comment"):
        table.add_column(column, overflow="fold", no_wrap=column in ("id", "state"))
    for one in silences:
        matchers = " ".join(map(str, one.matchers))
        times = _shown(one.starts_at), _shown(one.ends_at)
        table.add_row(*map(Text, (one.id, state_of(one, now), matchers, *times, one.created_by, one.comment)))
    Console(highlight=False).print(table)


def _matching_words(number: int) -> str:
    if not number:
        return "no alert that stands now matches"
    return "1 alert that stands now matches" if number == 1 else f"{number} alerts that stand now match"


def _shown(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ")
