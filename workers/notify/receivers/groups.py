"""Several alerts in one message: what all receivers say of a group in words. Pure."""

from __future__ import annotations

from topics.alerts import Alert
from workers.notify.matchers import Labels
from workers.notify.message import Group
from workers.notify.receivers import email_html, terminal, words
from workers.notify.targets import LEVELS


def foremost(group: Group) -> Alert:
    """The most urgent of them, the first of equals; one that is taken back or closed comes last."""
    stands = {"firing": 2, "updated": 1, "standing": 1}
    return max(group.alerts, key=lambda alert: (stands.get(alert.state, 0) > 0, LEVELS.index(alert.level)))


def ordered(group: Group) -> list[Alert]:
    """The most urgent first, then by time."""
    return sorted(group.alerts, key=lambda a: (-LEVELS.index(a.level), a.last_event_at, a.id))


def label_words(labels: Labels) -> str:
    """What they share, as `actor KP · place JP`; empty if nothing was asked for."""
    shared = ((words.plain(name), ", ".join(words.plain(value) for value in values)) for name, values in labels.items())
    return " · ".join(f"{name} {values}" for name, values in shared if values)


def number_words(group: Group) -> str:
    """`3 alerts`, `2 alerts and 1 retracted`."""
    counts = {"new": 0, "updated": 0, "standing": 0, "retracted": 0, "closed": 0}
    names = {"firing": "new", "expired": "closed"}
    for alert in group.alerts:
        counts[names.get(alert.state, alert.state)] += 1
    new = counts.pop("new")
    told = [f"{new} {'alert' if new == 1 else 'alerts'}"] if new else []
    told += [f"{number} {name}" for name, number in counts.items() if number]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def headline(group: Group, *, test: bool = False) -> str:
    """One line: how many, and what they share, or what the only one is about."""
    if len(group.alerts) == 1:
        return words.headline(group.alerts[0], test=test)
    mark = f"{words.TEST_MARK} " if test else ""
    shared = label_words(group.labels)
    return f"{mark}{number_words(group)}" + (f" ({shared})" if shared else "")


def as_text(group: Group, *, test: bool = False) -> str:
    """Lines for a terminal, a mail or a service that takes text."""
    head = f"{foremost(group).level.upper()}: {headline(group, test=test)}\n\n" if len(group.alerts) > 1 else ""
    return head + "\n".join(terminal.render_plain(alert, test=test) for alert in ordered(group))


def as_html(group: Group, *, test: bool = False) -> str:
    """A page, as that of one alert is."""
    head = email_html.heading(headline(group, test=test), size="1.4em") if len(group.alerts) > 1 else ""
    return email_html.page(head + "".join(email_html.article(alert, test=test) for alert in ordered(group)))
