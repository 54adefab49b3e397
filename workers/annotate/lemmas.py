"""Every lemma that a word form may get, whatever its part of speech: from the tables of a rule lemmatizer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spacy.language import Language
from spacy.pipeline import Lemmatizer

Lemmas = Callable[[str], set[str]]


@dataclass(frozen=True, slots=True)
class _Tables:
    """What the lemmatizer knows of one part of speech."""

    rules: Mapping[str, Sequence[tuple[str, str]]]
    """By the last letter of what they replace."""
    index: Collection[str]
    exceptions: Mapping[str, Sequence[str]]

    def lemma(self, form: str) -> str:
        """The first of the lemmas that spaCy's `rule_lemmatize` makes of a form in small letters."""
        exceptions = self.exceptions.get(form)
        rules = self.rules.get(form[-1:], self.rules[""])
        if not rules and not exceptions:
            return form
        known: list[str] = []
        unknown: list[str] = []
        for old, new in rules:
            if form.endswith(old):
                made = form[: len(form) - len(old)] + new
                if made and (made in self.index or not made.isalpha()):
                    known.append(made)
                elif made:
                    unknown.append(made)
        for one in exceptions or ():
            if one not in known:
                known.insert(0, one)
        return next(iter((*known, *unknown)), form)


def possible_lemmas(nlp: Language) -> Lemmas | None:
    """The function from a form in small letters to its lemmas; None if the pipeline's lemmas are no rules.

    A word in its base form, and one of a part of speech without rules, is its own lemma, which is not among them.
    """
    if "lemmatizer" not in nlp.component_names:
        return None
    lemmatizer: Any = nlp.get_pipe("lemmatizer")
    if getattr(lemmatizer, "mode", None) != "rule" or not lemmatizer.lookups.has_table("lemma_rules"):
        return None
    if type(lemmatizer).rule_lemmatize is not Lemmatizer.rule_lemmatize:
        return None
    tables = _tables(lemmatizer.lookups, nlp.vocab.strings)
    ruled: dict[str, set[str]] = defaultdict(set)
    for form, lemma in _ruled(nlp):
        ruled[form].add(lemma)
    nothing: frozenset[str] = frozenset()

    def lemmas(form: str) -> set[str]:
        return {table.lemma(form).lower() for table in tables} | ruled.get(form, nothing)

    return lemmas


def _tables(lookups: Any, strings: Any) -> list[_Tables]:
    """The tables of every part of speech; their keys may be strings or spaCy's ids of strings."""

    def table(name: str, pos: int | str) -> Any:
        return lookups.get_table(name).get(pos, {}) if lookups.has_table(name) else {}

    every = [lookups.get_table(name) for name in ("lemma_rules", "lemma_index", "lemma_exc") if lookups.has_table(name)]
    return [
        _Tables(
            _by_last_letter(table("lemma_rules", pos)),
            frozenset(table("lemma_index", pos)),
            {
                form if isinstance(form, str) else strings[form]: list(found)
                for form, found in table("lemma_exc", pos).items()
            },
        )
        for pos in dict.fromkeys(pos for known in every for pos in known)
    ]


def _by_last_letter(rules: Iterable[Sequence[str]]) -> Mapping[str, Sequence[tuple[str, str]]]:
    every = [(old, new) for old, new in rules]
    letters = {old[-1:] for old, _ in every} | {""}
    return {letter: [rule for rule in every if rule[0][-1:] in {"", letter}] for letter in letters}


def _ruled(nlp: Language) -> list[tuple[str, str]]:
    """Forms and the lemmas that the attribute ruler gives them, whatever the lemmatizer says ("was": be)."""
    if "attribute_ruler" not in nlp.component_names:
        return []
    ruler: Any = nlp.get_pipe("attribute_ruler")
    found: list[tuple[str, str]] = []
    for rule in ruler.patterns:
        lemma = rule["attrs"].get("LEMMA")
        for pattern in rule["patterns"] if lemma else ():
            found.extend((form, lemma.lower()) for form in _forms(pattern[rule["index"]]))
    return found


def _forms(token: Mapping[str, Any]) -> list[str]:
    value = token.get("LOWER", token.get("ORTH", ()))
    if isinstance(value, Mapping):
        value = value.get("IN", ())
    return [form.lower() for form in ([value] if isinstance(value, str) else value)]


def nouns_of(nlp: Language) -> frozenset[str]:
    """The nouns that a rule lemmatizer knows, in small letters; none if the pipeline has no such list."""
    if "lemmatizer" not in nlp.component_names:
        return frozenset()
    lemmatizer: Any = nlp.get_pipe("lemmatizer")
    lookups = getattr(lemmatizer, "lookups", None)
    if lookups is None or not lookups.has_table("lemma_index"):
        return frozenset()
    return frozenset(lookups.get_table("lemma_index").get("noun", ()))
