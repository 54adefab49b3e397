"""What spaCy's attribute ruler and lemmatizer do to a word, remembered: they see little of it, and mostly nothing else.

Inside a memory zone nothing new is remembered: the strings would not outlive the zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from spacy.tokens import Doc

_LOOKED_AT = {"LOWER", "TAG", "DEP", "IS_SPACE"}
_READ: list[int | str] = ["LOWER", "TAG", "DEP", "IS_SPACE"]
_WRITTEN: list[int | str] = ["TAG", "POS", "MORPH", "LEMMA", "DEP"]
_LEMMA_OF: list[int | str] = ["ORTH", "POS", "MORPH", "LEMMA"]
_MAX_WORDS = 200_000

_Test = Callable[[str], bool]
_Seen = tuple[int, int, int, int]
"""What the rules can see of a word: the tests that its form passes, as bits, its tag, its dependency, is it a space."""


@dataclass(slots=True)
class RememberedRules:
    """An attribute ruler whose effect is kept by what its rules can see of a word.

    A document in which a rule over several words may apply is left to the ruler itself.
    """

    ruler: Any
    tests: list[_Test] = field(default_factory=list)
    longer: list[tuple[int, tuple[frozenset[int], ...]]] = field(default_factory=list)
    """For each rule over several words: tests that some words must pass, and dependencies that must be there."""
    _passed: dict[int, int] = field(default_factory=dict)
    _known: dict[_Seen, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, ruler: Any) -> RememberedRules | None:
        """None if rules look at more than form, tag, dependency and being a space. Raises ValueError likewise."""
        made = cls(ruler)
        strings = ruler.vocab.strings
        for rule in ruler.patterns:
            for pattern in rule["patterns"]:
                if any(not set(token) <= _LOOKED_AT for token in pattern):
                    return None
                bits = 0
                links: list[frozenset[int]] = []
                for token in pattern:
                    if "LOWER" in token:
                        bits |= 1 << len(made.tests)
                        made.tests.append(_test(token["LOWER"]))
                    if isinstance(token.get("DEP"), str):
                        links.append(frozenset({strings.add(token["DEP"])}))
                if len(pattern) > 1:
                    made.longer.append((bits, tuple(links)))
        return made

    def pipe(self, docs: Iterable[Doc], batch_size: int = 1) -> Iterator[Doc]:
        """`docs`, tagged and parsed, with what the rules say."""
        del batch_size
        for doc in docs:
            yield self(doc)

    def __call__(self, doc: Doc) -> Doc:
        """Apply the rules to one document."""
        seen: list[_Seen] = [
            (self._tests_of(word), tag, link, space) for word, tag, link, space in doc.to_array(_READ).tolist()
        ]
        passed = 0
        for one in seen:
            passed |= one[0]
        links = {one[2] for one in seen}
        if any(bits & passed == bits and all(link & links for link in wanted) for bits, wanted in self.longer):
            return self._ruled(doc)
        try:
            written = [self._known[one] for one in seen]
        except KeyError:
            doc = self._ruled(doc)
            if not _is_passing(doc.vocab):
                self._known.update(zip(seen, map(tuple, doc.to_array(_WRITTEN).tolist()), strict=True))
            return doc
        if written:
            rows: Any = np.array(written, dtype=np.uint64)  # spaCy's types want another kind of integer
            doc.from_array(_WRITTEN, rows)
        return doc

    def _tests_of(self, word: int) -> int:
        passed = self._passed.get(word)
        if passed is None:
            form = self.ruler.vocab.strings[word]
            passed = sum(1 << i for i, test in enumerate(self.tests) if test(form))
            if len(self._passed) >= _MAX_WORDS:
                self._passed.clear()
            self._passed[word] = passed
        return passed

    def _ruled(self, doc: Doc) -> Doc:
        ruled: Doc = self.ruler(doc)
        return ruled


@dataclass(slots=True)
class RememberedLemmas:
    """A rule lemmatizer whose lemmas are kept by form, part of speech and morphology, on which alone they depend."""

    lemmatizer: Any
    _known: dict[tuple[int, int, int], int] = field(default_factory=dict)

    @classmethod
    def of(cls, lemmatizer: Any) -> RememberedLemmas | None:
        """None if the lemmas are not made by rules, or replace those that are there."""
        return cls(lemmatizer) if lemmatizer.mode == "rule" and not lemmatizer.overwrite else None

    def pipe(self, docs: Iterable[Doc], batch_size: int = 1) -> Iterator[Doc]:
        """`docs`, tagged, with lemmas."""
        del batch_size
        for doc in docs:
            yield self(doc)

    def __call__(self, doc: Doc) -> Doc:
        """Give a lemma to each word that has none."""
        rows: list[list[int]] = doc.to_array(_LEMMA_OF).tolist()
        try:
            lemmas = [lemma or self._known[form, pos, morph] for form, pos, morph, lemma in rows]
        except KeyError:
            doc = self.lemmatizer(doc)
            if not _is_passing(doc.vocab):
                found = doc.to_array(_LEMMA_OF).tolist()
                for (form, pos, morph, before), (*_, lemma) in zip(rows, found, strict=True):
                    if not before:
                        self._known[form, pos, morph] = lemma
            if len(self.lemmatizer.cache) > _MAX_WORDS:  # spaCy's own memory has no bound
                self.lemmatizer.cache.clear()
            return doc
        if lemmas:
            column: Any = np.array(lemmas, dtype=np.uint64)
            doc.from_array(["LEMMA"], column)
        return doc


def _is_passing(vocab: Any) -> bool:
    """Are strings now only kept until a memory zone ends?"""
    return bool(vocab.in_memory_zone)


def _test(value: object) -> _Test:
    """The test that a pattern makes of a form. Raises ValueError for one that is not known."""
    if isinstance(value, str):
        return lambda form: form == value
    if isinstance(value, Mapping) and len(value) == 1:
        operator, wanted = next(iter(value.items()))
        if operator == "IN":
            return lambda form: form in wanted
        if operator == "NOT_IN":
            return lambda form: form not in wanted
        if operator == "REGEX":
            pattern = re.compile(wanted)
            return lambda form: pattern.search(form) is not None
    raise ValueError(f"a rule with {value}")
