"""What the model takes for the wrong kind of name, told by the words around it: towns, firms, persons, storms, weapons.

Only mentions that the gazetteer does not know are looked at.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from spacy.strings import get_string_id

from topics.annotations import EntityKind
from workers.annotate.lexicon import lexicon
from workers.annotate.linking import name_words
from workers.annotate.mentions import Mention, Reading, is_company
from workers.annotate.towns import Towns, load_towns

_ACRONYM = re.compile(r"[A-Z][A-Z0-9&.-]*[A-Z0-9.]")
_DESIGNATION = re.compile(r"[A-Z][A-Za-z]{0,3}[- /]?\d{1,4}[A-Z]{0,2}s?")
_NAME = re.compile(r"[A-Z][\w'’-]+(?: (?:[A-Z][\w'’.-]+|de|da|al|bin|von|van)){1,3}")
_AGE = re.compile(r"[1-9]\d")
_NEAR = frozenset({"in", "near", "outside", "off", "at"})
_SPEECH = frozenset({"said", "says", "told", "added", "wrote", "to"})
_SUFFIX = re.compile(r"\w+-(?:ri|dong|gun|myeon|eup|ken)")
_ARTICLES = frozenset({"the", "a", "an"})
_PAPERS = frozenset(
    {"agreement", "treaty", "pact", "accord", "accords", "memorandum", "protocol", "vehicle", "missile"}
)
"""The last word of what is signed or launched, and does nothing itself."""
_SORTS = frozenset({"air", "naval", "military", "war", "joint", "field", "land", "maritime", "annual", "multinational"})


@dataclass(slots=True)
class _Known:
    """What the article says elsewhere.

    Kinds under which the model has each name, parts of full names, the words of the text, and names inside sentences.
    """

    kinds: dict[str, set[EntityKind]]
    persons: set[str]
    word_ids: set[int]
    dateline: str
    towns: Towns
    inside: set[str]
    nouns: frozenset[str]
    storms: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, readings: Sequence[Reading], mentions: Sequence[tuple[Mention, Reading]], nouns: frozenset[str]
    ) -> _Known:
        inside = {m.text for m, r in mentions if m.start_token and not r.doc[m.start_token].is_sent_start}
        kinds: dict[str, set[EntityKind]] = {}
        persons: set[str] = set()
        for mention, _ in mentions:
            kinds.setdefault(mention.text, set()).add(mention.kind)
            if mention.kind == "person" and len(words := name_words(mention.text)) > 1:
                persons |= {words[0], words[-1]}
        ids = {word for reading in readings for word in reading.ids}
        return cls(kinds, persons, ids, _dateline(readings), load_towns(), inside, nouns)


def _dateline(readings: Sequence[Reading]) -> str:
    """What stands before the first word that is read: byline and dateline."""
    for reading in readings:
        if reading.part == "text":
            first = next((token.idx for token in reading.doc if not token.is_space), 0)
            return reading.raw[:first].upper()
    return ""


class _Around:
    """The words before and behind a mention, in small letters; empty beyond the text."""

    def __init__(self, reading: Reading, mention: Mention) -> None:
        doc, lower, i, j = reading.doc, reading.lower, mention.start_token, mention.end_token
        skipped = i - 1 if i and lower[i - 1] in _ARTICLES else i
        self.before = lower[skipped - 1] if skipped > 0 else ""
        self.before_that = lower[skipped - 2] if skipped > 1 else ""
        self.after = lower[j] if j < len(lower) else ""
        self.after_that = lower[j + 1] if j + 1 < len(lower) else ""
        # "said Wilmer Cedeno, a mason"
        self.explained = self.after == "," and any(
            not lexicon().words("names", words).isdisjoint(lower[j + 1 : j + 5]) for words in ("persons", "callings")
        )
        self.at_start = i == 0 or bool(doc[i].is_sent_start) or doc[i - 1].is_space


def repair(readings: Sequence[Reading], nouns: frozenset[str] = frozenset()) -> None:
    """Give mentions of the model the kind that their surroundings tell, and drop those that are no names.

    `nouns` are common nouns, which have a capital at the start of a sentence.
    """
    mentions = [(mention, reading) for reading in readings for mention in reading.mentions if not mention.id]
    if not mentions:
        return
    known = _Known.of(readings, mentions, nouns)
    dropped: set[int] = set()
    for mention, reading in mentions:
        around = _Around(reading, mention)
        if _is_storm(mention, reading, around, known):
            continue
        kind = _kind(mention, around, known)
        if kind is None or _is_word(mention, around, known):
            dropped.add(id(mention))
        elif kind != mention.kind:
            mention.kind, mention.country = kind, None
            mention.sort = "body" if kind == "organisation" else "none"
    _agree([mention for mention, _ in mentions if id(mention) not in dropped], known)
    for reading in readings:
        reading.mentions = [mention for mention in reading.mentions if id(mention) not in dropped]
        for mention in reading.mentions:
            if not mention.id and mention.text in known.storms:
                mention.kind, mention.name = "event", known.storms[mention.text]


def _agree(mentions: Sequence[Mention], known: _Known) -> None:
    """One name is of one kind in an article: the one that most of its mentions have; a firm's first word is a firm."""
    counts: dict[str, Counter[EntityKind]] = defaultdict(Counter)
    firms: set[str] = set()
    for mention in mentions:
        counts[mention.text.lower()][mention.kind] += 1
        if mention.kind == "organisation" and " " in mention.text:
            firms.add(mention.text.lower().partition(" ")[0])
    for mention in mentions:
        name = mention.text.lower()
        if mention.kind in {"weapon", "event"} or name in known.persons:
            continue
        kind = counts[name].most_common(1)[0][0]
        if mention.kind in {"person", "place"} and name in firms and not known.towns.find(mention.text):
            kind = "organisation"
        outvoted = counts[name][kind] > counts[name][mention.kind] or kind == "organisation" != mention.kind
        if kind != mention.kind and outvoted:
            mention.kind, mention.country = kind, None
            mention.sort = "body" if kind == "organisation" else "none"


def _kind(mention: Mention, around: _Around, known: _Known) -> EntityKind | None:
    """The kind of a mention; None for what is no name at all."""
    if around.before in lexicon().words("names", "ships") and mention.kind == "person":
        return None
    if mention.kind == "weapon" or _DESIGNATION.fullmatch(mention.text):
        return _kind_of_product(mention, around, known)
    if mention.kind == "organisation" and mention.text.rpartition(" ")[2].lower() in _PAPERS:
        return None
    drill = _is_drill(mention, around)
    return "event" if drill or mention.kind == "event" else _kind_of_name(mention, around, known)


def _is_drill(mention: Mention, around: _Around) -> bool:
    """ "Sand Lion drills", "Sand Lion air drills", "exercise Sand Lion": the name of a drill is nobody's."""
    drills = lexicon().words("names", "drills")
    if mention.kind in {"person", "organisation"} and around.before in drills:
        return True
    return " " in mention.text and (around.after in drills or (around.after in _SORTS and around.after_that in drills))


def _kind_of_name(mention: Mention, around: _Around, known: _Known) -> EntityKind:
    if mention.text.lower() in lexicon().words("names", "agencies") or mention.text.endswith("news agency"):
        return "organisation"
    if _is_person(mention, around):
        return "person"
    if mention.kind != "place" and mention.text.lower() not in known.persons:
        if _is_place(mention, around, known):
            return "place"
        if mention.kind == "person" and (_is_firm(around) or is_company(mention.text)):
            return "organisation"
    return mention.kind


def _kind_of_product(mention: Mention, around: _Around, known: _Known) -> EntityKind | None:
    """A weapon has a designation or is "the X missile", and stands beside a word of arms; a phone does not."""
    arms = lexicon().words("names", "arms")
    beside = {around.before, around.before_that, around.after, around.after_that} & arms
    if beside and (around.after in arms or any(c.isdigit() for c in mention.text)):
        return "weapon"
    if mention.kind == "weapon":
        return "place" if known.towns.find(mention.text) or around.before in _NEAR else None
    return mention.kind if not beside else None


def _is_person(mention: Mention, around: _Around) -> bool:
    """ "Chancellor Olaf Scholz", "Wilmer Cedeno, 44,": a name behind a title, or with an age."""
    words = lexicon()
    if mention.kind in {"person", "weapon"} or not _NAME.fullmatch(mention.text) or is_company(mention.text):
        return False
    if words.words("names", "bodies_of_state") & set(mention.text.lower().split()):
        return False
    titled = around.before in words.words("names", "titles") - words.words("names", "no_body")
    return (
        titled
        or around.before in words.words("names", "callings")
        or (around.after == "," and (bool(_AGE.fullmatch(around.after_that)) or around.after_that == "who"))
        or (around.before in _SPEECH and around.explained)
        or (around.before == "," and around.before_that in words.words("names", "persons"))
    )


def _is_place(mention: Mention, around: _Around, known: _Known) -> bool:
    if _is_site(mention, around) or (len(mention.text) > 3 and mention.text.upper() in known.dateline):
        return True
    if is_company(mention.text) or (_ACRONYM.fullmatch(mention.text) and mention.kind == "organisation"):
        return False
    if known.towns.find(mention.text) and around.before in lexicon().words("names", "anywhere"):
        return True
    large = mention.kind in {"organisation", "group"} and known.towns.is_large(mention.text)
    return large or _is_where(mention, around, known)


def _is_site(mention: Mention, around: _Around) -> bool:
    """ "Kim Il Sung Square", "Mont Blanc", "Benguet province", "the port of Kisuro"."""
    names = lexicon()
    sites = names.words("names", "sites")
    if _SUFFIX.fullmatch(mention.text):
        return True
    parts = mention.text.lower().split()
    return (
        (len(parts) > 1 and parts[-1] in names.words("names", "named_sites"))
        or (len(parts) > 1 and parts[0] in names.words("names", "before_sites"))
        or (around.after in sites and mention.kind != "organisation")
        or (around.before == "of" and around.before_that in sites)
        or (around.before in {"to", "from"} and around.before_that in names.words("names", "ways"))
        or (around.before in names.words("names", "shelled") and " " not in mention.text)
    )


def _is_where(mention: Mention, around: _Around, known: _Known) -> bool:
    """Nobody is in a person, and few are in a firm: what stands behind "in", "near" or "at" is a place."""
    names = lexicon()
    if around.before not in _NEAR or around.before_that in names.words("names", "trust"):
        return False
    if around.before == "at" and (around.before_that in names.words("names", "aimed") or mention.kind != "person"):
        return "place" in known.kinds[mention.text]
    if around.before_that in names.words("names", "of_firms") or around.after == "'s":
        return "place" in known.kinds[mention.text]
    return len(mention.text.split()) <= 3


def _is_firm(around: _Around) -> bool:
    """ "steelmaker X", "X shares", "the chairman of X"."""
    names = lexicon()
    return (
        (is_trade(around.before) and around.before not in names.words("names", "callings"))
        or (around.before in {"of", "in"} and around.before_that in names.words("names", "of_firms"))
        or (around.after in names.words("names", "firms"))
        or (around.after == "news" and around.after_that == "agency")
    )


def is_trade(word: str) -> bool:
    """Does `word` say what a firm or a person does, and is no part of the name behind it?"""
    names = lexicon()
    if word in names.words("names", "trades") or word in names.words("names", "callings"):
        return True
    return word.endswith("maker") and len(word) > 6 and word != "lawmaker"


def _is_storm(mention: Mention, reading: Reading, around: _Around, known: _Known) -> bool:
    """ "Typhoon Lakan" is an event; so is "Lakan" afterwards."""
    storms = lexicon().words("names", "storms")
    words = mention.text.split()
    if len(words) > 1 and words[0].lower() in storms:
        last = words[-1]
    elif around.before in storms and len(words) == 1:
        start = mention.start_token - 1
        token = reading.doc[start]
        mention.start_token, mention.start = start, token.idx
        mention.text, last = reading.raw[token.idx : mention.end], words[0]
    else:
        return False
    mention.kind, mention.sort, mention.country = "event", "none", None
    known.storms.setdefault(last, mention.text.capitalize() if mention.text.islower() else mention.text)
    mention.name = known.storms[last]
    return True


def _is_word(mention: Mention, around: _Around, known: _Known) -> bool:
    """Is a single name at the start of a sentence only a word with a capital, as the text has it elsewhere?"""
    text = mention.text
    if not around.at_start or " " in text or not text.isalpha() or text.isupper():
        return False
    lower = text.lower()
    forms = (lower, lower.removesuffix("s"), lower + "s")
    if any(get_string_id(form) in known.word_ids for form in forms):
        return True
    if mention.kind == "place" or text in known.inside or known.towns.find(text):
        return False
    if around.after in {"police", "officials", "workers", "shares"} | lexicon().words("names", "noun_links"):
        return True
    # A person speaks and acts; "Debris fell" and "Veterans threatened" are told by the dictionary.
    if around.after in lexicon().words("names", "personal_verbs") or known.nouns.isdisjoint(forms):
        return False
    return mention.kind in {"organisation", "group"} or (mention.kind == "person" and lower.endswith("s"))
