"""Triggers that an ontology gives as patterns of spaCy's Matcher or DependencyMatcher, run on parsed sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


@dataclass(slots=True)
class PatternTriggers:
    """All `pattern` and `dependency` triggers of an ontology."""

    tokens: Matcher
    dependencies: DependencyMatcher
    triggers: dict[int, Trigger] = field(default_factory=dict)

    @classmethod
    def build(cls, ontology: Ontology, vocab: Vocab) -> PatternTriggers | None:
        """None if the ontology has no such trigger. Raises ConfigurationError for one that spaCy refuses."""
        found = [
            trigger for kind in ontology.types.values() for trigger in kind.triggers if trigger.pattern is not None
        ]
        if not found:
            return None
        made = cls(Matcher(vocab), DependencyMatcher(vocab))
        for number, trigger in enumerate(found):
            made._add(vocab, f"tocsin:{number}", trigger)
        return made

    def _add(self, vocab: Vocab, key: str, trigger: Trigger) -> None:
        assert trigger.pattern is not None  # noqa: S101 - the caller gives only such triggers
        rules = [dict(rule) for rule in trigger.pattern.rules]
        try:
            if trigger.pattern.is_dependency:
                self.dependencies.add(key, [rules])
            else:
                self.tokens.add(key, [rules], greedy="LONGEST")
        except (MatchPatternError, ValueError, TypeError) as error:
            why = " ".join(str(error).split())
            raise ConfigurationError(f"{trigger.file}:{trigger.line}: spaCy refuses this pattern: {why}") from error
        self.triggers[vocab.strings[key]] = trigger

    def matches(self, sentence: Sentence) -> Iterator[tuple[Trigger, Frame]]:
        """Every match in a parsed sentence, in the order of the words."""
        aligned: list[tuple[int, int, int, list[int]]] = []
        if len(self.tokens):  # spaCy warns of a matcher without patterns
            aligned = self.tokens(sentence.whole(), with_alignments=True)  # type: ignore[assignment]  # its stub knows no alignments
        for key, start, _, alignment in sorted(aligned, key=lambda match: match[1]):
            yield _framed(self.triggers[key], [(sentence[start + k], part) for k, part in enumerate(alignment)])
        for key, places in self.dependencies(sentence.whole()) if len(self.dependencies) else ():
            yield _framed(self.triggers[key], [(sentence[place], part) for part, place in enumerate(places)])


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
