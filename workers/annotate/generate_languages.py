"""Writes `languages.txt`, by which `language` tells languages apart: `python -m workers.annotate.generate_languages`.

Sources: the stop words that spaCy ships for each language (MIT), and the names of countries, months and days in the
Unicode CLDR through babel (Unicode licence). What English writes the same way says nothing and is left out.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from babel import Locale
from spacy.pipeline import Lemmatizer

from workers.annotate.pipeline import Pipeline

TABLE = Path(__file__).with_name("languages.txt")
LANGUAGES = (
    "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "sk", "ro", "hu", "tr", "id", "hr", "sl",
    "ca", "vi", "et", "lv", "lt", "sq", "is", "ga", "eu", "tl", "af", "az",
)  # fmt: skip
"""Those in Latin letters that have stop words, widely read ones first: on a tie the earlier wins."""

_MAX_LETTERS = 9
_WORD = re.compile(r"[^\W\d_]+")


def table() -> str:
    """The text of the file: a line for English and for each language, with its words."""
    english = stop_words("en") | names("en") | irregular_verbs()
    own = {lang: (stop_words(lang) | names(lang)) - english for lang in LANGUAGES}
    doubtful = dictionary() & set().union(*own.values())
    lines = {"en": stop_words("en"), "doubtful": doubtful, **own}
    return "".join(f"{key}: {' '.join(sorted(words))}\n" for key, words in lines.items())


def stop_words(lang: str) -> set[str]:
    """spaCy's function words of a language."""
    return _words(importlib.import_module(f"spacy.lang.{lang}.stop_words").STOP_WORDS)


def irregular_verbs() -> set[str]:
    """Forms like "met" and "led", of which English headlines are full, from the lemmatizer of the English pipeline."""
    pipeline = Pipeline.load("en_core_web_sm", batch_size=1)
    return _words(form for forms in pipeline.irregular_forms().values() for form in forms)


def dictionary(*parts: str) -> set[str]:
    """Nouns, verbs and adjectives of English, some of which other languages have as function words ("net", "sale")."""
    lemmatizer = cast("Lemmatizer", Pipeline.load("en_core_web_sm", batch_size=1).nlp.get_pipe("lemmatizer"))
    table = lemmatizer.lookups.get_table("lemma_index")
    return _words(word for pos in parts or ("noun", "verb", "adj") for word in table[pos])


def names(lang: str) -> set[str]:
    """What a language calls countries, months and days."""
    locale = Locale("fil" if lang == "tl" else lang)
    found = {str(name) for code, name in locale.territories.items() if len(code) == 2}
    for calendar in (locale.months, locale.days):
        found |= {str(name) for kind in ("format", "stand-alone") for name in calendar[kind]["wide"].values()}
    return _words(found)


def _words(texts: Iterable[str]) -> set[str]:
    words = {word.lower() for text in texts if "_" not in text for word in _WORD.findall(text)}
    return {word for word in words if len(word) <= _MAX_LETTERS}


if __name__ == "__main__":
    TABLE.write_text(table(), "utf-8")
