"""What the parts of an ontology file have to do with each other and with what is known already. Pure.

It looks at the plain values of a document and bears any shape, so that its findings come together with the models' own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.annotate.ontology import CLASSES
from workers.annotate.ontology_spec import ALL_SLOTS, OntologyFile, TriggerSpec, TypeSpec, WithoutSpec
from workers.annotate.spacy_patterns import pattern_findings
from workers.yamlfile import Location
from workers.yamlmodel import Finding, near

KINDS = ("verbs", "nouns", "phrases", "pattern", "dependency")
_TRIGGER_KEYS = tuple(TriggerSpec.model_fields)
_CUT = re.compile(r"[^\W\d_]-[^\W\d_]")
"""Between letters a hyphen ends a word."""
_NAME = "small letters, digits and _, beginning with a letter"


@dataclass(frozen=True, slots=True)
class Known:
    """What stands in the other files: names of lists; of each type the words of its triggers and exclusions, and the
    types to which it yields."""

    lists: Collection[str]
    types: Mapping[str, Mapping[str, Collection[str]]]
    yields: Mapping[str, Collection[str]] = field(default_factory=dict)


def findings(document: Mapping[str, Any], known: Known) -> Iterator[Finding]:
    """All findings about one file."""
    lists, types = _mapping(document, "lists"), _mapping(document, "types")
    names = sorted({*known.lists, *map(str, lists)})
    for name, words in lists.items():
        yield from _name(("lists", name), name)
        for index, word in enumerate(words if isinstance(words, list) else ()):
            yield from _empty(("lists", name, index), word)
            yield from _list_name(("lists", name, index), word, names)
    for name in _mapping(document, "without"):
        if name not in known.lists:
            yield Finding(("without", name), repr(name), f"allowed: {near(name, names, 'lists')}", at_key=True)
    every = sorted({*known.types, *map(str, types)})
    hyphened = {word for kind in known.types.values() for word in kind.get("verbs", ()) if "-" in word}
    yields = {**known.yields, **{name: _words(f.get("yields_to")) for name, f in types.items() if isinstance(f, dict)}}
    for name, fields in types.items():
        yield from _name(("types", name), name)
        if isinstance(fields, dict):
            yield from _type(("types", name), fields, every, names, hyphened)
            yield from _yielding(("types", name), name, fields, yields)
            yield from _without(("types", name, "without"), fields.get("without"), known.types.get(name, {}))
        if fields is None or (isinstance(fields, dict) and name not in known.types):
            yield from _new_type(("types", name), fields or {})


def keys_at(location: Location) -> str:
    """What may stand where an unknown key stands."""
    unknown, around = str(location[-1]), location[:-1]
    model = OntologyFile
    if "without" in around[2:]:
        known = list(WithoutSpec.model_fields)
    elif around[:1] == ("types",):
        known = list(TypeSpec.model_fields)
    else:
        known = list(model.model_fields)
    if around[:1] == ("types",) and "without" not in around[2:] and unknown in _TRIGGER_KEYS:
        return f"it belongs to a trigger, below `triggers:`; allowed here: {', '.join(known)}"
    return f"allowed: {near(unknown, known, 'keys')}"


def _mapping(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _words(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found] if isinstance(found, str) else []


def _name(location: Location, name: str) -> Iterator[Finding]:
    if not (name.isascii() and name.replace("_", "").isalnum() and name[:1].isalpha() and name == name.lower()):
        yield Finding(location, repr(name), f"allowed: {_NAME}", at_key=True)


def _list_name(location: Location, word: Any, names: list[str]) -> Iterator[Finding]:
    if isinstance(word, str) and word.removeprefix("~").startswith("$"):
        name = word.removeprefix("~")[1:]
        if name not in names:
            yield Finding(location, None, f"allowed: {near(name, names, 'lists')}")


def _new_type(location: Location, fields: Mapping[str, Any]) -> Iterator[Finding]:
    if fields.get("disabled") == "true":
        yield Finding(location, "a type that is not known", "only a known type can be switched off", at_key=True)
    elif not fields.get("triggers") and not fields.keys() - set(TypeSpec.model_fields):
        yield Finding(location, "a new type without triggers", "give it `triggers:`", at_key=True)


def _empty(location: Location, word: Any) -> Iterator[Finding]:
    """Blanks, or a mark with no word to it; what has no character at all the model tells."""
    if isinstance(word, str) and word and not word.strip("~@$* \t"):
        yield Finding(location, None, "allowed: a word")


def _yielding(
    location: Location, name: str, fields: Mapping[str, Any], yields: Mapping[str, Collection[str]]
) -> Iterator[Finding]:
    """Of types that yield to each other in a ring none would be left."""
    given = fields.get("yields_to")
    for index, other in enumerate(_words(given)):
        place = (*location, "yields_to", index) if isinstance(given, list) else (*location, "yields_to")
        if other == name:
            yield Finding(place, None, "allowed: another type; one that yields to itself is never told")
        elif isinstance(other, str) and name in _reached(other, yields):
            yield Finding(place, None, f"allowed: a type that does not yield to {name} in turn; else neither is told")


def _reached(name: str, yields: Mapping[str, Collection[str]]) -> set[str]:
    """All types to which `name` yields, over others too."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        for other in yields.get(ahead.pop(), ()):
            if isinstance(other, str) and other not in found:
                found.add(other)
                ahead.append(other)
    return found


def _type(
    location: Location, fields: Mapping[str, Any], types: list[str], lists: list[str], hyphened: Collection[str]
) -> Iterator[Finding]:
    for index, other in enumerate(_words(fields.get("yields_to"))):
        place = (*location, "yields_to", index) if isinstance(fields["yields_to"], list) else (*location, "yields_to")
        if isinstance(other, str) and other not in types:
            yield Finding(place, None, f"allowed: {near(other, types, 'event types')}")
    if fields.get("disabled") == "true" and len(fields) > 1:
        yield Finding(
            (*location, "disabled"), "other fields beside it", "a type that is switched off has none", at_key=True
        )
    triggers = fields.get("triggers")
    for index, trigger in enumerate(triggers if isinstance(triggers, list) else ()):
        if isinstance(trigger, dict):
            yield from _trigger((*location, "triggers", index), trigger, lists, hyphened)
    for place, phrase in _placed((*location, "exclude"), fields.get("exclude")):
        yield from _empty(place, phrase)


def _trigger(
    location: Location, trigger: Mapping[str, Any], lists: list[str], hyphened: Collection[str]
) -> Iterator[Finding]:
    given = [kind for kind in KINDS if kind in trigger]
    if len(given) != 1:
        found = " and ".join(given) or "none of them"
        yield Finding(location, found, f"a trigger has exactly one of: {', '.join(KINDS)}")
    for kind in ("verbs", "nouns", "phrases"):
        for place, word in _placed((*location, kind), trigger.get(kind)):
            yield from _empty(place, word)
            yield from _list_name(place, word, lists)
    own = {word for _, word in _placed((*location, "verbs"), trigger.get("verbs")) if isinstance(word, str)}
    for role in ("actor", "target"):
        for place, slot in _placed((*location, role), trigger.get(role)):
            if isinstance(slot, str) and slot not in (*ALL_SLOTS, "nation"):
                yield Finding(place, None, f"allowed: {near(slot, (*ALL_SLOTS, 'nation'), 'slots')}")
    for key, terms in trigger.items():
        if key not in _TRIGGER_KEYS:
            yield from _condition((*location, key), key, terms, lists, {*hyphened, *own})
    for kind in ("pattern", "dependency"):
        if isinstance(trigger.get(kind), list):
            yield from pattern_findings((*location, kind), trigger[kind], is_dependency=kind == "dependency")


def _placed(location: Location, found: Any) -> Iterator[tuple[Location, Any]]:
    if isinstance(found, list):
        yield from (((*location, index), item) for index, item in enumerate(found))
    elif found is not None:
        yield location, found


def _condition(
    location: Location, key: str, terms: Any, lists: list[str], hyphened: Collection[str]
) -> Iterator[Finding]:
    for slot in (name.strip() for name in key.removeprefix("not ").removeprefix("only ").split("|")):
        if slot.strip("'\"") in ALL_SLOTS and slot not in ALL_SLOTS:
            yield Finding(location, f"quotation marks in {key!r}", "write the slots without them", at_key=True)
        elif slot not in ALL_SLOTS:
            is_key = "|" not in key and not key.startswith(("not ", "only "))
            found = "an unknown key" if is_key else f"the unknown slot {slot!r}"
            known = (*ALL_SLOTS, *_TRIGGER_KEYS)
            yield Finding(
                location, found, f"allowed: {near(slot, known, 'slots and fields of a trigger')}", at_key=True
            )
    for place, term in _placed(location, terms):
        if not isinstance(term, str):
            continue
        word = term.removeprefix("~")
        yield from _list_name(place, term, lists)
        if word.startswith("@") and word[1:] not in CLASSES:
            yield Finding(place, None, f"allowed: {near(word[1:], sorted(CLASSES), 'classes')}")
        elif " " in word.strip():
            yield Finding(place, None, "allowed: one word; a condition looks at the head of a phrase")
        elif _CUT.search(word) and word.lower() not in hyphened:
            parts = word.rsplit("-", 1)
            yield Finding(
                place, None, f"allowed: a word without a hyphen; the reader cuts there: {parts[1]} or ~{parts[0]}"
            )
        else:
            yield from _empty(place, term)


def _without(location: Location, fields: Any, known: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    if not isinstance(fields, dict):
        return
    for kind, words in fields.items():
        there = sorted(known.get(kind, ()))
        for place, word in _placed((*location, kind), words):
            if kind in WithoutSpec.model_fields and isinstance(word, str) and word.lower() not in there:
                said = near(word, there, f"{kind} of the type") if there else f"nothing; the type has no {kind}"
                yield Finding(place, None, f"allowed: {said}")
