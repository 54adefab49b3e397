"""Mentions of places: a capital as a town or as a government, names that the model took for something else, and in
which country a place lies. What a sentence itself says of a place's country is not looked at here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from workers.annotate.gazetteer import Gazetteer
from workers.annotate.lexicon import lexicon
from workers.annotate.mentions import Mention, Reading
from workers.annotate.towns import load_towns

_ENTERED = frozenset({"visited", "visiting", "visit", "into", "leaving"})
_WAYS = _ENTERED | {"to", "from", "for", "toward", "of"}


def is_town(reading: Reading, mention: Mention) -> bool:
    """Is a capital meant as a town, and not as a government? Told by the words before it."""
    doc, i = reading.doc, mention.start_token - 1
    names = lexicon()
    while i >= 0 and doc[i].lower_ in names.words("names", "part_of_town"):
        i -= 1
    if i < 0:
        return False
    word = doc[i].lower_
    if word in names.words("names", "locative") or word in _ENTERED:
        return True
    if word not in _WAYS:
        return False
    near = {doc[j].lower_ for j in range(max(0, i - 4), i + 1)}
    return bool(near & names.words("names", "of_a_town" if word == "of" else "travel"))


def locate(readings: Sequence[Reading]) -> None:
    """Give places the country in which they lie, where that is sure; see `Towns.country`."""
    spoken = {m.country for reading in readings for m in reading.mentions if m.kind == "country" and m.country}
    towns = load_towns()
    for reading in readings:
        for mention in reading.mentions:
            if mention.kind == "place" and mention.country is None and mention.sort != "place":
                mention.country = towns.country(mention.text, spoken)


def resolve_shared(readings: Sequence[Reading], gazetteer: Gazetteer) -> None:
    """Of several states with one name (the two Congos) the first is meant, unless only another is spoken of."""
    shared = [(m, gazetteer.shared[m.text]) for reading in readings for m in reading.mentions
              if m.kind == "country" and m.text in gazetteer.shared]  # fmt: skip
    if not shared:
        return
    signs = _signs(readings, {m.text for m, _ in shared})
    for mention, codes in shared:
        code = next((code for code in codes if signs[code]), codes[0])
        if code == mention.id:
            continue
        named = next((e for e in gazetteer.entries.values() if e.id == code and e.sort == "name"), None)
        mention.id, mention.country = code, code
        mention.name = named.name if named is not None else code
        if code == "US":  # Georgia, the state
            mention.kind, mention.id, mention.name = "place", "place:georgia", mention.text


def _signs(readings: Sequence[Reading], shared: set[str]) -> Counter[str]:
    """How often the article speaks of each country by its places, or by a name that no other country shares."""
    signs: Counter[str] = Counter()
    towns = load_towns()
    for mention in (m for reading in readings for m in reading.mentions):
        if mention.kind == "place" and mention.country:
            signs[mention.country] += 1
        elif mention.kind == "place" and len(found := towns.find(mention.text)) == 1:
            signs[found[0]] += 1
        elif mention.kind == "country" and mention.text not in shared and mention.id != "US":
            signs[mention.id] += 1
    return signs
