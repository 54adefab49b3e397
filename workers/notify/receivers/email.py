"""A mail: plain text and HTML, threaded by incident. Pure; `mail` sends it."""

from __future__ import annotations

import html
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from topics.alerts import Alert, Evidence
from topics.base import digest
from workers.notify.receivers import terminal, words
from workers.notify.receivers.webhook import message_id

_MAX_SUBJECT = 180
_MAX_EVIDENCE = 50
_QUOTE_STYLE = "margin: 1em 0; padding-left: 1em; border-left: 3px solid #999"
_STYLE = "font-family: system-ui, sans-serif; line-height: 1.45; max-width: 44em; color: #1a1a1a"


def render(
    alert: Alert, *, sender: str, to: tuple[str, ...], sent_at: datetime, thread: str = "", test: bool = False
) -> EmailMessage:
    """The mail. The same change of an alert has the same Message-ID; `thread` is the first one's of its incident."""
    mail = EmailMessage()
    mail["Subject"] = subject(alert, test=test)
    mail["From"] = _address(sender)
    mail["To"] = [_address(one) for one in to]
    mail["Date"] = format_datetime(sent_at)
    mail["Message-ID"] = own_id(alert, sender, test=test)
    if thread and thread != mail["Message-ID"]:
        mail["In-Reply-To"] = mail["References"] = thread
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Tocsin-Level"] = alert.level
    mail["X-Tocsin-Pattern"] = words.shortened(words.plain(alert.pattern_id), 100).encode("ascii", "replace").decode()
    mail.set_content(_sendable(terminal.render_plain(alert, test=test)), cte="quoted-printable")
    mail.add_alternative(_sendable(as_html(alert, test=test)), subtype="html", cte="quoted-printable")
    return mail


def subject(alert: Alert, *, test: bool = False) -> str:
    """Level as icon and word, what happened, and what is shared."""
    group = words.group_words(alert)
    text = f"{words.level_words(alert)}: {words.headline(alert, test=test)}" + (f" ({group})" if group else "")
    return _sendable(words.shortened(text, _MAX_SUBJECT))


def own_id(alert: Alert, sender: str, *, test: bool = False) -> str:
    """The Message-ID of one change of an alert."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    name = message_id(alert, test=test)
    return f"<{name if len(name) <= 60 else digest('mail', name)}@{domain}>"


def as_html(alert: Alert, *, test: bool = False) -> str:
    """A page without scripts, pictures or anything fetched; all that comes from outside is escaped."""
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
        f'<!doctype html><html lang="en"><body style="{_STYLE}">'
        f'<h1 style="font-size: 1.3em">{_escaped(words.headline(alert, test=test))}</h1>'
        f"<ul>{''.join(f'<li>{_escaped(fact)}</li>' for fact in facts)}</ul>{remarks}{shown}{more}"
        f'<p style="color: #555">pattern {_escaped(words.plain(alert.pattern_id))} · '
        f"alert {_escaped(words.plain(alert.id))}</p></body></html>"
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


def _sendable(text: str) -> str:
    """Without lone surrogates, which no mail can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _address(text: str) -> Address:
    name, address = parseaddr(text)
    return Address(display_name=name, addr_spec=address)
