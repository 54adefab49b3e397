"""Triggers that an ontology gives as patterns of spaCy's Matcher or DependencyMatcher, run on parsed sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from spacy.errors import MatchPatternError
from spacy.matcher import DependencyMatcher, Matcher
from spacy.vocab import Vocab

from workers.annotate.frames import Frame
from workers.annotate.ontology import Ontology, Trigger
from workers.annotate.spacy_patterns import TRIGGER
from workers.annotate.syntax import is_verbal
from workers.annotate.words import Sentence, Token
from workers.errors import ConfigurationError

_MAX_KNOWN = 500
"""So many sets of triggers keep matchers of their own; then the memory starts anew."""


@dataclass(slots=True)
class PatternTriggers:
    """All `pattern` and `dependency` triggers of an ontology, in its order.

    spaCy's matchers try all their patterns on every word. A sentence may hold one or two of them, so each set of
    triggers gets matchers of its own.
    """

    vocab: Vocab
    triggers: list[Trigger] = field(default_factory=list)
    _numbers: dict[int, int] = field(default_factory=dict)
    """A trigger's place in `triggers` by its id."""
    _named: dict[int, Trigger] = field(default_factory=dict)
    """Triggers by what spaCy's matchers call them."""
    _asks_more: bool = False
    """Does a pattern ask for more than words, tags and the parse have?"""
    _known: dict[frozenset[int], tuple[Matcher, DependencyMatcher]] = field(default_factory=dict)

    @classmethod
    def build(cls, ontology: Ontology, vocab: Vocab) -> PatternTriggers | None:
        """None if the ontology has no such trigger. Raises ConfigurationError for one that spaCy refuses."""
        found = [
            trigger for kind in ontology.types.values() for trigger in kind.triggers if trigger.pattern is not None
        ]
        if not found:
            return None
        made = cls(vocab, found)
        made._numbers = {id(trigger): number for number, trigger in enumerate(found)}
        made._named = {vocab.strings.add(_key(number)): trigger for number, trigger in enumerate(found)}
        made._matchers(range(len(found)))
        rules = (rule for trigger in found if trigger.pattern is not None for rule in trigger.pattern.rules)
        made._asks_more = any("MORPH" in rule.get("RIGHT_ATTRS", rule) for rule in rules)
        return made

    def _matchers(self, numbers: Collection[int]) -> tuple[Matcher, DependencyMatcher]:
        """The matchers of the triggers with these numbers."""
        key = frozenset(numbers)
        made = self._known.get(key)
        if made is None:
            made = Matcher(self.vocab), DependencyMatcher(self.vocab)
            for number in sorted(key):
                self._add(*made, number)
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[key] = made
        return made

    def _add(self, tokens: Matcher, dependencies: DependencyMatcher, number: int) -> None:
        trigger = self.triggers[number]
        assert trigger.pattern is not None  # noqa: S101 - only such triggers are there
        rules = [dict(rule) for rule in trigger.pattern.rules]
        try:
            if trigger.pattern.is_dependency:
                dependencies.add(_key(number), [rules])
            else:
                tokens.add(_key(number), [rules], greedy="LONGEST")
        except (MatchPatternError, ValueError, TypeError) as error:
            why = " ".join(str(error).split())
            raise ConfigurationError(f"{trigger.file}:{trigger.line}: spaCy refuses this pattern: {why}") from error

    def matches(self, sentence: Sentence, wanted: Collection[int]) -> Iterator[tuple[Trigger, Frame]]:
        """Every match of a trigger with one of these ids (`id`) in a parsed sentence, in the order of the words."""
        tokens, dependencies = self._matchers([self._numbers[identity] for identity in wanted])
        doc = sentence.whole() if self._asks_more else sentence.marked()
        aligned: list[tuple[int, int, int, list[int]]] = []
        if len(tokens):  # spaCy warns of a matcher without patterns
            aligned = tokens(doc, with_alignments=True)  # type: ignore[assignment]  # its stub knows no alignments
        for key, start, _, alignment in sorted(aligned, key=lambda match: match[1]):
            yield _framed(self._named[key], [(sentence[start + k], part) for k, part in enumerate(alignment)])
        for key, places in dependencies(doc) if len(dependencies) else ():
            yield _framed(self._named[key], [(sentence[place], part) for part, place in enumerate(places)])


def _key(number: int) -> str:
    return f"tocsin:{number}"


def _framed(trigger: Trigger, matched: Sequence[tuple[Token, int]]) -> tuple[Trigger, Frame]:
    """The frame of a match: what is named `trigger` carries the event, what is named like a slot fills it."""
    assert trigger.pattern is not None  # noqa: S101 - only patterns match
    slots: dict[str, list[Token]] = {}
    for token, part in matched:
        slot = trigger.pattern.slots[part]
        if slot is not None:
            slots.setdefault(slot, []).append(token)
    carrying = slots.pop(TRIGGER, None)
    if carrying is None:
        named = {token.i for tokens in slots.values() for token in tokens}
        carrying = [token for token, _ in matched if token.i not in named] or [matched[0][0]]
    carrying.sort(key=lambda token: token.i)
    inside = {token.i for token in carrying}
    head = next((token for token in carrying if token.head.i not in inside or token.head == token), carrying[0])
    return trigger, Frame(head, tuple(carrying), "verb" if is_verbal(head) else "noun", cache=slots)
