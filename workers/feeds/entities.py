"""Documents that declare entities to explode or to reach outside. Pure."""

from __future__ import annotations

import re

_PROLOG_CHARS = 1_000_000
"""As far as a document type declaration is looked for; a longer one is no feed's."""

_DOCTYPE = re.compile(r"<!DOCTYPE\b[^\[<>]{0,2000}\[", re.IGNORECASE)
_END = re.compile(r"\]\s*>")
_ENTITY = re.compile(
    r"<!ENTITY\s+(?P<name>[^\s%]{1,200})\s+"
    r"(?:(?P<outside>SYSTEM|PUBLIC)\b[^>]{0,2000}|\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"&([^\s#;&]{1,200});")
_ADDRESS = re.compile(r"[\"']([^\"']{1,200})[\"']\s*$")
MAX_VALUE_CHARS = 10_000


def refusal_of_entities(text: str) -> str | None:
    """Why the document is refused for the entities that it declares; None for a harmless one.

    Entities of plain text are harmless; so are outside ones that nothing in the document uses (old DTDs name some).
    """
    start = _DOCTYPE.search(text, 0, _PROLOG_CHARS)
    if start is None:
        return None
    end = _END.search(text, start.end(), start.end() + _PROLOG_CHARS)
    if end is None:
        return "its document type declaration has no end"
    declared: dict[str, str] = {}
    outside: dict[str, str] = {}
    for found in _ENTITY.finditer(text, start.end(), end.start()):
        if found["outside"]:
            address = _ADDRESS.search(found[0].rstrip())
            outside[found["name"]] = address[1] if address else "an outside address"
        else:
            declared[found["name"]] = found["double"] if found["double"] is not None else found["single"]
    for name, value in declared.items():
        if len(value) > MAX_VALUE_CHARS:
            return f"it declares an entity of {len(value):,} characters (&{name[:40]};)"
        if any(each in declared or each in outside for each in _REFERENCE.findall(value)):
            return f"it declares entities made of entities (&{name[:40]};), which can grow without end"
    if outside:
        used = set(_REFERENCE.findall(text[end.end() :]))
        for name, where in outside.items():
            if name in used:
                return f"it asks for an outside entity (&{name[:40]}; from {where})"
    return None
