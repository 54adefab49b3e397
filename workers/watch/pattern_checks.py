"""What a pattern's parts must have to do with each other. Pure.

It looks at the plain values of a document and bears any shape, so that its findings come together with the models' own.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workers.watch.conditions import ConditionError, names_in, parse_condition
from workers.watch.durations import parse_duration
from workers.watch.event_types import EventTypes
from workers.yamlmodel import Finding

_COMPARISONS = ("gte", "gt", "lte", "lt", "eq")
_RISING = frozenset({"gte", "gt"})
_COUNTS = ("event_count", "value_count")
_CONDITION = ("correlation", "condition")


def findings(document: Mapping[str, Any], types: EventTypes) -> Iterator[Finding]:
    """All findings about one document."""
    correlation = document.get("correlation")
    if isinstance(correlation, dict):
        yield from _rule_names(document, correlation, types)
        yield from _conditions(document, correlation)
        yield from _spike(document, correlation)
        yield from _waiting(document, correlation)


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
    kind = correlation.get("type")
    if kind in ("temporal", "temporal_ordered") and listed and len(set(map(str, listed))) < 2:
        yield Finding(("correlation", "rules"), "one rule", f"{kind} needs two or more; event_count does with one")


def _known_rules(name: str, defined: Sequence[str], types: Sequence[str]) -> str:
    like = difflib.get_close_matches(name, [*defined, *types], n=3, cutoff=0.6)
    if like:
        return f"allowed: a rule of this pattern or an event type; did you mean {' or '.join(like)}?"
    ours = f"this pattern's rules ({', '.join(defined)})" if defined else "a name under `rules:`"
    return f"allowed: {ours}, or an event type: {', '.join(types)}"


def _conditions(document: Mapping[str, Any], correlation: Mapping[str, Any]) -> Iterator[Finding]:
    kind = correlation.get("type")
    condition = correlation.get("condition")
    if kind == "temporal" and isinstance(condition, str):
        yield from _expression(condition, correlation)
    elif kind in ("temporal", "temporal_ordered") and condition is not None:
        allowed = (
            "a condition over its rules (a and not b)" if kind == "temporal" else "none; the order is that of rules"
        )
        yield Finding(_CONDITION, None if isinstance(condition, str) else "a count", f"allowed: {allowed}")
    elif kind in _COUNTS:
        yield from _count(kind, condition, spikes=document.get("spike") is not None)


def _expression(condition: str, correlation: Mapping[str, Any]) -> Iterator[Finding]:
    names = correlation.get("rules")
    listed = [names] if isinstance(names, str) else names if isinstance(names, list) else []
    for name, at in names_in(condition):
        if name not in listed:
            like = difflib.get_close_matches(name, [str(n) for n in listed], n=1, cutoff=0.6)
            hint = f"; did you mean {like[0]}?" if like else f": {', '.join(map(str, listed))}"
            yield Finding(_CONDITION, f"{name!r} (character {at + 1})", f"allowed: a name of `rules`{hint}")
    try:
        clauses = parse_condition(condition)
    except ConditionError as error:
        yield Finding(_CONDITION, f"{error.found} (character {error.at + 1})", f"expected {error.allowed}")
        return
    if not clauses:
        yield Finding(_CONDITION, None, "it can never be met: a rule is both asked for and excluded")
    if any(not clause.present for clause in clauses):
        yield Finding(
            _CONDITION, None, "something must be there: `a and not b`; for silence alone use event_count with {lt: 1}"
        )
    used = {name for name, _ in names_in(condition)}
    for place, name in enumerate(listed):
        if isinstance(name, str) and name not in used:
            yield Finding(("correlation", "rules", place), f"{name!r}", "the condition does not name it; leave it out")


def _count(kind: object, condition: object, *, spikes: bool) -> Iterator[Finding]:
    if condition is None and spikes:
        if kind == "value_count":
            yield Finding(_CONDITION, "nothing", "value_count needs to know what it counts, for example {field: story}")
        return
    if not isinstance(condition, dict):
        example = "{gte: 5}" if kind == "event_count" else "{field: story, gte: 5}"
        found = "nothing" if condition is None else None
        yield Finding(_CONDITION, found, f"{kind} takes a count, for example {example}")
        return
    given = [key for key in _COMPARISONS if condition.get(key) is not None]
    if spikes and given:
        yield Finding((*_CONDITION, given[0]), None, "a spike sets its own bounds; leave this out", at_key=True)
    elif not spikes and len(given) != 1:
        yield Finding(_CONDITION, None, "give one of gte, gt, lte, lt or eq, for example {gte: 5}")
    if kind == "event_count" and condition.get("field") is not None:
        yield Finding(
            (*_CONDITION, "field"), None, "it belongs to value_count; event_count counts articles", at_key=True
        )
    if kind == "value_count" and condition.get("field") is None:
        yield Finding(_CONDITION, None, "name a field: story, source, actor, target, place or article")


def _spike(document: Mapping[str, Any], correlation: Mapping[str, Any]) -> Iterator[Finding]:
    spike = document.get("spike")
    if spike is None:
        return
    if correlation.get("type") not in _COUNTS:
        yield Finding(("spike",), None, "only counts can spike: event_count or value_count", at_key=True)
    if isinstance(spike, dict):
        spans = [_micros(spike.get("reference")), _micros(correlation.get("timespan"))]
        if None not in spans and spans[0] < spans[1]:  # type: ignore[operator]  # None was just ruled out
            yield Finding(("spike", "reference"), None, "at least as long as the timespan")


def _waiting(document: Mapping[str, Any], correlation: Mapping[str, Any]) -> Iterator[Finding]:
    """What has no meaning for patterns that ring because something is missing."""
    condition = correlation.get("condition")
    falls = isinstance(condition, dict) and any(
        condition.get(key) is not None for key in _COMPARISONS if key not in _RISING
    )
    absent = isinstance(condition, str) and _excludes(condition)
    if document.get("rearm_on") and (falls or absent):
        yield Finding(
            ("rearm_on",), None, "a pattern that rings for silence has no new story; leave it out", at_key=True
        )
    if str(document.get("corroboration") or "1") != "1" and falls:
        yield Finding(("corroboration",), None, "nobody can corroborate silence; leave it out", at_key=True)


def _excludes(condition: str) -> bool:
    try:
        return any(clause.absent for clause in parse_condition(condition))
    except ConditionError:
        return False  # told elsewhere


def _micros(text: object) -> int | None:
    try:
        return parse_duration(text) if isinstance(text, str) else None
    except ValueError:
        return None
