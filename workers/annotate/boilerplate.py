"""Lines that belong to the page and not to the story: links, credits, calls to subscribe, rows of buttons, tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from workers.annotate.lexicon import lexicon

_ADDRESS = re.compile(r"\s*(?:https?\s?:\s?/|www\s?\.)")
_STAMP = re.compile(
    r"""(?:first\ |last\ )?(?:published|posted|updated|modified|created|issued)\b[^.!?]{0,90}\d[^.!?]{0,40}$
    | \d+\s(?:min(?:ute)?s?|hours?|hrs?|days?|weeks?)\s(?:ago|read)$
    | [^.!?]{0,40}\b\d+\s(?:min(?:ute)?s?|hours?|hrs?|days?)\sago\s(?:\||[a-z]{3,9},?\s\d)[^!?]{0,40}$
    | (?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s\d{1,2}\s[a-z]{3,9}\.?,?\s\d{4}\b[^.!?]{0,40}$
    | (?:\d{1,2}\s[a-z]{3,9}|[a-z]{3,9}\.?\s\d{1,2}),?\s\d{4}\b[^.!?]{0,30}$
    | \d{1,2}[:.]\d{2}\s?(?:[ap]\.?m\.?)?(?:\s[a-z]{2,4})?$
    | reuters?$ | \(?ends?\)?$ | -+\s*ends?\s*-+$ | \#\#\#$""",
    re.VERBOSE,
)
_AGE = re.compile(r"\d\s?(?:min(?:ute)?|hour|hr|day|week|month|year)s?\sago(?:$|(?=[A-Z]))")
_CELLS = re.compile(r"\s\|\s|\t|\s{3,}")
_LONGEST = 400
_LONGEST_LINK = 120
_SHORT = 5
_LONGEST_TEASER = 140


def is_boilerplate(line: str) -> bool:
    """Does `line` belong to the page and not to the story: links, credits, calls to subscribe?"""
    return Page(line).leaves_out(line)


@dataclass(slots=True)
class Page:
    """The lines of one text, asked for from first to last: under "Related:" stand headlines of other stories.

    So they do under the story, where their ages are told ("World1 week agoFerry sinks off Cebu").
    """

    text: str
    _contained: tuple[str, ...] = field(init=False)
    _in_list: bool = field(init=False, default=False)
    _teasers: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        lower = self.text.lower()
        self._contained = tuple(part for part in lexicon().words("boilerplate", "contains") if part in lower)
        self._teasers = _teasers(self.text) if " ago" in lower or "go to video" in lower else frozenset()

    def leaves_out(self, line: str) -> bool:
        """Is this line, the next of the text, no part of the story?"""
        if line.strip() in self._teasers:
            return True
        words: str = line.strip().lower().replace("’", "'")
        if not words or len(words) > _LONGEST:
            self._in_list = False
            return False
        bare: str = words.lstrip("([*•▪●►→-–— ")
        start = _start(bare) if len(bare) <= _LONGEST // 2 else None
        if start is not None or self._is_page(words):
            self._in_list = start is not None and (bare.endswith(":") or len(bare.split()) <= len(start.split()) + 1)
            return True
        if self._in_list and len(words) <= _LONGEST_LINK and words[-1] not in ".!?\"'":
            return True
        self._in_list = False
        return False

    def _is_page(self, words: str) -> bool:
        if any(part in words for part in self._contained):
            return True
        if _ADDRESS.match(words) or _STAMP.match(words):
            return True
        buttons = lexicon().words("boilerplate", "buttons")
        return len(words) <= _LONGEST_LINK and all(
            word.strip("|·•()") in buttons or not word[0].isalnum() for word in words.split()
        )

    @staticmethod
    def is_table(line: str) -> bool:
        """Is `line` a row of cells?"""
        cells = _CELLS.split(line.strip())
        return len(cells) >= 3 and max(map(len, cells)) <= 40


def _teasers(text: str) -> frozenset[str]:
    """The lines under a story's last sentence, where two of them at least tell how old another story is."""
    lines = [line.strip() for line in text.splitlines()]
    first = len(lines)
    while first and len(lines[first - 1]) <= _LONGEST_TEASER and lines[first - 1][-1:] not in {".", "!", "?", '"', "”"}:
        first -= 1
    aged = sum(1 for line in lines[first:] if _AGE.search(line) or line.lower() == "go to video")
    return frozenset(lines[first:]) - {""} if first and aged > 1 else frozenset()


def _start(words: str) -> str | None:
    """The opening of boilerplate with which `words` begin."""
    first = words.split(None, 1)[0] if words else ""
    candidates: list[str] = [*_starts().get(first, ()), *_starts().get(first.rstrip(":|,"), ())]
    for start in candidates:
        if _begins(words, start):
            return start
    return None


@cache
def _starts() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for start in lexicon().words("boilerplate", "starts"):
        found.setdefault(start.split()[0], []).append(start)
    return found


def _begins(words: str, start: str) -> bool:
    if not words.startswith(start):
        return False
    rest = words[len(start) :]
    if start.endswith(":") or not rest:
        return True
    if words.endswith(".") and len(words.split()) > _SHORT and start in lexicon().words("boilerplate", "weak"):
        return False  # "Related parties fired …"
    # "Related stories" and "Subscribe now" are boilerplate; "Donated food arrived" and "Support us all" are sentences.
    return not rest[0].isalnum() and (len(words.split()) <= 14 or rest.lstrip()[:1] in {":", "|", "-", "–"})
