"""Parses of sentences that were parsed a while ago. News repeats whole sentences: quotations, background, forms.

What is kept is numbers that mean the same for good: no word, and nothing that a memory zone of spaCy takes away.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

from spacy.tokens import Doc

KEPT = 5_000
"""So many parses are remembered, the least used are forgotten first: 5 MB, 11 if all were as long as may be."""

MAX_TOKENS = 80
"""A longer sentence is not remembered: few of them come again."""

_SEEN: list[int | str] = ["ORTH", "NORM", "SPACY", "SENT_START"]
"""All that a parse hangs on: every feature of a word that the models look at follows from these."""
_PARSE: list[int | str] = ["TAG", "DEP", "HEAD"]


class Parses:
    """Tags, dependencies and heads of sentences, by their words. `hits` counts the sentences not parsed again."""

    def __init__(self, capacity: int = KEPT) -> None:
        self.capacity = capacity
        self.hits = 0
        self._known: OrderedDict[bytes, Any] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def fill(self, docs: Sequence[Doc], parse: Callable[[list[Doc]], object]) -> None:
        """Write tags and parses into `docs`, each a sentence; `parse` does so for those that are new."""
        if not self.capacity:
            parse(list(docs))
            return
        known = self._known
        keys = [_key(doc) for doc in docs]
        new: dict[bytes, Doc] = {}
        again: list[tuple[bytes, Doc]] = []
        for key, doc in zip(keys, docs, strict=True):
            if key in known or key in new:
                again.append((key, doc))
            else:
                new[key] = doc
        parse(list(new.values()))
        for key, doc in new.items():
            known[key] = doc.to_array(_PARSE)
        for key, doc in again:
            doc.from_array(_PARSE, known[key])
            known.move_to_end(key)
        self.hits += len(again)
        for key, doc in new.items():
            if len(doc) > MAX_TOKENS:
                del known[key]
        while len(known) > self.capacity:
            known.popitem(last=False)

    def clear(self) -> None:
        """Forget all parses."""
        self._known.clear()


def _key(doc: Doc) -> bytes:
    return blake2b(doc.to_array(_SEEN).tobytes(), digest_size=16).digest()
