"""How an explanation looks on a terminal: an article in its own order, each trigger word taken or dropped, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from math import prod
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from workers.cli.show import plural

if TYPE_CHECKING:
    from topics.annotations import Annotation
    from workers.annotate.explain import ExplainedCandidate, ExplainedSentence, Explanation, LeftOut, Role, Taken

_STATUS_STYLES = {
    "actual": "bold green",
    "historical": "blue",
    "future": "cyan",
    "hypothetical": "yellow",
    "negated": "magenta",
}
_LABEL_WIDTH = 10
_INDENT = 6
_LONGEST_SOURCE = 32


def show_explanations(explained: Iterable[tuple[Annotation, Explanation]], types: Collection[str] = ()) -> None:
    """Print each article's explanation on standard output, in the width of the terminal; only of `types`, if given."""
    out = Console(highlight=False)
    for annotation, explanation in explained:
        if types:
            explanation.keep_only(types)
        _show(out, annotation, explanation)


def _show(out: Console, annotation: Annotation, explanation: Explanation) -> None:
    name = Text(annotation.article_id, style="bold")
    if annotation.title:
        name.append(f"  {' '.join(annotation.title.split())}", style="default")
    name.truncate(out.width, overflow="ellipsis")
    out.print(name)
    when = f"{annotation.event_time:%Y-%m-%d %H:%M}Z ({annotation.event_time_source.replace('_', ' ')})"
    events = plural(len(annotation.events), "event")
    out.print(Text(f"{when}, language {annotation.lang or 'unknown'}, {events}", style="dim"))
    if explanation.why_unread is not None:
        out.print(Text(f"not read: {explanation.why_unread}", style="yellow"))
    for piece in _in_order(explanation):
        _show_piece(out, piece)
    out.print()


def _in_order(explanation: Explanation) -> list[ExplainedSentence | LeftOut]:
    pieces: list[ExplainedSentence | LeftOut] = [*explanation.sentences, *explanation.left]
    return sorted(pieces, key=lambda piece: (piece.part != "title", piece.start))


def _show_piece(out: Console, piece: ExplainedSentence | LeftOut) -> None:
    from workers.annotate.explain import LeftOut

    if isinstance(piece, LeftOut):
        line = Text(f"· {piece.why}: {' '.join(piece.text.split())}", style="dim")
        line.truncate(out.width, overflow="ellipsis")
        out.print(line)
        return
    out.print()
    mark = "headline: " if piece.part == "title" else ""
    out.print(Text(f"{mark}“{' '.join(piece.text.split())}”"))
    groups = list(_groups(piece.candidates))
    for group in groups:
        _show_group(out, group)
    if not groups:
        out.print(Text("  no trigger: its trigger word has none of the other words it needs", style="dim"))


def _groups(candidates: Iterable[ExplainedCandidate]) -> Iterator[list[ExplainedCandidate]]:
    """By word and type, in the order of the words, the taken first.

    Left out is what a taken trigger of the same type covers. Types that only ask for another part of speech share a
    group for their word.
    """
    every = list(candidates)
    taken = [one for one in every if one.taken is not None]
    groups: dict[tuple[int, int, str], list[ExplainedCandidate]] = {}
    for one in every:
        covered = any(t.type == one.type and t.start < one.end and one.start < t.end for t in taken)
        if one.taken is not None:
            groups[one.start, 0, one.type] = [one]
        elif not covered:
            groups.setdefault((one.start, 1, one.type), []).append(one)
    unsuited: dict[tuple[int, int, str], list[ExplainedCandidate]] = {}
    for (start, order, name), group in list(groups.items()):
        telling = [one for one in group if not _is_other_speech(one)]
        groups[start, order, name] = telling
        if not telling and group[0].dropped is not None:
            unsuited.setdefault((start, 2, group[0].dropped.words), []).append(group[0])
    yield from (group for _, group in sorted({**groups, **unsuited}.items()) if group)


def _is_other_speech(one: ExplainedCandidate) -> bool:
    return one.dropped is not None and one.dropped.reason == "part of speech"


def _show_group(out: Console, group: list[ExplainedCandidate]) -> None:
    first = group[0]
    if first.taken is not None:
        line = Text.assemble(
            ("  ✓ ", "green"),
            (first.type, "bold"),
            f" “{first.text}” ",
            (first.taken.status, _STATUS_STYLES[first.taken.status]),
            f" {first.taken.confidence:g}",
        )
        out.print(line)
        out.print(Padding(_details(first, first.taken), (0, 0, 0, _INDENT), expand=False))
        return
    longest = max(group, key=lambda one: one.end)
    types = ", ".join(dict.fromkeys(one.type for one in group))
    out.print(Text.assemble(("  ✗ ", "red"), types, f" “{longest.text}”"))
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True, overflow="ellipsis")
    table.add_column(overflow="fold")
    for one in group:
        if one.dropped is not None and (one is first or not _is_other_speech(one)):
            table.add_row(_short(one.trigger), Text(one.dropped.words))
    out.print(Padding(table, (0, 0, 0, _INDENT), expand=False))


def _details(candidate: ExplainedCandidate, taken: Taken) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=_LABEL_WIDTH, style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("status", "; ".join(taken.because) or "actual: nothing says otherwise")
    if taken.attributed:
        table.add_row("attributed", "a source says it")
    table.add_row("actor", _roles(taken.actor))
    if taken.target:
        table.add_row("target", _roles(taken.target))
    if taken.place is not None:
        table.add_row("place", _roles((taken.place,)))
    if taken.when is not None:
        table.add_row("when", taken.when)
    factors = " × ".join(f"{factor:g} {name}" for name, factor in taken.factors)
    bound = ", bounded" if prod(factor for _, factor in taken.factors) > taken.confidence + 0.001 else ""
    table.add_row("confidence", f"{taken.confidence:g} = {factors}{bound}")
    table.add_row("trigger", f"{_short(candidate.trigger)} ({candidate.kind})")
    return table


def _short(source: str) -> str:
    """File and line; a long path is cut to its last part, so that the reasons beside it have room."""
    return source if len(source) <= _LONGEST_SOURCE else f"…/{source.rsplit('/', 1)[-1]}"


def _roles(roles: tuple[Role, ...]) -> str:
    if not roles:
        return "not named"
    return ", ".join(_role(role) for role in roles)


def _role(role: Role) -> str:
    from_words = ", ".join(part for part in (f"“{role.text}”" if role.text else "", role.slot) if part)
    return f"{role.id} ({from_words})" if from_words else role.id
