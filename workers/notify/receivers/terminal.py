"""An alert for a person at a terminal: a panel where there is one, plain lines elsewhere; standard output only."""

from __future__ import annotations

import io
import sys
from typing import TextIO

from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from topics.alerts import Alert, Evidence, Level
from workers.notify.receivers import words

_STYLES: dict[Level, str] = {
    "informational": "cyan",
    "low": "blue",
    "medium": "yellow",
    "high": "red",
    "critical": "bold white on red",
}
PLAIN_WIDTH = 100


def render_plain(alert: Alert, *, test: bool = False) -> str:
    """Lines without any control code; a link stands on a line of its own, so that it can be copied."""
    lines = [f"{alert.level.upper()}: {words.headline(alert, test=test)}"]
    lines += [f"  {fact}" for fact in _facts(alert)]
    for item in words.in_reading_order(alert.evidence):
        lines.append(f"  - “{words.plain(item.sentence.text)}”")
        lines.append(f"    {_origin(item)}")
        if item.url:
            lines.append(f"    {words.plain(item.url)}")
    return "\n".join(lines) + "\n"


def render_panel(alert: Alert, *, test: bool = False, width: int = PLAIN_WIDTH, colour: bool = True) -> str:
    """A Rich panel of `width` columns. Everything goes in as text, so that markup in a title stays what it is."""
    style = _STYLES[alert.level]
    parts: list[Text] = [Text(fact, style="dim") for fact in _facts(alert)]
    for item in words.in_reading_order(alert.evidence):
        parts.append(Text())
        parts.append(_quoted(item))
        parts.append(Text(f"  {_origin(item)}", style="dim"))
        if item.url:
            parts.append(Text(f"  {words.plain(item.url)}", style="underline", overflow="fold"))
    title = Text(f" {words.level_words(alert)}: {words.headline(alert, test=test)} ", style=style)
    panel = Panel(Group(*parts), title=title, title_align="left", border_style=style, padding=(0, 1))
    buffer = io.StringIO()
    console = Console(
        file=buffer, width=width, force_terminal=colour, no_color=not colour, highlight=False, markup=False, emoji=False
    )
    console.print(panel)
    return buffer.getvalue()


def render_for(stream: TextIO, alert: Alert, *, test: bool = False) -> str:
    """A panel if `stream` is a terminal, else plain lines; NO_COLOR is honoured."""
    console = Console(file=stream)
    if not console.is_terminal:
        return render_plain(alert, test=test)
    return render_panel(alert, test=test, width=console.width, colour=not console.no_color)


def write(alert: Alert, *, test: bool = False, stream: TextIO | None = None) -> None:
    """Print it and flush. Raises OSError, for example on a closed pipe; may block as long as the reader does."""
    out = sys.stdout if stream is None else stream
    write_text(render_for(out, alert, test=test), stream=out)


def write_text(text: str, *, stream: TextIO | None = None) -> None:
    """Print `text` as it is and flush. Raises and blocks as `write` does."""
    out = sys.stdout if stream is None else stream
    try:
        out.write(text)
    except UnicodeEncodeError:  # a terminal that cannot show all letters still rings
        encoding = out.encoding or "ascii"
        out.write(text.encode(encoding, "replace").decode(encoding))
    except ValueError as error:  # "I/O operation on closed file"
        raise OSError("standard output is closed") from error
    out.flush()


def _facts(alert: Alert) -> list[str]:
    facts = [words.group_words(alert)] if alert.group else []
    window = f" (window {words.plain(alert.window.timespan)})" if alert.evidence else ""
    facts.append(f"{words.span_words(alert)}{window}")
    counts = f"{words.counts_words(alert)} · " if alert.counts.articles else ""
    facts.append(f"{counts}pattern {words.plain(alert.pattern_id)} · alert {words.plain(alert.id)}")
    return facts + words.remarks(alert)


def _quoted(item: Evidence) -> Text:
    """The sentence, its trigger in bold."""
    sentence, trigger = item.sentence, item.trigger
    start, end = trigger.start - sentence.start, trigger.end - sentence.start
    if trigger.part != sentence.part or not 0 <= start < end <= len(sentence.text):
        return Text(f"“{words.plain(sentence.text)}”")
    before, inside, after = sentence.text[:start], sentence.text[start:end], sentence.text[end:]
    gap_before = " " if before[-1:].isspace() else ""
    gap_after = " " if after[:1].isspace() else ""
    return Text.assemble(
        "“", words.plain(before), gap_before, (words.plain(inside), "bold"), gap_after, words.plain(after), "”"
    )


def _origin(item: Evidence) -> str:
    title = words.plain(item.title)
    return f"{words.outlet(item)}, {words.moment(item.event_time)} · {item.rule}" + (f" · {title}" if title else "")
