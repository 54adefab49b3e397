"""The parts of a spaCy pipeline that are done by arrays and memory instead, each with exactly the component's results.

A part whose architecture is not known, or whose results for a sample differ, is left to spaCy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc

from workers.annotate.encoder import Encoder, Forms, Tokens
from workers.annotate.memory import RememberedLemmas, RememberedRules
from workers.annotate.namer import Namer
from workers.annotate.tagged import TaggedWords

_SAMPLE = (
    "North Korea fired two missiles on Tuesday, Seoul's military said.  It didn't say why: 3,500 fled U.S. bases.",
    "Mr. Xi Jinping met Ursula von der Leyen in Beijing on 3 May 2024 (their 4th summit). \n\nThe talks ended!",
)
BEHIND_THE_PARSER = ("attribute_ruler", "lemmatizer")
_T = TypeVar("_T")
_BEGIN, _INSIDE, _OUTSIDE = 3, 1, 2
START, NO_START = np.uint64(1), np.array([-1]).astype(np.uint64)[0]


class SentenceEnds:
    """A `senter` component's decisions."""

    def __init__(self, component: Any, encoder: Encoder) -> None:
        output = next(layer for layer in component.model.get_ref("output_layer").walk() if layer.name == "softmax")
        self._encoder = encoder
        self._weights = np.ascontiguousarray(np.asarray(output.get_param("W")).T)
        self._bias = np.asarray(output.get_param("b"))

    def __call__(self, tokens: Tokens) -> NDArray[np.bool_]:
        """For each token: does a sentence begin there?"""
        scores = self._encoder(tokens) @ self._weights
        scores += self._bias
        begins: NDArray[np.bool_] = scores.argmax(axis=1) == 1
        return begins


@dataclass(slots=True)
class Shortcuts:
    """What is done without spaCy's own components; None where there is no shortcut."""

    forms: Forms = field(default_factory=Forms)
    parsed_forms: Forms = field(default_factory=Forms)
    """Few of all forms stand in sentences that are parsed; only those get rows there."""
    ends: SentenceEnds | None = None
    namer: Namer | None = None
    vectors: Encoder | None = None
    rules: RememberedRules | None = None
    lemmas: RememberedLemmas | None = None
    tagged: TaggedWords | None = None

    @classmethod
    def of(cls, nlp: Language) -> Shortcuts:
        """All that `nlp` allows."""
        made = cls()
        sample = [nlp.make_doc(text) for text in _SAMPLE]
        if "tok2vec" in nlp.component_names:
            made.vectors = _tried(lambda: Encoder.of(_component(nlp, "tok2vec").model, made.parsed_forms, sample))
        if "attribute_ruler" in nlp.component_names:
            made.rules = _tried(lambda: RememberedRules.of(_component(nlp, "attribute_ruler")))
        if "lemmatizer" in nlp.component_names:
            made.lemmas = _tried(lambda: RememberedLemmas.of(_component(nlp, "lemmatizer")))
        if "senter" in nlp.component_names:
            made.ends = _tried(lambda: _sentence_ends(_component(nlp, "senter"), made.forms, sample))
        if "ner" in nlp.component_names:
            made.namer = _tried(lambda: Namer.of(_component(nlp, "ner"), made.forms, sample))
        if made.rules is not None and made.lemmas is not None and made.rules.sees_single_words:
            order = [name for name in nlp.component_names if name in {"morphologizer", "parser", *BEHIND_THE_PARSER}]
            if order == ["parser", *BEHIND_THE_PARSER]:
                made.tagged = TaggedWords(made.rules, made.lemmas)
        made._drop_what_differs(nlp, sample)
        return made

    def instead_of(self, name: str) -> RememberedRules | RememberedLemmas | None:
        """What stands for the component `name` in a stream of documents."""
        return {"attribute_ruler": self.rules, "lemmatizer": self.lemmas}.get(name)

    def _drop_what_differs(self, nlp: Language, sample: Sequence[Doc]) -> None:
        """Keep only shortcuts that decide on the sample as their components do."""
        wanted = [doc.copy() for doc in sample]
        if self.ends is not None:
            wanted = list(_component(nlp, "senter").pipe(wanted))
            if self.ends(self.forms.batch(sample)).tolist() != [token.is_sent_start for d in wanted for token in d]:
                self.ends = None
        if self.namer is not None:
            wanted = list(_component(nlp, "ner").pipe(wanted))
            found = [doc.copy() for doc in sample]
            self.name(found, self.namer, np.array([bool(token.is_sent_start) for d in wanted for token in d]))
            if [[(s.start, s.end, s.label) for s in d.ents] for d in found] != [
                [(s.start, s.end, s.label) for s in d.ents] for d in wanted
            ]:
                self.namer = None

    def name(self, docs: Sequence[Doc], namer: Namer, begins: NDArray[np.bool_], tokens: Tokens | None = None) -> None:
        """Write sentence ends and names into `docs`."""
        tokens = tokens if tokens is not None else self.forms.batch(docs)
        written: Any = np.full((len(tokens), 3), NO_START, dtype=np.uint64)  # spaCy's types want other integers
        written[begins, 0] = START
        written[:, 1], written[:, 2] = _OUTSIDE, 0
        for start, end, label in namer(tokens, begins):
            written[start:end, 1] = _INSIDE
            written[start, 1] = _BEGIN
            written[start:end, 2] = label
        at = 0
        for doc, length in zip(docs, tokens.lengths, strict=True):
            doc.from_array(["SENT_START", "ENT_IOB", "ENT_TYPE"], written[at : at + length])
            at += length

    def encode(self, docs: Sequence[Doc], encoder: Encoder) -> None:
        """Give `docs` the vectors that tagger and parser listen to."""
        tokens = self.parsed_forms.batch(docs)
        vectors: Any = encoder(tokens)
        at = 0
        for doc, length in zip(docs, tokens.lengths, strict=True):
            doc.tensor = vectors[at : at + length]
            at += length


def _component(nlp: Language, name: str) -> Any:
    return nlp.get_pipe(name)


def _sentence_ends(component: Any, forms: Forms, sample: Sequence[Doc]) -> SentenceEnds | None:
    encoder = Encoder.of(component.model.get_ref("tok2vec"), forms, sample)
    return SentenceEnds(component, encoder) if encoder is not None and list(component.labels) == ["I", "S"] else None


def _tried(make: Callable[[], _T | None]) -> _T | None:
    """A shortcut, or None if the component is built in an unknown way."""
    try:
        return make()
    except (AttributeError, KeyError, ValueError, TypeError, StopIteration, IndexError):
        return None
