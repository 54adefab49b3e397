"""Fetches feeds once and tells what they give and how often they would be asked; nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from workers.feeds.clock import WallClock
from workers.feeds.fetch import Fetcher
from workers.feeds.schedule import per_day
from workers.feeds.spans import show_span
from workers.feeds.state import NEVER_VISITED, FeedState, Visit, after
from workers.feeds.subscriptions import Subscription, Subscriptions
from workers.feeds.visiting import Visitor
from workers.settings import Settings

AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one feed, in lines for people."""

    lines: tuple[str, ...]
    broken: bool


async def check_feeds(
    settings: Settings, subscriptions: Subscriptions, folder: Path, tell: Callable[[Checked], None]
) -> None:
    """Tell of each feed as soon as it is known. Hosts are asked side by side, each with its pause between requests."""
    clock, free = WallClock(), asyncio.Semaphore(AT_ONCE)
    async with Fetcher(private=settings.private_hosts, contact=settings.feeds_contact) as fetcher:
        visitor = Visitor.make(fetcher, None, clock, folder)

        async def one_host(host: str, feeds: tuple[Subscription, ...]) -> None:
            gap = subscriptions.gap_of(host).total_seconds()

            async def pace(_url: str) -> None:
                await clock.sleep(gap)

            for number, feed in enumerate(feeds):
                if number:
                    await clock.sleep(gap)
                async with free:
                    tell(_said(feed, await visitor.visit(feed, NEVER_VISITED, pace)))

        await asyncio.gather(*(one_host(host, feeds) for host, feeds in subscriptions.by_host().items()))


def _said(feed: Subscription, visit: Visit) -> Checked:
    name = f"{feed.url}:"
    if visit.failed is not None:
        return Checked((f"{name} broken: {visit.failed}",), broken=True)
    state = after(NEVER_VISITED, replace(visit, fresh=visit.document), feed, 0.0)
    newest = max((each.published_at for each in visit.document if each.published_at is not None), default=None)
    sources = {each.source for each in visit.document if each.source}
    lines = [f"{name} {len(visit.document)} articles{_named(sources)}"]
    lines.append(f"  newest      {_moment(newest)}{_rate(state, visit.at)}")
    lines.append(f"  asked again {_again(state, visit, feed)}")
    lines.append(f"  unchanged   {'told by ' + _validators(visit) if visit.validators else 'not told: read in full'}")
    if visit.moved_to is not None:
        lines.append(f"  moved       for good to {visit.moved_to}")
    lines += [f"  ! {problem}" for problem in visit.problems[:5]]
    return Checked(tuple(lines), broken=False)


def _named(sources: set[str]) -> str:
    return f", source {sources.pop()}" if len(sources) == 1 else f", {len(sources)} sources" if sources else ""


def _moment(moment: datetime | None) -> str:
    return "undated" if moment is None else f"{moment:%Y-%m-%d %H:%M}Z"


def _rate(state: FeedState, now: datetime) -> str:
    rate = per_day(state.arrivals, now)
    return "" if rate is None else f", {rate:.3g} a day of late"


def _again(state: FeedState, visit: Visit, feed: Subscription) -> str:
    if state.next_at is None:
        return "never"
    why = "as feeds.yaml says" if feed.interval is not None else "by its rhythm and its publisher's wishes"
    minutes = max(1, round((state.next_at - visit.at).total_seconds() / 60))
    return f"after {show_span(timedelta(minutes=minutes))}, {why}"


def _validators(visit: Visit) -> str:
    both = {"ETag": visit.validators.etag, "Last-Modified": visit.validators.last_modified}
    return " and ".join(name for name, value in both.items() if value)
