"""Text that a tokenizer has left spaces in ("U . S . troops , he said"): where its words are to be joined again.

Corpora and some scrapers give texts so; read as they are, "U . S ." is no country and "6 . 4" ends a sentence.
"""

from __future__ import annotations

import re

_OFTEN = 3
"""A text is taken for one of these if so many commas and full stops stand alone in it, and more than at words."""

_ALONE = re.compile(r"(?<=[\w\"')]) [.,](?= |$)", re.MULTILINE)
_JOINED = re.compile(r"\w[.,](?= |$)", re.MULTILINE)
_ADDRESS = re.compile(r"^\s*https? : / /.*$", re.MULTILINE)
_JOINTS = re.compile(
    r"""``\ ?(?=\S)                               # an opening quotation mark
    | \ ''                                        # a closing one
    | (?<=\S)\ (?=[,.;:?!%)\]](?:\s|$|["']))      # marks that end something
    | (?<=[(\[$£€])\ (?=\S)                       # marks that open something
    | (?<=\w)\ (?='(?:s|re|ve|ll|d|m)\b)          # "Chad 's"
    | (?<=s)\ (?='\ )                             # "the victims ' homes"
    | (?<=\w)\ (?=n't\b)                          # "did n't"
    | (?<=\b[A-Z]\ \.)\ (?=[A-Z]\ \.)             # "U . S ."
    | (?<=\b[ap]\ \.)\ (?=m\ \.)                  # "3 p . m ."
    | (?<=\d\ [.:])\ (?=\d)                       # "6 . 4", "12 : 30"
    | (?<=\d\ ,)\ (?=\d{3}\b)                     # "1 , 300"
    | (?<=\d)\ -\ (?=[a-z])                       # "16 - year"
    | (?<=year)\ -\ (?=old\b)
    """,
    re.VERBOSE | re.MULTILINE,
)


def is_spaced(text: str) -> bool:
    """Did a tokenizer leave its spaces in `text`?"""
    if " ," not in text and " ." not in text:
        return False
    alone = len(_ALONE.findall(text))
    return alone >= _OFTEN and alone > len(_JOINED.findall(text))


def joints(text: str) -> list[tuple[int, int, str]]:
    """What is to be replaced in a spaced text: first and last (exclusive) character, and what stands there instead."""
    left = [match.span() for match in _ADDRESS.finditer(text)]
    found: list[tuple[int, int, str]] = []
    for match in _JOINTS.finditer(text):
        start, end = match.span()
        if any(first <= start < last for first, last in left):
            continue
        piece = match.group()
        found.append((start, end, '"' if piece[0] == "`" or piece.endswith("'") else "-" if "-" in piece else ""))
    return found
