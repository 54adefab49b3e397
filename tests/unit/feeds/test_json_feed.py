"""JSON Feed 1.0 and 1.1, as the specification says and as they are found."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from topics.articles import Article, article_id
from topics.codec import encode
from workers.feeds.parse import NotAFeed, ParsedFeed, parse_feed

NOW = datetime(2026, 3, 2, tzinfo=UTC)
URL = "https://coast.example/feed.json"


def feed(*items: object, **more: Any) -> bytes:
    head = {"version": "https://jsonfeed.org/version/1.1", "title": "Coast Gazette", **more}
    return json.dumps({**head, "items": items}).encode()


def parse(body: bytes, content_type: str | None = "application/feed+json") -> ParsedFeed:
    return parse_feed(body, url=URL, fetched_at=NOW, content_type=content_type)


def one(item: dict[str, Any], **more: Any) -> Article:
    found = parse(feed(item, **more))
    assert found.problems == ()
    (article,) = found.articles
    encode(article)
    return article


def test_an_item_becomes_an_article() -> None:
    found = one(
        {
            "id": "https://coast.example/2026/harbour",
            "url": "/2026/harbour?utm_source=feed",
            "title": "Harbour  reopens",
            "content_html": "<p>Ships came.</p><script>x()</script><p>Many &amp; large.</p>",
            "summary": "Ships.",
            "date_published": "2026-03-01T10:00:00+02:00",
            "date_modified": "2026-03-01T12:00:00+02:00",
            "tags": ["Sea", "Sea", "", "Trade"],
            "attachments": [{"url": "https://coast.example/a.mp3", "mime_type": "audio/mpeg"}],
        },
        language="en-GB",
    )
    assert (found.title, found.text) == ("Harbour reopens", "Ships came.\n\nMany & large.")
    assert found.url == "https://coast.example/2026/harbour?utm_source=feed"
    assert found.id == article_id(url="https://coast.example/2026/harbour")
    assert found.published_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert (found.source, found.feed, found.lang, found.tags) == ("Coast Gazette", URL, "en-gb", ("Sea", "Trade"))
    assert not found.summary_only


def test_version_one_and_its_number_as_id() -> None:
    found = one({"id": 17, "content_text": "Two lines.\nOf text."}, version="https://jsonfeed.org/version/1")
    assert found.text == "Two lines.\nOf text."
    assert found.id == article_id(guid="coast.example 17")
    assert found.url is None


def test_the_page_elsewhere_is_the_page_of_a_link_blog() -> None:
    assert one({"id": "1", "title": "T", "external_url": "https://hills.example/s"}).url == "https://hills.example/s"
    assert one({"id": "1", "title": "T", "url": "javascript:alert(1)"}).url is None


def test_a_summary_alone_is_a_summary() -> None:
    assert one({"id": "1", "title": "T", "summary": "Ships came."}).summary_only


def test_items_that_are_none_are_told_and_the_others_go_on() -> None:
    found = parse(feed(7, None, {"id": "1"}, {"id": "2", "title": "B", "tags": "no list", "url": {}, "summary": [1]}))
    assert [each.title for each in found.articles] == ["B"]
    assert found.problems == (
        "entry 1: expected an object, found int",
        "entry 2: expected an object, found NoneType",
        "entry 1: neither title nor text",
    )


def test_bytes_and_headers_of_all_sorts() -> None:
    body = feed({"id": "1", "title": "Señor"}).decode()
    plain = json.dumps(json.loads(body), ensure_ascii=False)
    for encoded in (body.encode(), plain.encode(), plain.encode("utf-8-sig"), plain.encode("utf-16")):
        for content_type in ("application/feed+json", "text/plain; charset=iso-8859-1", None):
            assert parse(encoded, content_type).articles[0].title == "Señor"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(
    [
        "id",
        "url",
        "external_url",
        "title",
        "content_html",
        "content_text",
        "summary",
        "date_published",
        "tags",
        "language",
    ]
)


@given(items=st.lists(st.dictionaries(fields, anything, max_size=6), max_size=4), head=anything)
def test_whatever_stands_in_a_field_it_is_an_article_or_is_told(items: list[dict[str, Any]], head: Any) -> None:
    try:
        found = parse(feed(*items, title=head, language=head))
    except NotAFeed:
        return
    for article in found.articles:
        encode(article)
