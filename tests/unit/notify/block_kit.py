"""A strict checker of Slack messages: Block Kit's documented limits, shapes and escapes, for the blocks that we use.

Sources: Slack's reference pages for `header`, `section`, `context`, text objects, `chat.postMessage` (blocks at most
50, text at most 40,000, best below 4,000) and "Formatting text" (only &, < and > are escaped).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

MOST_BLOCKS = 50
MOST_HEADER = 150
MOST_SECTION = 3000
MOST_FIELD = 2000
MOST_FIELDS = 10
MOST_ELEMENTS = 10
MOST_TEXT = 4000
MOST_BLOCK_ID = 255
MOST_ALL = 13_200
"""Characters of all blocks as JSON, at which Slack begins to answer `msg_blocks_too_long`."""

_KEYS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "header": (frozenset({"type", "text"}), frozenset({"block_id"})),
    "section": (frozenset({"type"}), frozenset({"text", "fields", "block_id", "expand"})),
    "context": (frozenset({"type", "elements"}), frozenset({"block_id"})),
    "divider": (frozenset({"type"}), frozenset({"block_id"})),
}
_LINK = re.compile(r"<(https?://[^<>|\s]{1,3000})\|([^<>|\n]+)>")
_ENTITY = re.compile(r"&(?:amp|lt|gt);")


def problems(message: Mapping[str, Any]) -> list[str]:
    """All that Slack would refuse or misread in `message`; empty if it is right."""
    return list(_message(message))


def _message(message: Mapping[str, Any]) -> Iterator[str]:
    try:
        json.dumps(message, ensure_ascii=False).encode("utf-8")
    except (TypeError, UnicodeEncodeError) as error:
        yield f"not JSON in UTF-8: {error}"
    text, blocks = message.get("text"), message.get("blocks", [])
    if not isinstance(text, str) or not text.strip():
        yield "no text for notifications and screen readers"
    else:
        yield from _mrkdwn("text", text, MOST_TEXT)
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= MOST_BLOCKS:
        yield f"{len(blocks)} blocks"
    if len(json.dumps(blocks, ensure_ascii=False)) > MOST_ALL:
        yield "blocks too long in all"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)):
        yield "a block_id twice"
    for place, block in enumerate(blocks):
        for problem in _block(block):
            yield f"block {place}: {problem}"


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    kind = block.get("type")
    if kind not in _KEYS:
        yield f"type {kind!r}"
        return
    needed, allowed = _KEYS[kind]
    if missing := needed - block.keys():
        yield f"lacks {missing}"
    if unknown := block.keys() - needed - allowed:
        yield f"has {unknown}"
    if len(block.get("block_id", "")) > MOST_BLOCK_ID:
        yield "block_id too long"
    if kind == "header":
        yield from _text(block["text"], MOST_HEADER, only="plain_text")
    if kind == "section":
        yield from _section(block)
    if kind == "context":
        if not 1 <= len(block["elements"]) <= MOST_ELEMENTS:
            yield f"{len(block['elements'])} elements"
        for element in block["elements"]:
            yield from _text(element, MOST_SECTION)


def _section(block: Mapping[str, Any]) -> Iterator[str]:
    fields = block.get("fields")
    if "text" not in block and not fields:
        yield "neither text nor fields"
    if "text" in block:
        yield from _text(block["text"], MOST_SECTION)
    if fields is not None and not 1 <= len(fields) <= MOST_FIELDS:
        yield f"{len(fields)} fields"
    for field in fields or ():
        yield from _text(field, MOST_FIELD)


def _text(found: Mapping[str, Any], limit: int, *, only: str | None = None) -> Iterator[str]:
    kind, text = found.get("type"), found.get("text")
    if kind not in {"plain_text", "mrkdwn"} or (only is not None and kind != only):
        yield f"text of type {kind!r}"
    if unknown := found.keys() - {"type", "text", "emoji" if kind == "plain_text" else "verbatim"}:
        yield f"text has {unknown}"
    if not isinstance(text, str) or not text.strip():
        yield "empty text"
        return
    if kind == "mrkdwn":
        yield from _mrkdwn("mrkdwn", text, limit)
    elif len(text) > limit:
        yield f"plain text of {len(text)} characters"


def _mrkdwn(where: str, text: str, limit: int) -> Iterator[str]:
    """Only our own links and escapes, and quote marks at the beginning of a line."""
    if len(text) > limit:
        yield f"{where} of {len(text)} characters"
    rest = _LINK.sub("", text)
    if "<" in rest:
        yield f"{where}: '<' that is no link of ours"
    if any(">" in line.removeprefix("> ") for line in rest.split("\n")):
        yield f"{where}: '>' that is no quote of ours"
    if "&" in _ENTITY.sub("", text):
        yield f"{where}: '&' that is no entity"
