"""The vectors of words, as spaCy's small models make them, in plain numpy and with far less to do.

Known is one architecture, that of all `*_sm` pipelines: `MultiHashEmbed` and `MaxoutWindowEncoder` with a window of one
word each side. What depends on a word's form alone is computed once for each form and kept. The results are the
model's own up to the rounding of floats; `Encoder.of` checks that and declines what it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_LAYERS = "residual(expand_window>>maxout>>layernorm>>dropout)"
_ARCHITECTURE = re.compile(
    r"extract_features>>list2ragged>>with_array\(ints-getitem>>hashembed(\|ints-getitem>>hashembed)*\)"
    r">>with_array\(maxout>>layernorm>>dropout\)>>ragged2list"
    rf">>with_array\({re.escape(_LAYERS)}(>>{re.escape(_LAYERS)})*\)"
)
COLUMNS: list[int | str] = ["ORTH", "NORM", "SPACY", "PREFIX", "SUFFIX", "SHAPE", "IS_SPACE", "LOWER", "SENT_START"]
"""What is read of each token, in this order."""
_EPSILON = np.float32(1e-8)
_STRETCH = 512
"""So many tokens' sums lie in the processor's own memory at once."""
_MIX = np.array([1, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], dtype=np.uint64)


class Forms:
    """The word forms seen so far, numbered from 1 (0 is padding); an `Encoder` keeps a row for each.

    Forms are told apart by spelling, norm and the space behind. Beyond `capacity` the memory starts anew.
    """

    def __init__(self, capacity: int = 50_000) -> None:
        self.capacity = capacity
        self.generation = 0
        self._ids: dict[int, int] = {}
        self._features: list[NDArray[np.uint64]] = []
        self._count = 1

    def __len__(self) -> int:
        return self._count

    def batch(self, docs: Sequence[Doc]) -> Tokens:
        """The tokens of `docs`, in order."""
        arrays = [doc.to_array(COLUMNS) for doc in docs]
        features = np.concatenate(arrays) if arrays else np.zeros((0, len(COLUMNS)), dtype=np.uint64)
        keys: list[int] = (features[:, :3] * _MIX).sum(axis=1, dtype=np.uint64).tolist()
        if self._count > self.capacity:
            self._ids.clear()
            self._features.clear()
            self._count = 1
            self.generation += 1
        known = self._ids
        ids = [known.get(key, 0) for key in keys]
        if 0 in ids:
            self._add(keys, ids, features)
        return Tokens(features, np.array(ids, dtype=np.int64), [len(array) for array in arrays])

    def _add(self, keys: Sequence[int], ids: list[int], features: NDArray[np.uint64]) -> None:
        new: list[int] = []
        for place, key in enumerate(keys):
            if not ids[place]:
                if key not in self._ids:
                    self._ids[key] = self._count
                    self._count += 1
                    new.append(place)
                ids[place] = self._ids[key]
        self._features.append(features[new])

    def features(self, start: int) -> NDArray[np.uint64]:
        """What the forms from number `start` on look like, a row each."""
        if len(self._features) > 1:
            self._features = [np.concatenate(self._features)]
        return self._features[0][start - 1 :]


@dataclass(slots=True)
class Tokens:
    """The tokens of several documents in a row: their features (see `COLUMNS`), and the numbers of their forms."""

    features: NDArray[np.uint64]
    ids: Ints
    lengths: list[int]

    def __len__(self) -> int:
        return len(self.ids)

    def padded(self, pad: int) -> tuple[Ints, Ints]:
        """The numbers with `pad` zeros before, between and behind the documents; and where each token stands there."""
        lengths = np.array(self.lengths, dtype=np.int64)
        places = np.arange(len(self.ids), dtype=np.int64) + pad * (1 + np.repeat(np.arange(len(lengths)), lengths))
        ids = np.zeros(len(self.ids) + pad * (len(lengths) + 1), dtype=np.int64)
        ids[places] = self.ids
        return ids, places


@dataclass(slots=True)
class _Maxout:
    """The best of several linear maps, then layer normalisation."""

    weights: Floats  # (inputs, pieces * outputs), piece by piece
    bias: Floats
    pieces: int
    scale: Floats
    shift: Floats

    @classmethod
    def of(cls, maxout: Any, norm: Any) -> _Maxout:
        weights = np.asarray(maxout.get_param("W"))  # (outputs, pieces, inputs)
        outputs, pieces, inputs = weights.shape
        flat = np.ascontiguousarray(weights.transpose(2, 1, 0).reshape(inputs, pieces * outputs))
        bias = np.ascontiguousarray(np.asarray(maxout.get_param("b")).T.reshape(-1))
        return cls(flat, bias, pieces, np.asarray(norm.get_param("G")), np.asarray(norm.get_param("b")))

    def finish(self, sums: Floats) -> Floats:
        """The output for the sums of all maps; `sums` is used up."""
        sums += self.bias
        width = sums.shape[1] // self.pieces
        best = np.maximum(sums[:, :width], sums[:, width : 2 * width])
        for piece in range(2, self.pieces):
            np.maximum(best, sums[:, piece * width : (piece + 1) * width], out=best)
        best -= (best @ np.full(width, 1 / width, dtype=np.float32))[:, None]
        variance = np.einsum("ij,ij->i", best, best)
        variance /= width
        variance += _EPSILON
        best *= (1 / np.sqrt(variance))[:, None]
        best *= self.scale
        best += self.shift
        return best


class Encoder:
    """One model's way from tokens to vectors. Not thread-safe."""

    def __init__(self, model: Any, forms: Forms) -> None:
        layers = list(model.walk())
        columns: list[str] = next(x for x in layers if x.name == "extract_features").attrs["columns"]
        embeds = sorted((x for x in layers if x.name == "hashembed"), key=lambda x: x.attrs["column"])
        self._embeds = [
            (COLUMNS.index(columns[x.attrs["column"]]), np.asarray(x.get_param("E")), x.attrs["seed"]) for x in embeds
        ]
        self._hash = model.ops.hash
        maxouts = [x for x in layers if x.name == "maxout"]
        norms = [x for x in layers if x.name == "layernorm"]
        by_inputs = {x.get_dim("nI") for x in maxouts}
        mix_inputs = sum(x.get_dim("nO") for x in embeds)
        self.width = int(maxouts[0].get_dim("nO"))
        self._mix = _Maxout.of(maxouts[0], norms[0])
        self._layers = [_Maxout.of(m, n) for m, n in zip(maxouts[1:], norms[1:], strict=True)]
        if by_inputs != {mix_inputs, 3 * self.width}:
            raise ValueError("layers of other sizes")
        self.pad = len(self._layers)
        self._forms = forms
        self._generation = -1
        self._rows: Floats = np.zeros((1, self.width), dtype=np.float32)
        self._filled = 1
        # What the first layer makes of a form as left neighbour, in the middle, and as right neighbour.
        self._first = [np.ascontiguousarray(part) for part in np.split(self._layers[0].weights, 3)]

    @classmethod
    def of(cls, model: Any, forms: Forms, sample: Sequence[Doc]) -> Encoder | None:
        """The encoder of a thinc model; None for another architecture, or if the results for `sample` differ."""
        if not _ARCHITECTURE.fullmatch(model.name):
            return None
        if any(x.attrs.get("window_size", 1) != 1 for x in model.walk() if x.name == "expand_window"):
            return None
        try:
            made = cls(model, forms)
        except (KeyError, ValueError):
            return None
        wanted = np.concatenate([np.asarray(vectors) for vectors in model.predict(list(sample))])
        found = made(forms.batch(sample))
        return made if found.shape == wanted.shape and np.allclose(found, wanted, rtol=1e-3, atol=1e-3) else None

    def __call__(self, tokens: Tokens) -> Floats:
        """A row for each token."""
        self._fill()
        ids, places = tokens.padded(self.pad)
        seen = np.zeros(self._filled, dtype=np.int64)
        seen[ids] = 1
        distinct = np.flatnonzero(seen)
        seen[distinct] = np.arange(len(distinct))
        local = seen[ids]
        rows = self._rows[distinct]
        vectors = rows[local]
        left, middle, right = (rows @ weights for weights in self._first)
        before, behind = np.roll(local, 1), np.roll(local, -1)  # padding stands at both ends
        for start in range(0, len(local), _STRETCH):
            here = slice(start, start + _STRETCH)
            sums = middle[local[here]]
            sums += left[before[here]]
            sums += right[behind[here]]
            vectors[here] += self._layers[0].finish(sums)
        for layer in self._layers[1:]:
            vectors += layer.finish(_windows(vectors) @ layer.weights)
        return vectors[places]

    def _fill(self) -> None:
        """Make the rows of forms that are new."""
        if self._generation != self._forms.generation:
            self._generation, self._filled = self._forms.generation, 1
        count = len(self._forms)
        if count == self._filled:
            return
        features = self._forms.features(self._filled)
        parts = []
        for column, table, seed in self._embeds:
            keys = self._hash(np.ascontiguousarray(features[:, column]), seed) % table.shape[0]
            parts.append(table[keys].sum(axis=1))
        rows = self._mix.finish(np.concatenate(parts, axis=1) @ self._mix.weights)
        if count > len(self._rows):
            grown = np.zeros((max(count, 2 * len(self._rows)), self.width), dtype=np.float32)
            grown[: self._filled] = self._rows[: self._filled]
            self._rows = grown
        self._rows[self._filled : count] = rows
        self._filled = count


def _windows(vectors: Floats) -> Floats:
    """Each row between its neighbours; beyond the ends are zeros."""
    count, width = vectors.shape
    made = np.empty((count, 3 * width), dtype=np.float32)
    made[0, :width] = 0
    made[1:, :width] = vectors[:-1]
    made[:, width : 2 * width] = vectors
    made[:-1, 2 * width :] = vectors[1:]
    made[-1, 2 * width :] = 0
    return made
