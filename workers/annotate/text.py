"""An article's parts made ready for reading: segments, headings, and what is no part of the story left out.

Bylines, datelines, time stamps, credits and boilerplate are blanked: they make no event and no entity. Every working
text has exactly the length of the original, so that an offset into one is an offset into the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from topics.annotations import TextPart
from workers.annotate.boilerplate import Page
from workers.annotate.characters import clean
from workers.annotate.headlines import is_title_case, is_upper, lower_words, recase, without_labels
from workers.annotate.lexicon import lexicon
from workers.annotate.towns import load_towns

_LINES = re.compile(r"[^\n]+")
_END = re.compile(r"[.!?…:;,\"')\]]\s*$")
_BULLET = re.compile(r"\s*(?:[•▪◦●○■□➤►▶→·*]|[-–—])\s+(?=\S)")
_CLOCK = re.compile(
    r"""\s*\[?(?:[A-Z][a-z]{2,8},?\s)?(?:\d{1,2}[:.]\d{2}\s?(?:[ap]\.?m\.?)?|\d{1,2}\s?[ap]\.?m\.?)
    (?:\s?(?:GMT|UTC|BST|CES?T|EES?T|E[SD]?T|C[SD]T|P[SD]?T|AES?T|IST|JST|MSK|local\ time)(?:[+-]\d{1,2})?)?\]?
    \s*(?:[-–—:|]+\s*|\s)(?=["'(]?[A-Z][a-z])""",
    re.VERBOSE,
)
_CREDITS = re.compile(
    r"""\s*[(\[](?:Additional\ |With\ )?
      (?:[Rr]eporting|[Ww]riting|[Ee]diting|[Cc]ompiled|[Ee]dited|[Ww]ritten|[Tt]ranslated)
      \b[^()\[\]]*(?:\([^()]*\)[^()\[\]]*)*[)\]]?\s*$
    | (?<=[.!?"'])\s+(?:Additional\ )?(?:Reporting|Writing)\ by\ [A-Z]
      [^.!?]*;?[^.!?]*[Ee]dit(?:ing|ed)\ by\ [^!?]{3,80}$""",
    re.VERBOSE,
)
_ADDRESSES = re.compile(r"(?:https?://|www\.|pic\.twitter\.com/|t\.co/)\S+|\S+@[\w-]+\.[\w.-]+")
_NAME = r"[A-Z][\w.'-]+"
_WRITER = r"(?:[Cc]orrespondent|[Ee]ditor|[Rr]eporter|[Ww]riter|[Pp]roducer)"
_BETWEEN = r"(?:and\ |in\ |at\ |for\ |of\ |the\ |de\ |van\ |von\ |al-)"
_BYLINE = re.compile(
    rf"""(?!.*[a-z]{{3}}\.\s*$)\s*(?:
        (?:By|BY|Story\ by|Words\ by)\s+{_NAME}(?:[ ,/&|]+{_BETWEEN}*{_NAME}){{0,14}}
        (?:\s*[,|/–-]\s*[\w ,.'-]{{0,60}}{_WRITER}[\w ,.'-]{{0,40}})?
      | {_NAME}(?:\ {_NAME}){{1,3}}\s+(?:reports|reporting)\ from\ {_NAME}(?:[ ,]+{_NAME}){{0,3}}\.?
      | {_NAME}(?:\ {_NAME}){{1,3}},?\s+(?:[\w']+\ ){{0,4}}{_WRITER}(?:\ (?:in|for)\ {_NAME}(?:\ {_NAME}){{0,2}})?
    )[\s,]*$""",
    re.VERBOSE,
)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]*\.?"
_DATELINE_PARAGRAPHS = 3
_LINE = 100


@dataclass(frozen=True, slots=True)
class Segment:
    """A paragraph, or a line that stands alone. A heading is told from a sentence by its form."""

    start: int
    end: int
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Blank:
    """Characters of a part that are not read, and why: `boilerplate`, `byline`, `dateline`, `credits` or `label`."""

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


def prepare_title(raw: str, body: str = "") -> Part:
    """The title without labels; one in capitals or in title case gets the letter case that its words have in `body`."""
    working = clean(raw).replace("\n", " ")
    start, end = without_labels(working)
    working = " " * start + working[start:end] + " " * (len(working) - end)
    if is_upper(working):
        working = recase(working, body)
    elif is_title_case(working):
        working = lower_words(working, body)
    segments = (Segment(start, len(working)),) if working.strip() else ()
    blanks = tuple(Blank(a, b, "label") for a, b in ((0, start), (end, len(working))) if working and a < b)
    return Part("title", raw, working, segments, blanks)


def prepare_text(raw: str) -> Part:
    """The body: what is no part of the story is blanked, paragraphs become segments."""
    whole = clean(raw)
    page = Page(whole)
    segments: list[Segment] = []
    blanks: list[Blank] = []
    paragraphs = 0  # a line of the page's own is none
    for start, end in _paragraphs(whole):
        line = whole[start:end]
        why = "boilerplate" if page.leaves_out(line) else "byline" if is_byline(line) else None
        if why is not None:
            blanks.append(Blank(start, end, why))
            continue
        begin = start + _lead(line, paragraphs < _DATELINE_PARAGRAPHS)
        if begin > start:
            blanks.append(Blank(start, begin, "dateline"))
        credit = _CREDITS.search(line, max(0, len(line) - 400)) if line[-1] in ")]" or "diting by" in line else None
        close = start + credit.start() if credit is not None else end
        if close < end:
            blanks.append(Blank(close, end, "credits"))
        if close > begin:
            paragraphs += close - begin > _LINE or whole[close - 1] in '.!?"”'
            segments.append(Segment(begin, close, page.is_table(line)))
    text = _without(whole, blanks, segments)
    if is_upper(text):
        text = recase(text, "")
    return Part("text", raw, text, tuple(_with_headings(text, segments)), tuple(blanks))


def _without(whole: str, blanks: list[Blank], segments: list[Segment]) -> str:
    """`whole` with spaces for blanks and web addresses, and for the line breaks inside segments."""
    pieces: list[str] = []
    at = 0
    for blank in blanks:
        pieces.append(whole[at : blank.start])
        pieces.append(" " * (blank.end - blank.start))
        at = blank.end
    text = "".join((*pieces, whole[at:]))
    for segment in segments:
        if "\n" in text[segment.start : segment.end]:
            inside = text[segment.start : segment.end].replace("\n", " ")
            text = text[: segment.start] + inside + text[segment.end :]
    if "://" in text or "www." in text or "@" in text or ".com/" in text:
        text = _ADDRESSES.sub(lambda match: " " * len(match.group()), text)
    return text


# --- lines -------------------------------------------------------------------------------------------------------


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Paragraphs: blocks between blank lines; the lines of a block that was not wrapped are paragraphs of their own."""
    block: list[tuple[int, int]] = []
    for match in _LINES.finditer(text):
        line = match.group()
        if line.isspace():
            continue
        start = match.start() + len(line) - len(line.lstrip())
        end = match.start() + len(line.rstrip())
        if block and text.count("\n", block[-1][1], start) > 1:
            yield from _joined(block)
            block = []
        block.append((start, end))
    if block:
        yield from _joined(block)


def _joined(block: list[tuple[int, int]]) -> list[tuple[int, int]]:
    if len(block) == 1:
        return block
    lengths = [end - start for start, end in block]
    wrapped = max(lengths) <= 100 and sum(lengths[:-1]) / (len(block) - 1) >= 40
    return [(block[0][0], block[-1][1])] if wrapped else block


def _with_headings(text: str, segments: list[Segment]) -> list[Segment]:
    made: list[Segment] = []
    for i, segment in enumerate(segments):
        line = text[segment.start : segment.end].strip()
        after = segments[i + 1].end - segments[i + 1].start if i + 1 < len(segments) else 0
        # The last line of a text is a heading too, of what was left out, if the one before it is a paragraph.
        before = segments[i - 1].end - segments[i - 1].start if i and not after else 0
        short = i > 0 and len(line) < 90 and len(line.split()) <= 12 and not _END.search(line)
        made.append(Segment(segment.start, segment.end, segment.heading or (short and max(after, before) > len(line))))
    return made


# --- bylines and datelines ---------------------------------------------------------------------------------------


def is_byline(line: str) -> bool:
    """Does `line` only say who wrote the story, and from where?"""
    return len(line) <= 200 and (line[0].isupper()) and _BYLINE.match(line) is not None


def _lead(line: str, may_be_dateline: bool) -> int:
    """How many characters of a paragraph come before its first sentence: bullet, time of day, byline, dateline."""
    begin = 0
    bullet = _BULLET.match(line)
    if bullet is not None:
        begin = bullet.end()
    clock = _CLOCK.match(line, begin)
    if clock is not None:
        begin = clock.end()
    if may_be_dateline:
        match = _dateline().match(line, begin)
        if match is not None and _is_dateline(match):
            begin = match.end()
    return begin


def _is_dateline(match: re.Match[str]) -> bool:
    """A town in capitals, an agency in brackets or a date is proof; a bare town must be known."""
    if match["bare"] is None:
        return True
    town = match["bare"].strip()
    return "," in town or bool(load_towns().find(town))


@cache
def _dateline() -> re.Pattern[str]:
    agencies = "|".join(sorted(map(re.escape, lexicon().words("names", "agencies")), key=len, reverse=True))
    town = r"[A-ZÀ-Þ][A-ZÀ-Þ.'’/-]*(?:[ /][A-ZÀ-Þ.'’/-]+){0,4}"
    mixed = r"[A-ZÀ-Þ][\w.'’-]+(?:[ /](?:[A-ZÀ-Þ][\w.'’-]+|al-\w+|de|of|and)){0,3}"
    behind = rf"(?:,\s(?:{mixed}|{_MONTH}\s\d{{1,2}}|\d{{1,2}}\s{_MONTH})(?:,?\s\d{{4}})?){{0,3}}"
    writer = r"[A-Z][\w.'-]+(?:\ [A-Z][\w.'-]+){0,3}"
    return re.compile(
        rf"""\s*(?:By\ {writer}(?:\ and\ {writer})?[,\s]+(?=[A-Z]{{3}}))?
        (?:
            (?=[A-ZÀ-Þ][A-ZÀ-Þ.'’])(?:{town}){behind}\s*(?:\([A-Z][^()]{{1,40}}\)\s*)?(?:[-–—_]{{1,2}})\s+(?=["'(]*[A-ZÀ-Þ0-9])
          | (?=[A-ZÀ-Þ]{{3}})(?:{town}),\s(?:{_MONTH}\s\d{{1,2}}|\d{{1,2}}\s{_MONTH})\.?\s*
            (?:\([A-Z][^()]{{1,40}}\)|/[A-Z][\w\ -]{{1,30}}/\.?)\s+(?=["'(]*[A-ZÀ-Þ0-9])
          | (?=[A-Z/\ ]{{5}})(?:{town}):\s+(?=["']?[A-Z])
          | (?=[A-ZÀ-Þ]{{3}})(?:{town}){behind},?\s*\([A-Z][^()]{{2,60}}\)\s?:\s?(?=["'(]*[A-ZÀ-Þ0-9])
          | (?:{mixed}{behind}\s*)?\((?i:{agencies})\)\s*(?:[-–—:_]{{1,2}}\s*)?
          | (?P<bare>{mixed}{behind})\s+[–—]\s+(?=["']?[A-Z])
        )""",
        re.VERBOSE,
    )
