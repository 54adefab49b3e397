"""JSON Feed 1.0 and 1.1 (jsonfeed.org) to entries. Pure. A field of a wrong kind is left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workers.feeds.entries import Entry, page_address
from workers.web.dates import parse_date
from workers.web.html_text import html_to_text, tidy

_VERSION = "jsonfeed.org/version/1"


class NotJsonFeed(ValueError):
    """The document is JSON or begins like it, and is no JSON Feed. The message says what it is."""


@dataclass(frozen=True, slots=True)
class JsonFeed:
    """What the document holds; `problems` tells of items that are none."""

    title: str | None
    lang: str | None
    entries: tuple[Entry, ...]
    problems: tuple[str, ...]


def looks_like_json(text: str) -> bool:
    """Whether a document, without white space before it, is meant as JSON."""
    return text.startswith(("{", "["))


def read_json_feed(text: str, *, base: str, now: datetime) -> JsonFeed:
    """The entries; `base` resolves relative addresses, `now` helps to read dates. Raises NotJsonFeed."""
    feed = _feed(text)
    items = feed.get("items")
    if not isinstance(items, list):
        raise NotJsonFeed("a JSON Feed without a list of `items`")
    lang = _string(feed.get("language")).lower() or None
    problems: list[str] = []
    entries: list[Entry] = []
    for number, item in enumerate(items, start=1):
        if isinstance(item, dict):
            entries.append(_entry(item, lang, base, now))
        else:
            problems.append(f"entry {number}: expected an object, found {type(item).__name__}")
    return JsonFeed(_line(feed.get("title")) or None, lang, tuple(entries), tuple(problems))


def _feed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotJsonFeed(f"broken JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise NotJsonFeed("not a feed: the JSON is nested too deeply") from error
    except ValueError as error:  # a number of more digits than Python converts
        raise NotJsonFeed(f"JSON that cannot be read: {error}") from error
    if not isinstance(found, dict) or _VERSION not in _string(found.get("version")):
        raise NotJsonFeed("JSON, but no JSON Feed: its `version` does not name https://jsonfeed.org/version/1.1")
    return found


def _entry(item: Mapping[str, Any], feed_lang: str | None, base: str, now: datetime) -> Entry:
    lang = _string(item.get("language")).lower() or None
    html, plain = _string(item.get("content_html")), _string(item.get("content_text"))
    tags = item.get("tags")
    return Entry(
        guid=_string(item.get("id")),
        link=page_address(iter((item.get("url"), item.get("external_url"), _absolute(item.get("id")))), base),
        title=_line(item.get("title")),
        content=max(html_to_text(html) if html else "", tidy(plain), key=len),
        summary=tidy(_string(item.get("summary"))),
        published_at=_date(item, "date_published", lang or feed_lang, now),
        changed_at=_date(item, "date_modified", lang or feed_lang, now),
        lang=lang,
        tags=tuple(dict.fromkeys(filter(None, map(_line, tags)))) if isinstance(tags, list) else (),
    )


def _absolute(identity: object) -> str:
    """An id that is an address; a relative one is only an id."""
    written = _string(identity)
    return written if written.lower().startswith(("http://", "https://")) else ""


def _string(value: object) -> str:
    """A string; a number is written out, as version 1.0 asks for ids."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def _line(value: object) -> str:
    return " ".join(tidy(_string(value)).split())


def _date(item: Mapping[str, Any], field: str, language: str | None, now: datetime) -> datetime | None:
    return parse_date(_string(item.get(field)), language=language, now=now)
