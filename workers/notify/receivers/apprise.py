"""Any service that Apprise knows. Imported only where the extra `apprise` is installed."""

from __future__ import annotations

import apprise

from topics.alerts import Alert, Level
from workers.notify.message import Group
from workers.notify.receivers import groups, words

_KINDS: dict[Level, apprise.NotifyType] = {
    "informational": apprise.NotifyType.INFO,
    "low": apprise.NotifyType.INFO,
    "medium": apprise.NotifyType.WARNING,
    "high": apprise.NotifyType.WARNING,
    "critical": apprise.NotifyType.FAILURE,
}


def understood(url: str) -> bool:
    """Whether Apprise can make something of `url`."""
    return apprise.Apprise.instantiate(url, suppress_exceptions=True) is not None


def send(urls: list[str], alert: Alert, *, test: bool = False, group: Group | None = None) -> None:
    """Send to all of `urls`. Raises OSError if one of them did not take it; Apprise does not tell which."""
    service = apprise.Apprise()
    for url in urls:
        service.add(url)
    several = group or Group("", (alert,))
    alert = groups.foremost(several)
    title = f"{words.level_words(alert)}: {groups.headline(several, test=test)}"
    taken = service.notify(
        body=groups.as_text(several, test=test),
        title=words.shortened(title, 200),
        notify_type=_KINDS[alert.level],
        body_format=apprise.NotifyFormat.TEXT,
    )
    if not taken:
        raise OSError("Apprise could not deliver to all of its addresses")
