"""How many outlets tell something in words of their own, and pairings in general. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

from workers.watch.sightings import Sighting


def independent_sources(sightings: Iterable[Sighting], *, enough: int) -> int:
    """How many outlets tell it in words of their own: the most articles of which no two share a source or a text.

    It stops counting at `enough`.

    Articles without a source count as one unknown outlet; copies of one text as one voice.
    """
    return pairing_size(_texts_by_source(sightings), enough=enough)


def independent_outlets(sightings: Iterable[Sighting], *, enough: int) -> list[str]:
    """Names of outlets of which each tells it in words of its own, up to `enough`; an unknown outlet has no name."""
    return sorted(filter(None, pairing(_texts_by_source(sightings), enough=enough).values()))


def _texts_by_source(sightings: Iterable[Sighting]) -> dict[str, list[str]]:
    """Each outlet with the texts that it brought, as they came."""
    texts: dict[str, list[str]] = {}
    for sighting in sightings:
        text = _text_of(sighting)
        told = texts.setdefault(sighting.source or "", [])
        if text not in told:
            told.append(text)
    return texts


def _text_of(sighting: Sighting) -> str:
    """What its copies share. Where only the story is known (tests of patterns), its articles are taken for copies."""
    if sighting.text:
        return f"text:{sighting.text}"
    return f"story:{sighting.story}" if sighting.story else f"article:{sighting.article_id}"


def pairing_size(choices: Mapping[str, Sequence[Hashable]], *, enough: int) -> int:
    """The size of a largest pairing of keys with choices, each used once, up to `enough`."""
    return len(pairing(choices, enough=enough))


def pairing(choices: Mapping[str, Sequence[Hashable]], *, enough: int) -> dict[Hashable, str]:
    """A largest pairing of keys with choices, each used once, up to `enough` pairs (Kuhn's augmenting paths).

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

    for key in sorted(choices):
        place(key, set())
        if len(taken) >= enough:
            break
    return taken
