"""Which language a text is in, by script and by function words: enough to tell what a pipeline must not read."""

from __future__ import annotations

import importlib
import re
import unicodedata
from collections import Counter
from functools import cache

from workers.annotate.lexicon import lexicon

_WORD = re.compile(r"[^\W\d_]+")
_LATIN_LANGUAGES = (
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "sv",
    "da",
    "nb",
    "fi",
    "pl",
    "cs",
    "ro",
    "hu",
    "tr",
    "id",
    "hr",
    "ca",
)
_SCRIPTS = {
    "CYRILLIC": "ru", "ARABIC": "ar", "HEBREW": "he", "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh",
    "GREEK": "el", "THAI": "th", "DEVANAGARI": "hi", "BENGALI": "bn", "ARMENIAN": "hy", "GEORGIAN": "ka",
}  # fmt: skip


def detect_language(text: str) -> str | None:
    """The ISO 639-1 code of `text`'s language; None if there are no letters to tell by.

    A short Latin text without function words counts as English: headlines leave them out.
    """
    sample = text[:4000]
    letters = [c for c in sample if c.isalpha()]
    if not letters:
        return None
    script = _script(letters)
    if script != "LATIN":
        return _SCRIPTS.get(script, "und")
    words = [word.lower() for word in _WORD.findall(sample)]
    english = lexicon().words("languages", "english")
    share = sum(word in english for word in words) / len(words)
    if share >= 0.2 or (len(words) < 8 and share > 0):
        return "en"
    best, best_share = _best_other(words)
    # A few foreign words prove nothing in a short text full of names; in a long one they do.
    needed = 0.5 if len(words) < 5 else 0.25 if len(words) < 40 else 0.15
    return best if best_share > max(share * 1.5, needed) else "en"


def _script(letters: list[str]) -> str:
    counts: Counter[str] = Counter()
    for letter in letters[:600]:
        name = unicodedata.name(letter, "UNKNOWN").split()[0].split("-")[0]
        counts[name] += 1
    if counts["HIRAGANA"] + counts["KATAKANA"] > 0.1 * sum(counts.values()):
        return "HIRAGANA"
    return counts.most_common(1)[0][0]


def _best_other(words: list[str]) -> tuple[str, float]:
    shares = {lang: sum(word in stops for word in words) / len(words) for lang, stops in _stop_words().items()}
    best = max(shares, key=lambda lang: shares[lang])
    return best, shares[best]


@cache
def _stop_words() -> dict[str, frozenset[str]]:
    """Function words of other languages, from spaCy, less those that English writes the same way."""
    english = lexicon().words("languages", "english")
    found: dict[str, frozenset[str]] = {}
    for lang in _LATIN_LANGUAGES:
        stops = importlib.import_module(f"spacy.lang.{lang}.stop_words").STOP_WORDS
        short = {word for word in stops if len(word) <= 5}
        found[lang] = frozenset(short - english)
    return found
