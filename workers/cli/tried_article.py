"""`tocsin patterns test --article`: articles read by the real reader, and what every rule makes of every event."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workers.cli.backtest import Articles
from workers.cli.moments import moment
from workers.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import Console

    from topics.annotations import Annotation
    from topics.articles import Article
    from workers.watch.backtest import Backtest
    from workers.watch.patterns import Pattern
    from workers.watch.sightings import Happening


def try_articles(patterns: Sequence[Pattern], files: Sequence[Path], at: str | None) -> None:
    """Read all articles in `files`, as if published `at`, and print what `patterns` make of them together.

    Raises InputError for a file that holds none, or a time that is none.
    """
    from topics.annotations import Annotation
    from workers.cli.harmless import HarmlessConsole
    from workers.settings import load_settings
    from workers.watch.backtest import Backtest

    published = moment(at, "--at")
    articles = [article for file in files for article in _articles(file, published)]
    backtest = Backtest(patterns)
    console = HarmlessConsole(highlight=False, soft_wrap=True)
    for one in Articles(load_settings()).annotated(articles):
        if isinstance(one, Annotation):
            _show_annotation(console, one)
            backtest.add(one)
            for pattern in patterns:
                _show_rules(console, pattern, one)
    _show_verdicts(console, backtest)


def _articles(file: Path, published: datetime | None) -> list[Article]:
    from datetime import UTC, datetime

    from workers.archives.parsing import NotAnArticle, article_from_json, article_from_text

    now = datetime.now(UTC)
    try:
        content = file.read_bytes()
        if file.suffix.lower() == ".txt":
            found = [article_from_text(content, now)]
        elif file.suffix.lower() == ".jsonl":
            found = [article_from_json(line, now) for line in content.splitlines() if line.strip()]
        else:
            found = [article_from_json(content, now)]
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}") from error
    except NotAnArticle as error:
        raise InputError(f"{file}: {error}", hint='An article is {"text": …, "title": …} or a .txt file.') from error
    return [article.model_copy(update={"published_at": published}) if published else article for article in found]


def _show_annotation(console: Console, annotation: Annotation) -> None:
    title = f"  {annotation.title}" if annotation.title else ""
    console.print(f"{annotation.event_time:%F %R}Z  {annotation.article_id}{title}", markup=False, style="bold")
    if not annotation.events:
        console.print("  nothing that an event type knows happens in it", markup=False)
    for number, event in enumerate(annotation.events, 1):
        who = ", ".join(party.id for party in event.actor) or "nobody"
        whom = f" → {', '.join(party.id for party in event.target)}" if event.target else ""
        console.print(f"  {number}. {event.type} ({event.status}, {event.confidence:.2f}) {who}{whom}: "
                      f"“{event.sentence.text}”", markup=False)  # fmt: skip


def _show_rules(console: Console, pattern: Pattern, annotation: Annotation) -> None:
    from workers.watch.sightings import Circumstances, Observed, stamp_of
    from workers.watch.trying import refusals

    observed = Observed(
        annotation, Circumstances(None, stamp_of(annotation, 0), None, late=False, rebuilt=False), pattern.symmetric
    )
    sighting = observed.whole(pattern)
    console.print(f"  {pattern.id}", markup=False)
    for rule in pattern.selections:
        verdicts = [(happening, list(refusals(rule, sighting, happening))) for happening in sighting.happenings]
        taken = [_named(happening) for happening, why_not in verdicts if not why_not]
        if taken:
            console.print(f"    takes  {rule.name}: {', '.join(taken)}", markup=False)
            continue
        # Events of another type are not near; but if nothing is, that is what there is to say.
        near = [(h, why_not) for h, why_not in verdicts if h.type in rule.types]
        if not near:
            console.print(f"    lacks  {rule.name}: no event of that type", markup=False)
        for happening, why_not in near:
            console.print(f"    lacks  {rule.name}: {_named(happening)}: {'; '.join(why_not)}", markup=False)


def _named(happening: Happening) -> str:
    return f"event {happening.index + 1}"


def _show_verdicts(console: Console, backtest: Backtest) -> None:
    from datetime import UTC, datetime

    from workers.cli.show import group_words

    for verdict in backtest.verdicts(datetime.now(UTC)):
        for alert in verdict.alerts:
            console.print(f"[green]rings[/green]  {alert.pattern_id}: {group_words(alert)}")
        if verdict.alerts:
            continue
        misses = backtest.near_misses(verdict.pattern, 3)
        console.print(f"does not ring  {verdict.pattern.id}" + ("" if misses else ": none of its rules takes anything"),
                      markup=False)  # fmt: skip
        for miss in misses:
            group = ", ".join(f"{f} {v}" for f, v in zip(verdict.pattern.group_by, miss.value, strict=True))
            console.print(f"  {group or 'the whole stream'}: {'; '.join(miss.lacks)}", markup=False)
