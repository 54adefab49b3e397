"""A mail: plain text and HTML, threaded by incident. Pure; `mail` sends it."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from topics.alerts import Alert
from topics.base import digest
from workers.notify.message import Group
from workers.notify.receivers import email_html, groups, terminal, words
from workers.notify.receivers.webhook import message_id

_MAX_SUBJECT = 180


def render(
    alert: Alert, *, sender: str, to: tuple[str, ...], sent_at: datetime, thread: str = "", test: bool = False
) -> EmailMessage:
    """The mail. The same change of an alert has the same Message-ID; `thread` is the first one's of its incident."""
    mail = _envelope(sender, to, sent_at, own_id(message_id(alert, test=test), sender))
    mail["Subject"] = subject(alert, test=test)
    if thread and thread != mail["Message-ID"]:
        mail["In-Reply-To"] = mail["References"] = thread
    mail["X-Tocsin-Level"] = alert.level
    mail["X-Tocsin-Pattern"] = words.shortened(words.plain(alert.pattern_id), 100).encode("ascii", "replace").decode()
    page = email_html.page(email_html.article(alert, test=test))
    return _filled(mail, terminal.render_plain(alert, test=test), page)


def render_group(
    group: Group, *, sender: str, to: tuple[str, ...], sent_at: datetime, test: bool = False
) -> EmailMessage:
    """One mail for several alerts, of one Message-ID at every attempt."""
    mail = _envelope(sender, to, sent_at, own_id(f"test_{group.id}" if test else group.id, sender))
    foremost = groups.foremost(group)
    head = f"{words.level_words(foremost)}: {groups.headline(group, test=test)}"
    mail["Subject"] = _sendable(words.shortened(head, _MAX_SUBJECT))
    mail["X-Tocsin-Level"] = foremost.level
    return _filled(mail, groups.as_text(group, test=test), groups.as_html(group, test=test))


def _envelope(sender: str, to: tuple[str, ...], sent_at: datetime, identity: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = _address(sender)
    mail["To"] = [_address(one) for one in to]
    mail["Date"] = format_datetime(sent_at)
    mail["Message-ID"] = identity
    mail["Auto-Submitted"] = "auto-generated"
    return mail


def _filled(mail: EmailMessage, text: str, page: str) -> EmailMessage:
    mail.set_content(_sendable(text), cte="quoted-printable")
    mail.add_alternative(_sendable(page), subtype="html", cte="quoted-printable")
    return mail


def subject(alert: Alert, *, test: bool = False) -> str:
    """Level as icon and word, what happened, and what is shared."""
    group = words.group_words(alert)
    text = f"{words.level_words(alert)}: {words.headline(alert, test=test)}" + (f" ({group})" if group else "")
    return _sendable(words.shortened(text, _MAX_SUBJECT))


def own_id(name: str, sender: str) -> str:
    """The Message-ID of what is told under `name`."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    return f"<{name if len(name) <= 60 else digest('mail', name)}@{domain}>"


def _sendable(text: str) -> str:
    """Without lone surrogates, which no mail can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _address(text: str) -> Address:
    name, address = parseaddr(text)
    return Address(display_name=name, addr_spec=address)
