"""Where trigger words stand: a cheap test of surface forms for all sentences, the exact one for parsed ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from workers.annotate.forms import words_of_sentence
from workers.annotate.frames import Frame
from workers.annotate.lexicon import lexicon
from workers.annotate.matchers import PatternTriggers
from workers.annotate.ontology import Ontology, Trigger, TriggerKind
from workers.annotate.syntax import is_verbal
from workers.annotate.trace import Miss, Trace
from workers.annotate.words import Sentence, Token

_VOWELS = "aeiou"
_OBJECTS = frozenset({"dobj", "obj", "oprd", "attr", "ccomp"})
_NOMINAL = frozenset({"NOUN", "PROPN"})
_HELPING = frozenset({"aux", "auxpass"})
_PAIR = 3
VERB_REACH = 7
"""So many words behind a verb its particles and objects are looked for."""


Entry = tuple[Trigger, tuple[str, ...]]
"""A trigger and one way to write it, as tokens in small letters."""


class Candidate(NamedTuple):
    """A place where `trigger`'s words stand."""

    trigger: Trigger
    frame: Frame


def inflections(word: str) -> set[str]:
    """Forms that the regular rules make of a verb or a noun; some do not exist, which costs nothing here.

    >>> sorted(inflections("stop"))[:4]
    ['stop', 'stoped', 'stoping', 'stopped']
    """
    forms = {word, word + "s", word + "es", word + "ed", word + "d", word + "ing", word + "'s"}
    if word.endswith("e"):
        forms |= {word[:-1] + "ing"}
    if word.endswith("y"):
        forms |= {word[:-1] + "ies", word[:-1] + "ied"}
    if len(word) > 2 and word[-1] not in _VOWELS and word[-2] in _VOWELS:
        forms |= {word + word[-1] + "ed", word + word[-1] + "ing"}
    if word.endswith("ie"):
        forms.add(word[:-2] + "ying")
    return forms


def past_of(verb: str, irregular: Iterable[str]) -> str:
    """The past tense of `verb`; `irregular` are its irregular forms, among them participles.

    >>> past_of("fire", ()), past_of("strike", ("struck", "stricken")), past_of("carry", ())
    ('fired', 'struck', 'carried')
    """
    for form in sorted(irregular):
        if not form.endswith(("en", "wn", "ing", "s")):
            return form
    if verb.endswith("e"):
        return verb + "d"
    return verb[:-1] + "ied" if verb.endswith("y") and verb[-2:-1] not in _VOWELS else verb + "ed"


@dataclass(slots=True)
class TriggerIndex:
    """The triggers of an ontology by the lemma of their head word.

    `pasts` has the past tense of a verb by its form for one ("fires"), `bases` by that for several ("fire");
    `hyphened` has the halves of all forms of hyphenated verbs ("test", "fired").
    """

    heads: dict[str, list[Entry]]
    surfaces: frozenset[str]
    excludes: Mapping[str, tuple[tuple[str, ...], ...]]
    pasts: Mapping[str, str] = field(default_factory=dict)
    bases: Mapping[str, str] = field(default_factory=dict)
    patterns: PatternTriggers | None = None
    hyphened: frozenset[tuple[str, str]] = frozenset()
    _excluding_words: dict[str, frozenset[str]] = field(init=False)
    """A word of each phrase that a type excludes, its longest."""
    _empty: list[Entry] = field(default_factory=list)
    _patterned_heads: frozenset[str] | None = None

    def __post_init__(self) -> None:
        self._excluding_words = {
            name: frozenset(max(phrase, key=len) for phrase in phrases) for name, phrases in self.excludes.items()
        }

    @classmethod
    def build(
        cls, ontology: Ontology, tokenise: Callable[[str], list[str]], irregular: Mapping[str, Iterable[str]]
    ) -> TriggerIndex:
        """`irregular` gives the irregular forms of a lemma; `tokenise` cuts phrases the way texts are cut."""
        heads: dict[str, list[Entry]] = defaultdict(list)
        surfaces: set[str] = set()
        hyphened: set[tuple[str, str]] = set()
        for kind in ontology.types.values():
            for trigger in kind.triggers:
                for words in trigger.words:
                    cut = tuple(word.lower() for word in tokenise(" ".join(words)))
                    # A verb's phrase begins with its head; a noun's ends with it.
                    head = cut[0] if trigger.kind == "verb" else cut[-1]
                    if trigger.kind == "verb" and "-" in cut:
                        head = cut[-1]
                        forms = inflections(head) | set(irregular.get(head, ()))
                        hyphened |= {(cut[0], form) for form in forms if not form.endswith("ing")}
                    heads[head].append((trigger, cut))
                    surfaces |= inflections(head) | set(irregular.get(head, ()))
        excludes = {
            name: tuple(tuple(w.lower() for w in tokenise(" ".join(phrase))) for phrase in kind.exclude)
            for name, kind in ontology.types.items()
        }
        verbs = {head for head, found in heads.items() if any(trigger.kind == "verb" for trigger, _ in found)}
        pasts = {form: past_of(verb, irregular.get(verb, ())) for verb in verbs for form in (verb + "s", verb + "es")}
        bare = verbs - (
            lexicon().words("syntax", "prepositions") - {"down"}
        )  # "summit in doubt", but "rebels down jet"
        bases = {verb: past_of(verb, irregular.get(verb, ())) for verb in bare}
        return cls(dict(heads), frozenset(surfaces), excludes, pasts, bases, hyphened=frozenset(hyphened))

    def may_hold(self, words: Iterable[str]) -> bool:
        """Could a sentence of these small-letter words hold a trigger?"""
        return not self.surfaces.isdisjoint(words)

    def is_verb(self, lemma: str) -> bool:
        """Is it the lemma of a verb that carries events?"""
        return any(trigger.kind == "verb" for trigger, _ in self.heads.get(lemma, self._empty))

    def in_past_tense(self, words: Sequence[str]) -> list[str] | None:
        """A headline's words with its first verb put into the past, where that cannot be taken for a noun.

        None if there is no such word: "Iran fires missile" becomes "Iran fired missile", and "Rebels storm base",
        behind words for several, "Rebels stormed base".
        """
        for i in range(1, len(words) - 1):
            past = self.pasts.get(words[i]) or (self.bases.get(words[i]) if _names_several(words[:i]) else None)
            if past is not None:
                return [*words[:i], past, *words[i + 1 :]]
        return None

    def candidates(
        self, sentence: Sentence, *, headline: bool = False, trace: Trace | None = None
    ) -> Iterator[Candidate]:
        """Every trigger in a parsed sentence, in the order of the words. `trace` is told of near misses.

        If the sieve has left word of what the sentence may hold, nothing else is looked for.
        """
        heads: Mapping[str, Sequence[Entry]] = self.heads if sentence.held is None else sentence.held
        present = words_of_sentence(sentence)
        frames: dict[tuple[TriggerKind, tuple[int, ...]], Frame] = {}
        for token in sentence:
            lower, lemma = token.pair
            if lemma not in heads and lower not in heads:
                continue
            seen: set[int] = set()
            for form in (lemma,) if lemma == lower else (lemma, lower):
                for trigger, words in heads.get(form, self._empty):
                    if id(trigger) in seen or not present.issuperset(words):
                        continue
                    tokens = _matched(trigger, words, token, headline)
                    if trigger.only_in is not None and tokens is not None and (trigger.only_in == "title") != headline:
                        tokens = "other part"
                    if tokens is None or isinstance(tokens, str):
                        if trace is not None and tokens is not None:
                            trace.missed(trigger, words, token, tokens)
                        continue
                    phrase = self._excluding(trigger.type, tokens)
                    if phrase is not None:
                        if trace is not None:
                            trace.excluded(trigger, tokens, phrase)
                        continue
                    seen.add(id(trigger))
                    yield Candidate(trigger, _frame(trigger.kind, words, tokens, frames))
        if self.patterns is not None and (wanted := self._patterns_in(heads, present)):
            yield from self._patterned(self.patterns.matches(sentence, wanted), headline=headline, trace=trace)

    def _patterns_in(self, heads: Mapping[str, Sequence[Entry]], present: Collection[str]) -> set[int]:
        """The ids of triggers that are patterns and have a word there by which their sentences are found."""
        if self._patterned_heads is None:
            self._patterned_heads = frozenset(
                head for head, entries in self.heads.items() if any(trigger.kind == "pattern" for trigger, _ in entries)
            )
        there = self._patterned_heads.intersection(present)
        found = (trigger for head in there for trigger, _ in heads.get(head, self._empty))
        return {id(trigger) for trigger in found if trigger.kind == "pattern"}

    def _patterned(
        self, matches: Iterable[tuple[Trigger, Frame]], *, headline: bool, trace: Trace | None
    ) -> Iterator[Candidate]:
        for trigger, frame in matches:
            phrase = self._excluding(trigger.type, frame.tokens)
            if trigger.only_in is not None and (trigger.only_in == "title") != headline:
                if trace is not None:
                    trace.missed(trigger, (), frame.head, "other part")
            elif phrase is None:
                yield Candidate(trigger, frame)
            elif trace is not None:
                trace.excluded(trigger, frame.tokens, phrase)

    def _excluding(self, type_name: str, tokens: Sequence[Token]) -> tuple[str, ...] | None:
        """The excluded phrase that the tokens are part of."""
        doc = tokens[0].doc
        present = words_of_sentence(doc)
        if self._excluding_words[type_name].isdisjoint(present):
            return None
        own = {token.i for token in tokens}
        for phrase in self.excludes[type_name]:
            if not present.issuperset(phrase):
                continue
            n = len(phrase)
            for start in range(max(0, min(own) - n + 1), min(max(own) + 1, len(doc) - n + 1)):
                window = doc[start : start + n]
                if all(w in (t.lower_, t.lemma_.lower()) for w, t in zip(phrase, window, strict=True)) and (
                    own & set(range(start, start + n)) and not _is_plural_of(phrase, window) and not _is_dated(window)
                ):
                    return phrase
        return None


def _is_plural_of(phrase: Sequence[str], window: Sequence[Token]) -> bool:
    """ "Hurt in protests" is no case of the set phrase "in protest"."""
    last = window[-1]
    return window[0].pos_ == "ADP" and last.tag_ == "NNS" and last.lower_ != phrase[-1]


def _is_dated(window: Sequence[Token]) -> bool:
    """ "A phone call on Tuesday" calls on nobody."""
    last = window[-1]
    after = last.doc[last.i + 1].lower_ if last.i + 1 < len(last.doc) else ""
    return last.lower_ == "on" and (after in lexicon().words("names", "days") or after.isdecimal())


def _names_several(words: Sequence[str]) -> bool:
    """Does a headline that begins so name several who may act: "Rebels", "Chile, Peru", "Gunmen"?"""
    last = words[-1]
    if len(words) >= _PAIR and words[-2] in {",", "and", "&"} and last.isalpha():
        return True
    return (
        last.endswith("s") and last[:-1].isalpha() and not last.isupper() and not last.endswith(("ss", "us", "is"))
    ) or (last.lower() in lexicon().words("syntax", "plurals"))


def _frame(
    kind: TriggerKind,
    words: tuple[str, ...],
    tokens: tuple[Token, ...],
    frames: dict[tuple[TriggerKind, tuple[int, ...]], Frame],
) -> Frame:
    """The frame of a trigger; those of several types on the same words share one, and what is found in its slots."""
    key = kind, tuple([token.i for token in tokens])
    if key not in frames:
        hyphened = kind == "verb" and "-" in words
        head = tokens[0] if kind == "verb" and not hyphened else _top(tokens)
        frames[key] = Frame(head, tokens, kind)
    return frames[key]


def _top(tokens: Sequence[Token]) -> Token:
    """The head of a phrase: the token whose own head lies outside."""
    inside = {token.i for token in tokens}
    return next((token for token in reversed(tokens) if token.head.i not in inside or token.head == token), tokens[-1])


def _matched(trigger: Trigger, words: tuple[str, ...], token: Token, headline: bool) -> tuple[Token, ...] | Miss | None:
    """The trigger's tokens; None if its words are not there, the reason if they are but do not carry an event."""
    if trigger.kind == "verb":
        return _matched_verb(words, token, headline)
    if trigger.kind == "pattern":
        return None  # its words only find its sentences; `patterns` matches it
    tokens = _sequence(words, token)
    if tokens is None or trigger.kind == "phrase":
        return tokens
    top = _top(tokens)
    if top.pos_ not in _NOMINAL and not (
        top.tag_ == "VBG" and top.dep_ in {"pobj", "dobj", "nsubj", "compound", "conj", "pcomp"} and not _acts(top)
    ):
        return "part of speech"
    if not trigger.compound and top.dep_ in {"compound", "nmod", "amod", "npadvmod"} and not _is_transparent(top.head):
        return "modifier"
    return tokens


def _acts(gerund: Token) -> bool:
    """Has it an object, its own or that of "striking and killing a woman"?"""
    joined = (gerund, *(c for c in gerund.children if c.dep_ == "conj" and c.tag_ == "VBG"))
    return any(c.dep_ == "dobj" for verb in joined for c in verb.children)


def _is_transparent(token: Token) -> bool:
    return token.lemma_.lower() in lexicon().words("roles", "transparent")


def _matched_verb(words: tuple[str, ...], token: Token, headline: bool) -> tuple[Token, ...] | Miss | None:
    if "-" in words:
        tokens = _sequence(words, token)
        return "part of speech" if tokens is not None and not is_verbal(token) else tokens
    near = list(token.doc[token.i + 1 : token.i + 1 + VERB_REACH]) if len(words) > 1 else []
    if (token.pos_ == "AUX" and token.dep_ in _HELPING) or not is_verbal(token) or _is_quality(token):
        return "part of speech" if _follow(words[1:], near) else None
    found = [token]
    for word in words[1:]:
        nxt = next(
            (t for t in near if word in (t.lemma_.lower(), t.lower_) and t.i > found[-1].i and _hangs_on(t, found)),
            None,
        )
        if nxt is None or (
            nxt.dep_ == "prep" and any(_is_thing(c) and c.i < nxt.i and c not in found for c in token.children)
        ):
            # "called it a rehearsal for war" does not call for war
            return "words apart" if _follow(words[1:], near) else None
        found.append(nxt)
    return tuple(found)


def _hangs_on(token: Token, found: Sequence[Token]) -> bool:
    """Does the word hang on one of those found, or open a clause on it: "called for it to be torn up"?"""
    return token.head in found or (token.lower_ == "for" and token.dep_ == "mark" and token.head.head in found)


def _is_thing(token: Token) -> bool:
    """An object, and not the day in "called Sunday on all sides"."""
    day = token.lower_ in lexicon().words("syntax", "times") and (token.text[:1].isupper() or token.dep_ == "npadvmod")
    return token.dep_ in _OBJECTS and not day


def _follow(words: Sequence[str], near: Sequence[Token]) -> bool:
    """Do the further words of a verb stand behind it at all?"""
    return all(any(word in (t.lemma_.lower(), t.lower_) for t in near) for word in words)


def _is_quality(token: Token) -> bool:
    """ "An arresting sight", "the accused man": the participle before a noun says what it is like, not what happens."""
    return token.dep_ == "amod" and token.tag_ in {"VBG", "VBN"} and token.i < token.head.i


def _sequence(words: tuple[str, ...], last: Token) -> tuple[Token, ...] | None:
    start = last.i - len(words) + 1
    if start < 0:
        return None
    window = list(last.doc[start : last.i + 1])
    if all(word in (t.lemma_.lower(), t.lower_) for word, t in zip(words, window, strict=True)):
        return tuple(window)
    return None
