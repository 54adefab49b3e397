"""Machine-made edits of a text, of the kinds that desks make of wire copy."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

Edit = Callable[[list[str], float, random.Random], list[str]]

FILLER = ("officials", "said", "late", "according", "residents", "however", "earlier", "also", "witnesses", "while")


def _words(words: list[str], share: float, dice: random.Random) -> list[str]:
    return [dice.choice(FILLER) if dice.random() < share else word for word in words]


def _run(words: list[str], share: float, dice: random.Random) -> list[str]:
    length = max(1, int(len(words) * share))
    at = dice.randrange(len(words) - length + 1)
    return [*words[:at], *(dice.choice(FILLER) for _ in range(length)), *words[at + length :]]


def _cut(words: list[str], share: float, dice: random.Random) -> list[str]:
    return words[: max(1, round(len(words) * (1 - share)))]


def _moved(words: list[str], share: float, dice: random.Random) -> list[str]:
    sentences = re.split(r"(?<=[.!?]) ", " ".join(words))
    for _ in range(max(1, round(len(sentences) * share))):
        sentences.insert(dice.randrange(len(sentences)), sentences.pop(dice.randrange(len(sentences))))
    return " ".join(sentences).split()


EDITS: dict[str, Edit] = {
    "words replaced, each by itself": _words,
    "a run of words replaced": _run,
    "the end cut off": _cut,
    "sentences moved": _moved,
}


def edited(name: str, text: str, share: float, dice: random.Random) -> str:
    """`text` with a `share` of it edited."""
    return " ".join(EDITS[name](text.split(), share, dice))
