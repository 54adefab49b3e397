"""Who led or spoke for which state when: `leaders.yaml`, asked by name and date. What an article says goes first."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from workers.annotate.gazetteer import slug
from workers.yamlfile import read_shipped, texts

LEADERS = Path(__file__).with_name("leaders.yaml")

Office = Literal["leader", "official"]

_TERM = re.compile(r"(?P<name>.+) (?P<since>\d{4}-\d{2})-(?P<until>\d{4}-\d{2})?")
_CROWNS = frozenset({"king", "queen", "lord", "ayatollah", "pope"})
_FAMILY_FIRST = frozenset({"CN", "KP", "KR", "TW", "VN"})
_FAR = date(9999, 1, 1)
_SHORT = 5
"""A bare surname of fewer letters ("Xi", "Modi") is too common to stand for a leader whose country is not named."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A person in office: of which country or body, as what, and when (`until` may be open)."""

    name: str
    words: tuple[str, ...]
    country: str
    office: Office
    since: date
    until: date
    crowned: bool

    def fits(self, words: Sequence[str]) -> bool:
        """Do the words of a longer name mean this person?"""
        return _within(words, self.words) or _within(self.words, words)


def _words_of(name: str) -> list[str]:
    words = slug(name).split("-")
    return words[:-1] if len(words) > 1 and words[-1] in {"jr", "sr"} else words


def _within(short: Sequence[str], full: Sequence[str]) -> bool:
    rest = iter(full)
    joined = all(any(word == own or (len(word) == 1 and own.startswith(word)) for own in rest) for word in short)
    return len(short) > 1 and joined and short[-1] == full[-1]  # "S. Jaishankar"


@cache
def _holders() -> Mapping[str, tuple[Holder, ...]]:
    """Holders of office by each word of their names that may stand alone."""
    found: dict[str, list[Holder]] = defaultdict(list)
    offices: tuple[tuple[Office, str], ...] = (("leader", "leaders"), ("official", "officials"))
    document = read_shipped(LEADERS).value
    for office, section in offices:
        for country, terms in document[section].items():
            for term in texts(terms):
                holder = _holder(term, country, office)
                for word in {holder.words[-1], holder.words[0]}:
                    found[word].append(holder)
    return {word: tuple(holders) for word, holders in found.items()}


def _holder(term: str, country: str, office: Office) -> Holder:
    match = _TERM.fullmatch(term)
    if match is None:
        raise ValueError(f"{LEADERS.name}: {term}: a term of office is `Name YYYY-MM-YYYY-MM` or `Name YYYY-MM-`")
    words = _words_of(match["name"])
    crowned = words[0] in _CROWNS
    return Holder(
        match["name"], tuple(words[1:] if crowned else words), country, office, _month(match["since"]),
        _month(match["until"]) if match["until"] else date.max, crowned,
    )  # fmt: skip


def _month(text: str) -> date:
    year, month = text.split("-")
    return date(int(year), int(month), 1)


@lru_cache(maxsize=8192)
def holder_of(name: str, day: date, *, named: frozenset[str], called_leader: bool) -> Holder | None:
    """The holder of an office on `day` whom `name` means, if that is sure.

    `named` are the countries that the article speaks of, `called_leader` whether it gives the person a leader's title.
    """
    words = [word for word in _words_of(name) if word not in _CROWNS]
    if not words:
        return None
    # No set: of two spellings of one name the same must win in every process.
    known = dict.fromkeys(
        h for word in (words[-1], words[0]) for h in _holders().get(word, ()) if h.since <= day <= h.until
    )
    if len(words) > 1:
        fitting = [h for h in known if h.fits(words)]
    else:
        fitting = [h for h in known if _is_surname(words[0], h)]
        alone = len(words[0]) >= _SHORT or words[0] in _quoted()
        fitting = [h for h in fitting if called_leader or alone or h.country in named]
    fitting = [h for h in fitting if called_leader or not h.crowned]
    if len({h.country for h in fitting}) > 1:
        fitting = [h for h in fitting if h.country in named]
    longest = max(fitting, key=lambda h: len(h.words), default=None)
    return longest if len({h.country for h in fitting}) == 1 else None


@cache
def full_names() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """The names of two words and more of all who ever held an office, in small plain letters, by their first word."""
    found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for holders in _holders().values():
        for holder in holders:
            words = holder.words
            if len(words) > 1 and not holder.crowned:
                found[words[0]].add(words)
    return {first: tuple(sorted(names)) for first, names in found.items()}


@cache
def _quoted() -> frozenset[str]:
    """The names that stand alone for whoever holds office under them."""
    return frozenset(texts(read_shipped(LEADERS).value["quoted"]))


@lru_cache(maxsize=8192)
def led_in(name: str) -> tuple[tuple[int, int, str], ...]:
    """The years in which somebody of that name led a country, and which: full names, or surnames that stand alone."""
    words = [word for word in _words_of(name) if word not in _CROWNS]
    if not words or (len(words) == 1 and words[0] not in _quoted()):
        return ()
    known = dict.fromkeys(h for word in (words[-1], words[0]) for h in _holders().get(word, ()))
    fitting = [h for h in known if (h.fits(words) if len(words) > 1 else _is_surname(words[0], h))]
    return tuple((h.since.year, min(h.until, _FAR).year, h.country) for h in fitting if h.office == "leader")


def is_name_of_office(name: str) -> bool:
    """Could `name` mean one of the holders at all, of whatever time?"""
    return any(word in _holders() for word in slug(name).split("-"))


@lru_cache(maxsize=64)
def quoted_on(day: date) -> Mapping[str, str]:
    """Names that news writes alone for a holder of an office on `day`, and the full names: "Trump", "Modi"."""
    found: dict[str, set[str]] = defaultdict(set)
    for word in _quoted():
        for holder in _holders().get(word, ()):
            if holder.since <= day <= holder.until:
                found[word].add(holder.name)
    return {word.capitalize(): min(sorted(names), key=len) for word, names in found.items()}


def is_crowned(name: str) -> bool:
    """Does a name begin with a title that only a sovereign has: "King Charles", "Pope Leo"?"""
    return slug(name).split("-")[0] in _CROWNS


def _is_surname(word: str, holder: Holder) -> bool:
    surname = holder.words[0] if holder.country in _FAMILY_FIRST else holder.words[-1]
    return word == surname or (word in _quoted() and word in holder.words)
