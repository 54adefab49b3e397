"""Feeds as they are found: what becomes of each entry, and what is told of those that are none."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from topics.articles import Article, article_id
from topics.codec import encode
from workers.feeds.parse import NotAFeed, ParsedFeed, parse_feed

NOW = datetime(2026, 3, 2, tzinfo=UTC)
URL = "https://coast.example/news/rss.xml"


def rss(*items: str, head: str = "<title>Coast Gazette</title>") -> bytes:
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{inside}</channel></rss>'.encode()


def atom(*entries: str, head: str = "<title>Coast Gazette</title>") -> bytes:
    inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB">{head}{inside}</feed>'.encode()


def parse(body: bytes, **more: str) -> ParsedFeed:
    return parse_feed(body, url=URL, fetched_at=NOW, **more)


def one(body: bytes) -> Article:
    found = parse(body)
    assert found.problems == ()
    (article,) = found.articles
    encode(article)
    return article


def test_an_rss_item_becomes_an_article() -> None:
    found = one(
        rss(
            "<title>Harbour &lt;b&gt;reopens&lt;/b&gt;</title><link>/2026/harbour?utm_source=rss</link>"
            '<guid isPermaLink="false">tag:coast.example,2026:1</guid><category>Sea</category><category>Sea</category>'
            "<pubDate>Sun, 01 Mar 2026 10:00:00 +0200</pubDate>"
            "<description>&lt;p&gt;Ships came.&lt;/p&gt;&lt;p&gt;Many &amp;amp; large.&lt;/p&gt;</description>",
            head="<title>Coast &amp;amp; Sea</title><language>en-US</language>",
        )
    )
    assert found.id == article_id(guid="tag:coast.example,2026:1")
    assert found.title == "Harbour reopens"
    assert found.text == "Ships came.\n\nMany & large."
    assert found.url == "https://coast.example/2026/harbour?utm_source=rss"
    assert found.published_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert (found.fetched_at, found.feed, found.lang, found.tags) == (NOW, URL, "en-us", ("Sea",))
    assert found.source == "Coast & Sea"


def test_an_atom_entry_becomes_an_article() -> None:
    found = one(
        atom(
            '<id>urn:uuid:1</id><title type="text">Two &lt; three</title><link href="../story/2"/>'
            "<updated>2026-03-01T12:00:00Z</updated><published>2026-03-01T10:00:00+01:00</published><summary>Short.</summary>"
            '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>First.</p><p>Second.</p></div></content>'
        )
    )
    assert (found.title, found.text) == ("Two < three", "First.\n\nSecond.")
    assert found.url == "https://coast.example/story/2"
    assert found.published_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert found.id == article_id(guid="urn:uuid:1")
    assert found.lang == "en-gb"


def test_old_rdf_feeds_are_read() -> None:
    found = one(
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        b' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Old</title></channel><item rdf:about="http://o.example/1">'
        b"<title>T</title><link>http://o.example/1</link><dc:date>2026-03-01T10:00:00Z</dc:date></item></rdf:RDF>"
    )
    assert (found.title, found.source, found.published_at) == ("T", "Old", datetime(2026, 3, 1, 10, tzinfo=UTC))


def test_an_edited_entry_is_a_revision_of_the_same_article() -> None:
    before = one(rss("<guid>https://coast.example/1</guid><title>A</title><description>First.</description>"))
    after = one(rss("<guid>https://coast.example/1</guid><title>A</title><description>Corrected.</description>"))
    assert before.id == after.id
    assert before.revision != after.revision


def test_without_a_guid_the_canonical_address_is_the_id() -> None:
    found = one(rss("<title>A</title><link>https://coast.example/a?utm_source=x&amp;id=7#top</link>"))
    assert found.id == article_id(url="https://coast.example/a?id=7")


def test_with_neither_guid_nor_link_the_words_are_the_id() -> None:
    assert one(rss("<title>A</title>")).id == article_id(title="A")


def test_a_bare_number_as_guid_does_not_meet_that_of_another_publisher() -> None:
    bare = '<guid isPermaLink="false">12345</guid><title>A</title>'
    ours = one(rss(f"{bare}<link>https://coast.example/1</link>"))
    theirs = one(rss(f"{bare}<link>https://hills.example/1</link>"))
    again = parse_feed(
        rss(f"{bare}<link>https://coast.example/1</link>"), url="https://coast.example/other.xml", fetched_at=NOW
    ).articles[0]
    assert ours.id != theirs.id
    assert ours.id == again.id


def test_links_that_no_browser_should_follow_are_dropped() -> None:
    found = one(rss('<guid isPermaLink="false">urn:x:1</guid><title>A</title><link>javascript:alert(1)</link>'))
    assert found.url is None
    assert one(atom("<id>urn:x:2</id><title>A</title><link href='data:text/html,x'/>")).url is None


def test_the_outlet_that_an_aggregator_names_is_the_source() -> None:
    found = one(rss('<title>A</title><source url="https://hills.example/rss">Hills Herald</source>'))
    assert found.source == "Hills Herald"


def test_a_title_is_one_line() -> None:
    assert one(rss("<title>A\n  &lt;p&gt;B&lt;/p&gt;&lt;br&gt;C</title>")).title == "A B C"


def test_a_feed_without_a_title_is_known_by_its_host() -> None:
    assert one(rss("<title>A</title>", head="")).source == "coast.example"


def test_the_longest_offer_is_the_text() -> None:
    found = one(
        b'<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>C</title><item>'
        b"<title>A</title><description>Teaser.</description><content:encoded><![CDATA[<p>The whole long text.</p>]]>"
        b"</content:encoded></item></channel></rss>"
    )
    assert found.text == "The whole long text."


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Sun, 01 Mar 2026 10:00:00 GMT", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("Sun, 01 Mar 2026 10:00:00 EST", datetime(2026, 3, 1, 15, tzinfo=UTC)),
        ("2026-03-01T10:00:00-05:00", datetime(2026, 3, 1, 15, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("Sunday, March 1st", None),
        ("", None),
        ("Sun, 99 Mar 99999 10:00:00 GMT", None),
    ],
)
def test_dates(written: str, expected: datetime | None) -> None:
    assert one(rss(f"<title>A</title><pubDate>{written}</pubDate>")).published_at == expected


def test_only_the_update_is_dated() -> None:
    assert one(atom("<title>A</title><updated>2026-03-01T12:00:00Z</updated>")).published_at == datetime(
        2026, 3, 1, 12, tzinfo=UTC
    )


def test_an_entry_without_words_is_told_and_the_others_go_on() -> None:
    found = parse(rss("<link>https://coast.example/1</link>", "<title>B</title>"))
    assert [a.title for a in found.articles] == ["B"]
    assert found.problems == ("entry 1: neither title nor text",)


def test_broken_xml_gives_what_can_be_read_and_says_so() -> None:
    found = parse(b"<rss version='2.0'><channel><title>C</title><item><title>Fish & chips</title></item>")
    assert [a.title for a in found.articles] == ["Fish & chips"]
    assert found.problems[0].startswith("broken XML, read as far as it went: ")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_encodings(encoding: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>'
    content = "<rss version='2.0'><channel><title>Café</title><item><title>Señor</title></item></channel></rss>"
    found = parse((declaration + content).encode(encoding), content_type="application/rss+xml")
    assert (found.title, found.articles[0].title) == ("Café", "Señor")


def test_a_charset_that_the_server_gets_wrong_is_no_problem() -> None:
    found = parse(rss("<title>Señor</title>"), content_type="text/xml; charset=us-ascii")
    assert found.articles[0].title == "Señor"


def test_an_empty_feed_is_a_feed() -> None:
    assert parse(rss()) == ParsedFeed("Coast Gazette", ())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "a web page, not a feed"),
        (b"plain words", "neither RSS nor Atom"),
        (b'{"version": "1"}', "neither RSS nor Atom"),
        (b"\x00\x01\x02\xff", "neither RSS nor Atom"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "neither RSS nor Atom"),
    ],
)
def test_what_is_no_feed_is_told_what_it_is(body: bytes, reason: str) -> None:
    with pytest.raises(NotAFeed, match=reason):
        parse(body)


def test_a_body_that_looks_like_the_name_of_a_file_opens_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "feed.xml"
    secret.write_bytes(rss("<title>Secret</title>"))
    with pytest.raises(NotAFeed):
        parse(str(secret).encode())


@pytest.mark.parametrize("reference", ["&#xD800;", "&#55296;", "&#x110000;", "&#99999999;", "&#0;"])
def test_references_to_no_character_are_harmless(reference: str) -> None:
    found = parse(rss(f"<title>A {reference} B</title>"))
    assert found.articles[0].title.startswith("A ")
    encode(found.articles[0])


def test_entities_that_explode_or_reach_outside_do_neither(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET")
    layers = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    laughs = f'<!DOCTYPE r [<!ENTITY l0 "{"ha" * 50}">{layers}]>'
    outside = f'<!DOCTYPE r [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'
    begun = time.monotonic()
    for doctype, reference in ((laughs, "&l9;"), (outside, "&x;")):
        body = rss(f"<title>T {reference}</title>").replace(b"<rss", doctype.encode() + b"<rss", 1)
        try:
            found = parse(body)
        except NotAFeed:
            continue
        assert all("SECRET" not in a.title and len(a.title) < 10_000 for a in found.articles)
    assert time.monotonic() - begun < 5
