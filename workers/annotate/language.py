"""Which language a text is in, by script and by function words: enough to tell what a pipeline must not read.

The words stand in `languages.txt`, which `generate_languages` writes; a long text is told by its beginning.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workers.annotate.lexicon import lexicon

TABLE = Path(__file__).with_name("languages.txt")

_SAMPLE = 1500
"""Characters that are looked at; the first of them, alone, tell plain English."""
_GLANCE = 400
_MOST = 1.5
"""What a word counts at most for a language."""
_WORD = re.compile(r"[^\W\d_]+")
_MARKUP = re.compile(r"</?[a-z][^<>]{0,200}>|&[a-z]{2,8};")
_FOREIGN_LETTER = re.compile(r"(?=[^\W\d_])[^\u0000-\u024f\u1e00-\u1eff\ua720-\ua7ff\ufb00-\ufb06]")
_SCRIPTS = {
    "ja": "\u3040-\u30ff\u31f0-\u31ff", "zh": "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f",
    "ko": "\u1100-\u11ff\uac00-\ud7af", "ru": "\u0400-\u052f", "el": "\u0370-\u03ff\u1f00-\u1fff",
    "ar": "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff", "he": "\u0590-\u05ff", "hi": "\u0900-\u097f",
    "bn": "\u0980-\u09ff", "pa": "\u0a00-\u0a7f", "gu": "\u0a80-\u0aff", "ta": "\u0b80-\u0bff", "te": "\u0c00-\u0c7f",
    "kn": "\u0c80-\u0cff", "ml": "\u0d00-\u0d7f", "si": "\u0d80-\u0dff", "th": "\u0e00-\u0e7f", "lo": "\u0e80-\u0eff",
    "my": "\u1000-\u109f", "ka": "\u10a0-\u10ff", "am": "\u1200-\u137f", "km": "\u1780-\u17ff", "hy": "\u0530-\u058f",
}  # fmt: skip
"""Ranges of characters by the language that mostly writes them."""
_SIGNS = {
    "ru": {"kk": "әғқңұһ", "be": "ў", "mk": "ѓќѕ", "sr": "ђјљњћџ", "uk": "ґєії"},
    "ar": {"ur": "ٹڈڑےں", "ps": "ټډړښڼ", "fa": "پچژگی"},
}
"""Letters by which languages of one script are told, the most particular first."""


def detect_language(text: str, *, default: str = "en") -> str | None:
    """The ISO 639-1 code of `text`'s language; None if there are no letters to tell by.

    A short Latin text without function words, as headlines and lists of names are, counts as `default`: it is left to
    the pipeline. Looks at the beginning of a long text only.
    """
    glance = text[:_GLANCE].lower().split()
    if len(glance) >= 12 and sum(map(_plain_english().__contains__, glance)) >= 0.16 * len(glance):
        return "en"
    sample = text[:_SAMPLE]
    if "<" in sample or "&" in sample:
        sample = _MARKUP.sub(" ", sample)
    words = _WORD.findall(sample)
    if not words:
        return None
    foreign = [] if sample.isascii() else _FOREIGN_LETTER.findall(sample)
    letters = sum(map(len, words))
    # One sign of Chinese, Japanese or Korean says as much as several letters.
    if foreign and _weight(foreign) > 0.5 * letters:
        return _by_script("".join(foreign))
    return _by_words(words, default)


@cache
def _plain_english() -> frozenset[str]:
    return lexicon().words("languages", "english")


def _weight(letters: list[str]) -> float:
    return sum(2.5 if letter >= "\u3040" else 1 for letter in letters)


def _by_script(letters: str) -> str | None:
    counts = {lang: len(re.findall(f"[{signs}]", letters)) for lang, signs in _SCRIPTS.items()}
    if counts["ja"] > 0.1 * len(letters):
        return "ja"
    best = max(counts, key=lambda lang: counts[lang])
    if not counts[best]:
        return None
    return _within_script(best, letters.lower())


def _within_script(script: str, letters: str) -> str:
    for lang, signs in _SIGNS.get(script, {}).items():
        if sum(letters.count(sign) for sign in signs) > 0.004 * len(letters):
            return lang
    # Bulgarian has no letter of its own; it lacks one, and writes another more often.
    if script == "ru" and len(letters) > 40 and letters.count("ъ") > 0.008 * len(letters) and "ы" not in letters:
        return "bg"
    return script


def _by_words(words: list[str], default: str) -> str:
    table = _table()
    # A few foreign words prove nothing in a short text full of names, nor among capitals; in a long one they do.
    needed = 0.27 if len(words) < 5 else 0.24 if len(words) < 40 else 0.15
    needed *= len(words) * (1.7 if words[0].isupper() and words[-1].isupper() else 1)
    if default == "en" and _MOST * table.count_foreign(words) <= needed:
        return "en"  # whatever they speak for, they are too few
    shares: dict[str, float] = defaultdict(float)
    for word, count in _weights(words).items():
        langs, trust = table.languages(word)
        for lang in langs:
            shares[lang] += count * trust * (1.0 + (_MOST - 1.0) / len(langs))
    ours = 1.25 * shares.pop("en", 0.0) / _MOST
    best = max(shares, key=lambda lang: round(shares[lang], 6), default=default)
    if shares.get(best, 0.0) > max(1.2 * ours, needed):
        return best
    return "en" if ours >= 1 else default


def _weights(words: list[str]) -> Mapping[str, float]:
    """How often each word, in small letters, stands there; a name counts a third, since names are of any language."""
    weights: dict[str, float] = defaultdict(float)
    in_capitals = sum(word.isupper() for word in words) > 0.8 * len(words)
    for word, count in Counter(words).items():
        named = word[0].isupper() and not in_capitals
        if named and word == words[0]:  # "El presidente", but not "El Niño"
            named = len(words) > 1 and words[1][0].isupper()
        weights[word.lower()] += count * 0.3 if named else count
    return weights


@dataclass(frozen=True, slots=True)
class _Table:
    """Words, with the languages that have them; the letters beyond ASCII that each writes; and words of English too."""

    words: dict[str, tuple[str, ...]]
    letters: dict[str, frozenset[str]]
    doubtful: frozenset[str]
    foreign: frozenset[str]
    """The words that speak for another language than English."""

    def count_foreign(self, words: Sequence[str]) -> int:
        """How many of `words` may speak for another language than English."""
        listed = sum(map(self.foreign.__contains__, map(str.lower, words)))
        return listed + len(words) - sum(map(str.isascii, words))

    def languages(self, word: str) -> tuple[Sequence[str], float]:
        """The languages that `word` speaks for, and how far that can be trusted."""
        langs = self.words.get(word)
        if langs is not None:
            return langs, 0.4 if word in self.doubtful else 1.0
        if word.isascii():
            return (), 0.0
        # A word of no list still shows its alphabet.
        letters = {letter for letter in word if letter > "\x7f"}
        return [lang for lang, own in self.letters.items() if letters <= own], 0.6


@cache
def _table() -> _Table:
    words: dict[str, tuple[str, ...]] = {}
    letters: dict[str, frozenset[str]] = {}
    doubtful: frozenset[str] = frozenset()
    for line in TABLE.read_text("utf-8").splitlines():
        lang, _, listed = line.partition(": ")
        if lang == "doubtful":
            doubtful = frozenset(listed.split())
            continue
        for word in listed.split():
            words[word] = (*words.get(word, ()), lang)
        if lang != "en":
            letters[lang] = frozenset(letter for letter in listed if letter > "\x7f")
    foreign = frozenset(word for word, langs in words.items() if langs != ("en",))
    return _Table(words, letters, doubtful, foreign)
