"""Writes `frequencies.txt`, how common words are in English: `python -m workers.annotate.generate_frequencies`.

The source is the table of spaCy's package `spacy-lookups-data` 1.0.5 (MIT), 98 MB that no step needs: install it first,
into an environment of its own.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections import defaultdict
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from workers.annotate.frequencies import RAREST, STEP, TABLE

_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


def table(probabilities: Mapping[str, float]) -> str:
    """The text of the file, from the natural logarithm of each form's probability: words by how rare they are."""
    together: dict[str, float] = defaultdict(float)
    for form, log in probabilities.items():
        together[form.lower().replace("’", "'")] += math.exp(log)
    levels: dict[float, list[str]] = defaultdict(list)
    for word, share in together.items():
        level = round(-math.log(share) / STEP) * STEP
        if level < RAREST and 2 < len(word) <= 40 and _WORD.fullmatch(word):
            levels[level].append(word)
    return "".join(f"{level:g}: {' '.join(sorted(levels[level]))}\n" for level in sorted(levels))


def main() -> None:
    """Write the file."""
    packed = files("spacy_lookups_data") / "data" / "en_lexeme_prob.json.gz"
    Path(TABLE).write_text(table(json.loads(gzip.decompress(packed.read_bytes()))), "utf-8")


if __name__ == "__main__":
    main()
