"""`tocsin patterns backtest`: would these patterns have rung?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.moments import moment
from workers.errors import ExitCode, InputError

if TYPE_CHECKING:
    from topics.annotations import Annotation
    from topics.articles import Article
    from workers.annotate.reader import Reader
    from workers.archives.readers import Malformed
    from workers.settings import Settings
    from workers.watch.backtest import Difference, Verdict
    from workers.watch.pattern_file import PatternSet

TOPIC = "topic"


def backtest(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Pattern files or folders; default: those in force.")
    ] = None,
    *,
    source: Annotated[
        list[str] | None,
        typer.Option("--from", help="JSONL of annotations or articles (plain, .gz), a folder, `-` (standard input), or "
                                    "`topic`: what lies on the topic `annotations`. May be given more than once."),
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only alerts from this date or time (UTC) on.")] = None,
    until: Annotated[str | None, typer.Option(help="Only alerts before this date or time (UTC).")] = None,
    against: Annotated[
        Path | None, typer.Option(help="Compare with these patterns: by default, those in force (TOCSIN_PATTERNS).")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Also write a page with a timeline and all evidence.")] = None,
    near: Annotated[
        int, typer.Option(min=0, help="Also say of each pattern where it came nearest and what was missing: so many.")
    ] = 0,
    quick: Annotated[
        bool, typer.Option(help="Do not look for stories: several times as fast; each article is one of its own.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One Alert as JSON per line, and no table.")] = False,
) -> None:  # fmt: skip
    """Run patterns over annotations of the past, by the matching that runs live, and show what would have rung.

    Articles are read first (spaCy); annotations, as `tocsin annotate` writes them, are not, which is a hundred times
    faster. Exit code 0, whatever rang; 1 if lines could not be used; 3 if a pattern is wrong; 5 if a path is.
    """
    from workers.cli.event_types import event_types
    from workers.garbage import all_kept
    from workers.settings import load_settings
    from workers.watch.pattern_file import load_patterns

    if not source:
        raise InputError("Nothing to read.", hint="Give --from FILE (articles or annotations), or --from topic.")
    settings = load_settings()
    types = event_types(settings)
    patterns = load_patterns(paths or [settings.patterns_path], types)
    compared = _other(paths, against, settings)
    before = load_patterns([compared], types) if compared is not None else None
    span = moment(since, "--since"), moment(until, "--until")
    if quick:
        _refuse_stories(patterns)
    run = _Run(patterns, before, stories=not quick)
    with all_kept():
        run.take(annotations_of(source, settings, whole=not quick))
        verdicts, differences = run.decide(*span)
    if as_json:
        for verdict in verdicts:
            for alert in verdict.alerts:
                sys.stdout.write(alert.model_dump_json() + "\n")
    else:
        _print(verdicts, differences)
        run.print_near_misses(near)
    if html is not None:
        _write_page(html, source, run, verdicts, differences)
    run.tell()
    if run.malformed:
        raise typer.Exit(ExitCode.FAILED)


def _other(paths: list[Path] | None, against: Path | None, settings: Settings) -> Path | None:
    """What to compare with: only if it is not the same anyway."""
    if against is not None:
        return against
    in_force = settings.patterns_path
    return in_force if paths and [path.resolve() for path in paths] != [in_force.resolve()] else None


def _refuse_stories(patterns: PatternSet) -> None:
    asking = [pattern.id for pattern in patterns.patterns if pattern.asks_stories]
    if asking:
        raise InputError(
            f"--quick finds no stories, and these patterns ask for them: {', '.join(asking)}.",
            hint="Leave --quick out, or name other pattern files.",
        )


class _Run:
    """One backtest under way, of one or two sets of patterns."""

    def __init__(self, patterns: PatternSet, before: PatternSet | None, *, stories: bool) -> None:
        from workers.watch.backtest import Backtest

        self._patterns = patterns.patterns
        self._now = Backtest(patterns.patterns, stories=stories)
        ids = {pattern.id for pattern in patterns.patterns}
        old = [pattern for pattern in before.patterns if pattern.id in ids] if before is not None else []
        self._old = Backtest(old, stories=stories) if old else None
        self.malformed = 0

    def take(self, found: Iterable[Annotation | Malformed]) -> None:
        from rich.console import Console

        from topics.annotations import Annotation

        console = Console(stderr=True, highlight=False)
        with console.status("reading …") as status:
            for one in found:
                if not isinstance(one, Annotation):
                    self.malformed += 1
                    console.print(f"tocsin: {one}", markup=False, soft_wrap=True)
                    continue
                self._now.add(one)
                if self._old is not None:
                    self._old.add(one)
                if self._now.articles % 500 == 0:
                    status.update(f"{self._now.articles:,} articles, to {one.event_time:%Y-%m-%d}")

    def decide(self, since: datetime | None, until: datetime | None) -> tuple[list[Verdict], dict[str, Difference]]:
        from workers.watch.backtest import compare

        moment = datetime.now(UTC)
        verdicts = self._now.verdicts(moment, since=since, until=until)
        if self._old is None:
            return verdicts, {}
        old = {v.pattern.id: v.alerts for v in self._old.verdicts(moment, since=since, until=until)}
        return verdicts, {v.pattern.id: compare(v.alerts, old.get(v.pattern.id, ())) for v in verdicts}

    def print_near_misses(self, limit: int) -> None:
        """Where the patterns came near, and what was missing."""
        from rich.console import Console

        from workers.watch.explanation import rules_of

        console = Console(highlight=False, soft_wrap=True, markup=False)
        for pattern in self._patterns if limit else ():
            for miss in self._now.near_misses(pattern, limit):
                group = ", ".join(f"{f} {v}" for f, v in zip(pattern.group_by, miss.value, strict=True))
                console.print(f"near miss  {pattern.id}: {group or 'the whole stream'}")
                for rule, articles in rules_of(miss.window).items():
                    shown = ", ".join(articles[:5]) + (f" and {len(articles) - 5} more" if len(articles) > 5 else "")
                    console.print(f"  has    {rule}: {shown}")
                for words in miss.lacks:
                    console.print(f"  lacks  {words}")

    @property
    def by_day(self) -> dict[str, int]:
        return dict(self._now.by_day)

    @property
    def articles(self) -> int:
        return self._now.articles

    def tell(self) -> None:
        from workers.cli.show import plural

        days = sorted(self._now.by_day)
        span = f", {days[0]} to {days[-1]}" if days else ""
        bad = f"; {plural(self.malformed, 'malformed line')}" if self.malformed else ""
        typer.echo(f"backtest: {plural(self.articles, 'article')}{span}{bad}", err=True)


def annotations_of(sources: list[str], settings: Settings, *, whole: bool = True) -> Iterator[Annotation | Malformed]:
    """What `--from` names: annotations as they are, articles read here and now. Raises InputError, Unreachable.

    `whole`: with what stories are found by.
    """
    from topics.annotations import Annotation
    from workers.archives.annotations import (
        Sketch,
        holds_annotations,
        read_annotations,
        read_stdin,
        stdin_holds_annotations,
    )
    from workers.archives.readers import STDIN, files_of

    read, form = Articles(settings).read, Annotation if whole else Sketch
    for source in sources:
        if source == TOPIC:
            from workers.local.topic_reader import read_records

            yield from read_records(settings, "annotations", Annotation)
        elif source == STDIN:
            yield from read_stdin(form) if stdin_holds_annotations() else read([STDIN])
        else:
            for annotated, files in groupby(files_of(source), key=_annotated(holds_annotations)):
                listed = list(files)
                yield from read_annotations([Path(file) for file in listed], form) if annotated else read(listed)


def _annotated(holds_annotations: Callable[[Path], bool]) -> Callable[[str], bool]:
    """A pipe can be read only once: it holds articles."""
    return lambda file: Path(file).is_file() and holds_annotations(Path(file))


class Articles:
    """Articles, read here and now; the model is loaded when the first one comes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reader: Reader | None = None

    def read(self, paths: list[str]) -> Iterator[Annotation | Malformed]:
        """The annotations of all articles at `paths`. Raises InputError."""
        from workers.archives.readers import read_paths

        return self.annotated(read_paths(paths))

    def annotated(self, articles: Iterable[Article | Malformed]) -> Iterator[Annotation | Malformed]:
        """The annotations of `articles`."""
        from workers.archives.readers import Malformed

        batch = []
        for one in articles:
            if isinstance(one, Malformed):
                yield one
                continue
            batch.append(one)
            if len(batch) == self._settings.batch_size:
                yield from self._loaded().read(batch)
                batch = []
        if batch:
            yield from self._loaded().read(batch)

    def _loaded(self) -> Reader:
        from workers.annotate.reader import Reader

        if self._reader is None:
            settings = self._settings
            self._reader = Reader.load(model=settings.model, ontology=settings.ontology, batch_size=settings.batch_size)
        return self._reader


def _print(verdicts: list[Verdict], differences: dict[str, Difference]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from workers.cli.show import show_alert

    console = Console(highlight=False)
    for verdict in verdicts:
        for alert in verdict.alerts:
            show_alert(console, alert)
    table = Table(box=None)
    table.add_column("pattern", overflow="fold")
    late = any(verdict.too_late for verdict in verdicts)
    changed_by = ("new", "gone", "same") if differences else ()
    for name in ("alerts", *changed_by, "in cooldown", "articles", *(("too late",) if late else ())):
        table.add_column(name, justify="right")
    for verdict in verdicts:
        difference = differences.get(verdict.pattern.id)
        changed = [len(difference.new), len(difference.gone), len(difference.same)] if difference is not None else []
        numbers = [len(verdict.alerts), *changed, verdict.suppressed, verdict.articles]
        numbers += [verdict.too_late] if late else []
        table.add_row(escape(verdict.pattern.id), *(f"{number:,}" for number in numbers))
    console.print(table)


def _write_page(
    path: Path, source: list[str], run: _Run, verdicts: list[Verdict], differences: dict[str, Difference]
) -> None:
    from workers.cli.show import plural
    from workers.watch.backtest_page import Run, page

    rang = plural(sum(len(verdict.alerts) for verdict in verdicts), "alert")
    lead = f"{plural(run.articles, 'article')} from {', '.join(Path(s).name for s in source)}; {rang}."
    heading = plural(len(verdicts), "pattern") if len(verdicts) != 1 else verdicts[0].pattern.document.title
    try:
        path.write_text(page(Run(heading, lead, verdicts, differences, run.by_day)), "utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}", hint="Name a file that can be written.") from error
    typer.echo(f"written: {path}", err=True)
