"""Who the persons of an article are: heads of state or government, officials, and of which country.

Only what the article itself says counts ("North Korean leader Kim", "Marin, the Russian defence minister").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from spacy.tokens import Token

from workers.annotate.entities import Mention, Reading
from workers.annotate.home import dateline_country
from workers.annotate.leaders import holder_of, is_crowned
from workers.annotate.lexicon import lexicon

Role = Literal["leader", "official", "other", ""]

_WINDOW = 8
_ENDS_APPOSITION = frozenset(
    {",", ".", ";", ")", "who", "said", "was", "is", "-", "with", "met", "and", "told", "has", "had", "will", "by"}
)
_CLOSING = frozenset(
    {",", ".", ";", ":", ")", "(", "-", "–", "—", "and", "or", "'s", "'", '"', "”", "’", "who", "\n", "\n\n"}
)
_OFFICE_WORDS = 4
_PAIRS_OF_WORDS = frozenset({("prime", "minister"), ("secretary", "general")})
_REACH = 14
"""So many words behind a name may tell where it travels."""
_STOPS = frozenset({".", ";", "\n", "\n\n"})
_TITLE_COUNTS = 3
_STANDS_OUT = 2
"""So many times as often as any other must a country be named to be the one that an article is about."""


@dataclass(slots=True)
class Person:
    """What the article says of one person."""

    id: str
    mentions: int = 0
    roles: Counter[Role] = field(default_factory=Counter)
    countries: Counter[str] = field(default_factory=Counter)

    @property
    def role(self) -> Role:
        """The highest role that is said of the person and not taken back by "former"."""
        for role in ("other", "leader", "official"):
            if self.roles[role] and (role != "other" or self.roles["other"] >= self.roles["leader"]):
                return role
        return ""

    @property
    def country(self) -> str | None:
        """The country most often said."""
        return self.countries.most_common(1)[0][0] if self.countries else None


_ROLE_WORDS = (
    lexicon().words("roles", "leader") | lexicon().words("roles", "official") | {"minister", "general", "number"}
)


def may_be_role(word: str) -> bool:
    """May `role_of` find a role in the word, whatever stands before it?"""
    return word in _ROLE_WORDS


def role_of(words: Sequence[str], at: int) -> Role:
    """The role that the noun at `words[at]` gives, seen with the words before it; empty if it is no role."""
    word = words[at]
    roles = lexicon()
    before = words[max(0, at - 4) : at]
    if set(before) & lexicon().words("names", "no_longer"):
        return "other" if word in roles.words("roles", "leader") or word in roles.words("roles", "official") else ""
    previous = before[-1] if before else ""
    if (previous, word) in _PAIRS_OF_WORDS:
        return "official" if set(before) & {"deputy", "vice", "assistant", "under"} else "leader"
    if word in roles.words("roles", "leader"):
        if not set(before[-3:]) & roles.words("roles", "not_leader"):
            return "leader"
        return (
            "official"
            if set(before) & {"vice", "deputy", "house", "senate", "parliament", "assembly", "congressional"}
            else "other"
        )
    opposite = (previous, word) == ("opposite", "number")
    return "official" if opposite or word in roles.words("roles", "official") else ""


def know_people(readings: Sequence[Reading], day: date | None = None) -> dict[str, Person]:
    """All persons of the article, by entity id; who held an office on `day` is known without being told."""
    people: dict[str, Person] = {}
    for reading in readings:
        lower = reading.lower
        for mention in reading.mentions:
            if mention.kind != "person":
                continue
            person = people.setdefault(mention.id, Person(mention.id))
            person.mentions += 1
            _look_before(reading, lower, mention, person)
            _look_behind(reading, lower, mention, person)
    if day is not None:
        _match_known(readings, people, day)
    _match_definites(readings, people)
    _match_homeless(readings, people)
    return people


def _look_before(reading: Reading, lower: Sequence[str], mention: Mention, person: Person) -> None:
    """ "Russian Defence Minister Oleg Marin", "the Russian minister, Oleg Marin", "North Korea's Kim"."""
    end = mention.start_token
    while end > 1 and lower[end - 1] in lexicon().words("names", "ranks") and not _is_role_word(lower[end - 1]):
        end -= 1  # "Qatar's emir, Sheikh Tamim bin Hamad"
    j = end - 1
    if j >= 1 and lower[j] == ",":
        if mention.end_token < len(lower) and lower[mention.end_token] not in _CLOSING:
            return  # "in a message to Serbia's president, Xi pledged support"
        j -= 1
    if j < 0 or reading.doc[mention.start_token].is_sent_start:
        return
    start = j
    while (
        start >= 0
        and end - start < _WINDOW
        and not _ends_phrase(lower, start)
        and (
            lower[start] in lexicon().words("names", "between_role_and_name")
            or _is_role_word(lower[start])
            or _is_country(reading, start)
        )
    ):
        start -= 1
    start += 1
    countries = _countries(reading, start, j + 1)
    firm = not countries and _is_firm(reading, start - 1)
    body = bool(countries) and ":" in countries[0]
    role: Role = ""
    for at in range(j, start - 1, -1):
        # The role stands before the name, or before an "of": "Secretary of State Warren Christopher".
        role = _role_in_body(lower[at]) if body else ""
        role = role or role_of(lower[start : j + 1], at - start)
        if role or not (at == j or "of" in lower[start : at + 1]):
            break
    if not role and j == end - 1 and countries and lower[j] == "'s":
        person.countries[countries[-1]] += 1
        return
    if role:
        person.roles["other" if firm else role] += 1  # "Tandem president X"
        if countries:
            person.countries[countries[0]] += 2


def _role_in_body(word: str) -> Role:
    """Who heads a body of states: "NATO chief", "UN Secretary-General", "European Commission President"."""
    return "leader" if word in lexicon().words("roles", "heads_body") else ""


def _is_firm(reading: Reading, token: int) -> bool:
    """Does the name that stands here belong to an organisation of no state: a firm, a charity, a union?"""
    mention = reading.at.get(token)
    return mention is not None and mention.kind == "organisation" and not mention.country and mention.sort != "igo"


def _ends_phrase(lower: Sequence[str], at: int) -> bool:
    """A comma, or the "and" of "the French president and Prime Minister X": what stands before is said of another."""
    return lower[at] == "," or (lower[at] == "and" and at > 0 and _is_role_word(lower[at - 1]))


def _look_behind(reading: Reading, lower: Sequence[str], mention: Mention, person: Person) -> None:
    """ "Ri Song Ho, chairman of North Korea's space committee,"."""
    i = mention.end_token
    if i + 1 < len(lower) and lower[i] == "of" and person.roles["leader"] + person.roles["official"]:
        person.countries.update(_countries(reading, i + 1, i + 3)[:1])  # "President Ruiz of Paraguay"
        return
    if i + 1 < len(lower) and lower[i] == "'s" and lower[i + 1] in lexicon().words("roles", "rule"):
        person.roles["leader"] += 1  # "Kim's regime"
        return
    if i >= len(lower) or lower[i] not in {",", "(", "-"}:
        return
    stop = i + 1
    while stop < len(lower) and stop - i <= 10 and lower[stop] not in _ENDS_APPOSITION:
        stop += 1
    for at in range(i + 1, stop):
        role = role_of(lower[i + 1 : stop], at - i - 1)
        # "Kim, who …" or "Kim, whose visit to the president …" says nothing of Kim's own role.
        if role and at - i <= 6:
            countries = _countries(reading, i + 1, stop)
            firm = not countries and any(_is_firm(reading, k) for k in range(i + 1, stop))
            person.roles["other" if firm else role] += 1
            if countries:
                person.countries[countries[0]] += 2
            return


def _is_role_word(word: str) -> bool:
    roles = lexicon()
    return any(word in roles.words("roles", name) for name in ("leader", "official", "not_leader"))


def _is_country(reading: Reading, token: int) -> bool:
    mention = reading.at.get(token)
    if mention is None or mention.kind in {"place", "person"}:
        return False
    return mention.kind == "country" or mention.country is not None or mention.sort == "igo"


def _countries(reading: Reading, start: int, end: int) -> list[str]:
    found: list[str] = []
    for token in range(start, end):
        mention = reading.at.get(token)
        if mention is None:
            continue
        code = mention.country or (mention.id if mention.sort == "igo" else None)
        if code and code not in found:
            found.append(code)
    return found


def _match_known(readings: Sequence[Reading], people: dict[str, Person], day: date) -> None:
    """ "Macron called on …": who is named like a statesman in office, and is not said to be somebody else, is he."""
    names = {m.id: m.name for reading in readings for m in reading.mentions if m.kind == "person"}
    crowned = {m.id for reading in readings for m in reading.mentions if m.kind == "person" and is_crowned(m.text)}
    named = frozenset(m.country for reading in readings for m in reading.mentions if m.country)
    for person in people.values():
        if person.role in {"other", "leader"} and (person.country or person.role == "other"):
            continue
        holder = holder_of(
            names[person.id], day, named=named, called_leader=person.role == "leader" or person.id in crowned
        )
        if holder is None or (person.role == "official" and " " not in names[person.id]):
            continue
        if person.country:
            if person.country == holder.country:  # "Turkey's Erdogan", "the Saudi crown prince, X"
                person.roles[holder.office] += 1
            continue
        person.countries[holder.country] += 1
        if not person.role or " " in names[person.id]:  # "General Abdel Fattah al-Burhan"
            person.roles[holder.office] += 1


def _match_definites(readings: Sequence[Reading], people: dict[str, Person]) -> None:
    """ "The Russian leader" is the leader still without a country, if nothing in the article speaks against it."""
    for reading in readings:
        for country, tokens in _definites(reading):
            if any(p.country == country and p.role == "leader" for p in people.values()):
                continue
            sentence = tokens[0].sent if reading.doc.has_annotation("SENT_START") else reading.doc[:]
            before = {
                m.id for m in reading.mentions if m.kind == "person" and sentence.start <= m.start_token < tokens[0].i
            }
            fitting = [p for p in people.values() if p.role in {"", "leader"} and p.country in {None, country}]
            known = [p for p in fitting if p.role == "leader" or p.country == country]
            free = (
                [p for p in known or fitting if p.id not in before] if len(known or fitting) > 1 else known or fitting
            )
            pool = free or known or fitting
            pool.sort(key=lambda p: -p.mentions)
            if pool and pool[0].mentions >= 2 and (len(pool) == 1 or pool[0].mentions > pool[1].mentions or known):
                pool[0].roles["leader"] += 1
                pool[0].countries[country] += 1


def _match_homeless(readings: Sequence[Reading], people: dict[str, Person]) -> None:
    """Statesmen whose country is not said ("Interior Minister X", "President Y") are of the country that the article is
    about, if one stands out, else of the dateline's; a leader never of one that another leads."""
    homeless = [p for p in people.values() if p.role in {"leader", "official"} and p.country is None]
    if not homeless:
        return
    taken = {p.country for p in people.values() if p.role == "leader" and p.country}
    abroad: set[str] = set()
    spoken: Counter[str] = Counter()
    for reading in readings:
        for mention in reading.mentions:
            if mention.country and _is_of_counterpart(reading, mention):
                abroad.add(mention.country)
            elif mention.country and mention.kind in {"country", "organisation"} and not _is_other(reading, mention):
                spoken[mention.country] += _TITLE_COUNTS if reading.part == "title" else 1
    if not spoken:  # "President Keita … in Bamako"
        grounds = (m.country for reading in readings for m in reading.mentions if m.kind == "place" and m.country)
        spoken.update(grounds)
    dateline = dateline_country(readings)
    guests = _guests(readings, dateline) if dateline is not None else frozenset()
    for person in homeless:
        if person.id in guests:
            others = [code for code in spoken if code != dateline and code not in taken]
            person.countries.update(others if len(others) == 1 else [])
            continue
        foreign = (taken | abroad) if person.role == "leader" else abroad
        left = [(code, n) for code, n in spoken.most_common() if code not in foreign]
        if left and (len(left) == 1 or left[0][1] >= _STANDS_OUT * left[1][1]):
            person.countries[left[0][0]] += 1
        elif dateline is not None and any(code == dateline for code, _ in left):
            person.countries[dateline] += 1


def _guests(readings: Sequence[Reading], host: str) -> frozenset[str]:
    """The persons of whom their own clause says that they are abroad in `host`: "landed in Tokyo", "his Austrian
    counterpart", "met officials at the Pentagon"."""
    found: set[str] = set()
    coming = lexicon().words("roles", "coming")
    for reading in readings:
        for mention in reading.mentions:
            if mention.kind != "person":
                continue
            end = next((i for i in range(mention.end_token, len(reading.lower)) if reading.lower[i] in _STOPS), None)
            end = min(end or len(reading.lower), mention.end_token + _REACH)
            hosts = [i for i in range(mention.end_token, end) if (m := reading.at.get(i)) and m.country == host]
            if not hosts or (m := reading.at[hosts[0]]).kind == "person":
                continue
            between = set(reading.lower[mention.end_token : hosts[0]])
            after = reading.lower[m.end_token : m.end_token + 1]
            met = "met" in between and bool(between & {"at", "in"}) and m.kind != "place"
            if between & coming or met or (after and after[0] in {"counterpart", "counterparts", "host", "hosts"}):
                found.add(mention.id)
    return frozenset(found)


def _is_other(reading: Reading, mention: Mention) -> bool:
    """Is the country one that something is done to or with, as its own statesman would hardly call it?"""
    before = reading.doc[mention.start_token - 1].lower_ if mention.start_token else ""
    return mention.sort == "igo" or before in lexicon().words("roles", "towards")


def _is_of_counterpart(reading: Reading, mention: Mention) -> bool:
    """ "His Chadian counterpart": whoever has one there is not of Chad."""
    doc, start, end = reading.doc, mention.start_token, mention.end_token
    if not start or end >= len(doc) or doc[start - 1].lower_ not in {"his", "her"}:
        return False
    return doc[end].lower_ in {"counterpart", "opposite", "hosts", "host"}


def offices_in(reading: Reading, start: int = 0, end: int | None = None) -> Iterator[tuple[Mention, Role, int]]:
    """ "The Russian president", "North Korea's ruler", with no name behind them: the country's name, the role, and the
    token of its noun, between two tokens of a part."""
    doc = reading.doc
    between = lexicon().words("names", "between_role_and_name") | {"reclusive", "young"}
    for mention in reading.mentions:
        if mention.kind != "country" or mention.country is None or mention.start_token < start:
            continue
        if end is not None and mention.end_token >= end:
            break
        first = mention.end_token + (mention.end_token < len(doc) and doc[mention.end_token].lower_ == "'s")
        words = [token.lower_ for token in doc[first : first + _OFFICE_WORDS]]
        for at in range(len(words)):
            role = role_of(words[: at + 1], at)
            if role in {"leader", "official"} and words[at] not in between:
                after = reading.at.get(first + at + 1)
                if after is None or after.kind != "person":
                    yield mention, role, first + at
            if role or words[at] not in between:
                break


def _definites(reading: Reading) -> Iterator[tuple[str, list[Token]]]:
    for mention, role, at in offices_in(reading):
        if role == "leader" and mention.country is not None:
            yield mention.country, [reading.doc[mention.start_token], reading.doc[at]]
