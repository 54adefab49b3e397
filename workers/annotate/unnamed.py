"""Towns that the model takes for no name: "drones hit a depot in Odesa", "a plant in the Sumy region".

A name that `towns` knows is one behind a word of place. Names that were found already stay what they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spacy.strings import get_string_id

from workers.annotate.lexicon import lexicon
from workers.annotate.mentions import Reading
from workers.annotate.towns import Towns, load_towns

_WHERE = frozenset({"in", "at", "near", "outside", "around", "inside", "on", "to", "from", "towards", "toward"})
_SURE = frozenset({"in", "near", "outside", "inside"})
_LONGEST = 3
_SHORTEST = 4


def find_towns(readings: Sequence[Reading]) -> None:
    """Make places of the towns that nobody has named yet."""
    towns = load_towns()
    words = {word for reading in readings if reading.part == "text" for word in reading.ids}
    for reading in readings:
        covered: set[int] | None = None
        for start, end in _missed(reading, towns):
            covered = reading.covered() if covered is None else covered
            # A headline's words have capitals, too: one that the text writes small is no name.
            if not covered.isdisjoint(range(start, end)) or get_string_id(reading.lower[start]) in words:
                continue
            reading.mentions.append(reading.mention(start, end, "place"))


def _missed(reading: Reading, towns: Towns) -> Iterator[tuple[int, int]]:
    doc, lower = reading.doc, reading.lower
    struck = lexicon().words("names", "shelled")
    for i in [i for i, before in enumerate(lower[:-1], 1) if before in _WHERE or before in struck]:
        before = lower[i - 1]
        end = i
        while end < len(lower) and end - i < _LONGEST and doc[end].text[:1].isupper() and doc[end].text.isalpha():
            end += 1
        if end == i or (end < len(lower) and doc[end].text[:1].isupper() and doc[end].text.isalpha()):
            continue
        name = doc[i:end].text
        if len(name) < _SHORTEST or name.isupper() or not _may_be_town(lower, i, end):
            continue
        if towns.is_large(name) or ((before in _SURE or before in struck) and len(towns.find(name)) == 1):
            yield i, end


def _may_be_town(lower: Sequence[str], start: int, end: int) -> bool:
    """Not a month, a language or a day, and not the start of a longer name or a person's possession."""
    names = lexicon()
    word = lower[start]
    if word in names.words("names", "days") or word in names.words("names", "not_names"):
        return False
    after = lower[end] if end < len(lower) else ""
    return after not in {"'s", "-", "–"}
