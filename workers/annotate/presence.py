"""Which of the ontology's classes the phrases of a sentence may belong to, before it is parsed: more rather than less.

`classes` says which they do belong to; what it can find is listed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from spacy.strings import get_string_id

from workers.annotate.classes import classes_of_name
from workers.annotate.leaders import led_in
from workers.annotate.lexicon import lexicon
from workers.annotate.mentions import Mention, Reading
from workers.annotate.nouns import nouns
from workers.annotate.people import Person, know_people, offices_in
from workers.annotate.scene import words_of_story

_BACKWARD = frozenset(map(get_string_id, ("he", "she", "his", "her")))
"""Pronouns that may stand for a person of an earlier sentence."""
_BODIES = frozenset({"government", "ministry", "parliament", "junta"})


def words_of_classes() -> Iterable[str]:
    """All words that give a class."""
    return _classes_by_word()


def classes_of_word(lemma: str) -> frozenset[str]:
    """The classes that a noun gives by itself, in whatever sentence. An army is a state's if a name says whose."""
    return _classes_by_word().get(lemma, frozenset())


@cache
def _classes_by_word() -> Mapping[str, frozenset[str]]:
    roles = lexicon()
    found: dict[str, frozenset[str]] = {}
    for name, classes in (
        ("leader", {"leader", "official", "state", "person", "human"}),
        ("official", {"official", "state", "person", "human"}),
        ("body", {"org"}),
        ("military", {"military", "human"}),
        ("group", {"group", "human"}),
        ("people", {"people", "human"}),
        ("site", {"site"}),
        ("company", {"company"}),
    ):
        for word in roles.words("roles", name):
            found[word] = found.get(word, frozenset()) | classes
    found["head"] = found.get("head", frozenset()) | {"leader", "state", "person", "human"}  # "heads of state"
    found["minister"] = found.get("minister", frozenset()) | {"leader", "official", "state", "person"}
    for name, words in nouns().items():
        for word in words:
            found[word] = found.get(word, frozenset()) | {name}
    for word in _BODIES:
        found[word] = found.get(word, frozenset()) | {"state", "org"}
    return found


@cache
def _heads() -> frozenset[int]:
    """Words for whoever heads a body of states."""
    return frozenset(map(get_string_id, lexicon().words("roles", "heads_body")))


@dataclass(slots=True)
class Presence:
    """Classes by the names of an article, which was published on `day`."""

    readings: Sequence[Reading]
    day: date
    _people: dict[str, Person] | None = field(default=None, init=False)
    _earlier: frozenset[str] | None = field(default=None, init=False)
    _story: frozenset[str] | None = field(default=None, init=False)

    @property
    def story(self) -> frozenset[str]:
        """All words of the article in small letters."""
        if self._story is None:
            self._story = words_of_story(self.readings)
        return self._story

    def people(self) -> dict[str, Person]:
        """Its persons, once its names are known."""
        if self._people is None:
            self._people = know_people(self.readings, self.day)
        return self._people

    def classes(self, reading: Reading, span: tuple[int, int], keys: Sequence[int]) -> frozenset[str]:
        """The classes of a sentence's names, and of whom "he" in it may mean; `keys` are its words."""
        found: set[str] = set()
        at = reading.at
        seen: Mention | None = None
        for mention in map(at.get, range(*span)):
            if mention is not None and mention is not seen:  # a name's words stand together
                found |= self._classes_of(mention)
                seen = mention
        if "igo" in found and not _heads().isdisjoint(keys):
            found.add("leader")
        if not _BACKWARD.isdisjoint(keys):
            found |= self._of_persons()
        return frozenset(found)

    def _classes_of(self, mention: Mention) -> frozenset[str]:
        classes = classes_of_name(mention, self.people() if mention.kind == "person" else {})
        if mention.kind == "person" and led_in(mention.name):
            return classes | {"leader", "state"}  # in a year that the sentence names
        if mention.kind != "person" and (mention.country or mention.sort == "igo"):
            return classes | {"state"}  # an army beside it is its army
        return classes

    def _of_persons(self) -> frozenset[str]:
        if self._earlier is None:
            found: set[str] = set()
            for reading in self.readings:
                for mention in reading.mentions:
                    if mention.kind == "person":
                        found |= self._classes_of(mention)
                if any(offices_in(reading)):
                    found |= {"leader", "official", "state", "person"}
            self._earlier = frozenset(found)
        return self._earlier
