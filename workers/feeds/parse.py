"""The bytes of an RSS, Atom or JSON Feed document to articles. Pure: no socket, no clock, no file."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html.entities import html5
from typing import Any

import feedparser

from topics.articles import Article
from workers.feeds.entities import refusal_of_entities
from workers.feeds.entries import Entry, Origin, articles_of, bounded, page_address
from workers.feeds.json_feed import NotJsonFeed, looks_like_json, read_json_feed
from workers.web.charsets import decoded, without_declaration
from workers.web.dates import parse_date
from workers.web.html_text import html_to_text, tidy

_CHARACTER_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,10}));?")
_NAMED_REFERENCE = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos", "AMP", "LT", "GT", "QUOT"})
_NO_XML_CHARACTER = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_WEB_PAGE = re.compile(r"^\s*(<!--.{0,2000}?-->\s*)?(<!doctype html|<html)", re.IGNORECASE | re.DOTALL)
_XML = "application/xml; charset=utf-8"

_PAGES = frozenset({"alternate", "via", "related", ""})
"""Relations of links that lead to a page to read; others lead to sounds, comments or the feed itself."""


class NotAFeed(ValueError):
    """The document is no feed. The message says what it is instead."""


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """A feed as it is written, before its entries become articles."""

    title: str | None
    lang: str | None
    entries: tuple[Entry, ...]
    problems: tuple[str, ...]


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
    found = read_feed(body, base=base or url, now=fetched_at, content_type=content_type)
    problems = list(found.problems)
    articles = articles_of(found.entries, Origin(url, found.title, found.lang, fetched_at), problems)
    return ParsedFeed(found.title, articles, bounded(problems))


def read_feed(body: bytes, *, base: str, now: datetime, content_type: str | None = None) -> ReadFeed:
    """The entries of a feed. `base` resolves relative links, `now` helps to read dates. Raises NotAFeed."""
    text = decoded(body, content_type).strip("\ufeff \t\r\n\0")
    if not text:
        raise NotAFeed("the document is empty")
    if looks_like_json(text):
        try:
            json_feed = read_json_feed(text, base=base, now=now)
        except NotJsonFeed as error:
            raise NotAFeed(str(error)) from error
        return ReadFeed(json_feed.title, json_feed.lang, json_feed.entries, json_feed.problems)
    return _read_xml(text, base, now)


def _read_xml(text: str, base: str, now: datetime) -> ReadFeed:
    if (refused := refusal_of_entities(text)) is not None:
        raise NotAFeed(refused)
    found = _feedparser(text, base)
    if not found.get("version") and not found.entries:
        raise NotAFeed(_what_it_is(text, found))
    lang = _language(found.feed)
    problems = (f"broken XML, read as far as it went: {found.bozo_exception}",) if _broken(found) else ()
    entries = tuple(_entry(each, lang, base, now) for each in found.entries)
    return ReadFeed(_line(found.feed, "title") or None, lang, entries, problems)


def _feedparser(text: str, url: str) -> Any:
    # What is no character of XML would end the parser; it is nothing that a reader would miss.
    plain = _NO_XML_CHARACTER.sub("", _CHARACTER_REFERENCE.sub(_possible, without_declaration(text)))
    if "<!ENTITY" not in plain:
        plain = _NAMED_REFERENCE.sub(_named, plain)
    try:
        # As a stream: feedparser takes plain bytes for the name of a file to open. It need not clean HTML that is
        # turned into text anyway.
        return feedparser.parse(
            io.BytesIO(plain.encode("utf-8")),
            response_headers={"content-location": url, "content-type": _XML},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # feedparser promises none and yet has many for odd documents
        raise NotAFeed(f"feedparser cannot read it: {type(error).__name__}: {error}") from error


def _possible(reference: re.Match[str]) -> str:
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    impossible = 0xD800 <= code <= 0xDFFF or code > 0x10FFFF or (code < 0x20 and code not in (9, 10, 13))
    return "&#xFFFD;" if impossible or code in (0xFFFE, 0xFFFF) else reference[0]


def _named(reference: re.Match[str]) -> str:
    """HTML's names of characters, which XML does not know."""
    found = "" if reference[1] in _XML_NAMES else html5.get(f"{reference[1]};", "")
    return found if found and not {"<", "&"} & set(found) else reference[0]


def _broken(found: Any) -> bool:
    """Whether the XML was at fault."""
    return bool(found.bozo) and not isinstance(
        found.get("bozo_exception"), (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
    )


def _what_it_is(text: str, found: Any) -> str:
    if _WEB_PAGE.match(text[:3000]):
        return "a web page, not a feed: look in it for the address of its feed"
    if _broken(found):
        return f"neither RSS nor Atom: {found.bozo_exception}"
    return "neither RSS nor Atom"


def _entry(entry: Any, feed_lang: str | None, base: str, now: datetime) -> Entry:
    lang = _language(entry)
    return Entry(
        guid=str(entry.get("id") or ""),
        link=page_address(_addresses(entry), base),
        title=_line(entry, "title"),
        content=max((_readable(each) for each in entry.get("content", ())), key=len, default=""),
        # Without a detail it is a copy of the content, with its markup.
        summary=_plain(entry, "summary") if entry.get("summary_detail") else "",
        published_at=_date(entry, ("published", "created"), lang or feed_lang, now),
        changed_at=_date(entry, ("updated",), lang or feed_lang, now),
        source=_line(entry.get("source") or {}, "title") or None,
        lang=lang,
        tags=_tags(entry),
    )


def _addresses(entry: Any) -> Iterator[object]:
    """Where the entry's page may be, the likeliest first: feedburner's links only count clicks."""
    yield entry.get("feedburner_origlink")
    rels = {each.get("href"): each.get("rel") or "" for each in entry.get("links", ())}
    if rels.get(link := entry.get("link"), "") in _PAGES:
        yield link
    yield from (address for address, rel in rels.items() if rel in _PAGES)
    if entry.get("guidislink"):
        yield entry.get("id")


def _line(holder: Mapping[str, Any], field: str) -> str:
    detail = holder.get(f"{field}_detail")
    # A title is words, whatever its type says; only of a text may the type say that it is a picture.
    words = _plain(holder, field) or (html_to_text(str(detail.get("value") or "")) if detail else "")
    return " ".join(words.split())


def _plain(holder: Mapping[str, Any], field: str) -> str:
    detail = holder.get(f"{field}_detail") or {"type": "text/plain", "value": holder.get(field) or ""}
    return _readable(detail)


def _readable(detail: Mapping[str, Any]) -> str:
    kind, value = str(detail.get("type") or "").lower(), str(detail.get("value") or "")
    if kind == "text/plain":
        return tidy(value)
    return html_to_text(value) if "html" in kind or "xml" in kind or not kind else ""


def _date(entry: Any, fields: tuple[str, ...], language: str | None, now: datetime) -> datetime | None:
    for field in fields:
        # Past feedparser's own `get`, which answers for one field with another, and warns.
        written = dict.get(entry, field)
        if written and (moment := parse_date(str(written), language=language, now=now)) is not None:
            return moment
    return None


def _language(holder: Any) -> str | None:
    found = next((each.get("language") for each in holder.get("content", ()) if each.get("language")), None)
    return tidy(str(found or holder.get("language") or "")).lower() or None


def _tags(entry: Any) -> tuple[str, ...]:
    labels = (tidy(str(each.get("label") or each.get("term") or "")) for each in entry.get("tags", ()))
    return tuple(dict.fromkeys(label for label in labels if label))
