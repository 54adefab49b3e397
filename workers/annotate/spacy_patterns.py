"""Triggers in spaCy's own words: what may stand in a `pattern:` or a `dependency:` of an ontology file, and its parts.

`matchers` runs them. Here is no spaCy, so that an ontology without such triggers is checked without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workers.annotate.ontology import PREPOSITIONS, SLOTS, SpacyPattern
from workers.yamlfile import Location
from workers.yamlmodel import Finding, near

TRIGGER = "trigger"
_SLOT_NAMES = (TRIGGER, *sorted(SLOTS | PREPOSITIONS))
_WORDS = ("LEMMA", "LOWER", "ORTH", "TEXT")
_ATTRIBUTES = (
    "DEP", "ENT_ID", "ENT_IOB", "ENT_KB_ID", "ENT_TYPE", "IS_ALPHA", "IS_ASCII", "IS_DIGIT", "IS_LOWER", "IS_PUNCT",
    "IS_SENT_START", "IS_SPACE", "IS_STOP", "IS_TITLE", "IS_UPPER", "LEMMA", "LENGTH", "LIKE_EMAIL", "LIKE_NUM",
    "LIKE_URL", "LOWER", "MORPH", "NORM", "ORTH", "POS", "SHAPE", "SPACY", "TAG", "TEXT",
)  # fmt: skip
_OPTIONAL = ("?", "*", "!", "{0", "{,")
_NODE_KEYS = ("LEFT_ID", "REL_OP", "RIGHT_ID", "RIGHT_ATTRS")
_RELATIONS = ("<", ">", "<<", ">>", ".", ".*", ";", ";*", "$+", "$-", "$++", "$--", ">+", ">-", ">++", ">--", "<+",
              "<-", "<++", "<--")  # fmt: skip
_WORD_WANTED = "one token needs a word of its own (LEMMA or LOWER), by which its sentences are found"


def read_pattern(rules: Sequence[Mapping[str, Any]], *, is_dependency: bool) -> SpacyPattern:
    """The pattern as spaCy takes it: values typed, and the slots that its tokens fill taken out."""
    if is_dependency:
        nodes = tuple({**rule, "RIGHT_ATTRS": _typed(rule.get("RIGHT_ATTRS") or {})} for rule in rules)
        slots = tuple(TRIGGER if i == 0 else str(rule["RIGHT_ID"]) for i, rule in enumerate(rules))
        return SpacyPattern(nodes, tuple(slot if slot in _SLOT_NAMES else None for slot in slots), is_dependency=True)
    tokens = tuple(_typed({key: value for key, value in rule.items() if key != "SLOT"}) for rule in rules)
    return SpacyPattern(tokens, tuple(rule.get("SLOT") for rule in rules))


def words_of(pattern: SpacyPattern) -> tuple[str, ...]:
    """Words of which one must stand in the sentence; empty if the pattern names none."""
    tokens = [rule["RIGHT_ATTRS"] for rule in pattern.rules] if pattern.is_dependency else pattern.rules
    for place in sorted(range(len(tokens)), key=lambda i: pattern.slots[i] != TRIGGER):
        found = words_of_token(tokens[place])
        if found:
            return found
    return ()


def words_of_token(token: Mapping[str, Any]) -> tuple[str, ...]:
    """The words of which a token of a pattern must be one; empty if it may be another, or need not be there."""
    if str(token.get("OP", "")).startswith(_OPTIONAL):
        return ()
    for key in _WORDS:
        value = token.get(key)
        if isinstance(value, str):
            return (value.lower(),)
        if isinstance(value, dict) and isinstance(value.get("IN"), list):
            return tuple(str(word).lower() for word in value["IN"])
    return ()


def _typed(token: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _value(key, value) for key, value in token.items()}


def _value(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {inner: _value(key, one) for inner, one in value.items()}
    if key.startswith(("IS_", "LIKE_", "SPACY")) and value in ("true", "false"):
        return value == "true"
    if key == "LENGTH" and isinstance(value, str) and value.isdigit():
        return int(value)
    return value


# --- what may be wrong -----------------------------------------------------------------------------------------------


def pattern_findings(location: Location, rules: Sequence[Any], *, is_dependency: bool) -> Iterator[Finding]:
    """All that is wrong with a pattern."""
    wrong: list[Finding] = []
    seen: list[str] = []
    for index, rule in enumerate(rules):
        if not isinstance(rule, dict):
            continue  # the model says so
        if is_dependency:
            wrong += _node((*location, index), rule, seen, is_first=index == 0)
            seen.append(str(rule.get("RIGHT_ID", "")))
        else:
            wrong += _token((*location, index), rule)
    yield from wrong
    sound = not wrong and rules and all(isinstance(rule, dict) for rule in rules)
    if sound and not words_of(read_pattern(rules, is_dependency=is_dependency)):
        yield Finding(location, "no word", _WORD_WANTED)


def _token(location: Location, token: Mapping[str, Any]) -> Iterator[Finding]:
    known = (*_ATTRIBUTES, "OP", "SLOT")
    for key, value in token.items():
        if key not in known:
            yield Finding((*location, key), "an unknown key", f"allowed: {near(key, known, 'attributes')}", at_key=True)
        if key in _WORDS:
            yield from _word((*location, key), key, value)
        if key == "SLOT" and value not in _SLOT_NAMES:
            yield Finding((*location, key), None, f"allowed: {near(str(value), _SLOT_NAMES, 'slots')}")


def _word(location: Location, key: str, value: Any) -> Iterator[Finding]:
    """A blank is no word, and of small letters a capital is none."""
    listed = isinstance(value, dict) and isinstance(value.get("IN"), list)
    for index, word in enumerate(value["IN"] if listed else [value]):
        place = (*location, "IN", index) if listed else location
        if isinstance(word, str) and not word.strip():
            yield Finding(place, None, "allowed: a word")
        elif isinstance(word, str) and key == "LOWER" and word != word.lower():
            yield Finding(place, None, f"allowed: small letters, {word.lower()}; TEXT takes capitals too")


def _node(location: Location, node: Mapping[str, Any], seen: Sequence[str], *, is_first: bool) -> Iterator[Finding]:
    for key in node:
        if key not in _NODE_KEYS:
            yield Finding((*location, key), "an unknown key", f"allowed: {', '.join(_NODE_KEYS)}", at_key=True)
    wanted = ("RIGHT_ID", "RIGHT_ATTRS") if is_first else _NODE_KEYS
    for key in wanted:
        if key not in node:
            yield Finding((*location, key), "nothing", "it is required")
    left, relation, attributes = node.get("LEFT_ID"), node.get("REL_OP"), node.get("RIGHT_ATTRS")
    if left is not None and left not in seen:
        yield Finding((*location, "LEFT_ID"), None, f"allowed: {', '.join(seen) or 'none in the first node'}")
    if relation is not None and relation not in _RELATIONS:
        yield Finding((*location, "REL_OP"), None, f"allowed: {' '.join(_RELATIONS)}")
    if isinstance(attributes, dict):
        yield from _token((*location, "RIGHT_ATTRS"), attributes)
    elif "RIGHT_ATTRS" in node:
        yield Finding((*location, "RIGHT_ATTRS"), None, "allowed: a mapping of attributes")
