"""An alert as HTML for a mail: no scripts, nothing fetched; all that comes from outside is escaped. Pure."""

from __future__ import annotations

import html

from topics.alerts import Alert, Evidence
from workers.notify.receivers import words

_MAX_EVIDENCE = 50
_QUOTE_STYLE = "margin: 1em 0; padding-left: 1em; border-left: 3px solid #999"
_STYLE = "font-family: system-ui, sans-serif; line-height: 1.45; max-width: 44em; color: #1a1a1a"


def page(body: str) -> str:
    """A whole page; `body` is HTML."""
    return f'<!doctype html><html lang="en"><body style="{_STYLE}">{body}</body></html>'


def heading(text: str, *, size: str = "1.3em") -> str:
    """A line of title."""
    return f'<h1 style="font-size: {size}">{_escaped(text)}</h1>'


def article(alert: Alert, *, test: bool = False) -> str:
    """One alert: what is shared, when, what stands behind it, and the sentences that prove it."""
    facts = [f"Level: {words.level_words(alert)}"]
    facts += [f"Shared: {group}"] if (group := words.group_words(alert)) else []
    facts.append(f"When: {words.span_words(alert)} (window {words.plain(alert.window.timespan)})")
    facts += [f"Behind it: {words.counts_words(alert)}"] if alert.counts.articles else []
    remarks = "".join(f"<p>{_escaped(remark)}</p>" for remark in words.remarks(alert))
    evidence = words.in_reading_order(alert.evidence)
    shown = "".join(_item(item) for item in evidence[:_MAX_EVIDENCE])
    left = len(evidence) - _MAX_EVIDENCE
    more = f"<p>and {left} more sentences of evidence</p>" if left > 0 else ""
    return (
        heading(words.headline(alert, test=test))
        + f"<ul>{''.join(f'<li>{_escaped(fact)}</li>' for fact in facts)}</ul>{remarks}{shown}{more}"
        f'<p style="color: #555">pattern {_escaped(words.plain(alert.pattern_id))} · '
        f"alert {_escaped(words.plain(alert.id))}</p>"
    )


def _item(item: Evidence) -> str:
    title = _escaped(words.plain(item.title) or "article")
    link = words.safe_link(item.url)
    named = f'<a href="{_escaped(link)}">{title}</a>' if link else title
    origin = (
        f"{_escaped(words.outlet(item))}, {words.moment(item.event_time)}: {named} · {_escaped(words.plain(item.rule))}"
    )
    quote = _escaped(words.plain(item.sentence.text))
    return f'<blockquote style="{_QUOTE_STYLE}">{quote}<br>{origin}</blockquote>'


def _escaped(text: str) -> str:
    return html.escape(text, quote=True)
