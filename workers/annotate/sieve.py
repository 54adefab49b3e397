"""Which sentences can hold an event at all: a test of words and names, made before anything is parsed.

It is sound: a sentence that it turns away has no trigger whose words and needs are all there. What only the parse can
tell is taken as met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from workers.annotate.needs import Need, Way, ways_of
from workers.annotate.ontology import Trigger
from workers.annotate.presence import classes_of_word, words_of_classes
from workers.annotate.triggers import Entry, TriggerIndex

_MAX_KNOWN = 60_000
"""So many word forms are remembered; then the memory starts anew."""


@dataclass(frozen=True, slots=True)
class _Word:
    """What one word form can do: needs that it may meet, words that it surely is, triggers whose head it may be."""

    may: int
    surely: int
    heads: tuple[int, ...]


@dataclass(slots=True)
class Sieve:
    """The triggers of an ontology as sets of bits. `lemmas` gives every lemma that a form in small letters may have."""

    lemmas: Callable[[str], Iterable[str]]
    pasts: dict[str, str] = field(default_factory=dict)
    _bits: dict[Need, int] = field(default_factory=dict)
    _by_word: dict[str, int] = field(default_factory=dict)
    _by_own: dict[str, int] = field(default_factory=dict)
    _by_prefix: dict[str, int] = field(default_factory=dict)
    _by_class: dict[str, int] = field(default_factory=dict)
    _by_form: dict[str, int] = field(default_factory=dict)
    _prefixes: tuple[str, ...] = ()
    _any_class: int = 0
    _heads: dict[str, int] = field(default_factory=dict)
    _ways: list[tuple[str, tuple[tuple[Way, Entry], ...]]] = field(default_factory=list)
    _known: dict[int, _Word | None] = field(default_factory=dict)
    _makers: dict[int, Callable[[Sequence[str]], Way]] = field(default_factory=dict)
    _bits_of_classes: dict[frozenset[str], int] = field(default_factory=dict)

    @classmethod
    def build(cls, index: TriggerIndex, lemmas: Callable[[str], Iterable[str]]) -> Sieve:
        """The sieve for all triggers of `index`."""
        made = cls(lemmas, dict(index.pasts))
        for head, triggers in index.heads.items():
            made._heads[head] = len(made._ways)
            made._ways.append((head, tuple((made._way(*entry), entry) for entry in triggers)))
        made._number_words()
        made._makers.clear()
        return made

    def _way(self, trigger: Trigger, words: tuple[str, ...]) -> Way:
        makes = self._makers.get(id(trigger))
        if makes is None:
            makes = self._makers[id(trigger)] = ways_of(trigger, self._bit)
        return makes(words)

    def _number_words(self) -> None:
        """Gather all that is known of each word."""
        for word in {*self._by_word, *self._by_own, *self._heads, *words_of_classes()}:
            bits = self._by_word.get(word, 0) | self._by_own.get(word, 0)
            for name in classes_of_word(word):
                bits |= self._by_class.get(name, 0)
            self._by_form[word] = bits
        self._prefixes = tuple(self._by_prefix)

    def held(
        self,
        keys: Sequence[int],
        form_of: Callable[[int], str],
        classes: Callable[[], frozenset[str]] | None = None,
        story: Callable[[], frozenset[str]] | None = None,
        *,
        title: bool = False,
    ) -> dict[str, list[Entry]]:
        """The triggers that a sentence may hold, by their heads; none if it can hold no event.

        `keys` stand for its words; `form_of` gives the form in small letters; `classes` are the classes that its
        phrases may belong to by their names, all of them without it. A title has triggers of its own;
        `story` are the words of the whole article.
        """
        words = self._words(keys, form_of)
        there = [word for word in words if word is not None]
        heads = {head for word in there for head in word.heads}
        if not heads:
            return {}
        may = surely = 0
        for word in there:
            may |= word.may
            surely |= word.surely
        some = may | self._any_class
        only_in = "title" if title else "text"
        left = [
            (head, way, entry)
            for head, ways in map(self._ways.__getitem__, heads)
            for way, entry in ways
            if way.needs & some == way.needs
            and not way.forbidden & surely
            and (way.only_in is None or way.only_in == only_in)
            and (not way.sequence or _follows(way, words))
        ]
        if left and classes is not None:
            may |= self._of_classes(classes())
            left = [one for one in left if one[1].needs & may == one[1].needs]
        if story is not None and any(way.story for _, way, _ in left):
            words_there = story()
            left = [one for one in left if one[1].suits(words_there)]
        found: dict[str, list[Entry]] = {}
        for head, _, entry in left:
            found.setdefault(head, []).append(entry)
        return found

    def _words(self, keys: Sequence[int], form_of: Callable[[int], str]) -> list[_Word | None]:
        known = self._known
        try:
            return [known[key] for key in keys]
        except KeyError:
            return [known[key] if key in known else self._learn(key, form_of(key)) for key in keys]

    def _of_classes(self, classes: frozenset[str]) -> int:
        bits = self._bits_of_classes.get(classes)
        if bits is None:
            bits = 0
            for name in classes:
                bits |= self._by_class.get(name, 0)
            self._bits_of_classes[classes] = bits
        return bits

    def _bit(self, need: Need) -> int:
        bit = self._bits.get(need)
        if bit is None:
            bit = self._bits[need] = 1 << len(self._bits)
            for table, words in (
                (self._by_word, need.words),
                (self._by_own, need.own),
                (self._by_prefix, need.prefixes),
                (self._by_class, need.classes),
            ):
                for word in words:
                    table[word] = table.get(word, 0) | bit
            if need.classes:
                self._any_class |= bit
        return bit

    def _learn(self, key: int, form: str) -> _Word | None:
        word = self._word(form)
        past = self.pasts.get(form)  # a headline's verb may be put into the past before it is read
        if past is not None:
            other = self._word(past)
            word = _Word(word.may | other.may, word.surely & other.surely, tuple({*word.heads, *other.heads}))
        if form == ",":  # which a headline may have for "and"
            word = replace(word, may=word.may | self._word("and").may, surely=0)
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        known = self._known[key] = word if word.may or word.heads else None
        return known

    def _word(self, form: str) -> _Word:
        own = {form, *self.lemmas(form)}
        if form.endswith("s"):
            own.add(form[:-1])
        surely = self._by_word.get(form, 0)
        if form.startswith(self._prefixes):
            for prefix, bit in self._by_prefix.items():
                if form.startswith(prefix):
                    surely |= bit
        may = surely
        known = own & self._by_form.keys()
        for one in known:
            may |= self._by_form[one]
        return _Word(may, surely, tuple(self._heads[one] for one in known if one in self._heads))


def _follows(way: Way, words: Sequence[_Word | None]) -> bool:
    """Do the words of a trigger stand as near to one another as they must?"""
    first = way.sequence[0]
    return any(
        word is not None and word.may & first and _goes_on(way, words, start) for start, word in enumerate(words)
    )


def _goes_on(way: Way, words: Sequence[_Word | None], start: int) -> bool:
    at = start
    for bit in way.sequence[1:]:
        stop = min(len(words), (start if way.reach > 1 else at) + way.reach + 1)
        near = ((i, words[i]) for i in range(at + 1, stop))
        following = next((i for i, word in near if word is not None and word.may & bit), None)
        if following is None:
            return False
        at = following
    return True
