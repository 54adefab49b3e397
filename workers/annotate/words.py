"""A parsed sentence as plain Python objects: its words, under the names that spaCy gives to a token's attributes.

Rules ask for them many times a word, and spaCy makes a new object or a new string at each question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from spacy.strings import StringStore
from spacy.tokens import Doc

if TYPE_CHECKING:
    from workers.annotate.scene import Position
    from workers.annotate.triggers import Entry

_COLUMNS: list[int | str] = [
    "ORTH", "LOWER", "LEMMA", "TAG", "POS", "DEP", "SPACY", "IS_PUNCT", "IS_SPACE", "IS_QUOTE", "ENT_TYPE", "HEAD",
]  # fmt: skip
_MAX_KNOWN = 200_000
_KNOWN: dict[int, str] = {}
"""Strings by their ids in spaCy; reading them there takes longer. Beyond `_MAX_KNOWN` it starts anew."""

Governor = tuple["Token | None", str, "Token | None"]
"""The verb over a noun, how the noun relates to it, and the preposition between them."""


class Token:
    """A word of a parsed sentence. Attributes mean what they mean in spaCy; `children` are in the sentence's order.

    `passive`, `governor` and `behind` are what `syntax` has found out about it; None before it was asked.
    """

    __slots__ = (
        "behind", "children", "dep_", "doc", "ent_type_", "governor", "head", "i", "is_punct", "is_quote", "is_space",
        "lemma_", "lower_", "passive", "pos_", "tag_", "text", "whitespace_",
    )  # fmt: skip

    def __init__(self, sentence: Sentence, i: int, text: str, *, space: bool = True) -> None:
        self.doc = sentence
        self.i = i
        self.text = text
        self.lower_ = self.lemma_ = self.tag_ = self.pos_ = self.dep_ = self.ent_type_ = ""
        self.whitespace_ = " " if space else ""
        self.is_punct = self.is_space = self.is_quote = False
        self.head = self
        self.children: list[Token] = []
        self.passive: bool | None = None
        self.governor: Governor | None = None
        self.behind: dict[str, list[Token]] | None = None

    def __repr__(self) -> str:
        return self.text

    @property
    def rights(self) -> list[Token]:
        """The children behind the word."""
        return [child for child in self.children if child.i > self.i]

    @property
    def ancestors(self) -> list[Token]:
        """What the word hangs on, the nearest first."""
        found: list[Token] = []
        word = self
        while word.head is not word:
            word = word.head
            found.append(word)
        return found

    @property
    def subtree(self) -> list[Token]:
        """The word and all that hangs on it."""
        found: list[Token] = []
        self._gather(found)
        return found

    def _gather(self, found: list[Token]) -> None:
        before = True
        for child in self.children:
            if before and child.i > self.i:
                found.append(self)
                before = False
            child._gather(found)
        if before:
            found.append(self)

    @property
    def left_edge(self) -> Token:
        """The first word of the subtree."""
        return min(self.subtree, key=lambda word: word.i)

    def nbor(self, step: int = 1) -> Token:
        """The word so many places on. Raises IndexError if there is none."""
        at = self.i + step
        if at < 0:
            raise IndexError(at)
        return self.doc[at]


class Sentence(list[Token]):
    """The words of a parsed sentence, with what the reader knows of it and what rules keep there.

    `position`: where it stands; `held`: the triggers that it may hold, None if that is not known; `parsed`: spaCy's own
    document; `words`, `pairs` and `places`: see `forms`.
    """

    __slots__ = ("held", "pairs", "parsed", "places", "position", "text", "words")

    def __init__(self, parsed: Doc, position: Position | None = None) -> None:
        super().__init__()
        self.parsed = parsed
        self.position = position
        self.held: Mapping[str, Sequence[Entry]] | None = None
        self.words: frozenset[str] | None = None
        self.pairs: list[tuple[str, str]] | None = None
        self.places: dict[str, set[int]] | None = None
        self.text = ""

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:  # type: ignore[override]  # a list has none; no two sentences are the same
        return id(self)

    @classmethod
    def of(cls, parsed: Doc, position: Position | None = None) -> Sentence:
        """The sentence that `parsed` is, a document with tags, lemmas and the parse."""
        made = cls(parsed, position)
        made.text = parsed.text
        rows = parsed.to_array(_COLUMNS)
        known = _strings(set(chain.from_iterable(rows[:, :6].tolist())), parsed.vocab.strings)
        for row in rows.tolist():
            orth, lower, lemma, tag, pos, dep, space, punct, is_space, quote, entity, _ = row
            word = Token(made, len(made), known[orth], space=bool(space))
            word.lower_, word.lemma_, word.tag_, word.dep_ = known[lower], known[lemma], known[tag], known[dep]
            word.pos_ = known[pos]
            word.is_punct, word.is_space, word.is_quote = bool(punct), bool(is_space), bool(quote)
            if entity:
                word.ent_type_ = parsed.vocab.strings[entity]
            made.append(word)
        made.link(rows[:, -1].astype("int64").tolist())
        return made

    def link(self, distances: Iterable[int]) -> None:
        """Hang each word on the one so many places on; on none for 0."""
        for word, distance in zip(self, distances, strict=True):
            if distance:
                word.head = head = self[word.i + distance]
                head.children.append(word)

    def root_of(self, start: int, end: int) -> Token | None:
        """The highest word of the tokens in which the characters from `start` to `end` lie; None if there are none."""
        span = self.parsed.char_span(start, end, alignment_mode="expand")
        return self[span.root.i] if span is not None else None

    def forget(self) -> None:
        """Let go of what refers back to itself, so that it is freed at once."""
        for word in self:
            word.children.clear()
            word.head = word.doc = word.governor = word.behind = None  # type: ignore[assignment]  # it is not used again
        self.clear()


def text_of(words: Sequence[Token]) -> str:
    """The text of words in a row."""
    return "".join([word.text + word.whitespace_ for word in words[:-1]]) + (words[-1].text if words else "")


def _strings(ids: Iterable[int], strings: StringStore) -> dict[int, str]:
    """`_KNOWN`, with what `ids` stand for."""
    if len(_KNOWN) > _MAX_KNOWN:
        _KNOWN.clear()
    for one in ids:
        if one not in _KNOWN:
            _KNOWN[one] = strings[one]
    return _KNOWN
