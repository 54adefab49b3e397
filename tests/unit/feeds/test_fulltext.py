"""From a summary to the article on its page, by a real server: what is allowed, what is in the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.rig.feed_server import FeedServer, feed_server
from tests.rig.http_server import Answer
from topics.articles import Article, revision_of
from workers.addresses import PrivateHosts
from workers.feeds.clock import WallClock
from workers.feeds.fetch import Fetcher
from workers.feeds.fulltext import FullText
from workers.feeds.pages import PageReader
from workers.feeds.state import NEVER_VISITED
from workers.feeds.subscriptions import Subscription
from workers.feeds.visiting import Visitor
from workers.web.page_text import PageText, why_not_the_article

HERE = PrivateHosts.parse("127.0.0.1")
NOW = datetime(2026, 3, 2, tzinfo=UTC)
TITLE, SUMMARY = "Harbour of Narvik reopens after the storm", "The harbour reopens, officials said."
PARAGRAPHS = [
    "The harbour of Narvik reopened on Sunday after a storm that had closed it for three days, officials said.",
    "Forty ships had waited outside since Thursday, among them two tankers with fuel for the northern towns.",
    "“We are relieved,” said the harbour master, Kari Nordmann, who had slept in her office since the storm began.",
    "The first ship to enter was a ferry with 300 passengers, several of them ill after two nights at sea.",
    "Fishermen said that their nets were lost, and asked the government in Oslo for help within the month.",
]


def page(*paragraphs: str, head: str = "") -> str:
    inside = "".join(f"<p>{each}</p>" for each in paragraphs)
    menu = "".join(f"<li><a href='/{n}'>Section {n}</a></li>" for n in range(20))
    return (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{TITLE}</title>{head}</head><body>"
        f"<nav><ul>{menu}</ul></nav><main><article><h1>{TITLE}</h1>{inside}</article></main>"
        "<footer>© Coast Gazette, all rights</footer></body></html>"
    )


@pytest.fixture
def site() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


@pytest.fixture
async def full() -> AsyncIterator[FullText]:
    async with Fetcher(private=HERE, seconds=5) as fetcher, FullText(fetcher) as found:
        yield found


def summary(site: FeedServer, path: str = "/a", **more: object) -> Article:
    return Article(
        id="1", revision="r", url=site.url_for(path), title=TITLE, text=SUMMARY, fetched_at=NOW,
        feed=site.url_for("/rss"), summary_only=True,
    ).model_copy(update=more)  # fmt: skip


async def no_pace(_url: str, _least: timedelta = timedelta(0)) -> None:
    await asyncio.sleep(0)


async def completed(full: FullText, article: Article) -> tuple[Article, str | None]:
    done, short = await full.complete(article, headers={}, pace=no_pace, allow_private=True)
    return done, None if short is None else short.reason


async def test_the_text_of_the_page_takes_the_place_of_the_summary(full: FullText, site: FeedServer) -> None:
    site.publish("/a", page(*PARAGRAPHS), content_type="text/html; charset=utf-8")
    before = summary(site)
    after, reason = await completed(full, before)
    assert reason is None
    assert after.text == "\n\n".join(PARAGRAPHS)
    assert not after.summary_only
    assert after.revision == revision_of(TITLE, after.text)
    assert (after.id, after.title) == (before.id, before.title)
    assert [request.path for request in site.requests] == ["/robots.txt", "/a"]


async def test_an_article_that_is_whole_is_left_alone(full: FullText, site: FeedServer) -> None:
    whole = summary(site, summary_only=False)
    assert await completed(full, whole) == (whole, None)
    assert site.requests == ()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(status=404), "HTTP 404"),
        (Answer(status=402), "it asks for payment"),
        (Answer(body=b"%PDF-1.7", headers={"Content-Type": "application/pdf"}), "no HTML but application/pdf"),
        (Answer(status=302, headers={"Location": "/login?back=a"}), "it leads to a login"),
        (Answer(status=302, headers={"Location": "/"}), "it leads to the front page"),
        (Answer(status=302, headers={"Location": "http://10.0.0.1/"}), "10.0.0.1 is a private address"),
        (Answer(status=302, headers={"Location": "/forbidden/a"}), "robots.txt forbids it"),
        (Answer(body=b"x" * 6_000_000, headers={"Content-Type": "text/html"}), "larger than 5 MiB"),
        (Answer(body=b"", headers={"Content-Type": "text/html"}), "no article is found"),
        (Answer(body=b"\0\xff" * 999, headers={"Content-Type": "text/html"}), "no article is found"),
        (Answer(fault="reset"), ""),
    ],
)
async def test_whatever_goes_wrong_the_summary_stays_and_the_reason_is_told(
    full: FullText, site: FeedServer, answer: Answer, reason: str
) -> None:
    site.publish("/robots.txt", "User-agent: *\nDisallow: /forbidden/", content_type="text/plain")
    for path in ("/", "/login?back=a"):
        site.publish(path, page(*PARAGRAPHS), content_type="text/html")
    site.answer("/a", answer)
    before = summary(site)
    after, told = await completed(full, before)
    assert after == before
    assert after.summary_only
    assert told is not None
    assert reason in told


async def test_walls_of_all_sorts(full: FullText, site: FeedServer) -> None:
    closed = '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": "False"}</script>'
    part = '<script type="application/ld+json">{"@type": "Article", "hasPart": {"isAccessibleForFree": false}}</script>'
    for body, wall in [
        (page(*PARAGRAPHS[:3], "Subscribe to continue reading this article."), True),
        (page(*PARAGRAPHS[:3], head=closed), True),
        (page(*PARAGRAPHS[:3], head=part), False),
        (page(*PARAGRAPHS * 4, head=closed), False),
    ]:
        site.publish("/a", body, content_type="text/html")
        after, reason = await completed(full, summary(site))
        assert after.summary_only == wall
        assert reason == ("the page is for subscribers" if wall else None)


async def test_a_page_about_something_else_is_not_taken(full: FullText, site: FeedServer) -> None:
    other = "We and our partners store and access information on a device, such as cookies, and process personal data. "
    site.publish("/a", page(other * 2, other * 3), content_type="text/html")
    assert (await completed(full, summary(site)))[1] == "the page is about something else"


async def test_an_entry_without_a_page(full: FullText, site: FeedServer) -> None:
    assert (await completed(full, summary(site, url=None)))[1] == "the entry names no page"


async def test_what_is_the_feeds_stays_with_the_feeds_origin(full: FullText, site: FeedServer) -> None:
    with feed_server() as other:
        for server in (site, other):
            server.publish("/a", page(*PARAGRAPHS), content_type="text/html")
        mine = summary(site)
        theirs = summary(site, url=other.url_for("/a"))
        for article in (mine, theirs):
            after, _ = await full.complete(article, headers={"X-Key": "k"}, pace=no_pace, allow_private=True)
            assert not after.summary_only
        assert [request.headers.get("X-Key") for request in site.requests_to("/a")] == ["k"]
        assert all("X-Key" not in request.headers for request in (*other.requests, *site.requests_to("/robots.txt")))


async def test_every_request_waits_for_its_turn(full: FullText, site: FeedServer) -> None:
    asked: list[str] = []

    async def pace(url: str, _least: timedelta = timedelta(0)) -> None:
        await asyncio.sleep(0)
        asked.append(url)

    site.publish("/b", page(*PARAGRAPHS), content_type="text/html")
    site.answer("/a", Answer(status=301, headers={"Location": "/b"}))
    await full.complete(summary(site), headers={}, pace=pace, allow_private=True)
    assert asked == [site.url_for(path) for path in ("/robots.txt", "/a", "/b")]


async def test_a_page_that_takes_too_long_is_ended_and_the_next_is_read(site: FeedServer) -> None:
    site.publish("/slow", "<html><body>" + "<div><table><tr><td>" * 100_000, content_type="text/html")
    site.publish("/a", page(*PARAGRAPHS), content_type="text/html")
    pages = PageReader(seconds=0.01)
    async with Fetcher(private=HERE, seconds=20) as fetcher, FullText(fetcher, pages=pages) as full:
        begun = time.monotonic()
        assert "longer than 0.01 s to read" in str((await completed(full, summary(site, "/slow")))[1])
        assert time.monotonic() - begun < 60
        pages._seconds = 30
        assert (await completed(full, summary(site)))[1] is None


async def test_who_is_cancelled_leaves_no_answer_behind(site: FeedServer) -> None:
    site.publish("/a", page(*PARAGRAPHS), content_type="text/html")
    site.publish("/b", page(*[each.replace("harbour", "airport") for each in PARAGRAPHS]), content_type="text/html")
    async with Fetcher(private=HERE) as fetcher, FullText(fetcher) as full:
        await completed(full, summary(site))
        for delay in (0.0, 0.01, 0.05):
            task = asyncio.create_task(completed(full, summary(site)))
            await asyncio.sleep(delay)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            after, _ = await completed(full, summary(site, "/b"))
            assert "airport" in after.text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Short.", "no article is found on the page"),
        ("Already a subscriber? Log in.", "the page is for subscribers"),
        ("Please enable JavaScript and cookies to continue.", "the page is for subscribers"),
        (" ".join(PARAGRAPHS), None),
        (" ".join(PARAGRAPHS) + " The rebels asked farmers to register to vote.", None),
        (" ".join(PARAGRAPHS) + " It was a meeting for members of the alliance; access was denied.", None),
        (" ".join(PARAGRAPHS) + " This article is only for subscribers.", "the page is for subscribers"),
    ],
)
def test_what_is_taken_for_the_article(text: str, reason: str | None) -> None:
    assert why_not_the_article(PageText(text), title=TITLE, summary=SUMMARY) == reason


async def test_a_feed_that_asks_for_full_text_gets_it(full: FullText, site: FeedServer, tmp_path: Path) -> None:
    items = "".join(
        f"<item><title>{TITLE}</title><link>{path}</link><description>{SUMMARY}</description></item>"
        for path in ("/a", "/gone")
    )
    url = site.publish("/rss", f"<rss version='2.0'><channel><title>Coast</title>{items}</channel></rss>")
    site.publish("/a", page(*PARAGRAPHS), content_type="text/html")
    async with Fetcher(private=HERE) as fetcher:
        visitor = Visitor.make(fetcher, full, WallClock(), tmp_path)
        for wanted in (True, False):
            feed = Subscription(url=url, full_text=wanted, allow_private=True)
            visit = await visitor.visit(feed, NEVER_VISITED, no_pace)
            # What is seen is the entry as the feed has it, so that its page is asked for once.
            assert {article.text for article in visit.document} == {SUMMARY}
            whole, short = [await visitor.complete(feed, article, no_pace) for article in visit.document]
            assert (whole[0].text == "\n\n".join(PARAGRAPHS), whole[0].summary_only) == (wanted, not wanted)
            assert (short[0].text, short[0].summary_only) == (SUMMARY, True)
            assert (short[1] is not None and "HTTP 404" in short[1].reason) == wanted


@pytest.mark.parametrize("path", ["/${KEY}/rss", "/rss?key=${KEY}", "/u/${KEY}/rss?key=${KEY}"])
@pytest.mark.parametrize("link", ["page", "#a", "?n=1", "/a?key=hush%2Fhush1", "/hush%2Fhush1/a", "http://e.example/a"])
async def test_a_secret_in_a_feeds_address_is_in_no_link_of_it(
    full: FullText, site: FeedServer, path: str, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "hush%2Fhush1")
    item = f"<item><title>{TITLE}</title><link>{link}</link><description>{SUMMARY}</description></item>"
    url = site.publish(
        path.replace("${KEY}", "hush%2Fhush1"), f"<rss version='2.0'><channel><title>C</title>{item}</channel></rss>"
    )
    written = site.url_for(path)
    async with Fetcher(private=HERE) as fetcher:
        visitor = Visitor.make(fetcher, full, WallClock(), Path())
        feed = Subscription(url=written, full_text=True, allow_private=True)
        visit = await visitor.visit(feed, NEVER_VISITED, no_pace)
        (article,) = visit.document
        done, reason = await visitor.complete(feed, article, no_pace)
    for shown in (article.model_dump_json(), done.model_dump_json(), str(reason)):
        assert "hush" not in shown
    assert done.url == article.url
    assert url != written


async def test_the_page_behind_a_secret_is_asked_for_with_it(
    full: FullText, site: FeedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "hush1")
    links = ("a", "http://e.example/${KEY}")
    items = "".join(
        f"<item><title>{TITLE}</title><link>{link}</link><description>{SUMMARY}</description></item>" for link in links
    )
    site.publish("/hush1/rss", f"<rss version='2.0'><channel><title>Coast</title>{items}</channel></rss>")
    site.publish("/hush1/a", page(*PARAGRAPHS), content_type="text/html")
    async with Fetcher(private=HERE) as fetcher:
        visitor = Visitor.make(fetcher, full, WallClock(), tmp_path)
        feed = Subscription(url=site.url_for("/${KEY}/rss"), full_text=True, allow_private=True)
        visit = await visitor.visit(feed, NEVER_VISITED, no_pace)
        done, _ = await visitor.complete(feed, visit.document[0], no_pace)
        access = visitor.access(feed)
    assert (done.text, done.url) == ("\n\n".join(PARAGRAPHS), site.url_for("/${KEY}/a"))
    # What a feed writes as if it were ours gives nothing away.
    assert access.unmasked("http://e.example/${KEY}") == "http://e.example/${KEY}"
