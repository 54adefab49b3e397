"""Feedparser's own test feeds, served over HTTP: what becomes of each, and how far it is what feedparser expects."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from tests.benchmarks.feeds.outcomes import Outcome, outcomes
from tests.rig.feedparser_suite import THEIR_SERVER, Expected, TestFeed, feedparser_server, test_feeds
from workers.web.html_text import html_to_text, tidy


@dataclass(slots=True)
class Comparison:
    """Counts by field, and what differs."""

    right: Counter[str] = field(default_factory=Counter)
    of: Counter[str] = field(default_factory=Counter)
    different: list[str] = field(default_factory=list)


def run() -> tuple[list[TestFeed], list[Outcome], Comparison]:
    """Serve, fetch and compare all of them."""
    feeds = test_feeds()
    with feedparser_server(feeds) as server:
        addresses = [(feed.name, server.url_for(f"/tests/{feed.name}")) for feed in feeds]
        found = asyncio.run(outcomes(addresses, with_entries=True))
        here = server.url
    compared = Comparison()
    for feed, outcome in zip(feeds, found, strict=True):
        for each in feed.expected:
            _compare(compared, feed, outcome, each, here)
    return feeds, found, compared


def _compare(compared: Comparison, feed: TestFeed, outcome: Outcome, expected: Expected, here: str) -> None:
    compared.of[expected.field] += 1
    got = _got(outcome, expected)
    wanted = expected.value
    if isinstance(wanted, tuple):
        fits = isinstance(got, tuple) and got[:6] == wanted[:6]
    else:
        wanted = wanted.replace(THEIR_SERVER, here)
        # What they keep as HTML, and as one line or several, is text of one line here.
        forms = {" ".join(each.split()) for each in (tidy(wanted), html_to_text(wanted), wanted)}
        fits = (got or "") in forms
    compared.right[expected.field] += fits
    if not fits:
        compared.different.append(
            f"{feed.name}: {expected.field}: expected {wanted!r}, got {got!r} {outcome.reason or ''}"
        )


def _got(outcome: Outcome, expected: Expected) -> str | tuple[int, ...] | None:
    if expected.field == "feed title":
        return outcome.title
    if expected.entry >= len(outcome.entries):
        return None
    entry = outcome.entries[expected.entry]
    if expected.field == "title":
        return entry.title
    if expected.field == "link":
        return entry.link
    moment = entry.published_at or entry.changed_at
    return None if moment is None else tuple(moment.timetuple())
