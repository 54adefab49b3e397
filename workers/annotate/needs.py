"""What must stand in a sentence for a trigger to be met there, as far as words and names tell it without a parse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from topics.annotations import TextPart
from workers.annotate.lexicon import lexicon
from workers.annotate.ontology import PREPOSITIONS, SLOTS, Condition, Trigger
from workers.annotate.spacy_patterns import words_of_token
from workers.annotate.triggers import VERB_REACH

OPEN_CLASSES = frozenset({"any", "plural", "number", "name"})
"""Classes that the tagger and the parse give, to whatever word."""

_WITHOUT = frozenset({"to", "by"})
"""What stands behind these prepositions may be said without them: "gave Kim a letter"."""
_INSTEAD = {"on": "with", "against": "with"}
"""What stands behind the one may stand behind the other, too: "replied with strikes"."""
_PARTIES = frozenset({"counterpart", "both", "two"})
"""Words that stand for a party whatever class is asked for; those of the lexicon's `parties` do so, too."""


@dataclass(frozen=True, slots=True)
class Need:
    """One of these must be there: a word as conditions see it, one as triggers see it, a beginning, a class."""

    words: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Way:
    """One way to carry an event: all bits of `needs` must be there, none of `forbidden`.

    `sequence` are the bits of a trigger's several words in their order, each at most `reach` words behind (the
    first one, for a verb; the one before it, else).
    """

    needs: int
    forbidden: int
    only_in: TextPart | None = None
    sequence: tuple[int, ...] = ()
    reach: int = 1
    story: tuple[frozenset[str], ...] = ()
    """Of each of these a word must stand anywhere in the article."""

    def suits(self, story: frozenset[str]) -> bool:
        """May it be told in an article of these words?"""
        return not any(wanted.isdisjoint(story) for wanted in self.story)


def ways_of(trigger: Trigger, bit_of: Callable[[Need], int]) -> Callable[[Sequence[str]], Way]:
    """From the words with which a trigger is written to the way that needs. `bit_of` numbers the needs."""
    needs = forbidden = 0
    for need in _needs(trigger):
        needs |= bit_of(need)
    story = tuple(c.head.lemmas for c in trigger.conditions if c.slots == ("story",) and not c.forbidden)
    unwanted = [c.head for c in trigger.conditions if c.forbidden and c.slots == ("sentence",)]
    for known in unwanted:
        forbidden |= bit_of(Need(words=known.lemmas, prefixes=frozenset(known.prefixes)))

    def way_of(words: Sequence[str]) -> Way:
        # A trigger's only word is its head, which is there when it is asked for.
        sequence = tuple(bit_of(_need_of_word(word)) for word in words) if len(words) > 1 else ()
        wanted = needs
        for bit in sequence:
            wanted |= bit
        # A word that must not stand beside the trigger may be one of its own.
        own = any(not known.lemmas.isdisjoint(words) for known in unwanted)
        far = trigger.kind == "verb" and "-" not in words
        several = len(words) > 1 and trigger.kind != "pattern"
        reach = VERB_REACH if far else 1
        return Way(wanted, 0 if own else forbidden, trigger.only_in, sequence if several else (), reach, story)

    return way_of


@cache
def _need_of_word(word: str) -> Need:
    return Need(own=frozenset({word}))


def _needs(trigger: Trigger) -> Iterator[Need]:
    for condition in trigger.conditions:
        if "story" in condition.slots:
            continue  # `Way.story`
        if not condition.forbidden and not condition.head.classes & OPEN_CLASSES:
            yield _need_of(condition)
        slots = frozenset(condition.slots)
        if not condition.forbidden and slots <= PREPOSITIONS - SLOTS - _WITHOUT:
            yield Need(words=slots | {_INSTEAD[slot] for slot in slots & _INSTEAD.keys()})
    if trigger.pattern is not None:
        for token in trigger.pattern.rules:
            attributes: Mapping[str, Any] = token["RIGHT_ATTRS"] if trigger.pattern.is_dependency else token
            words = words_of_token(attributes)
            if words:
                yield Need(own=frozenset(words))


def _need_of(condition: Condition) -> Need:
    """What one condition needs. Parties are of a class, or are counted by a word ("the two sides")."""
    words, classes = condition.head.lemmas, condition.head.classes
    if "parties" in condition.slots:
        classes |= words
        words = _PARTIES | lexicon().words("roles", "parties")
    return Need(words, prefixes=frozenset(condition.head.prefixes), classes=classes)
