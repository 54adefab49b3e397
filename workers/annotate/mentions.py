"""A name where it stands, and a part of an article as tokens with the names found in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from spacy.strings import StringStore
from spacy.tokens import Doc

from topics.annotations import EntityKind, Span, TextPart
from workers.annotate.gazetteer import NameSort

_COMPANY = re.compile(
    r"\b(?:Inc|Corp|Co|Ltd|PLC|Plc|plc|LLC|AG|SA|SpA|Spa|NV|BV|AB|Oyj|Pty|Bhd|Tbk|LLP|GmbH|Bank|Holdings?|Group|Industries|Airlines|Motors|Partners|Bancorp)\b\.?"
)
_ARTICLES = frozenset({"the", "a", "an"})
_POSSESSIVE = frozenset({"'s", "'"})
_WORD: list[int | str] = ["ORTH", "LOWER"]
_NAMED: list[int | str] = ["ENT_IOB", "ENT_TYPE"]
_BEGINS, _INSIDE = 3, 1


@dataclass(slots=True)
class Mention:
    """A name where it stands: tokens of one part's document, and characters of that part.

    `country` is whose the name is (a demonym, a ministry) or, for a place, where it lies.
    """

    part: TextPart
    start_token: int
    end_token: int
    start: int
    end: int
    text: str
    kind: EntityKind
    sort: NameSort = "none"
    id: str = ""
    name: str = ""
    country: str | None = None

    @property
    def span(self) -> Span:
        """The mention as a record."""
        return Span(part=self.part, start=self.start, end=self.end, text=self.text)


@dataclass(slots=True)
class Reading:
    """One part as tokens: the document of the cheap pass, and the raw text that offsets point into."""

    part: TextPart
    doc: Doc
    raw: str
    mentions: list[Mention] = field(default_factory=list)
    at: dict[int, Mention] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)
    """spaCy's ids of the words of `doc`: names are looked up by these, which costs no text."""

    keys: list[int] = field(default_factory=list)
    """spaCy's ids of the words in small letters."""
    _lower: list[str] | None = None

    def __post_init__(self) -> None:
        self.ids, self.keys = self.doc.to_array(_WORD).T.tolist()

    @property
    def lower(self) -> list[str]:
        """The words in small letters."""
        if self._lower is None:
            self._lower = small_letters(self.keys, self.doc.vocab.strings)
        return self._lower

    def named(self) -> list[tuple[int, int, str]]:
        """The model's names: first token, the one behind the last, label. As `doc.ents`, but sooner."""
        rows = self.doc.to_array(_NAMED)
        inside: list[int] = rows[:, 0].tolist()
        found: list[tuple[int, int, str]] = []
        for start in (rows[:, 0] == _BEGINS).nonzero()[0].tolist():
            end = start + 1
            while end < len(inside) and inside[end] == _INSIDE:
                end += 1
            found.append((start, end, self.doc.vocab.strings[rows[start, 1]]))
        return found

    def mention(self, start: int, end: int, kind: EntityKind) -> Mention:
        """A mention of tokens `start` to `end`, without its surroundings: articles, possessives, quotes."""
        doc, lower = self.doc, self.lower
        while start < end - 1 and (lower[start] in _ARTICLES or not doc[start].text[:1].isalnum()):
            start += 1
        while end - 1 > start and (lower[end - 1] in _POSSESSIVE or not _ends_well(doc[end - 1].text)):
            end -= 1
        first, last = doc[start].idx, doc[end - 1].idx + len(doc[end - 1].text)
        return Mention(self.part, start, end, first, last, self.raw[first:last], kind)

    def covered(self) -> set[int]:
        """The tokens that are part of a mention."""
        return {token for mention in self.mentions for token in range(mention.start_token, mention.end_token)}


_MAX_KNOWN = 60_000
_SMALL: dict[int, str] = {}
"""Words in small letters by their ids in spaCy; reading them there takes longer. Beyond `_MAX_KNOWN` it starts anew."""


def small_letters(keys: Sequence[int], strings: StringStore) -> list[str]:
    """The words in small letters that spaCy's ids `keys` stand for."""
    try:
        return [_SMALL[key] for key in keys]
    except KeyError:
        if len(_SMALL) > _MAX_KNOWN:
            _SMALL.clear()
        _SMALL.update((key, strings[key]) for key in keys if key not in _SMALL)
        return [_SMALL[key] for key in keys]


def _ends_well(text: str) -> bool:
    return text[-1:].isalnum() or text[-1:] in {".", ")", "+"}


@lru_cache(maxsize=8192)
def is_company(name: str) -> bool:
    """Does `name` carry a company's legal form?"""
    return bool(_COMPANY.search(name))
