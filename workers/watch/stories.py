"""Stories: the coverage of one happening in different words, found online from what articles tell. Pure.

A story is remembered by the sum of its articles' weighted terms, by its days and by its events. An article joins the
story that it is closest to: cosine of terms, less what speaks against it (other years, other people, places, countries,
other parties of the same kind of event, days in between); or it founds one. See docs/stories.md for the figures.
"""

from __future__ import annotations

import base64
import heapq
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from topics.base import digest
from workers.watch.durations import DAY, Micros
from workers.watch.tellings import MAX_PARTIES, Telling

REACH: Micros = 3 * DAY
"""A story that nothing was told of for so long is over: what resembles it is another happening, or a formula."""

ERA: Micros = 2 * REACH
"""What is remembered lies in spans of event time of this length, and is forgotten span by span. What is in reach of a
moment lies in two of them."""

SPAN: Micros = 7 * DAY
"""No story is longer than this; what goes on is told as a new one."""

CLOSE = 0.24
"""The least closeness of an article to its story."""

STRONGEST = 12
"""Terms by which stories are looked up."""

CANDIDATES = 20
"""Stories that an article is compared with: those that share most of its strongest terms."""

KEPT_TERMS = 64
KEPT_VALUES = 16
KEPT_TEXTS = 24
"""Of a story: terms; years, days and parties of each kind; texts that later ones are compared with."""

_OTHER_YEARS = 0.2
_OTHER_PARTIES = 0.05
_OTHER_NAMES: Mapping[str, float] = {"person": 0.03, "place": 0.03, "country": 0.05}
_PER_DAY = 0.03
"""What is taken off the cosine. From logistic regression over ECB+ topics, see docs/stories.md; `_PER_DAY` from the
literature: three days weigh like another country."""

_T = TypeVar("_T", int, str)

ERA_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def era_of(time: Micros) -> int:
    """The span in which `time` lies."""
    return time // ERA


def eras(time: Micros) -> tuple[int, int]:
    """The span in which `time` lies, and the other one of which something is in reach."""
    era = era_of(time)
    return era, era - 1 if time % ERA < REACH else era + 1


def mark_of(article_id: str, time: Micros) -> str:
    """Twelve letters for an article: 64 bits of a hash, and the span of time in which it lies."""
    hashed = bytes.fromhex(digest("story", article_id, length=16))
    return marked(base64.urlsafe_b64encode(hashed).decode("ascii"), era_of(time))


def marked(mark: str, era: int) -> str:
    """`mark` as that of an article in the span `era`."""
    return mark[:11] + ERA_LETTERS[era % 64]


def era_of_mark(mark: str, near: int) -> int:
    """The span that `mark` names, of those within 32 of `near`."""
    return near + (ERA_LETTERS.index(mark[-1]) - near + 32) % 64 - 32


def story_id(mark: str) -> str:
    """The story that the article of `mark` founds."""
    return f"s{mark}"


def text_id(mark: str) -> str:
    """The text that the article of `mark` is the first to bring."""
    return f"t{mark}"


@dataclass(frozen=True)
class Story:
    """What is remembered of a story: that of `mark`, the article that founded it. `terms`: sums, strongest first."""

    mark: str
    first: Micros
    last: Micros
    articles: int
    terms: Mapping[str, float]
    years: frozenset[int]
    days: Mapping[str, frozenset[int]]
    parties: Mapping[str, frozenset[str]]
    texts: tuple[str, ...]
    title: str = ""

    @cached_property
    def length(self) -> float:
        """The norm of `terms`."""
        return math.sqrt(sum([weight * weight for weight in self.terms.values()])) or 1.0

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The strongest name of each kind."""
        return strongest_names(self.terms)

    def to_wire(self) -> str:
        """Short JSON."""
        days = {kind: sorted(found) for kind, found in self.days.items()}
        parties = {kind: sorted(found) for kind, found in self.parties.items()}
        terms = {term: round(weight * 1000) for term, weight in self.terms.items()}
        value = [self.articles, self.first, self.last, terms, sorted(self.years), days, parties,
                 "".join(self.texts), self.title]  # fmt: skip
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_wire(cls, mark: str, text: str) -> Story:
        """The inverse of `to_wire`."""
        articles, first, last, terms, years, days, parties, texts, title = json.loads(text)
        return cls(
            mark, first, last, articles,
            {term: weight / 1000 for term, weight in terms.items()},
            frozenset(years),
            {kind: frozenset(found) for kind, found in days.items()},
            {kind: frozenset(found) for kind, found in parties.items()},
            tuple(texts[at : at + 12] for at in range(0, len(texts), 12)),
            title,
        )  # fmt: skip

    def joined(self, telling: Telling, text: str | None) -> Story:
        """The story with one more article, which is to be remembered by `text`, a mark, if given."""
        terms = dict(self.terms)
        for term, weight in telling.terms.items():
            terms[term] = terms.get(term, 0.0) + weight
        strongest = sorted(terms.items(), key=lambda item: (-item[1], item[0]))[:KEPT_TERMS]
        return Story(
            self.mark,
            min(self.first, telling.time),
            max(self.last, telling.time),
            self.articles + 1,
            {term: round(weight, 3) for term, weight in strongest},
            _together(self.years, telling.years, KEPT_VALUES),
            _merged(self.days, telling.days, KEPT_VALUES),
            _merged(self.parties, telling.parties, MAX_PARTIES),
            self.texts if text is None else (*self.texts, text)[-KEPT_TEXTS:],
            self.title,
        )


def founded(telling: Telling, mark: str, text: str | None) -> Story:
    """The story of `mark` with its first article, which is to be remembered by `text`, if given."""
    nothing = Story(mark, telling.time, telling.time, 0, {}, frozenset(), {}, {}, (), telling.title[:MAX_TITLE])
    return nothing.joined(telling, text)


MAX_TITLE = 120
"""Letters of a title by which a story is shown."""


def _together(one: frozenset[_T], other: frozenset[_T], most: int) -> frozenset[_T]:
    """What was there first stays."""
    return one | frozenset(sorted(other - one)[: max(0, most - len(one))])


def _merged(
    one: Mapping[str, frozenset[_T]], other: Mapping[str, frozenset[_T]], most: int
) -> Mapping[str, frozenset[_T]]:
    kinds = list(dict.fromkeys((*one, *other)))[:KEPT_VALUES]
    return {kind: _together(one.get(kind, frozenset()), other.get(kind, frozenset()), most) for kind in kinds}


def lookup_terms(terms: Mapping[str, float]) -> list[str]:
    """The terms under which an article is looked up and its story is found."""
    return list(terms)[:STRONGEST]


def candidates(telling: Telling, postings: Mapping[str, Iterable[str]]) -> list[str]:
    """Marks of the stories that share most of the article's strongest terms. `postings`: term to marks of stories."""
    shared: dict[str, float] = {}
    for term, marks in postings.items():
        weight = telling.terms[term]
        for mark in marks:
            shared[mark] = shared.get(mark, 0.0) + weight
    if len(shared) <= CANDIDATES:
        return list(shared)
    return [mark for _, mark in heapq.nsmallest(CANDIDATES, [(-weight, mark) for mark, weight in shared.items()])]


def closeness(telling: Telling, story: Story) -> float | None:
    """How close an article is to a story, at most 1; None if it tells of another happening.

    That is so if it is too far in time; if both name somebody or something, but nothing that both name; if fresh
    happenings of one kind are of other days; if none of their parties is shared and country or place differs; and if
    the person that each is most about is unknown to the other.
    """
    gap = max(0, story.first - telling.time, telling.time - story.last)
    if gap > REACH or max(story.last, telling.time) - min(story.first, telling.time) > SPAN:
        return None
    found = cosine(telling, story) - _PER_DAY * gap / DAY
    if found < CLOSE or _another_day(telling, story):
        return None  # what follows only takes away
    if _no_name_in_common(telling, story):
        return None
    others = _other_names(telling, story)
    parties = _other_parties(telling, story)
    if parties and ("country" in others or "place" in others):
        return None
    if "person" in others and all(kind_of(next(iter(terms))) == "person" for terms in (telling.terms, story.terms)):
        return None
    found -= sum(_OTHER_NAMES[kind] for kind in others) + _OTHER_PARTIES * parties
    if telling.years and story.years and telling.years.isdisjoint(story.years):
        found -= _OTHER_YEARS
    return found if found >= CLOSE else None


def cosine(telling: Telling, story: Story) -> float:
    """Of the article's terms and the story's."""
    terms = story.terms
    return sum([weight * terms[term] for term, weight in telling.terms.items() if term in terms]) / story.length


def _another_day(telling: Telling, story: Story) -> bool:
    """Whether both tell of a fresh happening of one kind, but of days that are two or more apart."""
    return any(
        min(abs(day - other) for day in days for other in story.days[kind]) >= 2
        for kind, days in telling.days.items()
        if story.days.get(kind)
    )


def _no_name_in_common(telling: Telling, story: Story) -> bool:
    """Whether both name people, places or bodies, but none that both name: they share a subject, or a formula."""
    names = [term for term in telling.terms if kind_of(term) != "word"]
    return bool(names and story.names) and not any(name in story.terms for name in names)


def _other_parties(telling: Telling, story: Story) -> bool:
    """Whether both tell of the same kinds of event, but none with a party or a place that both name."""
    shared = [kind for kind in telling.parties if story.parties.get(kind)]
    return bool(shared) and all(telling.parties[kind].isdisjoint(story.parties[kind]) for kind in shared)


def _other_names(telling: Telling, story: Story) -> list[str]:
    """The kinds of which the strongest name of either is unknown to the other."""
    here, there = strongest_names(telling.terms), story.names
    return [
        kind
        for kind in _OTHER_NAMES
        if kind in here and kind in there and here[kind] not in story.terms and there[kind] not in telling.terms
    ]


def strongest_names(terms: Iterable[str]) -> dict[str, str]:
    """The first term of each kind."""
    found: dict[str, str] = {}
    for term in terms:
        if ":" in term or (len(term) == 2 and term.isupper()):
            found.setdefault(kind_of(term), term)
    return found


def kind_of(term: str) -> str:
    """The kind of thing whose id `term` is: `person`, `place`, …, `country`; `word` if it is none."""
    kind, colon, _ = term.partition(":")
    if colon:
        return kind
    return "country" if len(term) == 2 and term.isupper() else "word"


def closest(telling: Telling, stories: Iterable[Story]) -> tuple[float, Story] | None:
    """The story that the article is closest to, and how close; the earlier one of two. None if it is close to none."""
    found = [(close, story) for story in stories if (close := closeness(telling, story)) is not None]
    return min(found, key=lambda item: (-round(item[0], 6), item[1].first, item[1].mark), default=None)
