"""An article's parts made ready for reading: cleaned characters, segments, boilerplate, datelines, letter case.

Every working text has exactly the length of the original, so that an offset into one is an offset into the other.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from topics.annotations import TextPart
from workers.annotate.lexicon import lexicon

MAX_WORD = 100
"""A run of so many characters without a space is no word; it is not read."""

_QUOTES = {"‘": "'", "’": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "′": "'", "″": '"', "`": "'"}
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\u2028\u2029"
_INVISIBLE = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\ufffd"
)
_TABLE = str.maketrans(
    {
        **_QUOTES,
        **dict.fromkeys(_SPACES + _INVISIBLE, " "),
        **{chr(c): " " for c in [*range(9), 9, *range(11, 32), *range(127, 160)]},
        "‐": "-",
        "‑": "-",
        "‒": "-",
    }
)
_OVERLONG = re.compile(rf"\S{{{MAX_WORD + 1},}}")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_DATELINE = re.compile(
    r"""^\s*(?:
        [A-Z][A-Z .'/-]{2,40}(?:,\s[A-Z][A-Za-z0-9. ]{1,30}){0,3}\s*(?:\([A-Z][^()]{1,40}\)\s*)?(?:[-–—]{1,2})\s+
      | (?:[A-Z][A-Za-z .'/,-]{2,40})?
        \((?:Reuters|AP|AFP|UPI|Xinhua|dpa|TASS|Kyodo|Yonhap|PTI|ANI|Bloomberg|CNN)\)\s*(?:[-–—:]{1,2}\s*)?
    )""",
    re.VERBOSE,
)
_BYLINE = re.compile(r"^\s*(?:By|BY)\s+[A-Z][\w.'-]+(?:\s+(?:and\s+)?[A-Z][\w.'-]+){0,6}[\s,]*$")
_END = re.compile(r"[.!?…:;,\"')\]]\s*$")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Segment:
    """A paragraph, or a line that stands alone. A heading is told from a sentence by its form."""

    start: int
    end: int
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Blank:
    """Characters of a part that are not read, and why: `boilerplate`, `byline` or `dateline`."""

    start: int
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class Part:
    """Title or text: as it was (`raw`), as it is read (`working`, of the same length), and its segments."""

    name: TextPart
    raw: str
    working: str
    segments: tuple[Segment, ...]
    blanks: tuple[Blank, ...] = ()


def clean(raw: str) -> str:
    """`raw` with straight quotes, and with spaces for control and invisible characters and for overlong words."""
    text = _SURROGATES.sub(" ", raw).translate(_TABLE)
    return _OVERLONG.sub(lambda match: " " * len(match.group()), text)


def prepare_title(raw: str, body: str = "") -> Part:
    """The title; one in capitals gets the letter case that its words have in `body`."""
    working = clean(raw).replace("\n", " ")
    if is_upper(working):
        working = recase(working, body)
    segments = (Segment(0, len(working)),) if working.strip() else ()
    return Part("title", raw, working, segments)


def prepare_text(raw: str) -> Part:
    """The body: boilerplate, bylines and datelines are blanked, paragraphs become segments."""
    working = list(clean(raw))
    whole = "".join(working)
    segments: list[Segment] = []
    blanks: list[Blank] = []
    for start, end in _paragraphs(whole):
        line = whole[start:end]
        why = "boilerplate" if is_boilerplate(line) else "byline" if _BYLINE.match(line) else None
        if why is not None:
            working[start:end] = " " * (end - start)
            blanks.append(Blank(start, end, why))
            continue
        dateline = _DATELINE.match(line) if not segments or len(segments) < 3 else None
        begin = start + (dateline.end() if dateline else 0)
        working[start:begin] = " " * (begin - start)
        if begin > start:
            blanks.append(Blank(start, begin, "dateline"))
        for i in range(begin, end):
            if working[i] == "\n":
                working[i] = " "
        segments.append(Segment(begin, end))
    text = "".join(working)
    if is_upper(text):
        text = recase(text, "")
    return Part("text", raw, text, tuple(_with_headings(text, segments)), tuple(blanks))


def _paragraphs(text: str) -> list[tuple[int, int]]:
    """Paragraphs: blocks between blank lines; the lines of a block that was not wrapped are paragraphs of their own."""
    found: list[tuple[int, int]] = []
    block: list[tuple[int, int]] = []
    start = 0
    for line in [*text.split("\n"), ""]:
        if line and not line.isspace():
            block.append((start + len(line) - len(line.lstrip()), start + len(line.rstrip())))
        elif block:
            found.extend(_joined(block))
            block = []
        start += len(line) + 1
    return found


def _joined(block: list[tuple[int, int]]) -> list[tuple[int, int]]:
    lengths = [end - start for start, end in block]
    wrapped = len(block) > 1 and max(lengths) <= 100 and sum(lengths[:-1]) / (len(block) - 1) >= 40
    return [(block[0][0], block[-1][1])] if wrapped else block


def _with_headings(text: str, segments: list[Segment]) -> list[Segment]:
    made: list[Segment] = []
    for i, segment in enumerate(segments):
        line = text[segment.start : segment.end].strip()
        following = text[segments[i + 1].start : segments[i + 1].end] if i + 1 < len(segments) else ""
        heading = (
            i > 0
            and len(line) < 90
            and len(line.split()) <= 12
            and not _END.search(line)
            and len(following) > len(line)
        )
        made.append(Segment(segment.start, segment.end, heading))
    return made


def is_boilerplate(line: str) -> bool:
    """Does `line` belong to the page and not to the story: links, credits, calls to subscribe?"""
    words = line.strip().lower()
    if not words or len(words) > 400:
        return False
    starts, contains = lexicon().words("boilerplate", "starts"), lexicon().words("boilerplate", "contains")
    if len(words) <= 200 and any(_begins(words, start) for start in starts):
        return True
    return any(part in words for part in contains)


def _begins(words: str, start: str) -> bool:
    if not words.startswith(start):
        return False
    rest = words[len(start) :]
    if start.endswith(":") or not rest:
        return True
    # "Related stories" and "Subscribe now" are boilerplate; "Donated food arrived" and "Support us all" are sentences.
    return not rest[0].isalnum() and (len(words.split()) <= 14 or rest.lstrip()[:1] in {":", "|", "-", "–"})


def is_upper(text: str) -> bool:
    """Is `text` set in capitals throughout? Short texts do not count: "US, UK" is an ordinary title."""
    letters = [c for c in text[:400] if c.isalpha()]
    return len(letters) >= 12 and sum(c.isupper() for c in letters) > 0.9 * len(letters)


def recase(text: str, body: str) -> str:
    """`text`, which is in capitals, with each word as `body` mostly writes it, else as `case_of` guesses."""
    seen: dict[str, Counter[str]] = {}
    for match in _LETTERS.finditer(body[:20_000]):
        word = match.group()
        before = body[max(0, match.start() - 2) : match.start()]
        if before.strip() in {"", ".", '"'} and (match.start() == 0 or before[:1] in {".", "\n", '"'}):
            continue  # the first word of a sentence says nothing about its case
        seen.setdefault(word.lower(), Counter())[word] += 1
    made = _LETTERS.sub(lambda m: _case_of(m.group(), seen), text)
    return made if len(made) == len(text) else text


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
