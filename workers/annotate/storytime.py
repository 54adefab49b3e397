"""The time in which a passage stands: what the sentences before one date, if it has no date of its own.

"In 2018 the two leaders met in Singapore. They signed a declaration." — the second sentence is of 2018 too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from workers.annotate.dates import When, find_times

OPENING = 12
"""A date that begins within so many characters opens its sentence."""


_ARCHIVAL = re.compile(
    r"\b(?:on this day|this day in|from (?:the|our) archives?|years ago|looking back|in history|revisited)\b",
    re.IGNORECASE,
)

_YEAR = re.compile(r"(?<![\w-])(1[5-9]\d\d|20\d\d)(?![\w-])")


@dataclass(frozen=True, slots=True)
class Before:
    """A sentence before the one that is read. `adjoins`: no paragraph ends between it and the next one."""

    text: str
    adjoins: bool


@dataclass(frozen=True, slots=True)
class StoryTime:
    """`last`: the time named last; `carried`: the past in which the passage stands, if it does."""

    last: When | None = None
    carried: When | None = None
    before: When | None = None
    """The time of the sentence right before, if it is past and the only one there."""


_PREVIEW = re.compile(
    r"\b(?:(?:week|weekend|month|year|days?) ahead(?! of)|(?:news|political|diplomatic|economic|events?|world)"
    r" (?:diary|calendar|agenda)|diary for"
    r"|(?:what|events|things) to watch|week of (?:the )?\d)",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)  # each sentence asks for its article's
def is_preview(title: str) -> bool:
    """Does a page by its title list what is to come: "The week ahead", "Diplomatic diary", "What to watch in May"?"""
    return _PREVIEW.search(title) is not None


_CHRONICLE = re.compile(
    r"^\W*(?:timeline|chronology|key dates)\b|\b(?:a (?:brief |short )?history of|look(?:ing)? back (?:at|on))\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)
def is_chronicle(title: str) -> bool:
    """Does a page by its title tell how things went over the years: "TIMELINE-Meetings of", "A short history of"?"""
    return _CHRONICLE.search(title) is not None


_MEMORIAL = re.compile(
    r"\banniversar|\byears? (?:since|after|on from)\b"
    r"|\b(?:remember(?:s|ed|ing)|commemorat(?:es|ed|ing|ion)|memorials?)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)
def is_memorial(title: str) -> bool:
    """Does a page by its title recall what lies back: "Ceremony marks 20 years since the bombing"?"""
    return _MEMORIAL.search(title) is not None


_PREHISTORIC = re.compile(
    r"\bancient\b|\bprehistoric\b|\bdinosaurs?\b|\b(?:million|billion)s?(?: of)? years\b", re.IGNORECASE
)


@lru_cache(maxsize=64)
def is_of_ages_ago(title: str) -> bool:
    """Does a page by its title tell of an age before history: "Ancient eruptions shaped the plains"?"""
    return _PREHISTORIC.search(title) is not None


@lru_cache(maxsize=64)
def time_of_page(title: str, published: date) -> When | None:
    """The past that a page is about by its title: "On this day: 1985", "From the archive: the truce of May 1994"."""
    if _ARCHIVAL.search(title) is None:
        return None
    times = find_times(_YEAR.sub(r"in \1", title), published)
    return next((when for when in times if when.lies(published) == "past"), None)


def story_time(before: Iterable[Before], published: date) -> StoryTime:
    """What the sentences `before` (nearest first) leave behind.

    Only an opening date in the past carries on, only within the paragraph, and only while no sentence names another
    time.
    """
    last: When | None = None
    adjoins = True
    for nth, sentence in enumerate(before):
        adjoins = adjoins and sentence.adjoins
        times = find_times(sentence.text, published)
        if not times:
            continue
        last = times[-1]
        past = all(when.lies(published) == "past" for when in times)
        alone = times[-1] if past and nth == 0 else None
        opens = times[0].start <= OPENING and not times[0].lasting
        return StoryTime(last, times[0] if adjoins and opens and past else None, alone)
    return StoryTime(last)
