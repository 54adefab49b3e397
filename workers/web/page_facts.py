"""What a web page says of itself in its head: title, address, date, publisher, language. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree  # type: ignore[import-untyped]  # lxml ships no types

from workers.web.dates import parse_date
from workers.web.html_text import html_to_text

MAX_VALUE_CHARS = 2000
_TITLES = ("og:title", "twitter:title", "dc.title", "headline")
_DATES = (
    "article:published_time", "og:article:published_time", "date", "pubdate", "publishdate", "publish-date", "dc.date",
    "dc.date.issued", "dcterms.created", "sailthru.date", "parsely-pub-date", "datepublished", "article.published",
    "og:updated_time", "article:modified_time",
)  # fmt: skip
_SITES = ("og:site_name", "application-name", "publisher", "dc.publisher")
_ARTICLE = re.compile(r"article|posting|report|webpage", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What stands in the head; None and empty for what does not."""

    title: str = ""
    url: str | None = None
    published_at: datetime | None = None
    site: str | None = None
    lang: str | None = None


def page_facts(markup: str, *, base: str | None = None) -> PageFacts:
    """The facts of a page; `base` makes its canonical address absolute."""
    try:
        root = etree.HTML(f"<div></div>{markup}" if not markup.strip() else markup, etree.HTMLParser(huge_tree=True))
    except (etree.ParserError, ValueError, AssertionError):
        return PageFacts()
    if root is None:
        return PageFacts()
    named = _named(root)
    described = list(_described(root))
    lang = str(root.get("lang") or "").strip().lower() or None
    headline = next((str(each["headline"]) for each in described if each.get("headline")), "")
    title = next((named[name] for name in _TITLES if name in named), "") or headline or _text(root, "title")
    return PageFacts(
        title=" ".join(html_to_text(title[:MAX_VALUE_CHARS]).split()),
        url=_address(root, named, base),
        published_at=_date(root, named, described, lang),
        site=next((named[name] for name in _SITES if name in named), None),
        lang=lang if lang and len(lang) < 20 else None,
    )


def _named(root: Any) -> dict[str, str]:
    """The first value of each `meta`, by its name in lower case."""
    found: dict[str, str] = {}
    for each in root.iter("meta"):
        name = str(each.get("property") or each.get("name") or each.get("itemprop") or "").strip().lower()
        value = str(each.get("content") or "").strip()[:MAX_VALUE_CHARS]
        if name and value:
            found.setdefault(name, value)
    return found


def _described(root: Any) -> Iterator[dict[str, Any]]:
    """What JSON-LD says of articles."""
    for each in root.iter("script"):
        if "ld+json" in str(each.get("type") or "").lower() and each.text:
            try:
                yield from _articles(json.loads(each.text))
            except (ValueError, RecursionError):
                continue


def _articles(found: object) -> Iterator[dict[str, Any]]:
    if isinstance(found, list):
        for each in found:
            yield from _articles(each)
    elif isinstance(found, dict):
        if _ARTICLE.search(str(found.get("@type"))):
            yield found
        yield from _articles(found.get("@graph"))


def _text(root: Any, tag: str) -> str:
    return next((str(each.text) for each in root.iter(tag) if each.text), "")


def _address(root: Any, named: dict[str, str], base: str | None) -> str | None:
    links = (each.get("href") for each in root.iter("link") if str(each.get("rel") or "").lower() == "canonical")
    for written in (*links, named.get("og:url")):
        try:
            address = urljoin(base or "", str(written or "").strip())
            parts = urlsplit(address)
        except ValueError:
            continue
        if parts.scheme in ("http", "https") and parts.hostname:
            return address
    return base


def _date(root: Any, named: dict[str, str], described: list[dict[str, Any]], lang: str | None) -> datetime | None:
    written = [str(each["datePublished"]) for each in described if each.get("datePublished")]
    written += [named[name] for name in _DATES if name in named]
    written += [str(each.get("datetime")) for each in root.iter("time") if each.get("datetime")][:3]
    return next((moment for each in written if (moment := parse_date(each, language=lang)) is not None), None)
