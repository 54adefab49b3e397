"""Every lemma that a word form may get, whatever its part of speech: from the tables of a rule lemmatizer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from spacy.language import Language

Lemmas = Callable[[str], set[str]]


def possible_lemmas(nlp: Language) -> Lemmas | None:
    """The function from a form in small letters to its lemmas; None if the pipeline's lemmas are no rules."""
    if "lemmatizer" not in nlp.component_names:
        return None
    lemmatizer: Any = nlp.get_pipe("lemmatizer")
    if getattr(lemmatizer, "mode", None) != "rule" or not lemmatizer.lookups.has_table("lemma_rules"):
        return None
    rules = sorted({(old, new) for ends in lemmatizer.lookups.get_table("lemma_rules").values() for old, new in ends})
    known: dict[str, set[str]] = defaultdict(set)
    if lemmatizer.lookups.has_table("lemma_exc"):
        for table in lemmatizer.lookups.get_table("lemma_exc").values():
            for form, found in table.items():
                known[form if isinstance(form, str) else nlp.vocab.strings[form]].update(one.lower() for one in found)
    for form, lemma in _ruled(nlp):
        known[form].add(lemma)

    def lemmas(form: str) -> set[str]:
        made = {form[: len(form) - len(old)] + new for old, new in rules if old and form.endswith(old)}
        return made | known.get(form, set())

    return lemmas


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
