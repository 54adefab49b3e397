"""Where things are: the countries of towns, as the article's own words tell them, and the place of one event.

"The southern Russian town of X", "X, Ghana", "X in eastern Sudan" say whose X is, wherever else it stands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from workers.annotate.actors import Cast
from workers.annotate.entities import Mention, Reading
from workers.annotate.frames import Frame
from workers.annotate.gazetteer import slug
from workers.annotate.lexicon import lexicon
from workers.annotate.objects import objects_of
from workers.annotate.ontology import EventType
from workers.annotate.syntax import behind, behind_any, children, governor, is_verbal
from workers.annotate.words import Token

_WITHIN = ("in", "at", "near", "outside", "inside", "off", "around", "across", "throughout", "through", "over", "along")
_TOWARDS = ("from", "towards", "toward", "into")
_ALSO = ("on", "against", "above")
_INVOLVED = ("subject", "object", "with", "against", "by", "on", "at", "for")
_STEPS = 3
_NEAR = 6
_DATELINE = re.compile(r"\s*(?P<town>[A-Z][A-Z .'-]{2,28})(?:,[^-–—\n]{1,40})?\s*(?:\([^()\n]{2,40}\))?\s+[-–—]{1,2}\s")


def learn_countries(readings: Sequence[Reading]) -> None:
    """Give towns the country that the article's own words give them, which count more than any gazetteer's."""
    said: dict[str, Counter[str]] = {}
    for reading in readings:
        for mention in reading.mentions:
            if mention.kind == "place" and mention.sort not in {"capital", "place"}:
                said.setdefault(mention.id, Counter()).update(_countries_said(reading, mention))
    sure = {place: next(iter(codes)) for place, codes in said.items() if len(codes) == 1}
    for reading in readings:
        for mention in reading.mentions:
            if mention.kind == "place":
                mention.country = sure.get(mention.id, mention.country)


def _countries_said(reading: Reading, town: Mention) -> Iterator[str]:
    """Countries said of a town right here, before or behind it."""
    doc = reading.doc
    if doc[town.start_token].lower_ in _seas() or doc[town.end_token - 1].lower_ in _seas():
        return
    before = _country_before(reading, town)
    if before is not None:
        yield before
        return
    i = town.end_token
    if i < len(doc) and doc[i].lower_ in {",", "in"}:
        j = i + 1
        while j < len(doc) and j < i + 3 and doc[j].lower_ in lexicon().words("names", "part_of_town"):
            j += 1
        after = reading.at.get(j)
        by_comma = doc[i].text == "," and j == i + 1
        if after is not None and after.country and after.sort == "name" and (by_comma or doc[i].lower_ == "in"):
            follows = doc[after.end_token].text if after.end_token < len(doc) else "."
            if not by_comma or follows in {",", ".", ")", "-", ";", ":"} or not follows[:1].isalnum():
                yield after.country


def _seas() -> frozenset[str]:
    return lexicon().words("names", "waters")


def _country_before(reading: Reading, town: Mention) -> str | None:
    """ "The Iranian port of X", "Iran's X province", "the Russian city X"."""
    doc, i = reading.doc, town.start_token - 1
    sites = lexicon().words("roles", "site")
    linked = i >= 0 and doc[i].lower_ in {"of", "'s"}
    if i >= 0 and doc[i].lower_ == "of":
        i -= 1
    seen_site = False
    for j in range(i, max(-1, i - _NEAR), -1):
        mention = reading.at.get(j)
        if mention is not None and mention.kind == "country":
            last_of_name = doc[town.end_token].lower_ in sites if town.end_token < len(doc) else False
            return mention.country if seen_site or (last_of_name and linked) else None
        word = doc[j]
        if word.lower_ in sites:
            seen_site = True
        elif not (word.lower_ in {"'s", "and"} or word.lower_ in lexicon().words("names", "part_of_town") or seen_site):
            return None
        if (word.is_punct and word.text != "-") or _begins_anew(word.lower_):
            return None
    return None


def _begins_anew(word: str) -> bool:
    """Does a phrase of its own begin or end here: "Russian forces shelled the outskirts of X" is not Russia's X?"""
    roles = lexicon()
    if word in {"the", "a", "an"} or word in roles.words("syntax", "prepositions"):
        return True
    return any(form in roles.words("roles", name) for form in (word, word[:-1]) for name in ("military", "deed"))


# --- the place of an event -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """An entity id, and the country in which it lies, if that is known."""

    id: str
    country: str | None = None


def place_of(frame: Frame, kind: EventType, cast: Cast) -> Place | None:
    """Where the event happened, if its own words or those around them say it.

    What happens at home happens in the country whose it is. Of what is told from the spot the dateline is the place; of
    what has ground, the one place that the sentence names.
    """
    for words, anywhere in _rounds(frame) if not kind.spoken else _where_spoken(frame):
        for token in words:
            place = _place_named(token, cast, anywhere=anywhere)
            if place is not None:
                return place
    found = _home(frame, cast) if kind.at_home else None
    if found is None and (kind.at_home or kind.on_ground):
        found = _only_place(frame, cast, countries=kind.at_home)
    return found or (_dateline(frame, cast) if kind.on_the_spot else None)


def _home(frame: Frame, cast: Cast) -> Place | None:
    """ "Mali's election", "the Dutch prime minister resigned"."""
    for token in (*frame.tokens, *frame.slot("subject"), *frame.slot("object")):
        owner = next((m for m in cast.owning(token) if m.country and m.kind == "country"), None)
        if owner is not None:
            return Place(owner.country or owner.id, owner.country)
    return None


def _only_place(frame: Frame, cast: Cast, *, countries: bool) -> Place | None:
    """The only town, or for want of towns the only country, that the sentence names."""
    position = cast.position(frame.head.doc)
    names = cast.mentions_in(position.part, position.token, position.end_token)
    towns = {m.id: m for m in names if m.kind == "place"}
    if len(towns) == 1:
        town = next(iter(towns.values()))
        return Place(town.id, town.country)
    before = [m for m in names if m.start_token < position.token + frame.head.i and m.sort != "capital"]
    lands = {m.country for m in before if m.country and m.kind in {"country", "organisation"}}
    return Place(code, code) if countries and not towns and len(lands) == 1 and (code := lands.pop()) else None


def _rounds(frame: Frame) -> Iterator[tuple[Iterable[Token], bool]]:
    """Words that may name the place, the surest first; and whether a country may be meant as ground there."""
    journey = frame.head.lemma_.lower() in lexicon().words("roles", "journey")
    things = frame.slot("object")
    yield frame.slots(_WITHIN), True
    yield things, journey
    yield (t for thing in things for t in _around(thing)), True
    yield frame.slots(_TOWARDS), True
    yield frame.slot("to"), journey
    yield frame.slots(_ALSO), False
    yield (t for thing in frame.slots(_INVOLVED) for t in _around(thing)), True
    yield (t for verb in _verbs_near(frame) for t in behind_any(verb, _WITHIN)), True
    if frame.kind == "noun" and frame.head.dep_ == "nsubj":
        yield objects_of(frame.head.head), False  # "an earthquake struck the island of X"


def _where_spoken(frame: Frame) -> Iterator[tuple[Iterable[Token], bool]]:
    """Words are said in a town; a country behind them is mostly what they speak of."""
    yield behind_any(frame.head, ("in", "at")), False


def _around(noun: Token) -> Iterator[Token]:
    yield from behind_any(noun, _WITHIN)
    for ground in behind(noun, "on"):
        yield ground
        yield from behind_any(ground, _WITHIN)


def _verbs_near(frame: Frame) -> Iterator[Token]:
    """Verbs that share the event's place: over its noun, over its conjunct, in a participle beside it."""
    verb = frame.head if is_verbal(frame.head) else governor(frame.head)[0]
    for _ in range(_STEPS):
        if verb is None:
            return
        yield verb
        yield from (c for c in children(verb, "advcl", "acl") if c.tag_ == "VBG")
        for subject in children(verb, "nsubj", "nsubjpass"):
            yield from children(subject, "acl")
        above = verb.head
        sharing = verb.dep_ in {"conj", "xcomp"} or (verb.dep_ == "advcl" and verb.tag_ == "VBG")
        verb = above if sharing and above != verb and is_verbal(above) else None


def _place_named(token: Token, cast: Cast, *, anywhere: bool) -> Place | None:
    """The place that a phrase names: a town, a country (if `anywhere`), or ground that other words place."""
    mention = cast.mention_at(token)
    if mention is not None:
        return _ground(mention, cast, anywhere=anywhere)
    if token.lemma_.lower() not in lexicon().words("roles", "site"):
        return None
    inside = (*behind(token, "of"), *children(token, "appos", "compound", "nmod"))
    for name in (*inside, *behind_any(token, _WITHIN)):
        inner = cast.mention_at(name)
        town = inner is not None and (name not in inside or inner.sort == "capital")  # "the port of Oslo"
        place = _ground(inner, cast, anywhere=town) if inner is not None else None
        if place is not None:
            return place
    owner = next((m for m in cast.owning(token) if m.country and m.kind == "country"), None)
    if owner is None or owner.country is None or token.lemma_.lower() in lexicon().words("roles", "border"):
        return None  # what lies at a country's border lies on this side of it or on that
    capital = cast.capital(owner.country) if token.lemma_.lower() == "capital" else None
    return Place(capital or owner.country, owner.country)


def _ground(mention: Mention, cast: Cast, *, anywhere: bool) -> Place | None:
    """A name as ground; a capital named where a town may stand is one."""
    if mention.kind == "place":
        return Place(mention.id, mention.country)
    if mention.kind != "country" or mention.sort in {"demonym", "metonym"} or not cast.speaks(mention):
        return None
    if not anywhere:
        return None  # "asked Baghdad", "condemned Iran" say nothing of where
    if mention.sort == "capital":
        return Place(f"place:{slug(mention.text)}", mention.country)
    return Place(mention.id, mention.country)


def _dateline(frame: Frame, cast: Cast) -> Place | None:
    """The dateline's town, for the first sentence of a text, if that names no other ground."""
    position = cast.position(frame.head.doc)
    if position.part != "text" or any(b.part == "text" for b in cast.sentences_before(position, 1)):
        return None
    if any(m.kind == "place" for m in cast.mentions_in("text", position.token, position.end_token)):
        return None
    town = dateline_of(cast.reading("text").raw)
    return Place(f"place:{slug(town)}") if town else None


def dateline_of(raw: str) -> str:
    """The town of a dateline, as it is written; empty if there is none.

    >>> dateline_of("ORVALE, Ghana, May 14 (Reuters) - Police arrested three men.")
    'ORVALE'
    """
    match = _DATELINE.match(raw)
    return match["town"].strip() if match is not None else ""
