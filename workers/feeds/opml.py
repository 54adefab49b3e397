"""OPML, in which feed readers exchange their subscriptions: read leniently, written so that it reads back the same.

Folders become tags. What OPML has no word for stands in attributes of Tocsin's own; headers and logins are not
written. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # lxml ships no types

from workers.feeds.sharding import host_of
from workers.feeds.spans import show_span
from workers.feeds.subscriptions import ALERT_AFTER, Subscription

NAMESPACE = "https://tocsin.example/opml"
_OURS = f"{{{NAMESPACE}}}"
_SPANS = ("interval", "alert_after", "silent_after")
_WORDS = ("source", "user_agent")
_FLAGS = ("full_text", "allow_private")
MOST_BYTES = 20 * 1024 * 1024


class NotOpml(ValueError):
    """The document is no OPML. The message says why."""


def read_opml(document: bytes) -> list[dict[str, Any]]:
    """The feeds in `document`, as entries of `feeds.yaml` that are still to be checked. Raises NotOpml."""
    if len(document) > MOST_BYTES:
        raise NotOpml("larger than 20 MiB")
    # No entity is expanded and nothing is loaded; many programs leave a bare & in addresses, so it recovers.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotOpml(f"no XML: {error}") from error
    if root is None or etree.QName(root).localname.lower() != "opml":
        raise NotOpml("its first element is not <opml>")
    return list({entry["url"]: entry for entry in reversed(list(_feeds(root, ())))}.values())[::-1]


def write_opml(feeds: Sequence[Subscription], now: datetime) -> bytes:
    """An OPML 2.0 document; tags stand in `category`."""
    root = etree.Element("opml", version="2.0", nsmap={"tocsin": NAMESPACE})
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = "Subscriptions of Tocsin"
    etree.SubElement(head, "dateCreated").text = format_datetime(now)
    body = etree.SubElement(root, "body")
    for feed in feeds:
        etree.SubElement(body, "outline", attrib=_attributes(feed))
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def is_private(feed: Subscription) -> bool:
    """Whether it has what is not written to OPML."""
    return bool(feed.headers or feed.username)


def _attributes(feed: Subscription) -> dict[str, str]:
    name = feed.source or host_of(feed.url)
    found = {"type": "rss", "text": name, "title": name, "xmlUrl": feed.url}
    if feed.tags:
        found["category"] = ",".join(tag.replace(",", " ") for tag in feed.tags)
        if any(set(",/") & set(tag) for tag in feed.tags):  # a category can't say so
            found[_OURS + "tags"] = "\n".join(feed.tags)
    if feed.source is None:  # or reading would take the host for its name
        found[_OURS + "source"] = ""
    if feed.interval is not None:
        found[_OURS + "interval"] = show_span(feed.interval)
    if feed.alert_after != ALERT_AFTER:
        found[_OURS + "alert_after"] = show_span(feed.alert_after)
    if feed.silent_after != Subscription.model_fields["silent_after"].default:
        found[_OURS + "silent_after"] = show_span(feed.silent_after)
    if feed.user_agent is not None:
        found[_OURS + "user_agent"] = feed.user_agent
    return found | {_OURS + flag: "true" for flag in _FLAGS if getattr(feed, flag)}


def _feeds(element: Any, folders: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for child in element:
        if not isinstance(child.tag, str):  # a comment
            continue
        name = etree.QName(child).localname.lower()
        said = {str(key).lower(): str(value).strip() for key, value in child.attrib.items()}
        title = said.get("title") or said.get("text") or ""
        if name == "outline" and said.get("xmlurl"):
            yield _entry(said, title, folders)
            yield from _feeds(child, folders)
        else:
            inner = (*folders, title) if name == "outline" and title else folders
            yield from _feeds(child, inner)


def _entry(said: dict[str, str], title: str, folders: tuple[str, ...]) -> dict[str, Any]:
    # A category may be a path, "/News/Asia": each part of it is a tag.
    categories = [part for each in said.get("category", "").split(",") for part in each.strip().split("/")]
    if ours := said.get(_OURS + "tags"):
        categories = ours.split("\n")
    tags = [tag[:100] for tag in dict.fromkeys((*folders, *(part.strip() for part in categories))) if tag]
    entry: dict[str, Any] = {"url": said["xmlurl"]}
    source = said.get(_OURS + "source", title)[:300]
    if source:
        entry["source"] = source
    if tags:
        entry["tags"] = tags
    for field in (*_SPANS, *_WORDS[1:], *_FLAGS):
        if value := said.get(_OURS + field):
            entry[field] = value
    return entry
