"""The bytes of an RSS or Atom document to articles. Pure: no socket, no clock, no file."""

from __future__ import annotations

import calendar
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import feedparser
from pydantic import ValidationError

from topics.articles import Article, article_id, revision_of
from workers.feeds.html_text import html_to_text, tidy

_CHARACTER_REFERENCE = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,10}));?")
_GLOBAL_GUID = re.compile(r"^(https?|urn|tag|doi|news|mid):", re.IGNORECASE)
_WEB_PAGE = re.compile(rb"^\s*(<!doctype html|<html)", re.IGNORECASE)


class NotAFeed(ValueError):
    """The document is no feed. The message says what it is instead."""


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What a feed holds. `problems` tells, in words, of entries that gave no article and of broken XML."""

    title: str | None
    articles: tuple[Article, ...]
    problems: tuple[str, ...] = ()


def parse_feed(
    body: bytes, *, url: str, fetched_at: datetime, base: str | None = None, content_type: str | None = None
) -> ParsedFeed:
    """The articles of a feed, in its own order. `url` is kept as the articles' feed.

    `base`, where the document was found in the end, resolves relative links (default: `url`). Raises NotAFeed.
    """
    found = _feedparser(body, base or url, content_type)
    if not found.get("version") and not found.entries:
        raise NotAFeed(_what_it_is(body, found))
    title = _line(found.feed, "title") or None
    articles: list[Article] = []
    problems = [f"broken XML, read as far as it went: {found.bozo_exception}"] if _broken(found) else []
    for number, entry in enumerate(found.entries, start=1):
        try:
            articles.append(_article(entry, found.feed, title, url, fetched_at))
        except ValueError as error:
            problems.append(f"entry {number}: {_reason(error)}")
    return ParsedFeed(title, tuple(articles), tuple(problems))


def _feedparser(body: bytes, url: str, content_type: str | None) -> Any:
    headers = {"content-location": url}
    if content_type:
        headers["content-type"] = content_type
    try:
        # As a stream: feedparser takes plain bytes for the name of a file to open. It need not clean HTML that is
        # turned into text anyway.
        return feedparser.parse(
            io.BytesIO(_CHARACTER_REFERENCE.sub(_possible, body)),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # feedparser promises none and yet has many for odd documents
        raise NotAFeed(f"feedparser cannot read it: {type(error).__name__}: {error}") from error


def _possible(reference: re.Match[bytes]) -> bytes:
    """A reference to what is no character would end the parser; it becomes the replacement character."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    return b"&#xFFFD;" if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF else reference[0]


def _broken(found: Any) -> bool:
    """Whether the XML was at fault. A mere mismatch of declared encodings is resolved and no news."""
    return bool(found.bozo) and not isinstance(
        found.get("bozo_exception"), (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
    )


def _what_it_is(body: bytes, found: Any) -> str:
    if not body.strip():
        return "the document is empty"
    if _WEB_PAGE.match(body[:1000]):
        return "a web page, not a feed: look in it for the address of its feed"
    if _broken(found):
        return f"neither RSS nor Atom: {found.bozo_exception}"
    return "neither RSS nor Atom"


def _article(entry: Any, feed: Any, feed_title: str | None, url: str, fetched_at: datetime) -> Article:
    title, text = _line(entry, "title"), _body(entry)
    if not title and not text:
        raise ValueError("neither title nor text")
    link = _link(entry)
    return Article(
        id=_id(entry, link, url, title, text),
        revision=revision_of(title, text),
        url=link,
        title=title,
        text=text,
        published_at=_time(entry),
        fetched_at=fetched_at,
        # An aggregator names the outlet in the entry; a feed without a title still has a publisher.
        source=_line(entry.get("source") or {}, "title") or feed_title or urlsplit(url).hostname,
        feed=url,
        lang=_language(entry, feed),
        tags=_tags(entry),
    )


def _id(entry: Any, link: str | None, feed_url: str, title: str, text: str) -> str:
    guid = tidy(str(entry.get("id") or ""))
    if guid and not _GLOBAL_GUID.match(guid):
        # A bare number is the publisher's own: unique on his site, surely not in the world.
        guid = f"{urlsplit(link or feed_url).hostname} {guid}"
    return article_id(guid=guid or None, url=link, title=title, text=text)


def _link(entry: Any) -> str | None:
    """The entry's page; only an address that a browser may be sent to."""
    candidates = [entry.get("link"), *(each.get("href") for each in entry.get("links", ()))]
    if entry.get("guidislink"):
        candidates.append(entry.get("id"))
    for candidate in candidates:
        address = tidy(str(candidate or ""))
        try:
            parts = urlsplit(address)
        except ValueError:
            continue
        if parts.scheme.lower() in ("http", "https") and parts.hostname:
            return address
    return None


def _body(entry: Any) -> str:
    """The longest of what the entry offers: some feeds have the text in `content`, some in the summary."""
    offers = [_readable(each) for each in entry.get("content", ())]
    offers.append(_plain(entry, "summary"))
    return max(offers, key=len)


def _line(holder: Mapping[str, Any], field: str) -> str:
    return " ".join(_plain(holder, field).split())


def _plain(holder: Mapping[str, Any], field: str) -> str:
    detail = holder.get(f"{field}_detail") or {"type": "text/plain", "value": holder.get(field) or ""}
    return _readable(detail)


def _readable(detail: Mapping[str, Any]) -> str:
    kind, value = str(detail.get("type") or "").lower(), str(detail.get("value") or "")
    if kind == "text/plain":
        return tidy(value)
    return html_to_text(value) if "html" in kind or "xml" in kind or not kind else ""


def _time(entry: Any) -> datetime | None:
    for field in ("published_parsed", "created_parsed", "updated_parsed"):
        # Past feedparser's own `get`, which answers for one field with another, and warns.
        moment = dict.get(entry, field)
        if moment is not None:
            try:
                return datetime.fromtimestamp(calendar.timegm(moment), UTC)
            except (ValueError, OverflowError, OSError, TypeError):
                continue
    return None


def _language(entry: Any, feed: Any) -> str | None:
    found = next((each.get("language") for each in entry.get("content", ()) if each.get("language")), None)
    return tidy(str(found or feed.get("language") or "")).lower() or None


def _tags(entry: Any) -> tuple[str, ...]:
    labels = (tidy(str(each.get("label") or each.get("term") or "")) for each in entry.get("tags", ()))
    return tuple(dict.fromkeys(label for label in labels if label))


def _reason(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        problem = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(step) for step in problem['loc'])}: {problem['msg']}"
    return str(error)
