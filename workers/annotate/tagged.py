"""Parsed sentences as `words`, without spaCy's attribute ruler and lemmatizer where what they do is remembered.

What these do to a word hangs on its spelling, tag and dependency alone, unless a rule over several words applies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from spacy.tokens import Doc

from workers.annotate.memory import RememberedLemmas, RememberedRules
from workers.annotate.words import Form, Sentence, form_of

_READ: list[int | str] = ["ORTH", "TAG", "DEP", "SPACY", "HEAD"]
_MIX = np.array([1, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], dtype=np.uint64)
_MAX_KNOWN = 40_000
_Known = tuple[Form, int, int]
"""A word; the tests of longer rules that its form passes, as bits; its dependency's id."""


@dataclass(slots=True)
class TaggedWords:
    """What becomes of a word by its spelling, tag and dependency. Beyond `_MAX_KNOWN` the memory starts anew."""

    rules: RememberedRules
    lemmas: RememberedLemmas
    _known: dict[int, _Known] = field(default_factory=dict)

    def sentences(self, docs: Sequence[Doc]) -> list[Sentence]:
        """`docs`, each a tagged and parsed sentence, as words."""
        if not docs:
            return []
        rows: Any = np.concatenate([doc.to_array(_READ) for doc in docs])
        keys: list[int] = (rows[:, :3] * _MIX).sum(axis=1, dtype=np.uint64).tolist()
        spaces: list[int] = rows[:, 3].tolist()
        distances: list[int] = rows[:, 4].astype(np.int64).tolist()
        if len(self._known) > _MAX_KNOWN:
            self._known.clear()
        known = self._known
        new = {key: place for place, key in enumerate(keys) if key not in known}
        if new:
            self._learn(docs[0], new, rows)
        made: list[Sentence] = []
        end = 0
        for doc in docs:
            start, end = end, end + len(doc)
            words = [known[key] for key in keys[start:end]]
            if self._is_ruled_together(words):
                made.append(Sentence.of(self.complete(doc)))
                continue
            sentence = Sentence(doc, complete=self.complete)
            sentence.fill([form for form, _, _ in words], spaces[start:end], distances[start:end])
            made.append(sentence)
        return made

    def complete(self, doc: Doc) -> Doc:
        """`doc` with what attribute ruler and lemmatizer say."""
        return self.lemmas(self.rules(doc))

    def _is_ruled_together(self, words: Sequence[_Known]) -> bool:
        passed = 0
        for _, bits, _ in words:
            passed |= bits
        return bool(passed) and self.rules.may_apply(passed, {link for _, _, link in words})

    def _learn(self, doc: Doc, new: dict[int, int], rows: Any) -> None:
        """Have ruler and lemmatizer look at new words, all of them in one document."""
        chosen = rows[list(new.values())]
        made, seen = self.rules.apart(doc.vocab, chosen[:, 0].tolist(), chosen[:, 1:3])
        tokens = list(self.lemmas(made))[:: len(made) // len(new)]
        for key, token, (passed, _, link, _) in zip(new, tokens, seen, strict=True):
            self._known[key] = form_of(token), passed, link
