"""The ontology as data: event types, their triggers and what must stand beside them.

`ontology_file` reads it from YAML, in the grammar of `ontology.yaml`'s head. Matching is in `triggers` and
`arguments`; no event type is named in Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from topics.annotations import Status, TextPart
from workers.annotate.lexicon import lexicon

TriggerKind = Literal["verb", "noun", "phrase", "pattern"]

PREPOSITIONS = lexicon().words("syntax", "prepositions")
SLOTS = frozenset(
    {
        "subject",
        "object",
        "about",
        "poss",
        "verb",
        "carrier",
        "bearer",
        "particle",
        "complement",
        "auxiliary",
        "addressee",
        "parties",
        "sentence",
        "story",
        "adverb",
        "whom",
        "goal",
        "cause",
    }
)
CLASSES = frozenset(
    {"any", "state", "country", "leader", "official", "military", "person", "people", "org", "company", "igo", "group",
     "place", "plural", "abroad", "number", "name", "human", "site", "private"}
)  # fmt: skip
BASE_CONFIDENCE: Mapping[TriggerKind, float] = {"verb": 0.85, "noun": 0.75, "phrase": 0.7, "pattern": 0.7}
DEFAULT_ACTOR: Mapping[TriggerKind, tuple[str, ...]] = {
    "verb": ("subject",),
    "noun": ("subject", "poss", "by", "nation"),
    "phrase": ("subject", "poss", "by", "nation"),
    "pattern": ("subject", "poss", "by", "nation"),
}
DEFAULT_TARGET: Mapping[TriggerKind, tuple[str, ...]] = {
    "verb": ("object", "against", "on", "at", "with", "to", "toward", "towards", "into"),
    "noun": ("against", "on", "at", "with", "to", "toward", "towards", "for"),
    "phrase": ("against", "on", "at", "with", "to", "toward", "towards", "for"),
    "pattern": ("object", "against", "on", "at", "with", "to", "toward", "towards", "for"),
}


@dataclass(frozen=True, slots=True)
class Term:
    """One word that may fill a slot: a lemma, the beginning of one (`hwasong*`), or a class (`@leader`).

    `anywhere` (written `~word`) is met by any word of the noun phrase, not only by its head.
    """

    word: str
    is_class: bool = False
    is_prefix: bool = False
    anywhere: bool = False

    def __str__(self) -> str:
        """As it is written."""
        return f"{'~' * self.anywhere}{'@' * self.is_class}{self.word}{'*' * self.is_prefix}"


@dataclass(frozen=True, slots=True)
class Words:
    """Terms by kind, so that one look tells whether a word is among them."""

    lemmas: frozenset[str]
    prefixes: tuple[str, ...]
    classes: frozenset[str]

    @classmethod
    def of(cls, terms: Iterable[Term]) -> Words:
        """The kinds of `terms`."""
        known = tuple(terms)
        return cls(
            frozenset(term.word for term in known if not term.is_class and not term.is_prefix),
            tuple(term.word for term in known if term.is_prefix and not term.is_class),
            frozenset(term.word for term in known if term.is_class),
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """Slots, one of which must (or, if `forbidden`, must not) hold one of the terms. `written`: as in the file.

    `only` is a way to forbid: no common noun may stand there that is not among the terms.
    """

    slots: tuple[str, ...]
    terms: tuple[Term, ...]
    forbidden: bool = False
    written: tuple[str, ...] = ()
    line: int = 0
    only: bool = False
    head: Words = field(init=False, repr=False, compare=False)
    anywhere: Words = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "head", Words.of(self.terms))
        object.__setattr__(self, "anywhere", Words.of(term for term in self.terms if term.anywhere))


@dataclass(frozen=True, slots=True)
class SpacyPattern:
    """A trigger in spaCy's own words: for the Matcher, or (`is_dependency`) for the DependencyMatcher.

    `slots` gives the slot that each of its tokens fills; the one that fills `trigger` carries the event.
    """

    rules: tuple[Mapping[str, Any], ...]
    slots: tuple[str | None, ...]
    is_dependency: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    """Words that may carry an event of `type`, and the conditions under which they do.

    Of a pattern, `words` are those of which one must be there. `only_in` limits it to headlines or to the text,
    `only_status` to what the sentence tells with one of these statuses: words too weak to say that a thing happened.
    """

    type: str
    kind: TriggerKind
    words: tuple[tuple[str, ...], ...]
    conditions: tuple[Condition, ...]
    actor: tuple[str, ...]
    target: tuple[str, ...]
    confidence: float
    compound: bool = False  # the noun may itself modify another one ("summit meeting")
    personal: tuple[str, ...] = ()  # roles in which a statesman is a person and not the country ("X resigned")
    plover: str | None = None  # where it differs from the type's: troops withdrawn RETREAT, troops sent MOBILIZE
    cameo: str | None = None
    status: Status | None = None  # what the words themselves say: aid that is pledged is still to come
    only_in: TextPart | None = None
    only_status: tuple[Status, ...] = ()
    pattern: SpacyPattern | None = None
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class EventType:
    """What one name of the ontology means. `failed_counts`: an attempt that failed is still the event;
    `lasting`: what it makes goes on, so a reduced clause ("sanctions imposed by the council") is background;
    `arranged`: it is called before it is held, so that "the summit" may be one to come."""

    name: str
    description: str = ""
    plover: str | None = None
    cameo: str | None = None
    symmetric: bool = False
    failed_counts: bool = False
    lasting: bool = False
    arranged: bool = False
    decided: bool = False  # who decides it does it: a vote to lift sanctions lifts them
    yields_to: tuple[str, ...] = ()
    actor: tuple[str, ...] | None = None  # slots of the roles where a trigger names none
    target: tuple[str, ...] | None = None
    together: tuple[str, ...] = ()  # slots whose parties act along with the actor: drills with a partner
    personal: tuple[str, ...] = ()
    spoken: bool = False  # is words: the places that they speak of are not where it happens
    at_home: bool = False  # happens in the country whose it is, or which alone is spoken of
    one_doer: bool = False  # what an article tells of nobody's is done by the one doer of it that it names
    on_ground: bool = False  # done by somebody known, it is done to the country on whose ground it happens
    by_state: bool = False  # what nobody is said to have done was done by the state on whose ground it happened
    at_the_story: bool = False  # where nobody is said to have suffered it, the country did that the article is about
    guarded: bool = False  # its words are those of sport and film too: on such a page it needs a state in its sentence
    abroad: bool = False  # done to somebody abroad: where the sentence names nobody, to the country of the story
    no_crime: bool = False  # what private persons do of the kind, as courts and police reports tell it, is none
    on_the_spot: bool = False  # is told from where it happened: the dateline of the first sentence is its place
    exclude: tuple[tuple[str, ...], ...] = ()
    triggers: tuple[Trigger, ...] = ()


@dataclass(frozen=True, slots=True)
class Codes:
    """An event's outward codes."""

    plover: str | None = None
    cameo: str | None = None


@dataclass(frozen=True, slots=True)
class Ontology:
    """All event types. `version` names the built-in version and, if a user added something, a hash of it.

    `intentions` gives, by PLOVER root, the root of an announcement that something of that root will be done.
    """

    version: str
    types: Mapping[str, EventType] = field(default_factory=dict)
    intentions: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> EventType:
        return self.types[name]

    def codes(self, trigger: Trigger) -> Codes:
        """The codes of what `trigger` says: its own before its type's."""
        kind = self.types[trigger.type]
        return Codes(trigger.plover or kind.plover, trigger.cameo or kind.cameo)

    def coded_root(self, root: str | None, status: str) -> str | None:
        """The root that PLOVER's codebook gives an event of this root: what is only announced is an intention.

        An event's record keeps the root of its type; this is for comparisons with data coded by the book.
        """
        return self.intentions.get(root, root) if root is not None and status == "future" else root
