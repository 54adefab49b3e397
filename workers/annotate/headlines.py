"""Headlines: labels and outlets around them, and letter case: capitals throughout, or a capital on every word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from functools import cache

from workers.annotate.lexicon import lexicon

_LETTERS = re.compile(r"[^\W\d_]+")
_SMALL = frozenset(
    {"a", "an", "the", "of", "in", "on", "at", "to", "for", "and", "or", "as", "by", "with", "from", "is"}
)
_OUTLET = re.compile(r"\s+(?:\|[^|]{2,40}|[-–—]\s(?P<name>[A-Z][\w .&'-]{1,30}))\s*$")
_BODY = 20_000
_STEM = 4


def without_labels(title: str) -> tuple[int, int]:
    """Where the headline itself begins and ends: without "UPDATE 2-" before and "| Example News" behind it."""
    start, end = 0, len(title)
    label = _label().match(title)
    if label is not None:
        start = label.end()
    outlet = _OUTLET.search(title, start)
    if outlet is not None and (
        outlet["name"] is None or outlet["name"].lower() in lexicon().words("names", "agencies")
    ):
        end = outlet.start()
    return (start, end) if title[start:end].strip() else (0, len(title))


@cache
def _label() -> re.Pattern[str]:
    labels = "|".join(sorted(lexicon().words("boilerplate", "labels"), key=len, reverse=True))
    return re.compile(
        rf"\s*(?:(?i:{labels})(?:\s\d{{1,2}})?(?:\s?[:|]\s+|\s[-–—]\s)|(?:{labels.upper()})(?:\s\d{{1,2}})?-(?=[A-Z]))+"
    )


def is_upper(text: str) -> bool:
    """Is `text` set in capitals throughout? Short texts do not count: "US, UK" is an ordinary title."""
    head = text[:400]
    if sum(map(str.islower, head[:150])) > 15:  # cheap, and true of almost every text
        return False
    letters = [c for c in head if c.isalpha()]
    return len(letters) >= 12 and sum(c.isupper() for c in letters) > 0.9 * len(letters)


def is_title_case(title: str) -> bool:
    """Has every longer word of `title` a capital?"""
    words = [word for word in _LETTERS.findall(title) if len(word) >= _STEM]
    return len(words) >= _STEM and sum(word[0].isupper() for word in words) > 0.85 * len(words)


def lower_words(title: str, body: str) -> str:
    """`title`, in title case, with small letters for the words that `body` writes small, in this form or another."""
    seen = _cases(title, body)
    stems = {word[:_STEM] for word in _LETTERS.findall(body[:_BODY]) if word.islower() and len(word) >= _STEM}

    def cased(match: re.Match[str]) -> str:
        word = match.group()
        lower = word.lower()
        if match.start() == 0 or len(lower) != len(word) or word.isupper():
            return word
        if lower in _SMALL:
            return lower
        if lower in seen:
            return seen[lower].most_common(1)[0][0]
        is_form = len(word) > _STEM and lower[:_STEM] in stems and lower not in _known_case()
        return lower if is_form and lower.endswith(("s", "ed", "ing")) else word

    return _LETTERS.sub(cased, title)


def recase(text: str, body: str) -> str:
    """`text`, which is in capitals, with each word as `body` mostly writes it, else as the gazetteer does."""
    seen = _cases(text, body)
    made = _LETTERS.sub(lambda match: _case_of(match.group(), seen), text)
    return made if len(made) == len(text) else text


def _cases(title: str, body: str) -> dict[str, Counter[str]]:
    """How `body` writes the words of `title`, the first words of its sentences left aside."""
    wanted = {word.lower() for word in _LETTERS.findall(title)}
    seen: dict[str, Counter[str]] = {}
    body = body[:_BODY]
    for start, word in _places(wanted, body):
        before = body[max(0, start - 2) : start]
        if before.strip() in {"", ".", '"'} and (start == 0 or before[:1] in {".", "\n", '"'}):
            continue
        seen.setdefault(word.lower(), Counter())[word] += 1
    return seen


def _places(words: Collection[str], text: str) -> list[tuple[int, str]]:
    """Where `words`, in small letters, stand in `text`, and how they are written there; in the text's order."""
    if not text.isascii():
        return [(match.start(), match.group()) for match in _LETTERS.finditer(text) if match.group().lower() in words]
    found: list[tuple[int, str]] = []
    lower = text.lower()
    for word in words:
        start = lower.find(word)
        while start >= 0:
            end = start + len(word)
            if not (lower[start - 1 : start].isalpha() or lower[end : end + 1].isalpha()):
                found.append((start, text[start:end]))
            start = lower.find(word, end)
    return sorted(found)


def _case_of(word: str, seen: dict[str, Counter[str]]) -> str:
    lower = word.lower()
    if len(lower) != len(word):
        return word
    if lower in seen:
        return seen[lower].most_common(1)[0][0]
    return _known_case().get(lower, lower)


_CASES: dict[str, str] = {}


def _known_case() -> dict[str, str]:
    return _CASES


def learn_case(names: list[str]) -> None:
    """Tell `recase` how names are written ("north korea": "North Korea"), from the gazetteer."""
    ordinary = {"us", "who", "turkey", "chad", "may", "an", "as", "is", "it", "no", "so", "am", "be", "to", "in", "at"}
    for name in names:
        for word in _LETTERS.findall(name):
            if word[0].isupper() and word.lower() not in ordinary and len(word) > 1:
                _CASES.setdefault(word.lower(), word)
