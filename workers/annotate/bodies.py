"""Which mentions of organisations mean the same one: acronyms, short forms, legal forms; and which mean nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from spacy.strings import get_string_id

from topics.annotations import EntityKind
from workers.annotate.gazetteer import slug
from workers.annotate.lexicon import lexicon
from workers.annotate.mentions import Mention, Reading, is_company

_LEGAL = re.compile(r"[\s,]+(?:Inc|Corp|Co|Ltd|PLC|Plc|plc|LLC|AG|SA|S\.A|NV|SE|GmbH|AB|AS|Bhd|Pty|Bancorp)\.?$")
_ACRONYM = re.compile(r"(?=(?:.*[A-Z]){2})[A-Za-z][A-Za-z0-9&.-]{1,9}")


@dataclass(frozen=True, slots=True)
class _Body:
    id: str
    name: str
    kind: EntityKind


@lru_cache(maxsize=8192)
def is_body_of_state(name: str) -> bool:
    """Is `name` that of a ministry, an army, a court: does it speak for its country?"""
    words = {word.lower() for word in name.split()}
    return not words.isdisjoint(lexicon().words("names", "bodies_of_state")) and not is_company(name)


@lru_cache(maxsize=8192)
def is_nobody(name: str) -> bool:
    """Could `name` be any state's: "the Defence Ministry", "Supreme Court"?"""
    names = lexicon()
    general = names.words("names", "no_body") | names.words("names", "bodies_of_state")
    return all(word.lower() in general for word in name.split())


def link_bodies(readings: Sequence[Reading]) -> None:
    """Give every mention that has none yet an id, and find acronyms that the article explains."""
    acronyms = dict(_explained(readings))
    mentions = [m for reading in readings for m in reading.mentions if not m.id]
    names = _full_names(mentions)
    seen: dict[str, str] = {}
    for mention in mentions:
        body = acronyms.get(mention.text)
        if body is not None:
            mention.id, mention.name, mention.kind = body.id, body.name, body.kind
            continue
        name = mention.name or names.get((mention.kind, mention.text.lower()), mention.text)
        mention.id = _id(mention.kind, name)
        mention.name = seen.setdefault(mention.id, name)
    if acronyms:
        for reading in readings:
            _add_acronyms(reading, acronyms)


def _id(kind: EntityKind, name: str) -> str:
    if kind == "organisation":
        name = without_form(name)
    return f"{kind}:{slug(name)}"


@lru_cache(maxsize=8192)
def without_form(name: str) -> str:
    """A firm's name without its legal form: "Rexnord" of "Rexnord Inc"."""
    while (shorter := _LEGAL.sub("", name)) and shorter != name:
        name = shorter
    return name


def _explained(readings: Iterable[Reading]) -> Iterable[tuple[str, _Body]]:
    """ "Democratic Union Party (DUP)": the acronym, and what it is short for."""
    for reading in readings:
        doc = reading.doc
        for mention in reading.mentions:
            end = mention.end_token
            if mention.kind not in {"organisation", "group"} or end + 2 >= len(doc):
                continue
            if doc[end].text != "(" or doc[end + 2].text != ")" or not _ACRONYM.fullmatch(doc[end + 1].text):
                continue
            acronym = doc[end + 1].text
            if acronym.lower() in lexicon().words("names", "agencies") or len(mention.text) <= len(acronym):
                continue
            yield (
                acronym,
                _Body(mention.id or _id(mention.kind, mention.text), mention.name or mention.text, mention.kind),
            )


def _full_names(mentions: Sequence[Mention]) -> dict[tuple[EntityKind, str], str]:
    """The full name behind a short one: initials ("DUP"), or the beginning of a longer name ("Nordhavn")."""
    full: dict[tuple[EntityKind, str], str] = {}
    general = lexicon().words("names", "no_body") | lexicon().words("names", "bodies_of_state")
    for mention in mentions:
        if mention.kind not in {"organisation", "group", "place"}:
            continue
        words = [word for word in without_form(mention.text).split() if word[:1].isupper()]
        if 3 <= len(words) <= 7:
            full.setdefault((mention.kind, "".join(word[0] for word in words).lower()), mention.text)
        if mention.kind == "organisation" and len(words) > 1 and words[0].lower() not in general:
            for length in range(1, len(words)):
                full.setdefault(("organisation", " ".join(words[:length]).lower()), mention.text)
    return full


def _add_acronyms(reading: Reading, acronyms: dict[str, _Body]) -> None:
    by_id = {get_string_id(acronym): body for acronym, body in acronyms.items()}
    places = [i for i, word in enumerate(reading.ids) if word in by_id]
    covered = reading.covered() if places else set()
    for i in places:
        if i in covered:
            continue
        body = by_id[reading.ids[i]]
        mention = reading.mention(i, i + 1, body.kind)
        mention.id, mention.name, mention.sort = body.id, body.name, "body"
        reading.mentions.append(mention)
