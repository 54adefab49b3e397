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
        (b'{"version": "1"}', "JSON, but no JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1.1"}', "without a list of `items`"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": [', "broken JSON: .* at line 1, column"),
        (b"[" * 200_000, "nested too deeply"),
        (b"[1]", "JSON, but no JSON Feed"),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON that cannot be read"),
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


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("subset", "reference", "reason"),
    [
        (f'<!ENTITY l0 "{"ha" * 50}">{LAUGHS}', "&l9;", "entities made of entities"),
        ('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;", r"an outside entity \(&x; from file:///etc/passwd\)"),
        ('<!ENTITY x PUBLIC "-//X" "http://10.0.0.1/x">', "&x;", "an outside entity .* from http://10.0.0.1/x"),
        (f'<!ENTITY x "{"y" * 100_000}">', "&x;" * 1000, "an entity of 100,000 characters"),
        ('<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y "&x;">', "&y;", "entities made of entities"),
    ],
)
def test_entities_that_explode_or_reach_outside_are_refused(subset: str, reference: str, reason: str) -> None:
    body = rss(f"<title>T {reference}</title>").replace(b"<rss", f"<!DOCTYPE r [{subset}]><rss".encode(), 1)
    begun = time.monotonic()
    with pytest.raises(NotAFeed, match=reason):
        parse(body)
    with pytest.raises(NotAFeed, match=reason):
        parse(body.decode().encode("utf-16"))
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "subset",
    [
        "",
        '<!ENTITY coast "Coast">',
        '<!ENTITY % HTMLlat1 PUBLIC "-//W3C//ENTITIES Latin 1//EN" "xhtml-lat1.ent"> %HTMLlat1;',
        '<!ENTITY unused SYSTEM "file:///etc/passwd">',
    ],
)
def test_harmless_declarations_are_harmless(subset: str) -> None:
    body = rss("<title>T &amp; S</title>").replace(b"<rss", f"<!DOCTYPE r [{subset}]><rss".encode(), 1)
    assert [each.title for each in parse(body).articles] == ["T & S"]


def test_what_the_server_and_the_document_say_of_characters_goes_after_what_the_bytes_are() -> None:
    plain = "<rss version='2.0'><channel><title>C</title><item><title>Señor</title></item></channel></rss>"
    for declared, encoding, header in [
        ("iso-8859-1", "utf-8", None),
        ("utf-8", "utf-8", "iso-8859-1"),
        ("utf-8", "iso-8859-1", None),
        ("iso-8859-1", "iso-8859-1", "utf-8"),
        ("nonsense-9", "utf-8", "nonsense-10"),
        ("utf-16", "utf-8", "utf-16"),
        ("utf-8", "utf-16-le", None),
    ]:
        body = (f'<?xml version="1.0" encoding="{declared}"?>' + plain).encode(encoding)
        found = parse(body, content_type=f"text/xml; charset={header}" if header else "text/xml")
        assert [each.title for each in found.articles] == ["Señor"], (declared, encoding, header)
        assert found.problems == ()


def test_characters_that_xml_forbids_are_no_obstacle() -> None:
    found = parse(rss("<title>A\x0b\x1fB &#x1F; &#0; C</title>"))
    assert found.problems == ()
    assert found.articles[0].title.startswith("AB")


def test_a_declaration_after_white_space_is_no_obstacle() -> None:
    assert parse(b"\n\n \xef\xbb\xbf" + rss("<title>A</title>")).problems == ()


def test_links_are_resolved_where_the_document_says() -> None:
    found = parse(
        b'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://hills.example/a/"><title>H</title>'
        b'<entry xml:base="b/"><title>T</title><link href="c?x=1"/></entry>'
        b'<entry><title>U</title><link href="//other.example/u"/></entry></feed>'
    )
    assert [each.url for each in found.articles] == ["http://hills.example/a/b/c?x=1", "http://other.example/u"]


def test_sounds_comments_and_the_feed_itself_are_no_page() -> None:
    found = one(
        atom(
            "<id>urn:x:1</id><title>A</title><link rel='enclosure' href='https://coast.example/a.mp3'/>"
            "<link rel='replies' href='https://coast.example/a/comments'/><link rel='self' href='https://coast.example/f'/>"
        )
    )
    assert found.url is None


def test_a_link_that_only_counts_clicks_is_followed_in_thought() -> None:
    counted = "https://www.google.com/url?rct=j&amp;sa=t&amp;url=https://hills.example/story&amp;ct=ga"
    assert one(rss(f"<title>A</title><link>{counted}</link>")).url == "https://hills.example/story"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("<link>https://c.example/a?utm_medium=rss</link>", "<link>https://c.example/a?fbclid=7</link>"),
        ("<guid>https://c.example/a#0</guid>", "<guid>https://c.example/a#1</guid>"),
        ("<guid>https://c.example/a</guid>", "<link>https://c.example/a?from=rss</link>"),
        (
            '<guid isPermaLink="false">7</guid><link>https://www.c.example/a</link>',
            '<guid isPermaLink="false">7</guid><link>https://c.example/a?b=1</link>',
        ),
        (
            "<link>https://c.example/a;jsessionid=AB12?id=1</link>",
            "<link>https://c.example/a;jsessionid=CD34?id=1</link>",
        ),
    ],
)
def test_the_same_article_in_two_writings(first: str, second: str) -> None:
    assert one(rss(f"<title>A</title>{first}")).id == one(rss(f"<title>A</title>{second}")).id


@pytest.mark.parametrize(
    "identity",
    [
        '<guid isPermaLink="false">none</guid><link>https://c.example/{n}</link>',
        '<guid isPermaLink="false">0</guid>',
        "<guid>https://c.example/</guid><link>https://c.example/</link>",
        "<link>https://c.example/today</link>",
        "<link>https://c.example/today#part-{n}</link>",
        "<guid>https://c.example/today#part-{n}</guid>",
    ],
)
def test_ids_that_the_entries_share_are_not_believed(identity: str) -> None:
    items = [f"<title>Story {n}</title><description>Words {n}.</description>" + identity.format(n=n) for n in range(4)]
    found = parse(rss(*items))
    assert [each.title for each in found.articles] == [f"Story {n}" for n in range(4)]
    again = parse(rss(*reversed(items)))
    assert {each.id for each in found.articles} == {each.id for each in again.articles}
    assert len({each.id for each in found.articles}) == 4


def test_an_entry_that_comes_twice_is_taken_once_in_its_latest_form() -> None:
    found = parse(
        atom(
            "<id>urn:x:1</id><title>A</title><link href='/a'/><updated>2026-03-01T10:00:00Z</updated>",
            "<id>urn:x:1</id><title>A, corrected</title><link href='/a'/><updated>2026-03-01T11:00:00Z</updated>",
            "<id>urn:x:2</id><title>B</title><link href='/b'/>",
            "<id>urn:x:2</id><title>B</title><link href='/b'/>",
        )
    )
    assert [each.title for each in found.articles] == ["A, corrected", "B"]


def test_what_is_only_a_summary_is_marked() -> None:
    teaser, long = "Ships came. " * 5, "Ships came. " * 100
    content = "<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>{}</content:encoded>"
    for inside, expected in [
        (f"<description>{teaser}</description>", True),
        ("", True),
        (f"<description>{long}</description>", False),
        (f"<description>{long} [...]</description>", True),
        (f"<description>{long} Read more »</description>", True),
        (content.format(teaser), False),
        (content.format(teaser + "Continue reading"), True),
        (f"<description>{teaser}</description>" + content.format("&lt;img src='x'/&gt;"), True),
        (f"<description>{teaser}</description>" + content.format(long), False),
    ]:
        assert one(rss(f"<title>A</title>{inside}")).summary_only == expected, inside


def test_what_wordpress_writes_below_every_entry_is_no_text() -> None:
    below = '<p>Ships came.</p><p>The post <a href="/a">Harbour</a> first appeared on <a href="/">Coast</a>.</p>'
    assert one(rss(f"<title>A</title><description><![CDATA[{below}]]></description>")).text == "Ships came."


def test_a_thousand_bad_entries_are_told_in_few_lines() -> None:
    found = parse(rss(*["<link>https://c.example/</link>"] * 1000))
    assert len(found.problems) == 21
    assert found.problems[-1] == "and 980 more such problems"


def test_content_without_a_summary_is_not_read_with_its_markup() -> None:
    inside = "<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>{}</content:encoded>"
    assert one(rss("<title>A</title>" + inside.format("&lt;p class='very-long-name'&gt;B&lt;/p&gt;"))).text == "B"
