"""The country that an article is written in or about, as its dateline and its names tell it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from workers.annotate.gazetteer import country_names
from workers.annotate.mentions import Reading
from workers.annotate.towns import load_towns

_TITLE_COUNTS = 3
_STANDS_OUT = 2
"""So many times as often as any other must a country be named to be the one that an article is about."""
_OFTEN = 2
_ENDS = re.compile(r"[,(:/–—]|\s-{1,2}(?:\s|$)")


def spoken_of(readings: Sequence[Reading]) -> Counter[str]:
    """How often the article names each country, by itself or by its bodies; in the headline it counts three times."""
    spoken: Counter[str] = Counter()
    for reading in readings:
        for mention in reading.mentions:
            if mention.country and mention.kind in {"country", "organisation"} and mention.sort != "igo":
                spoken[mention.country] += _TITLE_COUNTS if reading.part == "title" else 1
    return spoken


def dateline_country(readings: Sequence[Reading]) -> str | None:
    """The country of the dateline's town, if that is sure: of several it must be one that the article speaks of."""
    town, _, rest = dateline(readings).partition("|")
    if not town:
        return None
    names = {name.lower(): code for code, name in country_names().items()}
    if rest.lower() in names:
        return names[rest.lower()]
    found = load_towns().find(town)
    if len(found) > 1:
        spoken = spoken_of(readings)
        found = tuple(code for code in found if spoken[code])
    return found[0] if len(found) == 1 else None


def dateline(readings: Sequence[Reading]) -> str:
    """The town before the first word that is read, and behind a bar what follows its comma; empty if there is none."""
    for reading in readings:
        if reading.part == "text":
            first = next((token.idx for token in reading.doc if not token.is_space), 0)
            lead = reading.raw[:first].strip()
            if not lead or not lead[0].isalpha():
                return ""
            pieces = [piece.strip() for piece in _ENDS.split(lead)]
            return "|".join(" ".join(word.capitalize() for word in piece.split()) for piece in pieces[:2])
    return ""


def home_of(readings: Sequence[Reading], own: frozenset[str] = frozenset()) -> str | None:
    """The country that the article is about apart from `own`: the only one that it names, the one that stands out, or
    the dateline's if it is named at all."""
    ranked = [(code, n) for code, n in spoken_of(readings).most_common() if code not in own]
    if ranked and (len(ranked) == 1 or (ranked[0][1] >= _OFTEN and ranked[0][1] >= _STANDS_OUT * ranked[1][1])):
        return ranked[0][0]
    code = dateline_country(readings)
    return code if code is not None and code not in own and (not ranked or code in dict(ranked)) else None
