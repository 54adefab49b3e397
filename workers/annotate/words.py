"""A parsed sentence as plain Python objects: its words, under the names that spaCy gives to a token's attributes.

Rules ask for them many times a word, and spaCy makes a new object or a new string at each question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from sys import intern
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.strings import get_string_id
from spacy.tokens import Doc
from spacy.tokens import Token as SpacyToken

if TYPE_CHECKING:
    from workers.annotate.scene import Position
    from workers.annotate.triggers import Entry

Form = tuple[str, str, str, str, str, str, bool, bool, bool, tuple[str, str], tuple[str, ...]]
"""A word by itself: text, in small letters, lemma, tag, part of speech, dependency; is it a mark, a space, a quote?
Then `Token.pair` and `Token.forms`."""

_label = cache(get_string_id)  # of tags and the like, of which there are few
_MARKS: list[int | str] = ["TAG", "POS", "LEMMA", "DEP"]
Governor = tuple["Token | None", str, "Token | None"]
"""The verb over a noun, how the noun relates to it, and the preposition between them."""


class Token:
    """A word of a parsed sentence. Attributes mean what they mean in spaCy; `children` are in the sentence's order.

    `pair`: the word and its lemma in small letters; `forms`: the small-letter forms under which rules may name it,
    itself first, then its lemma, then itself without a final s. `passive`, `governor` and `behind` are what `syntax`
    has found out about it; None before it was asked.
    """

    __slots__ = (
        "behind", "children", "dep_", "doc", "ent_type_", "forms", "governor", "head", "i", "is_punct", "is_quote",
        "is_space", "lemma_", "lower_", "pair", "passive", "pos_", "tag_", "text", "whitespace_",
    )  # fmt: skip

    def __init__(self, sentence: Sentence, i: int, form: Form, *, space: bool) -> None:
        self.doc = sentence
        self.i = i
        (
            self.text, self.lower_, self.lemma_, self.tag_, self.pos_, self.dep_,
            self.is_punct, self.is_space, self.is_quote, self.pair, self.forms,
        ) = form  # fmt: skip
        self.ent_type_ = ""
        self.whitespace_ = " " if space else ""
        self.head = self
        self.children: list[Token] = []
        self.passive: bool | None = None
        self.governor: Governor | None = None
        self.behind: dict[str, list[Token]] | None = None

    def mend(self, *, tag: str, pos: str, lemma: str) -> None:
        """Give the word another tag, part of speech and lemma."""
        self.tag_, self.pos_, self.lemma_ = tag, pos, lemma
        self.pair, self.forms = _names(self.lower_, lemma, tag, self.dep_)

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
        waiting = [(self, False)]
        while waiting:
            word, own_turn = waiting.pop()
            if own_turn or not word.children:
                found.append(word)
                continue
            lefts = [(child, False) for child in word.children if child.i < word.i]
            rights = [(child, False) for child in word.children if child.i > word.i]
            waiting += [*reversed(rights), (word, True), *reversed(lefts)]
        return found

    @property
    def left_edge(self) -> Token:
        """The first word of the subtree."""
        first = self
        below = [self]
        for word in below:
            if word.i < first.i:
                first = word
            below += word.children
        return first

    def nbor(self, step: int = 1) -> Token:
        """The word so many places on. Raises IndexError if there is none."""
        at = self.i + step
        if at < 0:
            raise IndexError(at)
        return self.doc[at]


class Sentence(list[Token]):
    """The words of a parsed sentence, with what the reader knows of it and what rules keep there.

    `position`: where it stands; `held`: the triggers that it may hold, None if that is not known; `parsed`: spaCy's own
    document, of which only the parse is sure to be there; `words` and `places`: see `forms`.
    """

    __slots__ = ("_complete", "_text", "held", "parsed", "places", "position", "words")

    def __init__(
        self, parsed: Doc, position: Position | None = None, *, complete: Callable[[Doc], Doc] | None = None
    ) -> None:
        super().__init__()
        self.parsed = parsed
        self.position = position
        self.held: Mapping[str, Sequence[Entry]] | None = None
        self.words: frozenset[str] | None = None
        self.places: dict[str, set[int]] | None = None
        self._text: str | None = None
        self._complete = complete

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:  # type: ignore[override]  # a list has none; no two sentences are the same
        return id(self)

    @classmethod
    def of(cls, parsed: Doc, position: Position | None = None) -> Sentence:
        """The sentence that `parsed` is, a document with tags, lemmas and the parse."""
        made = cls(parsed, position)
        made.fill(map(form_of, parsed), [bool(token.whitespace_) for token in parsed], distances_in(parsed))
        for word, token in zip(made, parsed, strict=True):
            word.ent_type_ = token.ent_type_
        return made

    def fill(self, forms: Iterable[Form], spaces: Iterable[object], distances: Iterable[int]) -> None:
        """Add the words: their forms, is a space behind them, and how many places on that stands on which they hang."""
        self.extend(
            [Token(self, i, form, space=bool(s)) for i, (form, s) in enumerate(zip(forms, spaces, strict=True))]
        )
        for word, distance in zip(self, distances, strict=True):
            if distance:
                word.head = head = self[word.i + distance]
                head.children.append(word)

    @property
    def text(self) -> str:
        """The sentence with its spaces, also the last."""
        if self._text is None:
            self._text = "".join([word.text + word.whitespace_ for word in self])
        return self._text

    def whole(self) -> Doc:
        """spaCy's document with all that the words have, for its matchers."""
        if self._complete is not None:
            self.parsed = self._complete(self.parsed)
            self._complete = None
        for word, token in zip(self, self.parsed, strict=True):
            if word.tag_ != token.tag_:
                token.tag_, token.pos_ = word.tag_, word.pos_
            if word.lemma_ != token.lemma_:
                token.lemma_ = word.lemma_
        return self.parsed

    def marked(self) -> Doc:
        """spaCy's document with tags, parts of speech and lemmas, as a matcher asks for them; sooner than `whole`."""
        if self:
            add = self.parsed.vocab.strings.add
            links = self.parsed.to_array("DEP").tolist()
            rows: Any = np.array(
                [
                    (_label(w.tag_), _label(w.pos_), add(w.lemma_), _label(w.dep_) if w.is_space else link)
                    for w, link in zip(self, links, strict=True)
                ],
                dtype=np.uint64,
            )
            self.parsed.from_array(_MARKS, rows)
        return self.parsed

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


def form_of(token: SpacyToken) -> Form:
    """What a word of a document is by itself. Equal strings are one object: many words have the same."""
    text, lower, lemma = intern(token.text), intern(token.lower_), intern(token.lemma_)
    tag, pos, dep = intern(token.tag_), intern(token.pos_), intern(token.dep_)
    marks = token.is_punct, token.is_space, token.is_quote
    return (text, lower, lemma, tag, pos, dep, *marks, *_names(lower, lemma, tag, dep))


def _names(lower: str, lemma: str, tag: str, dep: str) -> tuple[tuple[str, str], tuple[str, ...]]:
    """`pair` and `forms` of a word. A participle that modifies a noun is itself only: "forced" is not "force"."""
    pair = lower, intern(lemma.lower())
    if dep == "amod" and tag.startswith("VB"):
        return pair, (lower,)
    if lower.endswith("s"):
        return pair, tuple(dict.fromkeys((*pair, intern(lower[:-1]))))
    return pair, pair if lower != pair[1] else (lower,)


def distances_in(parsed: Doc) -> list[int]:
    """How many places on from each word that stands on which it hangs; 0 if it hangs on none."""
    return [token.head.i - token.i for token in parsed]
