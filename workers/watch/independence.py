"""How many outlets tell something in words of their own, and pairings in general. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

from workers.watch.sightings import Sighting


def independent_sources(sightings: Iterable[Sighting], *, enough: int) -> int:
    """How many outlets tell it in words of their own: the most articles of which no two share a source or a text.

    It stops counting at `enough`.

    Articles without a source count as one unknown outlet; copies of one text as one voice.
    """
    texts: dict[str, list[str]] = {}
    for sighting in sightings:
        text = f"story:{sighting.story}" if sighting.story else f"article:{sighting.article_id}"
        told = texts.setdefault(sighting.source or "", [])
        if text not in told:
            told.append(text)
    return pairing_size(texts, enough=enough)


def pairing_size(choices: Mapping[str, Sequence[Hashable]], *, enough: int) -> int:
    """The size of a largest pairing of keys with choices, each used once, up to `enough` (Kuhn's augmenting paths).

    A path is never longer than the pairs already made, so `enough` also bounds the depth of the search.
    """
    taken: dict[Hashable, str] = {}

    def place(key: str, tried: set[Hashable]) -> bool:
        for choice in choices[key]:
            if choice in tried:
                continue
            tried.add(choice)
            if choice not in taken or place(taken[choice], tried):
                taken[choice] = key
                return True
        return False

    pairs = 0
    for key in sorted(choices):
        pairs += place(key, set())
        if pairs >= enough:
            break
    return pairs
