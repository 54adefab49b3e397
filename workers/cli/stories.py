"""`tocsin stories top|show`: the coverage of one happening, by outlets and in words of their own."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.counts import AtOption, CsvOption, JsonOption, LimitOption, Window, WindowOption
from workers.cli.moments import moment
from workers.errors import InputError
from workers.notify.receivers.words import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.watch.stories import Story
    from workers.watch.story_reader import WholeStory

_NAMES = 5
"""Names by which a story is shown."""


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Stories: the coverage of one happening in different words.", no_args_is_help=True)
    group.command("top")(top)
    group.command("show")(show)
    app.add_typer(group, name="stories")


def top(
    window: WindowOption = Window.day,
    limit: LimitOption = 20,
    at: AtOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Show the stories that most outlets tell. Texts leave out copies.

    Exit code 4 if Redis does not answer, 5 if the time cannot be read.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from workers.cli.counts import why_empty, write_csv
    from workers.cli.counts_read import read_stories
    from workers.settings import load_settings

    found = asyncio.run(read_stories(load_settings(), window.value, limit, moment(at, "--at")))
    head = ("story", "sources", "texts", "articles", "title", "about")
    rows = [
        (c.story, c.sources, c.texts, c.articles, story.title if story else "", ", ".join(about(story)))
        for c, story in found.ranked
    ]
    if as_json:
        told = [dict(zip(head, row, strict=True)) for row in rows]
        typer.echo(
            json.dumps({"window": found.window, "at": found.end.isoformat(), "stories": told}, ensure_ascii=False)
        )
    elif as_csv:
        write_csv(head, rows)
    elif rows:
        title = f"stories, {found.window} to {found.end:%Y-%m-%d %H:%M}Z"
        table = Table(title=title, title_justify="left", title_style="bold", box=None, min_width=len(title))
        for name in head[1:4]:
            table.add_column(name, justify="right")
        table.add_column("story", no_wrap=True)
        table.add_column("")
        for id_, sources, texts, articles, named, names in rows:
            table.add_row(
                f"{sources:,}", f"{texts:,}", f"{articles:,}", str(id_), Text(plain(str(named) or str(names)))
            )
        Console(highlight=False).print(table)
    if not rows:
        typer.echo(why_empty(found.window, found.end, found.newest, given=at is not None), err=True)


def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="a story, as `stories top` and alerts name it")],
    as_json: JsonOption = False,
) -> None:
    """Show one story: articles, outlets, those that tell it in words of their own, times, and what it is about.

    Exit code 4 if Redis does not answer, 5 if there is no such story.
    """
    from workers.cli.counts_read import read_story
    from workers.settings import load_settings

    found = asyncio.run(read_story(load_settings(), id_))
    if found is None:
        raise InputError(f"No story {id_!r} is remembered.", hint="`tocsin stories top` lists those of the last day.")
    typer.echo(json.dumps(_told(found), ensure_ascii=False) if as_json else "\n".join(_lines(found)))


def about(story: Story | None) -> list[str]:
    """The strongest names of a story; its strongest words if it names nothing."""
    from workers.watch.stories import kind_of

    if story is None:
        return []
    names = [term for term in story.terms if kind_of(term) != "word"]
    return (names or list(story.terms))[:_NAMES]


def _told(found: WholeStory) -> dict[str, object]:
    from workers.watch.durations import to_datetime

    story = found.story
    articles = [
        {"id": a.article_id, "at": to_datetime(a.time).isoformat(), "outlet": a.outlet, "text": letter}
        for a, letter in zip(found.articles, _letters(found), strict=True)
    ]
    return {
        "id": found.id,
        "title": story.title if story else None,
        "about": about(story),
        "events": sorted({*story.parties, *story.days}) if story else [],
        "outlets": found.outlets,
        "independent": found.independent,
        "articles": articles,
    }


def _lines(found: WholeStory) -> Iterable[str]:
    from workers.watch.durations import to_datetime

    told = _told(found)
    yield f"{found.id}  {plain(str(told['title'] or ''))}".rstrip()
    if found.story:
        yield f"about        {plain(', '.join(about(found.story)))}"
        if told["events"]:
            yield f"events       {', '.join(map(str, sorted({*found.story.parties, *found.story.days})))}"
    yield f"outlets      {len(found.outlets)}: {plain(', '.join(found.outlets))}"
    yield f"independent  {len(found.independent)}: {plain(', '.join(found.independent))}"
    yield f"articles     {len(found.articles)}; copies of one text share a letter"
    for article, letter in zip(found.articles, _letters(found), strict=True):
        time = to_datetime(article.time)
        words = f"{plain(article.outlet or '?')}  {plain(article.article_id or '')}"
        yield f"  {time:%Y-%m-%d %H:%M}Z  {letter:>3}  {words}".rstrip()


def _letters(found: WholeStory) -> list[str]:
    """A, B, … Z, AA, … for the texts, in the order in which they came."""
    numbers: dict[int, int] = {}
    return [_letter(numbers.setdefault(article.text, len(numbers))) for article in found.articles]


def _letter(number: int) -> str:
    return (_letter(number // 26 - 1) if number >= 26 else "") + chr(ord("A") + number % 26)
