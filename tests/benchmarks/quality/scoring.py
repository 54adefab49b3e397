"""Counts of right and wrong answers, of one article and of many. Pure: takes labels and annotations, gives figures.

An article's answers are sets: a type and status said five times is one answer, and its participants are those of all
its mentions. What the label calls optional counts neither way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.quality.labelled import GoldEvent, Item
from topics.annotations import Annotation, Event

SCORED_KINDS = frozenset({"country", "person", "organisation"})
"""Labels list these kinds in full; other entities are neither right nor wrong."""


@dataclass(slots=True)
class Tally:
    """True positives, false positives and false negatives."""

    right: int = 0
    extra: int = 0
    missed: int = 0

    def add(self, gold: set[str], found: set[str]) -> None:
        """Count one pair of sets."""
        self.right += len(gold & found)
        self.extra += len(found - gold)
        self.missed += len(gold - found)

    @property
    def precision(self) -> float:
        """Share of the answers that are right; 1 if there are none."""
        return self.right / (self.right + self.extra) if self.right + self.extra else 1.0

    @property
    def recall(self) -> float:
        """Share of the labels that were found; 1 if there are none."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(slots=True)
class Share:
    """How many of `total` are right."""

    right: int = 0
    total: int = 0

    def add(self, is_right: bool) -> None:
        """Count one."""
        self.right += is_right
        self.total += 1

    @property
    def value(self) -> float:
        """The share; 1 of nothing."""
        return self.right / self.total if self.total else 1.0


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one item's reading, in words, and how bad it is."""

    item: Item
    annotation: Annotation
    faults: tuple[str, ...]
    weight: float


@dataclass(slots=True)
class Scores:
    """All figures of a run."""

    items: int = 0
    types: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    actual: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    with_status: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    by_status: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    status: Share = field(default_factory=Share)
    attributed: Share = field(default_factory=Share)
    actor: Tally = field(default_factory=Tally)
    target: Tally = field(default_factory=Tally)
    place: Tally = field(default_factory=Tally)
    entities: Tally = field(default_factory=Tally)
    bands: dict[int, Share] = field(default_factory=lambda: defaultdict(Share))
    mistakes: list[Mistake] = field(default_factory=list)


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum of tallies: its precision and recall are micro-averages."""
    made = Tally()
    for tally in tallies:
        made.right += tally.right
        made.extra += tally.extra
        made.missed += tally.missed
    return made


def score(pairs: Iterable[tuple[Item, Annotation]], ignored_types: frozenset[str] = frozenset()) -> Scores:
    """Score annotations against labels; events of `ignored_types` are left out of account."""
    scores = Scores()
    for item, annotation in pairs:
        events = [event for event in annotation.events if event.type not in ignored_types and item.asks_for(event.type)]
        _score_item(scores, item, annotation, events)
    scores.mistakes.sort(key=lambda mistake: -mistake.weight)
    return scores


def _score_item(scores: Scores, item: Item, annotation: Annotation, events: Sequence[Event]) -> None:
    scores.items += 1
    gold: set[tuple[str, str]] = {(event.type, event.status) for event in item.events}
    free: set[tuple[str, str | None]] = {(allowed.type, allowed.status) for allowed in item.optional}
    counted = [event for event in events if _counts(event, gold, free)]
    found: set[tuple[str, str]] = {(event.type, event.status) for event in counted}
    gold_types, found_types = {t for t, _ in gold}, {t for t, _ in found}
    for name in gold_types | found_types:
        _add_one(scores.types[name], name in gold_types, name in found_types)
    for pair in gold | found:
        _add_one(scores.with_status[pair[0]], pair in gold, pair in found)
        _add_one(scores.by_status[pair[1]], pair in gold, pair in found)
        if pair[1] == "actual":
            _add_one(scores.actual[pair[0]], pair in gold, pair in found)
    for event in counted:
        scores.bands[min(9, int(event.confidence * 10))].add((event.type, event.status) in gold)
    faults = [f"missed {name} {status}" for name, status in sorted(gold - found)]
    faults += [f"extra  {name} {status} {_words(events, name, status)}" for name, status in sorted(found - gold)]
    weight = sum(1.0 if s == "actual" else 0.6 for _, s in gold ^ found)
    wrong_status = {name for name, _ in found - gold}
    for pair in sorted(gold):
        # A label is misjudged if its event was found with a status that no label has; else it was just not found.
        if pair in found or pair[0] in wrong_status:
            scores.status.add(pair in found)
    for pair in sorted(gold & found):
        wrong = _score_roles(scores, [e for e in item.events if (e.type, e.status) == pair], _of(events, pair))
        faults += [f"{pair[0]} {text}" for text in wrong]
        weight += 0.3 * len(wrong)
    if item.entities is not None:
        names = {entity.id for entity in annotation.entities if entity.kind in SCORED_KINDS}
        wanted = {i for i in item.entities if ":" not in i or i.split(":")[0] in SCORED_KINDS}
        scores.entities.add(wanted, names)
        if wanted != names:
            faults.append(f"entities: missed {sorted(wanted - names)}, extra {sorted(names - wanted)}")
            weight += 0.05 * len(wanted ^ names)
    if faults:
        scores.mistakes.append(Mistake(item, annotation, tuple(faults), weight))


def _counts(event: Event, gold: set[tuple[str, str]], free: set[tuple[str, str | None]]) -> bool:
    if (event.type, event.status) in gold:
        return True
    return (event.type, event.status) not in free and (event.type, None) not in free


def _of(events: Sequence[Event], pair: tuple[str, str]) -> list[Event]:
    return [event for event in events if (event.type, event.status) == pair]


def _add_one(tally: Tally, in_gold: bool, in_found: bool) -> None:
    tally.right += in_gold and in_found
    tally.extra += in_found and not in_gold
    tally.missed += in_gold and not in_found


def _score_roles(scores: Scores, labels: Sequence[GoldEvent], events: Sequence[Event]) -> list[str]:
    faults: list[str] = []
    for role, tally in (("actor", scores.actor), ("target", scores.target)):
        if any(getattr(label, role) is None for label in labels):
            continue
        gold = {identifier for label in labels for identifier in getattr(label, role)}
        found = {participant.id for event in events for participant in getattr(event, role)}
        tally.add(gold, found)
        if gold != found:
            faults.append(f"{role}: wanted {sorted(gold)}, got {sorted(found)}")
    places = {label.place for label in labels if label.place}
    scores.place.add(places, {event.place for event in events if event.place} if places else set())
    attributed = {label.attributed for label in labels}
    if None not in attributed and len(attributed) == 1:
        scores.attributed.add(any(event.attributed for event in events) == next(iter(attributed)))
    return faults


def _words(events: Sequence[Event], name: str, status: str) -> str:
    return ", ".join(repr(event.trigger.text) for event in events if (event.type, event.status) == (name, status))
