"""What a pattern's parts must have to do with each other, and what this version cannot run yet. Pure.

It looks at the plain values of a document and bears any shape, so that its findings come together with the models' own.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workers.watch.event_types import EventTypes
from workers.yamlmodel import Finding

RUNNABLE_TYPES = ("temporal", "event_count")
_RUNNABLE_COUNTS = ("gte", "gt")
_UNBUILT_COUNTS = frozenset({"lt", "lte", "eq", "field"})


def findings(document: Mapping[str, Any], types: EventTypes) -> Iterator[Finding]:
    """All findings about one document."""
    correlation = document.get("correlation")
    if isinstance(correlation, dict):
        yield from _unbuilt_correlation(correlation)
        yield from _rule_names(document, correlation, types)
        yield from _conditions(correlation)
    yield from _unbuilt_elsewhere(document)


def _unbuilt_correlation(correlation: Mapping[str, Any]) -> Iterator[Finding]:
    kind = correlation.get("type")
    if kind in ("temporal_ordered", "value_count"):
        yield Finding(("correlation", "type"), None, _not_yet(f"allowed: {' or '.join(RUNNABLE_TYPES)}"))
    condition = correlation.get("condition")
    if isinstance(condition, str) and kind == "temporal":
        yield Finding(("correlation", "condition"), None, _not_yet("without it all rules must be present"))
    if isinstance(condition, dict):
        for key in sorted(_UNBUILT_COUNTS):
            if condition.get(key) is not None and kind == "event_count":
                yield Finding(("correlation", "condition", key), None, _not_yet("allowed: gte or gt"), at_key=True)


def _unbuilt_elsewhere(document: Mapping[str, Any]) -> Iterator[Finding]:
    for key in ("spike", "rearm_on"):
        if document.get(key):
            yield Finding((key,), None, _not_yet("leave it out"), at_key=True)
    rules = document.get("rules")
    for name, rule in rules.items() if isinstance(rules, dict) else ():
        if isinstance(rule, dict) and rule.get("text"):
            yield Finding(("rules", name, "text"), None, _not_yet("select by type, actor, entity or tag"), at_key=True)


def _not_yet(instead: str) -> str:
    return f"this version of Tocsin knows the word but cannot run it yet; {instead}"


def _rule_names(document: Mapping[str, Any], correlation: Mapping[str, Any], types: EventTypes) -> Iterator[Finding]:
    names = correlation.get("rules")
    rules = document.get("rules")
    defined = list(rules) if isinstance(rules, dict) else []
    listed = [names] if isinstance(names, str) else names if isinstance(names, list) else []
    for index, name in enumerate(listed):
        if isinstance(name, str) and name not in defined and name not in types.names:
            place: tuple[str | int, ...] = (
                ("correlation", "rules", index) if names is listed else ("correlation", "rules")
            )
            yield Finding(place, None, _known_rules(name, defined, sorted(types.names)))
        if isinstance(name, str) and name in listed[:index]:
            yield Finding(("correlation", "rules", index), f"{name!r} a second time", "give it once")
    if correlation.get("type") == "temporal" and listed and len(set(map(str, listed))) < 2:
        yield Finding(("correlation", "rules"), "one rule", "temporal needs two or more; event_count does with one")


def _known_rules(name: str, defined: Sequence[str], types: Sequence[str]) -> str:
    like = difflib.get_close_matches(name, [*defined, *types], n=3, cutoff=0.6)
    if like:
        return f"allowed: a rule of this pattern or an event type; did you mean {' or '.join(like)}?"
    ours = f"this pattern's rules ({', '.join(defined)})" if defined else "a name under `rules:`"
    return f"allowed: {ours}, or an event type: {', '.join(types)}"


def _conditions(correlation: Mapping[str, Any]) -> Iterator[Finding]:
    kind = correlation.get("type")
    condition = correlation.get("condition")
    where = ("correlation", "condition")
    if kind == "temporal" and isinstance(condition, dict):
        yield Finding(where, "a count", "temporal takes none; event_count counts")
    if kind != "event_count":
        return
    if not isinstance(condition, dict):
        found = "nothing" if condition is None else None
        yield Finding(where, found, "event_count takes a count, for example {gte: 5}")
    elif len([key for key in condition if key in _RUNNABLE_COUNTS]) != 1 and not _UNBUILT_COUNTS & set(condition):
        yield Finding(where, None, "give one of gte or gt, for example {gte: 5}")
