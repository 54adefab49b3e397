"""What robots.txt allows (RFC 9309), fetched once a day for each site and kept in memory. Rules are read by Protego."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from protego import Protego

from workers.feeds.failures import FeedError
from workers.feeds.fetch import Fetched, Fetcher, Pace, Wanted, origin

AGENT = "Tocsin"
"""The name by which robots.txt calls us."""

MAX_BYTES = 512 * 1024
"""RFC 9309, 2.5 asks for at least 500 KiB; what is beyond is not read."""

KEEP = timedelta(hours=24)
"""RFC 9309, 2.4: no longer."""

KEEP_AT_LEAST = timedelta(minutes=10)
"""Also after a failure, so that a dead site is not asked before each of its pages."""

UNREACHABLE_FOR_LONG = timedelta(days=30)
"""RFC 9309, 2.3.1.4: then there are no rules, it may be assumed."""

MAX_SITES = 2000

MOST_PAUSE_SECONDS = 3600.0
"""A `Crawl-delay` that asks for more is a mistake, or a way to say no."""

_MAX_AGE = re.compile(r"\bmax-age\s*=\s*\"?(\d{1,9})")


@dataclass(frozen=True, slots=True)
class _Rules:
    """`rules` is None if everything is forbidden, because the site does not say what is allowed."""

    rules: Protego | None
    until: datetime
    unreachable_since: datetime | None = None
    why: str = ""


_NO_RULES = Protego.parse("")


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Robots:
    """The rules of many sites. Bounded: those that were not asked for longest are forgotten first."""

    def __init__(self, fetcher: Fetcher, clock: Callable[[], datetime] = utc_now) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._known: OrderedDict[str, _Rules] = OrderedDict()
        self._asking: dict[str, asyncio.Lock] = {}

    async def refusal(self, url: str, pace: Pace, *, allow_private: bool = False) -> str | None:
        """Why `url` must not be fetched; None if it may be. `pace` is awaited before robots.txt itself is."""
        found = await self._of(_site(url), pace, allow_private=allow_private)
        if found.rules is None:
            return f"the site's robots.txt cannot be had, so nothing may be: {found.why}"
        return None if found.rules.can_fetch(url, AGENT) else "the site's robots.txt forbids it"

    def unknown(self, url: str) -> bool:
        """Whether the rules of its site could not be had, so that they may allow it at another time."""
        known = self._known.get(_site(url))
        return known is None or known.rules is None

    def pause(self, url: str) -> timedelta:
        """What the rules that are known of its site ask to leave between two requests (`Crawl-delay`)."""
        known = self._known.get(_site(url))
        found = known.rules.crawl_delay(AGENT) if known is not None and known.rules is not None else None
        return timedelta(seconds=min(max(0.0, float(found)), MOST_PAUSE_SECONDS)) if found else timedelta(0)

    async def _of(self, site: str, pace: Pace, *, allow_private: bool) -> _Rules:
        lock = self._asking.setdefault(site, asyncio.Lock())
        async with lock:
            known = self._known.get(site)
            if known is None or known.until <= self._clock():
                known = await self._ask(site, known, pace, allow_private=allow_private)
                self._known[site] = known
            self._known.move_to_end(site)
            while len(self._known) > MAX_SITES:
                self._asking.pop(self._known.popitem(last=False)[0], None)
        return known

    async def _ask(self, site: str, known: _Rules | None, pace: Pace, *, allow_private: bool) -> _Rules:
        wanted = Wanted(
            f"{site}/robots.txt", accept="text/plain, */*;q=0.5", limit=MAX_BYTES, cut=True, allow_private=allow_private
        )
        try:
            answer = await self._fetcher.fetch(wanted, pace)
        except FeedError as error:
            return self._without(error, known)
        now = self._clock()
        if not isinstance(answer, Fetched):
            return _Rules(_NO_RULES, now + KEEP)
        rules = Protego.parse(answer.body.decode("utf-8-sig", "replace"))
        return _Rules(rules, now + _kept(answer.told.cache_control))

    def _without(self, error: FeedError, known: _Rules | None) -> _Rules:
        """RFC 9309, 2.3.1.3 and 2.3.1.4: none there means that all is allowed, no answer that nothing is."""
        now = self._clock()
        status = None if error.told is None else error.told.status
        if status is not None and status < 500 and status != 429:
            return _Rules(_NO_RULES, now + KEEP)
        since = (known.unreachable_since if known else None) or now
        if now - since >= UNREACHABLE_FOR_LONG:
            return _Rules(_NO_RULES, now + KEEP_AT_LEAST, since)
        # Rules that were had before still hold.
        rules = known.rules if known else None
        return _Rules(rules, now + KEEP_AT_LEAST, since, str(error))


def _site(url: str) -> str:
    scheme, host, port = origin(url)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _kept(cache_control: str | None) -> timedelta:
    found = _MAX_AGE.search(cache_control or "")
    asked = timedelta(seconds=int(found[1])) if found else KEEP
    return min(max(asked, KEEP_AT_LEAST), KEEP)
