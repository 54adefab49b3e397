"""What a changed pattern may conclude from what its former rules collected. Pure.

Windows hold only what the rules of their time selected. Where a rule did not look, nothing can be said to be missing:
so each rule has a moment since which it, or a wider one, has been collected.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from workers.watch.durations import ALLOWED_LATENESS, Micros
from workers.watch.patterns import Pattern, Selection
from workers.watch.ringing import Clock
from workers.watch.windows import Taken

_SETS = ("types", "statuses", "actors", "targets", "places", "entities", "sources", "tags", "texts")
_EMPTY_IS_ALL = _SETS[2:]


@dataclass(frozen=True, slots=True)
class Collected:
    """A rule, and the event time since which it has been collected; None: as long as there is state."""

    rule: Selection
    since: Micros | None


@dataclass(frozen=True, slots=True)
class InForce:
    """A pattern as its state knows it."""

    version: str
    timespan: Micros
    waits: bool
    entities: bool
    phrases: frozenset[str]
    rules: tuple[Collected, ...]

    def to_wire(self) -> str:
        """Short JSON."""
        rules = [[_rule_to_wire(c.rule), c.since] for c in self.rules]
        value = [self.version, self.timespan, self.waits, self.entities, sorted(self.phrases), rules]
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_wire(cls, text: str) -> InForce:
        """The inverse of `to_wire`."""
        version, timespan, waits, entities, phrases, rules = json.loads(text)
        collected = tuple(Collected(_rule_from_wire(rule), since) for rule, since in rules)
        return cls(version, timespan, waits, entities, frozenset(phrases), collected)

    @classmethod
    def of(cls, pattern: Pattern, since: Micros | None) -> InForce:
        """`pattern`, all of its rules collected since then."""
        rules = tuple(Collected(rule, since) for rule in pattern.selections)
        return cls(pattern.version, pattern.timespan, pattern.waits, pattern.asks_entities, pattern.phrases, rules)

    def since(self, pattern: Pattern, rule: Selection, newest: Micros | None) -> Micros | None:
        """Since when what `rule` selects has been collected; `newest`, the newest event time, if it was not."""
        if pattern.asks_entities > self.entities or not rule.texts <= self.phrases:
            return newest
        found = [known.since for known in self.rules if covers(known.rule, rule)]
        if not found:
            return newest
        return None if None in found else min(moment for moment in found if moment is not None)


def covers(wide: Selection, narrow: Selection) -> bool:
    """Whether `wide` selects all that `narrow` does.

    >>> from dataclasses import replace
    >>> launch = Selection("x", frozenset({"missile_launch"}), frozenset({"actual"}))
    >>> korean = replace(launch, actors=frozenset({"KP"}))
    >>> covers(launch, korean), covers(korean, launch)
    (True, False)
    """
    if narrow.min_confidence < wide.min_confidence:
        return False
    for name in _SETS:
        allowed, asked = getattr(wide, name), getattr(narrow, name)
        if name in _EMPTY_IS_ALL and not allowed:
            continue
        if not asked or not asked <= allowed:
            return False
    return True


def taken_over(
    pattern: Pattern, held: Taken, own: Pattern | None, clock: Clock, *, behind: bool = False
) -> Taken | None:
    """What is to be stored when `pattern` comes into force over the state `held`; None if nothing changes.

    `own` is the pattern of that id that this worker ran until now: what it read lately was selected by that. `behind`:
    what was read lately on one partition was not selected by `pattern`; rules that are new are so from now on.
    """
    if held.in_force is None:
        # State that nobody described was collected by these rules; without any, they look from now on.
        before = InForce.of(pattern, None if held.version else clock.newest)
    else:
        before = InForce.from_wire(held.in_force)
    rules = [Collected(rule, before.since(pattern, rule, clock.newest)) for rule in pattern.selections]
    if own is not None and own.version != pattern.version:
        mine = InForce.of(own, None)
        rules = [replace(c, since=_later(c.since, mine.since(pattern, c.rule, clock.newest))) for c in rules]
    if behind:
        rules = [c if c.since is None else replace(c, since=_later(c.since, clock.newest)) for c in rules]
    found = replace(InForce.of(pattern, None), rules=tuple(rules))
    if held.in_force == found.to_wire():
        return None
    settled, due = (held.settled, held.due) if before.version == found.version else _anew(pattern, before, held, clock)
    blind = _latest(c.since for c in _missed(pattern, rules)) if pattern.waits else None
    return Taken(held.version, found.to_wire(), settled, blind, due)


def _anew(pattern: Pattern, before: InForce, held: Taken, clock: Clock) -> tuple[Micros | None, Micros | None]:
    """From when on the changed pattern is decided, and that it is so at once."""
    if not pattern.waits:
        return None, None
    settled = held.settled
    if settled is None or not before.waits:
        newest = None if clock.newest is None else clock.newest - ALLOWED_LATENESS
        settled = clock.watermark if clock.watermark is not None else newest
        return settled, None if settled is None else settled + 1
    # What was still open then may be over by the shorter timespan; what was decided then lies before this.
    settled -= max(0, before.timespan - pattern.timespan)
    return settled, settled + 1


def _missed(pattern: Pattern, rules: Iterable[Collected]) -> list[Collected]:
    """Rules whose events, had they not been looked for, would make the pattern ring."""
    absent = frozenset().union(*(clause.absent for clause in pattern.clauses))
    return [collected for collected in rules if pattern.counts or collected.rule.name in absent]


def _later(one: Micros | None, other: Micros | None) -> Micros | None:
    return _latest((one, other))


def _latest(moments: Iterable[Micros | None]) -> Micros | None:
    return max((moment for moment in moments if moment is not None), default=None)


def _rule_to_wire(rule: Selection) -> list[Any]:
    return [rule.name, *(sorted(getattr(rule, name)) for name in _SETS), rule.min_confidence]


def _rule_from_wire(value: list[Any]) -> Selection:
    name, *sets, confidence = value
    found = {key: frozenset(values) for key, values in zip(_SETS, sets, strict=True)}
    return Selection(name, **found, min_confidence=confidence)
