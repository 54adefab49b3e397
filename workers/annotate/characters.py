"""Characters made ready for reading: straight quotes, plain spaces, HTML and mojibake undone, and the way back.

`clean` keeps the length of a text. `mend` does not, and says how places in the mended text lie in the original.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from dataclasses import dataclass

from workers.annotate.spacing import joints

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
_TAG = re.compile(r"</?([a-z][a-z0-9]{0,9})\b[^<>]{0,400}>|<!--.{0,400}?-->", re.DOTALL)
_BLOCKS = frozenset(
    {"p", "br", "div", "li", "ul", "ol", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "figure"}
)

# Text in UTF-8 that somebody read as Windows-1252: "â€™" for "’". The bytes 80 to 9F have these characters there.
_HIGH = "\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_LOW = "\u0080-\u00bf€‚ƒ„†‡ˆ‰Š‹ŒŽ˜™š›œžŸ"  # without quotes and dashes, which stand behind capitals in good text too
_MENDED = re.compile(
    rf"&(?:[a-zA-Z]{{2,8}}|#\d{{2,5}}|#[xX][0-9a-fA-F]{{2,5}});|[\u00c2\u00c3][{_HIGH}]|[\u00c4\u00c5][{_LOW}]|\u00e2[{_HIGH}]{{2}}"
    rf"|[{_INVISIBLE[:-1]}]"
)


def clean(raw: str) -> str:
    """`raw` with straight quotes, and with spaces for control and invisible characters, tags and overlong words."""
    text = _SURROGATES.sub(" ", raw).translate(_TABLE) if not raw.isascii() else raw.translate(_TABLE)
    if "<" in text:
        text = _TAG.sub(_blank_tag, text)
    return _OVERLONG.sub(lambda match: " " * len(match.group()), text)


def _blank_tag(match: re.Match[str]) -> str:
    length = len(match.group())
    return ("\n" if match[1] in _BLOCKS else " ") + " " * (length - 1)


@dataclass(frozen=True, slots=True)
class Offsets:
    """Where the pieces of a mended text lie in the original; a piece is unchanged, or one mended character or word."""

    starts: tuple[int, ...]
    originals: tuple[tuple[int, int, bool], ...]
    """For each piece: first and last (exclusive) character in the original, and whether it is unchanged."""

    def start(self, place: int) -> int:
        """The place in the original of a span's first character."""
        piece = bisect_right(self.starts, place) - 1
        first, last, unchanged = self.originals[piece]
        return min(first + place - self.starts[piece], last) if unchanged else first

    def end(self, place: int) -> int:
        """The place in the original behind a span's last character."""
        if place == 0:
            return 0
        piece = bisect_right(self.starts, place - 1) - 1
        first, last, unchanged = self.originals[piece]
        return min(first + place - self.starts[piece], last) if unchanged else last


def mend(raw: str, *, spaced: bool = False) -> tuple[str, Offsets | None]:
    """`raw` with HTML entities and mojibake as the characters they stand for, and without invisible ones.

    One that a tokenizer left spaces in (`spaced`) gets its words joined. Gives no offsets where nothing was to mend.
    """
    if raw.isascii() and "&" not in raw and not spaced:
        return raw, None
    pieces: list[str] = []
    starts: list[int] = []
    originals: list[tuple[int, int, bool]] = []
    at = length = 0
    for begin, end, mended in _changes(raw, spaced=spaced):
        if begin < at:
            continue
        for piece, first, last, same in ((raw[at:begin], at, begin, True), (mended, begin, end, False)):
            if piece:
                pieces.append(piece)
                starts.append(length)
                originals.append((first, last, same))
                length += len(piece)
        at = end
    if not at:
        return raw, None
    pieces.append(raw[at:])
    starts.append(length)
    originals.append((at, len(raw), True))
    return "".join(pieces), Offsets(tuple(starts), tuple(originals))


def _changes(raw: str, *, spaced: bool) -> list[tuple[int, int, str]]:
    """What is to be replaced, in the order of the text."""
    found = [
        (match.start(), match.end(), mended)
        for match in _MENDED.finditer(raw)
        if (mended := _mended(match.group())) is not None
    ]
    return sorted(found + joints(raw)) if spaced else found


def _mended(found: str) -> str | None:
    """What a piece of a text stands for; None if it stands for itself."""
    if found[0] == "&":
        said = html.unescape(found)
        return said if said != found and len(said) == 1 and said not in "<>" else None
    if len(found) == 1:
        return ""
    try:
        return bytes(_byte(c) for c in found).decode("utf-8")
    except (UnicodeError, ValueError):
        return None


def _byte(character: str) -> int:
    if ord(character) < 256:
        return ord(character)
    return character.encode("cp1252")[0]
