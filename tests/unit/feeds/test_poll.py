"""A round over feeds: a broken one is told, the others go on, and nothing is remembered before Kafka has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from tests.rig.feed_server import FeedServer, feed_server
from tests.rig.http_server import Answer
from topics.articles import Article
from workers.errors import PermanentError
from workers.feeds.fetch import UNKNOWN, Fetcher, Validators
from workers.feeds.poll import AT_ONCE, Polled, poll
from workers.feeds.publish import Publisher

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def feed(*titles: str) -> str:
    items = "".join(f"<item><title>{title}</title><guid>https://c.example/{title}</guid></item>" for title in titles)
    return f"<rss version='2.0'><channel><title>Coast</title>{items}</channel></rss>"


@pytest.fixture
def publisher() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


async def round_of(*urls: str, known: dict[str, Validators] | None = None) -> dict[str, Polled]:
    async with Fetcher(seconds=2) as fetcher:
        return {each.url: each async for each in poll(fetcher, urls, known or {}, lambda: NOW)}


async def test_one_round_with_all_that_happens(publisher: FeedServer) -> None:
    good = publisher.publish("/good", feed("a", "b"))
    page = publisher.publish("/page", "<!doctype html><html></html>", content_type="text/html")
    missing, bad = publisher.url_for("/missing"), "ftp://x"
    publisher.answer("/reset", Answer(fault="reset"))
    found = await round_of(missing, bad, publisher.url_for("/reset"), page, good, good)
    assert len(found) == 5
    assert [a.title for a in found[good].articles] == ["a", "b"]
    assert {a.feed for a in found[good].articles} == {good}
    assert found[good].validators.etag
    assert found[missing].reason == "HTTP 404: there is no such page"
    assert found[bad].reason == "not an http or https address"
    assert found[page].reason == "a web page, not a feed: look in it for the address of its feed"
    assert all(each.articles == () for url, each in found.items() if url != good)
    assert len(publisher.requests_to("/good")) == 1


async def test_what_is_unchanged_is_not_parsed_again(publisher: FeedServer) -> None:
    url = publisher.publish("/rss", feed("a"))
    first = (await round_of(url))[url]
    second = (await round_of(url, known={url: first.validators}))[url]
    assert (second.unchanged, second.articles, second.reason) == (True, (), None)


async def test_relative_links_follow_the_redirect_and_credentials_stay_out(publisher: FeedServer) -> None:
    publisher.publish(
        "/new/rss", "<rss version='2.0'><channel><item><title>A</title><link>x</link></item></channel></rss>"
    )
    publisher.answer("/old", Answer(status=301, headers={"Location": "/new/rss"}))
    url = publisher.url_for("/old").replace("://", "://reader:hunter2@")
    found = (await round_of(url))[url]
    (article,) = found.articles
    assert article.url == publisher.url_for("/new/x")
    assert article.feed == found.name == publisher.url_for("/old")


async def test_many_feeds_in_one_round(publisher: FeedServer) -> None:
    urls = [publisher.publish(f"/{n}", feed(f"t{n}")) for n in range(AT_ONCE * 3)]
    found = await round_of(*urls)
    assert sorted(a.title for each in found.values() for a in each.articles) == sorted(
        f"t{n}" for n in range(len(urls))
    )


class Sink:
    """A Kafka whose confirmations the test gives."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None] | None] = []

    def send_article(self, article: Article, *, on_confirmed: Callable[[], None] | None = None) -> None:
        if article.title == "too large":
            raise PermanentError("too-large", "article 'x': too large")
        self.waiting.append(on_confirmed)

    def confirm(self) -> None:
        called = self.waiting.pop(0)
        assert called is not None
        called()


async def test_a_feed_is_confirmed_with_its_last_article(publisher: FeedServer) -> None:
    one, two = publisher.publish("/1", feed("a", "b")), publisher.publish("/2", feed())
    sink, problems = Sink(), list[str]()
    publishing = Publisher(sink, problems.append)
    found = await round_of(one, two)
    publishing.publish(found[one])
    publishing.publish(found[two])
    assert publishing.confirmed() == {two: found[two].validators}
    sink.confirm()
    assert one not in publishing.confirmed()
    sink.confirm()
    assert publishing.confirmed() == {one: found[one].validators, two: found[two].validators}
    assert problems == []


async def test_an_article_that_cannot_be_sent_is_told_and_does_not_hold_up_the_feed(publisher: FeedServer) -> None:
    url = publisher.publish("/1", feed("too large", "b"))
    sink, problems = Sink(), list[str]()
    publishing = Publisher(sink, problems.append)
    publishing.publish((await round_of(url))[url])
    sink.confirm()
    assert publishing.confirmed()[url] != UNKNOWN
    assert problems == [f"{url}: article 'x': too large"]
