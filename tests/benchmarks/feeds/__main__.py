"""`python -m tests.benchmarks.feeds [kinds|feedparser|hostile]…`: what comes of many feeds, and of hostile ones."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks.feeds.feedparsers import run
from tests.benchmarks.feeds.hostile import SECONDS, child_peak_bytes, withstand
from tests.benchmarks.feeds.outcomes import Outcome, outcomes
from tests.rig.feed_kinds import Kind, bad_kinds, good_kinds, publish
from tests.rig.feed_server import feed_server

MIB = 1024 * 1024
PARTS = ("kinds", "feedparser", "hostile")


def main(arguments: Sequence[str]) -> int:
    """Print the tables. Returns 0, or 1 if a feed gave neither articles nor a reason, or an attack did harm."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.feeds", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which tables; default: all")
    chosen = parser.parse_args(arguments).parts or PARTS
    console = Console(width=150)
    good = [{"kinds": _kinds, "feedparser": _feedparser, "hostile": _hostile}[part](console) for part in chosen]
    return 0 if all(good) else 1


def _kinds(console: Console) -> bool:
    kinds = [*good_kinds(), *bad_kinds()]
    with feed_server() as server:
        found = asyncio.run(outcomes(publish(server, kinds)))
    table = Table(title=f"{len(kinds)} feeds of all kinds, served on loopback", title_justify="left")
    for column in ("format or fault", "feeds", "all stories right", "named reason", "crash", "slowest"):
        table.add_column(column, justify="left" if column.startswith("format") else "right")
    groups: dict[str, list[tuple[Kind, Outcome]]] = {}
    for kind, outcome in zip(kinds, found, strict=True):
        groups.setdefault(kind.name.partition(",")[0], []).append((kind, outcome))
    for name, pairs in groups.items():
        right = sum(_right(kind, outcome) for kind, outcome in pairs)
        told = sum(bool(kind.reason) and kind.reason in (outcome.reason or "") for kind, outcome in pairs)
        crashed = sum(outcome.crash is not None for _, outcome in pairs)
        slowest = max(outcome.seconds for _, outcome in pairs)
        table.add_row(name, str(len(pairs)), str(right or ""), str(told or ""), str(crashed), f"{slowest:.2f} s")
    console.print(table)
    return all(_right(k, o) if k.stories else k.reason in (o.reason or "") for k, o in zip(kinds, found, strict=True))


def _right(kind: Kind, outcome: Outcome) -> bool:
    got = [(article.title, article.text, article.published_at) for article in outcome.articles]
    return bool(kind.stories) and got == [(story.title, story.text, story.at) for story in kind.stories]


def _feedparser(console: Console) -> bool:
    feeds, found, compared = run()
    table = Table(title=f"feedparser's own {len(feeds):,} test feeds over HTTP", title_justify="left")
    table.add_column("what came of them")
    table.add_column("feeds", justify="right")
    for what, count in Counter(map(_what, found)).most_common():
        table.add_row(what, f"{count:,}")
    table.add_row("slowest", f"{max(each.seconds for each in found):.2f} s")
    console.print(table)
    table = Table(title="as feedparser expects", title_justify="left")
    for column in ("field", "right", "of", "share"):
        table.add_column(column, justify="right")
    for name, of in compared.of.items():
        table.add_row(name, f"{compared.right[name]}", f"{of}", f"{compared.right[name] / of:.1%}")
    console.print(table)
    for line in compared.different:
        console.print(f"  {line}", markup=False, highlight=False)
    return not any(each.crash for each in found)


def _what(outcome: Outcome) -> str:
    if outcome.crash is not None:
        return f"crash: {outcome.crash}"
    if outcome.reason is not None:
        return "reason: " + outcome.reason.partition(":")[0]
    if outcome.articles:
        return "articles"
    return "told: entries without a word in them" if outcome.entries else "a feed without entries"


def _hostile(console: Console) -> bool:
    found = asyncio.run(withstand())
    table = Table(title=f"hostile feeds ({SECONDS:g} s of patience), memory in MiB", title_justify="left")
    for column in ("attack", "came of it", "s", "before", "peak", "after", ""):
        table.add_column(column, justify="left" if column in {"attack", "came of it"} else "right")
    for each in found:
        came = each.outcome
        told = came.crash or came.reason or f"{len(came.articles)} articles; {'; '.join(came.problems)}".rstrip("; ")
        memory = (f"{size / MIB:.0f}" for size in (each.before, each.peak, each.after))
        table.add_row(each.attack.name, told[:90], f"{came.seconds:.1f}", *memory, "ok" if each.right else "WRONG")
    console.print(table)
    console.print(
        f"memory before the first {found[0].before / MIB:.0f} MiB, after the last {found[-1].after / MIB:.0f} MiB; "
        f"the largest process that parsed held {child_peak_bytes() / MIB:.0f} MiB"
    )
    return all(each.right for each in found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
