"""Which sentences can hold an event at all: a test of word forms, made before anything is parsed.

It is sound: a sentence that it turns away has no trigger whose words and needed words are all there. What may be met
by a class, a name or the parse is taken as met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from workers.annotate.ontology import Condition, Term, Trigger
from workers.annotate.triggers import TriggerIndex

_MAX_KNOWN = 200_000
"""So many word forms are remembered; then the memory starts anew."""

_Need = frozenset[Term]


@dataclass(frozen=True, slots=True)
class _Word:
    """What one word form can do: needs that it may meet, words that it surely is, triggers whose head it may be."""

    may: int
    surely: int
    heads: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to carry an event: all bits of `needs` must be there, none of `forbidden`."""

    needs: int
    forbidden: int


@dataclass(slots=True)
class Sieve:
    """The triggers of an ontology as sets of bits. `lemmas` gives every lemma that a form in small letters may have."""

    lemmas: Callable[[str], Iterable[str]]
    _bits: dict[_Need, int] = field(default_factory=dict)
    _by_word: dict[str, int] = field(default_factory=dict)
    _by_prefix: dict[str, int] = field(default_factory=dict)
    _heads: dict[str, int] = field(default_factory=dict)
    _ways: list[tuple[_Way, ...]] = field(default_factory=list)
    _known: dict[int, _Word | None] = field(default_factory=dict)

    @classmethod
    def build(cls, index: TriggerIndex, lemmas: Callable[[str], Iterable[str]]) -> Sieve:
        """The sieve for all triggers of `index`."""
        made = cls(lemmas)
        for head, triggers in index.heads.items():
            ways = {made._way(trigger, words) for trigger, words in triggers}
            made._heads[head] = len(made._ways)
            made._ways.append(_weakest(ways))
        return made

    def may_hold(self, keys: Iterable[int], form_of: Callable[[int], str]) -> bool:
        """Could a sentence hold an event? `keys` stand for its words; `form_of` gives the form in small letters."""
        may = surely = 0
        heads: set[int] = set()
        known = self._known
        for key in keys:
            word = known.get(key, _UNSEEN)
            if word is _UNSEEN:
                word = self._learn(key, form_of(key))
            if word is not None:
                may |= word.may
                surely |= word.surely
                heads.update(word.heads)
        return any(
            way.needs & may == way.needs and not way.forbidden & surely for head in heads for way in self._ways[head]
        )

    def _way(self, trigger: Trigger, words: tuple[str, ...]) -> _Way:
        needs = forbidden = 0
        for word in words:
            needs |= self._bit(frozenset({Term(word)}))
        for condition in trigger.conditions:
            if condition.forbidden and condition.slots == ("sentence",):
                forbidden |= self._bit(frozenset(term for term in condition.terms if not term.is_class))
            elif not condition.forbidden and _is_of_words(condition):
                needs |= self._bit(frozenset(condition.terms))
        return _Way(needs, forbidden)

    def _bit(self, need: _Need) -> int:
        bit = self._bits.get(need)
        if bit is None:
            bit = self._bits[need] = 1 << len(self._bits)
            for term in need:
                known = self._by_prefix if term.is_prefix else self._by_word
                known[term.word] = known.get(term.word, 0) | bit
        return bit

    def _learn(self, key: int, form: str) -> _Word | None:
        forms = {form, *self.lemmas(form)}
        if form.endswith("s"):
            forms.add(form[:-1])
        surely = self._by_word.get(form, 0)
        for prefix, bit in self._by_prefix.items():
            if form.startswith(prefix):
                surely |= bit
        may = surely
        for one in forms:
            may |= self._by_word.get(one, 0)
        heads = tuple(self._heads[one] for one in forms if one in self._heads)
        word = _Word(may, surely, heads) if may else None
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[key] = word
        return word


_UNSEEN = _Word(0, 0, ())


def _is_of_words(condition: Condition) -> bool:
    """Can only words of the sentence meet it, and neither a class nor a number of parties?"""
    return "parties" not in condition.slots and not any(term.is_class for term in condition.terms)


def _weakest(ways: Iterable[_Way]) -> tuple[_Way, ...]:
    """The ways without those that ask for more than another."""
    kept: list[_Way] = []
    for way in sorted(ways, key=lambda way: (way.needs.bit_count(), way.forbidden.bit_count())):
        if not any(k.needs & way.needs == k.needs and k.forbidden & way.forbidden == k.forbidden for k in kept):
            kept.append(way)
    return tuple(kept)
