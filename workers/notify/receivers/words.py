"""Words that all receivers share: headline, span of time, evidence in reading order. Text is made harmless here."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from topics.alerts import Alert, Evidence, Level

ICONS: dict[Level, str] = {"informational": "ℹ️", "low": "🔹", "medium": "⚠️", "high": "🔔", "critical": "🚨"}
"""Each level has a shape of its own, so that colour is never the only sign."""

TEST_MARK = "[TEST]"

_STATE_MARKS = {
    "updated": "Updated:",
    "standing": "Still standing:",
    "retracted": "Retracted:",
    "expired": "Closed:",
}

_KEPT_FORMATS = frozenset({"\u200c", "\u200d"})
"""Joiners that Persian, Hindi and emoji need; all other format characters (direction overrides and such) go."""


def plain(text: str) -> str:
    """One line without control, format or lone surrogate characters, so that a title cannot move a cursor or a line."""
    return " ".join(harmless(text).split())


def harmless(text: str) -> str:
    """As `plain`, with each such character as a space and all spaces kept: for a line that is set in columns."""
    return "".join(
        c if c in _KEPT_FORMATS or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else " " for c in text
    )


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a space where one is near; an ellipsis shows the cut."""
    if len(text) <= limit:
        return text
    if limit < 1:
        return ""
    cut = text[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit * 0.7 else cut).rstrip() + "…"


def headline(alert: Alert, *, test: bool = False) -> str:
    """The title, preceded by what changed, such as a retraction, and by the mark of a test."""
    marks = [TEST_MARK] if test else []
    if alert.state in _STATE_MARKS:
        marks.append(_STATE_MARKS[alert.state])
    return " ".join([*marks, plain(alert.title) or plain(alert.pattern_id)])


def level_words(alert: Alert) -> str:
    """Icon and word."""
    return f"{ICONS[alert.level]} {alert.level}"


def group_words(alert: Alert) -> str:
    """`actor KP, RU · place JP`; empty for a pattern over the whole stream."""
    return " · ".join(f"{plain(name)} {', '.join(plain(v) for v in values)}" for name, values in alert.group.items())


def counts_words(alert: Alert) -> str:
    """`3 articles, 1 story, 3 sources, 2 of them independent`."""
    counts = alert.counts
    tells = counts.independent is not None and counts.sources > 1
    independent = f", {counts.independent} of them independent" if tells else ""
    told = ", ".join(
        f"{number} {one if number == 1 else many}"
        for number, one, many in (
            (counts.articles, "article", "articles"),
            (counts.stories, "story", "stories"),
            (counts.sources, "source", "sources"),
        )
    )
    return told + independent


def moment(at: datetime) -> str:
    """`2026-03-01 23:50 UTC`."""
    return at.strftime("%Y-%m-%d %H:%M UTC")


def span_words(alert: Alert) -> str:
    """From the first event to the last."""
    first, last = moment(alert.first_event_at), moment(alert.last_event_at)
    return first if first == last else f"{first} to {last}"


def remarks(alert: Alert) -> list[str]:
    """What else must be said in a sentence each."""
    found = [text] if (text := plain(alert.description or "")) else []
    if alert.state == "retracted":
        by = f" by alert {plain(alert.superseded_by)}" if alert.superseded_by else ""
        found.append(f"What this alert reported no longer stands; it was taken back{by}.")
    if alert.state == "updated":
        found.append("More evidence, or other, came after it rang.")
    if alert.state == "standing":
        found.append(f"It rang at {moment(alert.fired_at)} and still stands.")
    if alert.state == "expired":
        found.append("Nothing new came of it within its timespan and cooldown.")
    if alert.late:
        found.append("Completed late: one of its articles came in out of order.")
    return found


def in_reading_order(evidence: Iterable[Evidence]) -> list[Evidence]:
    """By event time; one sentence once per rule."""
    seen: set[tuple[str, str, str, int]] = set()
    kept = []
    for item in sorted(evidence, key=lambda e: (e.event_time, e.article_id, e.sentence.part, e.sentence.start)):
        identity = (item.rule, item.article_id, item.sentence.part, item.sentence.start)
        if identity not in seen:
            seen.add(identity)
            kept.append(item)
    return kept


def outlet(item: Evidence) -> str:
    """Who reported it."""
    return plain(item.source or "") or "unnamed outlet"


def safe_link(url: str | None) -> str | None:
    """`url` if it is a web address that can be shown as a link without breaking out of it; else None."""
    if not url or len(url) > 2000 or any(c.isspace() or not c.isprintable() for c in url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or not host:
        return None
    return url.translate({ord(c): f"%{ord(c):02X}" for c in "<>|\"'`\\^{}"})
