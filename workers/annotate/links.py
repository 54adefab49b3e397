"""What hangs on what in a parsed sentence, worked out once and kept with it: rules ask again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from spacy.tokens import Doc, Token

_LINK: list[int | str] = ["HEAD", "DEP"]
_LABELS: dict[int, str] = {}

T = TypeVar("T")
Governor = tuple[Token | None, str, Token | None]
"""The verb over a noun, how the noun relates to it, and the preposition between them."""


@dataclass(slots=True)
class Links:
    """`family`: for each token its children with their labels. The rest is filled in by `syntax`, by token."""

    family: list[list[tuple[Token, str]]]
    behind: dict[int, dict[str, list[Token]]] = field(default_factory=dict)
    governors: dict[int, Governor] = field(default_factory=dict)
    passives: dict[int, bool] = field(default_factory=dict)


def links_of(doc: Doc) -> Links:
    """The links of `doc`, which must not be parsed anew afterwards."""
    found: Links | None = doc.user_data.get("links")
    if found is None:
        found = doc.user_data["links"] = Links(_family(doc))
    return found


def kept(known: dict[int, T], token: Token, find: Callable[[Token], T]) -> T:
    """What `find` says of `token`, asked once."""
    found = known.get(token.i)
    if found is None:
        found = known[token.i] = find(token)
    return found


def _family(doc: Doc) -> list[list[tuple[Token, str]]]:
    found: list[list[tuple[Token, str]]] = [[] for _ in range(len(doc))]
    links = doc.to_array(_LINK)
    distances, labels = links[:, 0].astype("int64").tolist(), links[:, 1].tolist()
    for i, (token, distance, label) in enumerate(zip(doc, distances, labels, strict=True)):
        if distance:
            name = _LABELS.get(label) or _LABELS.setdefault(label, doc.vocab.strings[label])
            found[i + distance].append((token, name))
    return found
