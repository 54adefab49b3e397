"""A Slack message in Block Kit, inside Slack's limits whatever the title and the evidence hold. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from topics.alerts import Alert, Evidence
from workers.notify.message import Group
from workers.notify.receivers import groups, words

MAX_BLOCKS = 50
MAX_SECTION = 3000
MAX_HEADER = 150
MAX_ALL = 10_000
"""Characters of all blocks as JSON: Slack refuses longer messages (`msg_blocks_too_long`) at about 13,000, without
saying how it counts."""

MAX_FALLBACK = 3000
_MAX_SENTENCE = 600
_MAX_TITLE = 200
_MAX_REMARKS = 900
_ROOM_FOR_END = 300
"""Kept free for the lines that say how much was left out and where the alert comes from."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

_LEAST_SHARE = 700
"""Characters of JSON for each alert of a group; what does not fit is counted."""

Block = dict[str, Any]


def escape(text: str, limit: int) -> str:
    """`text` for mrkdwn, at most `limit` characters after escaping; an entity is never cut in two."""
    whole = "".join(_ENTITIES.get(c, c) for c in text)
    if len(whole) <= limit:
        return whole
    room, kept = limit - 1, []
    for c in text:
        piece = _ENTITIES.get(c, c)
        if len(piece) > room:
            break
        room -= len(piece)
        kept.append(piece)
    return "".join(kept).rstrip() + "…" if limit > 0 else ""


def render(alert: Alert, *, test: bool = False) -> dict[str, Any]:
    """The message: `text` for notifications and old clients, `blocks` for everybody else."""
    blocks = [_header(alert, test=test), *_summary(alert)]
    evidence = words.in_reading_order(alert.evidence)
    shown = 0
    for item in evidence:
        block = _section(_evidence_text(item))
        size = _size([*blocks, block])
        if len(blocks) + 3 > MAX_BLOCKS or size > MAX_ALL - _ROOM_FOR_END:
            break
        blocks.append(block)
        shown += 1
    if left := len(evidence) - shown:
        blocks.append(_context(f"and {left} more {'sentence' if left == 1 else 'sentences'} of evidence"))
    blocks.append(
        _context(f"pattern {escape(words.plain(alert.pattern_id), 80)} · alert {escape(words.plain(alert.id), 60)}")
    )
    return {"text": fallback(alert, test=test), "blocks": blocks}


def render_group(group: Group, *, test: bool = False) -> dict[str, Any]:
    """One message for several alerts, the most urgent first: of each its headline, what is behind it, and as many
    sentences as there is room for.
    """
    if len(group.alerts) == 1:
        return render(group.alerts[0], test=test)
    alerts = groups.ordered(group)
    head = f"{words.level_words(groups.foremost(group)).capitalize()}: {groups.headline(group, test=test)}"
    title = {"type": "plain_text", "text": words.shortened(head, MAX_HEADER), "emoji": True}
    blocks: list[Block] = [{"type": "header", "text": title}]
    share = (MAX_ALL - _ROOM_FOR_END - _size(blocks)) // len(alerts)
    shown = 0
    for place, alert in enumerate(alerts):
        block = _section(_short_text(alert, max(share, _LEAST_SHARE) - 120))
        if len(blocks) + 3 > MAX_BLOCKS or _size([*blocks, block]) > MAX_ALL - _ROOM_FOR_END:
            break
        blocks.append(block)
        shown = place + 1
    if left := len(alerts) - shown:
        blocks.append(_context(f"and {left} more {'alert' if left == 1 else 'alerts'}; `tocsin alerts list` shows all"))
    lead = words.shortened(words.plain(words.headline(alerts[0], test=False)), 300)
    return {"text": escape(f"{head}; first: {lead}", MAX_FALLBACK), "blocks": blocks}


def content_of(alert: Alert, group: Group | None = None, *, test: bool = False) -> dict[str, Any]:
    """The message for one alert, or for a group."""
    return render(alert, test=test) if group is None else render_group(group, test=test)


def as_body(content: Mapping[str, Any]) -> bytes:
    """UTF-8 JSON."""
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def body_of(alert: Alert, *, test: bool = False) -> bytes:
    """The message as UTF-8 JSON."""
    return as_body(render(alert, test=test))


def fallback(alert: Alert, *, test: bool = False) -> str:
    """Everything that matters as one line, for a notification on a lock screen."""
    lead = f"{words.level_words(alert)}: {words.headline(alert, test=test)}"
    group = words.group_words(alert)
    evidence = words.in_reading_order(alert.evidence)
    first = f" — “{words.plain(evidence[0].sentence.text)}” ({words.outlet(evidence[0])})" if evidence else ""
    return escape(lead + (f" ({group})" if group else "") + first, MAX_FALLBACK)


def _header(alert: Alert, *, test: bool) -> Block:
    text = f"{words.level_words(alert).capitalize()}: {words.headline(alert, test=test)}"
    return {"type": "header", "text": {"type": "plain_text", "text": words.shortened(text, MAX_HEADER), "emoji": True}}


def _summary(alert: Alert) -> list[Block]:
    facts = [f"*Level:* {words.level_words(alert)}"]
    if group := words.group_words(alert):
        facts.append(f"*Shared:* {escape(group, 500)}")
    window = f" (window {escape(words.plain(alert.window.timespan), 40)})" if alert.evidence else ""
    facts.append(f"*When:* {words.span_words(alert)}{window}")
    if alert.counts.articles:
        facts.append(f"*Behind it:* {words.counts_words(alert)}")
    blocks = [_section("\n".join(facts))]
    if remarks := words.remarks(alert):
        blocks.append(_section("\n".join(escape(remark, _MAX_REMARKS) for remark in remarks)))
    return blocks


def _evidence_text(item: Evidence) -> str:
    quote = escape(words.plain(item.sentence.text), _MAX_SENTENCE)
    label = escape(words.shortened(words.plain(item.title) or "article", _MAX_TITLE).replace("|", "¦"), _MAX_TITLE)
    link = words.safe_link(item.url)
    title = f"<{escape(link, 2200)}|{label}>" if link and len(link) <= 1500 else label
    source = escape(words.outlet(item), 100)
    rule = escape(words.plain(item.rule), 100)
    return f"> {quote}\n*{source}*, {words.moment(item.event_time)}: {title} · {rule}"


def _short_text(alert: Alert, room: int) -> str:
    """One alert in a group, in about `room` characters of JSON."""
    room = min(room, MAX_SECTION)
    head = escape(words.shortened(f"{words.level_words(alert)}: {words.headline(alert)}", 200), 260)
    facts = [words.group_words(alert), words.span_words(alert)]
    facts += [words.counts_words(alert)] if alert.counts.articles else []
    lines = [f"*{head.replace('*', '∗')}*", escape(" · ".join(fact for fact in facts if fact), 300)]
    lines.append(f"pattern {escape(words.plain(alert.pattern_id), 80)} · alert {escape(words.plain(alert.id), 60)}")
    used = sum(_size_of(line) for line in lines)
    for item in words.in_reading_order(alert.evidence):
        text = _evidence_text(item)
        used += _size_of(text)
        if used > room:
            break
        lines.insert(-1, text)
    return "\n".join(lines)


def _size_of(line: str) -> int:
    return len(json.dumps(line, ensure_ascii=False))


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:MAX_SECTION]}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def _size(blocks: list[Block]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False))
