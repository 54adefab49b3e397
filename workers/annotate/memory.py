"""What spaCy's attribute ruler and lemmatizer do to a word, remembered: they see little of it, and mostly nothing else.

Inside a memory zone nothing new is remembered: the strings would not outlive the zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from spacy.pipeline import Lemmatizer
from spacy.tokens import Doc, Token
from spacy.vocab import Vocab

_LOOKED_AT = {"LOWER", "TAG", "DEP", "IS_SPACE"}
_READ: list[int | str] = ["LOWER", "TAG", "DEP", "IS_SPACE"]
_WRITTEN: list[int | str] = ["TAG", "POS", "MORPH", "LEMMA", "DEP"]
_LEMMA_OF: list[int | str] = ["ORTH", "POS", "MORPH", "LEMMA"]
_MAX_WORDS = 60_000
_BETWEEN = "\n"
_TABLES = ("lemma_index", "lemma_exc", "lemma_rules")
_Way = Literal["small", "written", "ruled"]
"""A word is its own lemma, in small letters or as it is written, or the lemmatizer's rules make it."""

_Test = Callable[[str], bool]
_Seen = tuple[int, int, int, int]
"""What the rules can see of a word: the tests that its form passes, as bits, its tag, its dependency, is it a space."""


@dataclass(slots=True)
class RememberedRules:
    """An attribute ruler whose effect is kept by what its rules can see of a word.

    A document in which a rule over several words may apply is left to the ruler itself.
    """

    ruler: Any
    longer: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    """For each rule over several words: tests of form that must be passed, and dependencies that must be there."""
    _tests: int = 0
    _by_form: dict[str, int] = field(default_factory=dict)
    _other_tests: list[tuple[int, _Test]] = field(default_factory=list)
    _is_complete: bool = True
    """Does each word of a rule over several ask for something that `_BETWEEN` is not?"""
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
                for value in (token["LOWER"] for token in pattern if "LOWER" in token):
                    bits |= made._add_test(value)
                links = tuple(strings.add(t["DEP"]) for t in pattern if isinstance(t.get("DEP"), str))
                if len(pattern) > 1:
                    made.longer.append((bits, links))
                    made._is_complete = made._is_complete and all(map(made._is_never_between, pattern))
        return made

    def pipe(self, docs: Iterable[Doc], batch_size: int = 1) -> Iterator[Doc]:
        """`docs`, tagged and parsed, with what the rules say."""
        del batch_size
        every = list(docs)
        seen = [self._seen_in(doc) for doc in every]
        if not self._is_complete or not every or _is_passing(every[0].vocab):
            yield from map(self, every)
            return
        self._learn(every, seen)
        for doc, words in zip(every, seen, strict=True):
            yield self._ruled(doc) if self._may_see_more(words) else self._written(doc, words)

    def __call__(self, doc: Doc) -> Doc:
        """Apply the rules to one document."""
        seen = self._seen_in(doc)
        if self._may_see_more(seen):
            return self._ruled(doc)
        if self._known.keys() >= set(seen):
            return self._written(doc, seen)
        doc = self._ruled(doc)
        if not _is_passing(doc.vocab):
            self._known.update(zip(seen, map(tuple, doc.to_array(_WRITTEN).tolist()), strict=True))
        return doc

    def _seen_in(self, doc: Doc) -> list[_Seen]:
        return [(self._tests_of(word), tag, link, space) for word, tag, link, space in doc.to_array(_READ).tolist()]

    def apart(self, vocab: Vocab, words: Sequence[int], tagged: Any) -> tuple[Doc, list[_Seen]]:
        """A document of words with what the rules over one word say; and what they see of each.

        `words` are spaCy's ids of their spellings, `tagged` has their tags and dependencies in rows. Where nothing may
        be remembered a space stands behind each.
        """
        forms: Any = words  # a document is made of ids as well as of words
        step = 1
        if _is_passing(vocab):
            step, forms = 2, [form for word in words for form in (vocab.strings[word], _BETWEEN)]
        made = Doc(vocab, words=forms, spaces=[False] * len(forms))
        rows: Any = np.zeros((len(forms), 2), dtype=np.uint64)
        rows[::step] = tagged
        made.from_array(["TAG", "DEP"], rows)
        seen = self._seen_in(made)
        if step > 1:
            return self._ruled(made), seen[::step]
        self._learn([made], [seen])
        return self._written(made, seen), seen

    def _may_see_more(self, seen: Sequence[_Seen]) -> bool:
        """May a rule over several words apply?"""
        passed = 0
        for one in seen:
            passed |= one[0]
        return self.may_apply(passed, {one[2] for one in seen})

    def may_apply(self, passed: int, links: set[int]) -> bool:
        """May a rule over several words apply where words pass these tests and have these dependencies?"""
        return any(bits & passed == bits and links.issuperset(wanted) for bits, wanted in self.longer)

    @property
    def sees_single_words(self) -> bool:
        """Can a word be looked at alone, between spaces, without a rule over several words applying?"""
        return self._is_complete

    def _written(self, doc: Doc, seen: Sequence[_Seen]) -> Doc:
        if seen:
            rows: Any = np.array([self._known[one] for one in seen], dtype=np.uint64)  # its types want another integer
            doc.from_array(_WRITTEN, rows)
        return doc

    def _learn(self, docs: Sequence[Doc], seen: Sequence[Sequence[_Seen]]) -> None:
        """Have the ruler look at the words that are new, all of them in one document, each beside nothing but space."""
        new: dict[_Seen, tuple[int, int]] = {}
        for number, words in enumerate(seen):
            for place, one in enumerate(words):
                if one not in self._known and one not in new:
                    new[one] = number, place
        if not new:
            return
        forms = [form for number, place in new.values() for form in (docs[number][place].text, _BETWEEN)]
        made = Doc(docs[0].vocab, words=forms, spaces=[False] * len(forms))
        rows: Any = np.zeros((len(forms), 2), dtype=np.uint64)
        rows[::2] = [one[1:3] for one in new]
        made.from_array(["TAG", "DEP"], rows)
        self._known.update(zip(new, map(tuple, self._ruled(made).to_array(_WRITTEN)[::2].tolist()), strict=True))

    def _add_test(self, value: object) -> int:
        """The bit of a pattern's test of a form. Raises ValueError for one that is not known."""
        bit = 1 << self._tests
        self._tests += 1
        operator: str
        wanted: Any
        operator, wanted = next(iter(value.items())) if isinstance(value, Mapping) and len(value) == 1 else ("", value)
        if operator in {"", "IN"} and isinstance(wanted, str | list):
            for form in [wanted] if isinstance(wanted, str) else wanted:
                self._by_form[form] = self._by_form.get(form, 0) | bit
        elif operator == "NOT_IN":
            self._other_tests.append((bit, lambda form: form not in wanted))
        elif operator == "REGEX":
            search = re.compile(wanted).search
            self._other_tests.append((bit, lambda form: search(form) is not None))
        else:
            raise ValueError(f"a rule with {value}")
        return bit

    def _is_never_between(self, token: Mapping[str, Any]) -> bool:
        """Does a word of a pattern ask for a tag, a dependency or a form that the space between words has not?"""
        for key, value in token.items():
            wanted = value.get("IN") if isinstance(value, Mapping) else [value]
            if key in {"LOWER", "TAG", "DEP"} and wanted and not {"", _BETWEEN} & set(wanted):
                return True
            if key == "LOWER" and isinstance(value, Mapping) and "REGEX" in value:
                return re.search(value["REGEX"], _BETWEEN) is None
        return False

    def _tests_of(self, word: int) -> int:
        passed = self._passed.get(word)
        if passed is None:
            form = self.ruler.vocab.strings[word]
            passed = self._by_form.get(form, 0) | sum(bit for bit, test in self._other_tests if test(form))
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
    _ways: dict[tuple[int, int], _Way] = field(default_factory=dict)

    @classmethod
    def of(cls, lemmatizer: Any) -> RememberedLemmas | None:
        """None if the lemmas are not made by spaCy's own rules, or replace those that are there."""
        own = type(lemmatizer).rule_lemmatize is Lemmatizer.rule_lemmatize
        if not own or lemmatizer.mode != "rule" or lemmatizer.overwrite:
            return None
        if lemmatizer.lookups.has_table("lemma_index"):
            index = lemmatizer.lookups.get_table("lemma_index")
            for pos, words in list(index.items()):
                if isinstance(words, list):
                    index[pos] = frozenset(words)  # it is searched for every rule: 57,000 nouns, one after the other
        return cls(lemmatizer)

    def pipe(self, docs: Iterable[Doc], batch_size: int = 1) -> Iterator[Doc]:
        """`docs`, tagged, with lemmas."""
        del batch_size
        for doc in docs:
            yield self(doc)

    def __call__(self, doc: Doc) -> Doc:
        """Give a lemma to each word that has none."""
        lemmas: list[int] = []
        for i, (form, pos, morph, lemma) in enumerate(doc.to_array(_LEMMA_OF).tolist()):
            known = lemma or self._known.get((form, pos, morph))
            if known is None:
                known = doc.vocab.strings.add(self._lemma(doc[i], pos, morph))
                if not _is_passing(doc.vocab):
                    self._known[form, pos, morph] = known
            lemmas.append(known)
        if len(self.lemmatizer.cache) > _MAX_WORDS:  # spaCy's own memory has no bound
            self.lemmatizer.cache.clear()
        if lemmas:
            column: Any = np.array(lemmas, dtype=np.uint64)
            doc.from_array(["LEMMA"], column)
        return doc

    def _lemma(self, token: Token, pos: int, morph: int) -> str:
        """What the lemmatizer says."""
        way = self._ways.get((pos, morph))
        if way is None:
            way = self._ways[pos, morph] = self._way(token)
        if way == "ruled":
            lemma: str = self.lemmatizer.lemmatize(token)[0]
            return lemma
        return token.lower_ if way == "small" else token.text

    def _way(self, token: Token) -> _Way:
        """How a word gets its lemma, which hangs on part of speech and morphology alone.

        One in its base form, and one of a part of speech without rules, is its own, in small letters if it is no name.
        """
        pos = token.pos_.lower()
        if not pos or pos in {"space", "eol"}:
            return "ruled"
        if self.lemmatizer.is_base_form(token):
            return "small"
        if any(self.lemmatizer.lookups.get_table(name, {}).get(pos) for name in _TABLES):
            return "ruled"
        return "written" if pos == "propn" else "small"


def _is_passing(vocab: Any) -> bool:
    """Are strings now only kept until a memory zone ends?"""
    return bool(vocab.in_memory_zone)
