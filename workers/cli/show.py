"""How an alert looks on a terminal: what rang, why, and the words that prove it. Shared by replay, demo and alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.padding import Padding

from workers.notify.receivers.words import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from topics.alerts import Alert, Evidence

LEVEL_STYLES = {
    "informational": "dim",
    "low": "cyan",
    "medium": "yellow",
    "high": "bold red",
    "critical": "bold white on red",
}


def group_words(alert: Alert) -> str:
    """The join values in words, for example `actor KP, RU`."""
    return plain("; ".join(f"{name} {', '.join(values)}" for name, values in alert.group.items())) or "the whole stream"


def plural(number: int, word: str) -> str:
    """`1 article`, `2 articles`, `2 stories`."""
    if number == 1:
        return f"1 {word}"
    return f"{number:,} {word[:-1] + 'ies' if word.endswith('y') else word + 's'}"


def proofs(evidence: Sequence[Evidence]) -> list[Evidence]:
    """One piece of evidence for each rule and article: the surest; of equals the body's, not the headline's."""
    best: dict[tuple[str, str], Evidence] = {}
    for item in evidence:
        key = item.rule, item.article_id
        if key not in best or _weight(item) > _weight(best[key]):
            best[key] = item
    return list(best.values())


def _weight(item: Evidence) -> tuple[float, bool, int]:
    return item.confidence, item.sentence.part == "text", -item.sentence.start


def show_alert(console: Console, alert: Alert) -> None:
    """Print one alert with its evidence. What strangers wrote is made harmless: no word of theirs moves the cursor."""
    style, counts = LEVEL_STYLES[alert.level], alert.counts
    marks = "".join(
        f", {mark}" for mark, holds in (("late", alert.late), (alert.state, alert.state != "firing")) if holds
    )
    console.print(
        f"[{style}]{alert.level.upper()}[/]  [bold]{escape(alert.title)}[/]: {escape(group_words(alert))}",
        soft_wrap=True,
    )
    console.print(
        f"  [dim]{escape(alert.pattern_id)} {alert.id}; {alert.first_event_at:%Y-%m-%d %H:%M} to "
        f"{alert.last_event_at:%Y-%m-%d %H:%M}Z; {plural(counts.articles, 'article')}, "
        f"{plural(counts.stories, 'story')}, {plural(counts.sources, 'source')}{marks}[/]",
        soft_wrap=True,
    )
    for item in proofs(alert.evidence):
        actors = ", ".join(dict.fromkeys(actor.id for actor in item.actor)) or "actor not named"
        head = f"[bold]{escape(item.rule)}[/] ({escape(actors)})"
        outlet, article = (escape(plain(words)) for words in (item.source or "unknown outlet", item.article_id))
        console.print(
            f"  • {head}  {outlet}, {item.event_time:%d %b %H:%M}Z  [dim]{article}[/]",
            soft_wrap=True,
        )
        console.print(Padding(f"“{escape(plain(item.sentence.text))}”", (0, 0, 0, 4)))
    console.print()
