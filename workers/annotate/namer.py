"""spaCy's entity recogniser as array operations: the same greedy decisions, made for all words of a batch at once.

Outside an entity the decision on a word depends on that word alone, so all of them are made together; only inside the
entities that begin is one word read after the other. The rules are those of spaCy's `ner.pyx` for fresh documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from workers.annotate.encoder import COLUMNS, Encoder, Floats, Forms, Ints, Tokens

_IS_SPACE = COLUMNS.index("IS_SPACE")
_LOCKSTEPS = 12
"""So long names are followed all at once; the few longer ones one by one, or a list of weekdays would be quadratic."""

Name = tuple[int, int, int]
"""First token, token behind the last, label: counted through the whole batch."""


class Namer:
    """One `ner` component's model, decoded by arrays."""

    def __init__(self, component: Any, encoder: Encoder) -> None:
        model = component.model
        chain = model.get_ref("tok2vec")
        lower, upper = model.get_ref("lower"), model.get_ref("upper")
        linear = next(layer for layer in chain.layers if layer.name == "linear")
        weights = np.asarray(lower.get_param("W"))  # (features, hidden, pieces, inputs)
        self._features, hidden, self._pieces, inputs = weights.shape
        if self._features != 3 or not model.attrs["has_upper"] or component.cfg["beam_width"] != 1:
            raise ValueError("another architecture")
        self._encoder = encoder
        self._narrow = np.ascontiguousarray(np.asarray(linear.get_param("W")).T)
        self._narrow_bias = np.asarray(linear.get_param("b"))
        # Piece by piece, so that the best piece is found by whole rows.
        by_piece = weights.transpose(0, 3, 2, 1).reshape(3, inputs, self._pieces * hidden)
        self._hidden = [np.ascontiguousarray(part) for part in by_piece]
        self._missing = np.asarray(lower.get_param("pad"))[0].transpose(0, 2, 1).reshape(3, -1)
        self._bias = np.asarray(lower.get_param("b")).T.reshape(-1)
        self._read_moves(component, np.asarray(upper.get_param("W")), np.asarray(upper.get_param("b")))

    def _read_moves(self, component: Any, weights: Floats, bias: Floats) -> None:
        """Which row of the output means what; begin, unit and out are kept apart from in and last."""
        moves, strings = component.moves, component.vocab.strings
        names = [moves.get_class_name(i) for i in range(moves.n_moves)]
        label_of = {i: strings[name[2:]] for i, name in enumerate(names) if name[1:2] == "-" and name[2:]}
        kinds = {kind: [i for i in label_of if names[i][0] == kind] for kind in "BILU"}
        self._outside = [i for i, name in enumerate(names) if name == "O" or i in {*kinds["B"], *kinds["U"]}]
        self._label = np.array([label_of.get(i, 0) for i in self._outside], dtype=np.uint64)
        self._begins = np.array([i in kinds["B"] for i in self._outside])
        self._out = self._outside.index(names.index("O"))
        self._outside_weights = np.ascontiguousarray(weights[self._outside].T)
        self._outside_bias = bias[self._outside]
        inner = {label_of[i]: i for i in kinds["I"]}
        last = {label_of[i]: i for i in kinds["L"]}
        order = [label_of.get(i, 0) if i in kinds["B"] else 0 for i in self._outside]
        self._in_weights = np.stack([weights[inner[n]] if n in inner else weights[0] * 0 for n in order])
        self._in_bias = np.array([bias[inner[n]] if n in inner else -np.inf for n in order], dtype=np.float32)
        self._last_weights = np.stack([weights[last[n]] if n in last else weights[0] * 0 for n in order])
        self._last_bias = np.array([bias[last[n]] if n in last else 0 for n in order], dtype=np.float32)

    @classmethod
    def of(cls, component: Any, forms: Forms, sample: Sequence[Doc]) -> Namer | None:
        """The namer of an `ner` component; None if its model is built in another way."""
        model = component.model
        if not {"tok2vec", "lower", "upper"} <= set(getattr(model, "ref_names", ())):
            return None
        chain = model.get_ref("tok2vec")
        encoder = Encoder.of(chain.layers[0], forms, sample) if len(chain.layers) else None
        if encoder is None:
            return None
        try:
            return cls(component, encoder)
        except (ValueError, KeyError, StopIteration, AttributeError):
            return None

    def __call__(self, tokens: Tokens, starts: NDArray[np.bool_]) -> list[Name]:
        """The names in `tokens`. `starts` tells for each token whether a sentence begins there."""
        count = len(tokens)
        if not count:
            return []
        vectors = self._encoder(tokens) @ self._narrow
        vectors += self._narrow_bias
        closing = np.ones(count, dtype=bool)  # no name reaches beyond such a token
        closing[:-1] = starts[1:]
        closing[np.cumsum([length for length in tokens.lengths if length]) - 1] = True
        choice = self._choose(vectors, closing)
        choice[tokens.features[:, _IS_SPACE] != 0] = self._out
        at = np.flatnonzero(choice != self._out)
        moves = choice[at]
        begins = self._begins[moves]
        ends = at + 1
        ends[begins] = self._follow(vectors, at[begins], moves[begins], closing, steps=_LOCKSTEPS)
        found: list[Name] = []
        free = 0
        for place, (start, end, label) in enumerate(
            zip(at.tolist(), ends.tolist(), self._label[moves].tolist(), strict=True)
        ):
            if start < free:
                continue  # what was decided inside a name that was already open does not count
            one = slice(place, place + 1)
            free = end or int(self._follow(vectors, at[one], moves[one], closing, steps=count)[0])
            found.append((start, free, label))
        return found

    def _choose(self, vectors: Floats, closing: NDArray[np.bool_]) -> Ints:
        """Per token, which move is made if no name is open."""
        sums = vectors @ self._hidden[0]
        sums += self._missing[1] + self._missing[2] + self._bias
        scores = self._best(sums) @ self._outside_weights
        scores += self._outside_bias
        scores[np.ix_(closing, self._begins)] = -np.inf
        choice: Ints = scores.argmax(axis=1)
        return choice

    def _best(self, sums: Floats) -> Floats:
        width = sums.shape[1] // self._pieces
        best = sums[:, :width]
        for piece in range(1, self._pieces):
            best = np.maximum(best, sums[:, piece * width : (piece + 1) * width])
        return best

    def _follow(self, vectors: Floats, at: Ints, moves: Ints, closing: NDArray[np.bool_], *, steps: int) -> Ints:
        """Where the names end that begin at tokens `at` with `moves`; 0 for those that go on after so many steps."""
        ends = np.zeros_like(at)
        going = np.arange(len(at))
        first = vectors[at] @ self._hidden[1]
        here = at + 1
        for _ in range(steps):
            if not len(going):
                break
            sums = vectors[here] @ self._hidden[0]
            sums += first[going]
            sums += vectors[here - 1] @ self._hidden[2]
            sums += self._bias
            hidden = self._best(sums)
            labels = moves[going]
            inner = np.einsum("ij,ij->i", hidden, self._in_weights[labels]) + self._in_bias[labels]
            last = np.einsum("ij,ij->i", hidden, self._last_weights[labels]) + self._last_bias[labels]
            on = (inner >= last) & ~closing[here]
            ends[going[~on]] = here[~on] + 1
            going, here = going[on], here[on] + 1
        return ends
