"""The figures of a run as tables for a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from tests.benchmarks.quality.scoring import Scores, Tally, total


def print_scores(scores: Scores, console: Console) -> None:
    """Print the tables: per type, then the totals."""
    table = Table(title=f"{scores.items} texts", title_justify="left")
    table.add_column("type")
    for head in ("type P", "R", "F1", "type+status P", "R", "F1", "actual P", "R", "F1", "labels"):
        table.add_column(head, justify="right")
    for name in sorted(set(scores.with_status) | set(scores.types)):
        labels = scores.with_status[name].right + scores.with_status[name].missed
        table.add_row(name, *_row(scores.types[name], scores.with_status[name], scores.actual[name]), str(labels))
    table.add_section()
    sums = [total(part.values()) for part in (scores.types, scores.with_status, scores.actual)]
    table.add_row("all (micro)", *_row(*sums), str(sums[1].right + sums[1].missed))
    console.print(table)
    _print_rest(scores, console)


def _print_rest(scores: Scores, console: Console) -> None:
    table = Table()
    for head in ("", "P or share", "R", "F1", "n"):
        table.add_column(head, justify="right" if head else "left")
    for name, tally in sorted(scores.by_status.items()):
        table.add_row(f"status {name}", *_row(tally), str(tally.right + tally.missed))
    table.add_section()
    for name, share in (("status accuracy", scores.status), ("attributed accuracy", scores.attributed)):
        table.add_row(name, f"{share.value:.3f}", "", "", str(share.total))
    for name, tally in (
        ("actor", scores.actor),
        ("target", scores.target),
        ("place", scores.place),
        ("entity ids", scores.entities),
    ):
        table.add_row(name, *_row(tally), str(tally.right + tally.missed))
    table.add_section()
    for band, share in sorted(scores.bands.items()):
        table.add_row(
            f"confidence {band / 10:.1f}-{band / 10 + 0.1:.1f}", f"{share.value:.3f}", "", "", str(share.total)
        )
    console.print(table)


def print_mistakes(scores: Scores, limit: int, console: Console) -> None:
    """Print the `limit` worst readings."""
    for mistake in scores.mistakes[:limit]:
        item = mistake.item
        console.print(f"[bold]{item.id}[/] {item.published_at:%Y-%m-%d}" if item.published_at else item.id)
        if item.title:
            console.print(f"  {item.title}", markup=False)
        console.print(f"  {item.text}" if len(item.text) < 600 else f"  {item.text[:600]} …", markup=False)
        for fault in mistake.faults:
            console.print(f"    {fault}", markup=False)
        if item.note:
            console.print(f"    ({item.note})", markup=False)


def _row(*tallies: Tally) -> list[str]:
    return [f"{figure:.3f}" for tally in tallies for figure in (tally.precision, tally.recall, tally.f1)]
