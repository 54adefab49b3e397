"""The ontology as data: event types, their triggers and what must stand beside them, from YAML files.

The grammar of the file is at the head of `ontology.yaml`. Matching is in `triggers` and `arguments`; no event type is
named in Python.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from topics.base import digest
from workers.annotate.lexicon import lexicon
from workers.annotate.yamlfile import Value, read_yaml

BUILT_IN = Path(__file__).with_name("ontology.yaml")

TriggerKind = Literal["verb", "noun", "phrase"]

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
        "adverb",
    }
)
CLASSES = frozenset(
    {"any", "state", "country", "leader", "official", "military", "person", "people", "org", "company", "igo", "group",
     "place", "plural", "abroad", "number"}
)  # fmt: skip
_TYPE_KEYS = frozenset(
    {
        "description",
        "plover",
        "cameo",
        "symmetric",
        "failed_counts",
        "lasting",
        "arranged",
        "yields_to",
        "triggers",
        "exclude",
    }
)
_TRIGGER_KEYS = frozenset({"verbs", "nouns", "phrases", "confidence", "actor", "target", "compound", "plover", "cameo"})
_KINDS: Mapping[str, TriggerKind] = {"verbs": "verb", "nouns": "noun", "phrases": "phrase"}
_BASE_CONFIDENCE: Mapping[TriggerKind, float] = {"verb": 0.85, "noun": 0.75, "phrase": 0.7}
_DEFAULT_ACTOR: Mapping[TriggerKind, tuple[str, ...]] = {
    "verb": ("subject",),
    "noun": ("subject", "poss", "by", "nation"),
    "phrase": ("subject", "poss", "by", "nation"),
}
_DEFAULT_TARGET: Mapping[TriggerKind, tuple[str, ...]] = {
    "verb": ("object", "against", "on", "at", "with", "to", "toward", "towards", "into"),
    "noun": ("against", "on", "at", "with", "to", "toward", "towards", "for"),
    "phrase": ("against", "on", "at", "with", "to", "toward", "towards", "for"),
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
class Condition:
    """Slots, one of which must (or, if `forbidden`, must not) hold one of the terms. `written`: as in the file."""

    slots: tuple[str, ...]
    terms: tuple[Term, ...]
    forbidden: bool = False
    written: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Trigger:
    """Words that may carry an event of `type`, and the conditions under which they do."""

    type: str
    kind: TriggerKind
    words: tuple[tuple[str, ...], ...]
    conditions: tuple[Condition, ...]
    actor: tuple[str, ...]
    target: tuple[str, ...]
    confidence: float
    compound: bool = False  # the noun may itself modify another one ("summit meeting")
    plover: str | None = None  # where it differs from the type's: troops withdrawn RETREAT, troops sent MOBILIZE
    cameo: str | None = None
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
    yields_to: tuple[str, ...] = ()
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


def load_ontology(user_file: Path | None = None) -> Ontology:
    """The built-in ontology, with what `user_file` adds. Raises ConfigurationError with file and line."""
    built_in = read_yaml(BUILT_IN, name=BUILT_IN.name)
    lists = _lists(built_in.mapping().get("lists"), {})
    version = built_in.mapping()["version"].text()
    intentions = _intentions(built_in.mapping().get("intentions"))
    types: dict[str, EventType] = {}
    if user_file is None:
        _add_types(built_in, lists, types)
        return Ontology(version, types, intentions)
    added = read_yaml(user_file)
    unknown = set(added.mapping()) - {"lists", "types", "version"}
    for key in sorted(unknown):
        added.mapping()[key].fail(f"`{key}` is not known here", hint="Allowed are: lists, types, version.")
    # A user's words extend the built-in lists before the built-in triggers are read, so they work there too.
    lists = _lists(added.mapping().get("lists"), lists)
    _add_types(built_in, lists, types)
    _add_types(added, lists, types)
    return Ontology(f"{version}+{digest(user_file.read_text('utf-8'), length=8)}", types, intentions)


def _lists(section: Value | None, known: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found = dict(known)
    if section is None:
        return found
    for name, value in section.mapping().items():
        words: list[str] = list(found.get(name, ()))
        for item in value.items():
            word = item.text()
            if word.startswith("$"):
                if word[1:] not in found:
                    item.fail(f"the list {word} is not known", hint=_close(word[1:], found))
                words.extend(found[word[1:]])
            else:
                words.append(word)
        found[name] = tuple(dict.fromkeys(words))
    return found


def _intentions(section: Value | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for root, value in section.mapping().items() if section is not None else ():
        found |= dict.fromkeys(value.texts(), root)
    return found


def _add_types(document: Value, lists: Mapping[str, tuple[str, ...]], types: dict[str, EventType]) -> None:
    section = document.mapping().get("types")
    for name, value in section.mapping().items() if section is not None else ():
        if not name.replace("_", "").isalnum() or name != name.lower():
            value.fail("a type's name is made of small letters, digits and underscores")
        keys = value.mapping()
        for key in keys:
            if key not in _TYPE_KEYS:
                keys[key].fail(
                    f"`{key}` is not a field of a type", hint=f"Allowed are: {', '.join(sorted(_TYPE_KEYS))}."
                )
        types[name] = _type(name, keys, lists, types.get(name, EventType(name)))
    for kind in types.values():
        for other in kind.yields_to:
            if other not in types:
                document.fail(f"types.{kind.name}.yields_to: there is no type `{other}`", hint=_close(other, types))


def _type(name: str, keys: Mapping[str, Value], lists: Mapping[str, tuple[str, ...]], known: EventType) -> EventType:
    made = known
    for key in ("description", "plover", "cameo"):
        if key in keys and keys[key].raw not in (None, "", "none"):
            made = replace(made, **{key: keys[key].text()})  # type: ignore[arg-type]  # names of text fields only
    if "symmetric" in keys:
        made = replace(made, symmetric=keys["symmetric"].flag())
    if "failed_counts" in keys:
        made = replace(made, failed_counts=keys["failed_counts"].flag())
    if "lasting" in keys:
        made = replace(made, lasting=keys["lasting"].flag())
    if "arranged" in keys:
        made = replace(made, arranged=keys["arranged"].flag())
    if "yields_to" in keys:
        made = replace(made, yields_to=keys["yields_to"].texts())
    if "exclude" in keys:
        phrases = tuple(tuple(text.lower().split()) for text in keys["exclude"].texts())
        made = replace(made, exclude=made.exclude + phrases)
    if "triggers" in keys:
        triggers = tuple(_trigger(name, value, lists) for value in keys["triggers"].items())
        made = replace(made, triggers=made.triggers + triggers)
    return made


def _trigger(type_name: str, value: Value, lists: Mapping[str, tuple[str, ...]]) -> Trigger:
    keys = value.mapping()
    kinds = [key for key in _KINDS if key in keys]
    if len(kinds) != 1:
        value.fail("a trigger has exactly one of: verbs, nouns, phrases")
    kind = _KINDS[kinds[0]]
    words: list[tuple[str, ...]] = []
    for item in keys[kinds[0]].items():
        words.extend(tuple(word.lower().split()) for word in _expand(item, lists))
    conditions = tuple(_condition(key, keys[key], lists) for key in keys if key not in _TRIGGER_KEYS)
    return Trigger(
        type=type_name,
        kind=kind,
        words=tuple(dict.fromkeys(words)),
        conditions=conditions,
        actor=_roles(keys.get("actor"), _DEFAULT_ACTOR[kind]),
        target=_roles(keys.get("target"), _DEFAULT_TARGET[kind]),
        confidence=keys["confidence"].number(0, 1) if "confidence" in keys else _BASE_CONFIDENCE[kind],
        compound=keys["compound"].flag() if "compound" in keys else False,
        plover=keys["plover"].text() if "plover" in keys else None,
        cameo=keys["cameo"].text() if "cameo" in keys else None,
        file=value.file,
        line=value.line,
    )


def _roles(value: Value | None, default: tuple[str, ...]) -> tuple[str, ...]:
    if value is None:
        return default
    for slot in value.texts():
        if slot not in SLOTS and slot not in PREPOSITIONS and slot != "nation":
            value.fail(f"`{slot}` is not a slot", hint=_slots_hint())
    return value.texts()


def _condition(key: str, value: Value, lists: Mapping[str, tuple[str, ...]]) -> Condition:
    forbidden = key.startswith("not ")
    slots = tuple(slot.strip() for slot in key.removeprefix("not ").split("|"))
    for slot in slots:
        if slot not in SLOTS and slot not in PREPOSITIONS:
            value.fail(
                f"`{slot}` is not a slot", hint=_close(slot, SLOTS | PREPOSITIONS | _TRIGGER_KEYS) or _slots_hint()
            )
    terms: list[Term] = []
    items = value.items() if isinstance(value.raw, list) else [value]
    for item in items:
        terms.extend(_term(word, item) for word in _expand(item, lists))
    return Condition(slots, tuple(terms), forbidden, tuple(item.text() for item in items), value.line)


def _expand(item: Value, lists: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    text = item.text()
    mark, name = ("~", text[1:]) if text.startswith("~$") else ("", text)
    if not name.startswith("$"):
        return (text,)
    if name[1:] not in lists:
        item.fail(f"the list {name} is not known", hint=_close(name[1:], lists))
    return tuple(mark + word for word in lists[name[1:]])


def _term(text: str, item: Value) -> Term:
    anywhere = text.startswith("~")
    word = text.removeprefix("~").lower()
    if word.startswith("@"):
        if word[1:] not in CLASSES:
            item.fail(f"the class {word} is not known", hint=f"Known are: {', '.join(sorted(CLASSES))}.")
        return Term(word[1:], is_class=True, anywhere=anywhere)
    if word.endswith("*"):
        return Term(word[:-1], is_prefix=True, anywhere=anywhere)
    return Term(word, anywhere=anywhere)


def _close(word: str, known: object) -> str | None:
    names = [str(name) for name in known] if isinstance(known, Mapping | frozenset | set) else []
    near = difflib.get_close_matches(word, names, n=1)
    return f"Did you mean `{near[0]}`?" if near else None


def _slots_hint() -> str:
    return f"Slots are: {', '.join(sorted(SLOTS))}, or a preposition."
