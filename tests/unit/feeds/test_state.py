"""How a feed stands after each visit, what was seen of it, and when an alert tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.alerts import Alert
from topics.articles import Article, article_id, revision_of
from workers.feeds.about_feed import BROKEN_PATTERN, SILENT_PATTERN, changes
from workers.feeds.known import Validators
from workers.feeds.seen import KEPT, Seen
from workers.feeds.sharding import NO_HOST, host_of, owner, share
from workers.feeds.state import NEVER_VISITED, FeedState, Visit, after, due_at
from workers.feeds.subscriptions import Subscription

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FEED = Subscription(url="https://a.example/rss")


def feed(**options: str) -> Subscription:
    return Subscription.model_validate({"url": FEED.url, **options})


def article(name: str, words: str = "", at: datetime | None = None) -> Article:
    return Article(id=name, revision=revision_of(name, words), title=name, text=words, published_at=at, fetched_at=NOW)


def good(at: datetime, *fresh: Article, **more: object) -> Visit:
    return Visit(at, status=200, validators=Validators('"1"'), document=fresh, fresh=fresh, **more)  # type: ignore[arg-type]  # a field each


def bad(at: datetime, status: int | None = 500, **more: str) -> Visit:
    return Visit(at, status=status, failed=f"HTTP {status}", **more)  # type: ignore[arg-type]  # a field each


def walk(visits: Sequence[Visit], subscription: Subscription = FEED, state: FeedState = NEVER_VISITED) -> FeedState:
    for visit in visits:
        state = after(state, visit, subscription, 0.0)
    return state


# -- state ---------------------------------------------------------------------------------------------------


def test_validators_are_kept_but_not_of_a_document_that_broke_off() -> None:
    assert walk([good(NOW)]).validators == Validators('"1"')
    assert walk([good(NOW), good(NOW + HOUR, whole=False)]).validators == Validators()
    assert walk([good(NOW), bad(NOW + HOUR)]).validators == Validators('"1"')


def test_a_good_answer_ends_a_failure() -> None:
    failing = walk([good(NOW), bad(NOW + HOUR), bad(NOW + 2 * HOUR)])
    assert (failing.failures, failing.failing_since, failing.error) == (2, NOW + HOUR, "HTTP 500")
    mended = walk([good(NOW + 3 * HOUR)], state=failing)
    assert (mended.failures, mended.failing_since, mended.error) == (0, None, None)


def test_a_permanent_redirect_needs_three_good_answers_in_a_row_by_it() -> None:
    def moved(hours: int, to: str | None = "https://b.example/") -> Visit:
        return good(NOW + hours * HOUR, moved_to=to)

    assert walk([moved(0), moved(1)]).moved_to is None
    assert walk([moved(0), moved(1), moved(2)]).moved_to == "https://b.example/"
    assert walk([moved(0), moved(1), moved(2, None), moved(3)]).moved_to is None
    assert walk([moved(0), moved(1), moved(2, "https://c.example/"), moved(3)]).moved_to is None
    assert walk([moved(0), moved(1), bad(NOW + 2 * HOUR), moved(3)]).moved_to is None
    there = walk([moved(0), moved(1), moved(2)])
    assert walk([good(NOW + 3 * HOUR)], state=there).moved_to == "https://b.example/"
    assert walk([bad(NOW + n * HOUR) for n in (3, 4)], state=there).moved_to == "https://b.example/"
    assert walk([bad(NOW + n * HOUR) for n in (3, 4, 5)], state=there).moved_to is None
    assert not walk([bad(NOW + 3 * HOUR, 410)], state=there).gone


def test_a_shorter_interval_counts_from_the_last_visit_but_never_breaks_a_demand() -> None:
    state = walk([good(NOW)])
    assert due_at(state, FEED) == NOW + 30 * MINUTE
    assert due_at(state, feed(interval="5m")) == NOW + 5.5 * MINUTE
    told = walk([good(NOW, retry_after="7200")])
    assert due_at(told, feed(interval="5m")) == NOW + 2 * HOUR
    assert due_at(walk([bad(NOW, 429, retry_after="7200")]), feed(interval="5m")) == NOW + 2 * HOUR


def test_arrivals_are_not_dated_before_the_visit_that_did_not_see_them() -> None:
    old = NOW - timedelta(days=3)
    first = walk([good(NOW, article("a", at=old), article("b"), article("c", at=NOW + HOUR))])
    assert first.arrivals == (old, NOW)
    assert first.new_at == NOW
    second = walk([good(NOW + HOUR, article("d", at=old))], state=first)
    assert second.arrivals[-1] == NOW
    undated = walk([good(NOW + HOUR, article("e"))], state=first)
    assert undated.arrivals[-1] == NOW + HOUR


def test_the_state_survives_its_writing_and_a_later_version() -> None:
    state = walk([good(NOW, article("a")), bad(NOW + HOUR, 429, retry_after="60")])
    text = state.model_dump_json(exclude_defaults=True)
    assert FeedState.model_validate_json(text) == state
    assert FeedState.model_validate_json(text[:-1] + ',"of_tomorrow":1}') == state


# -- seen ---------------------------------------------------------------------------------------------------


def test_new_and_edited_entries_are_produced_and_no_others() -> None:
    a, b = article("a"), article("b")
    seen = Seen().with_these([a, b])
    assert seen.unseen([a, b]) == ()
    edited, new = article("a", "more words"), article("c")
    assert seen.unseen([new, edited, b]) == (new, edited)
    assert seen.with_these([new, edited, b]).unseen([edited, b, new]) == ()


def test_of_an_entry_that_stands_twice_the_first_counts() -> None:
    one, two = article("a", "one"), article("a", "two")
    assert Seen().unseen([one, two]) == (one,)
    assert Seen().with_these([one, two]).unseen([one, two]) == ()


def test_it_is_bounded_but_never_forgets_what_stands_in_the_document() -> None:
    seen = Seen()
    document = [article(f"d{n}") for n in range(3 * KEPT)]
    seen = seen.with_these(document)
    assert len(seen.entries) == 3 * KEPT
    for n in range(5):
        seen = seen.with_these([article(f"x{n}-{m}") for m in range(KEPT)])
    assert len(seen.entries) <= 2 * KEPT
    assert len(seen.dump()) <= 22 * len(seen.entries)


@given(st.lists(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 2)), max_size=8), max_size=8))
def test_what_is_produced_is_what_changed(documents: list[list[tuple[int, int]]]) -> None:
    seen, known = Seen(), dict[str, str]()
    for document in documents:
        articles = [article(f"a{name}", f"v{version}") for name, version in document]
        fresh = Seen.parse(seen.dump()).unseen(articles)
        first = {each.id: each for each in reversed(articles)}
        assert {each.id for each in fresh} == {name for name, each in first.items() if known.get(name) != each.revision}
        known |= {each.id: each.revision for each in fresh}
        seen = seen.with_these(articles)


def with_guid(guid: str, page: str, title: str = "Harbour", text: str = "Words.") -> Article:
    return article(title, text).model_copy(
        update={"id": article_id(guid=guid), "url": f"https://c.example/{page}", "revision": revision_of(title, text)}
    )


def test_an_entry_whose_guid_changes_at_every_poll_is_one_article() -> None:
    seen = Seen()
    first = [with_guid(f"0-{n}", f"{n}") for n in range(5)]
    fresh = 0
    for poll in range(4):
        text = "Words." if poll < 2 else "Edited."
        document = seen.recognised([with_guid(f"{poll}-{n}", f"{n}?utm_source=rss", text=text) for n in range(5)])
        assert [each.id for each in document] == [each.id for each in first]
        fresh += len(seen.unseen(document))
        seen = Seen.parse(seen.with_these(document).dump())
    assert fresh == 10  # once, and once edited


def test_what_only_looks_like_a_changed_guid_is_none() -> None:
    old, seen = with_guid("1", "a"), Seen()
    seen = seen.with_these([old, article("plain")])
    for document in (
        [with_guid("2", "a", title="Another headline on the page of today")],
        [with_guid("2", "b")],
        [with_guid("2", "a"), with_guid("1", "a")],
        [with_guid("2", "a"), with_guid("3", "a")],
    ):
        assert seen.recognised(document) == tuple(document)


def test_a_report_of_the_same_page_and_title_each_day_is_another_entry_each_day() -> None:
    seen, ids = Seen(), []
    for day in range(5):
        report = with_guid(f"report-{day}", "report", text=f"Day {day}")
        dated = report.model_copy(update={"published_at": NOW + timedelta(days=day)})
        (found,) = seen.recognised([dated])
        ids.append(found.id)
        seen = Seen.parse(seen.with_these([found]).dump())
    assert len(set(ids)) == 5


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    Seen.parse(text)


# -- sharding ---------------------------------------------------------------------------------------------------


@given(
    st.sets(st.text("abcdef", min_size=1), min_size=1, max_size=8), st.sets(st.text("xyz.", min_size=1), max_size=40)
)
def test_each_host_has_one_owner_and_a_leaver_moves_only_its_own(pollers: set[str], hosts: set[str]) -> None:
    shares = {poller: share(poller, pollers, hosts) for poller in pollers}
    assert sorted(host for found in shares.values() for host in found) == sorted(hosts)
    for leaver in pollers:
        rest = pollers - {leaver}
        for host in hosts - shares[leaver]:
            assert owner(host, rest) == owner(host, pollers)


def test_shares_are_even() -> None:
    pollers = {"a", "b", "c", "d"}
    hosts = [f"h{n}.example" for n in range(1000)]
    assert all(200 <= len(share(poller, pollers, hosts)) <= 300 for poller in pollers)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://News.Example:8443/rss", "news.example"),
        ("https://news.example./rss", "news.example"),
        ("http://[::1]:80/", "::1"),
        ("http://[::1", NO_HOST),
        ("", NO_HOST),
    ],
)
def test_the_host_of_an_address(url: str, host: str) -> None:
    assert host_of(url) == host


# -- alerts ---------------------------------------------------------------------------------------------------


class Desk:
    """Visits one after another, and what would be said."""

    def __init__(self, subscription: Subscription = FEED) -> None:
        self.feed = subscription
        self.state = NEVER_VISITED

    def see(self, visit: Visit) -> list[tuple[str, str, str]]:
        state = after(self.state, visit, self.feed, 0.0)
        said, standing = changes(state, self.feed, visit.at)
        self.state = state.model_copy(update={"alert": standing})
        for alert in said:
            assert Alert.model_validate_json(alert.model_dump_json()) == alert
        return [(alert.pattern_id, alert.state, alert.title) for alert in said]


NAME = FEED.url
NEVER_WORKED = (BROKEN_PATTERN, "firing", f"Feed {NAME} never worked")
BROKEN = (BROKEN_PATTERN, "firing", f"Feed {NAME} is broken")


def test_a_feed_that_never_worked_is_told_at_its_second_failure_and_once() -> None:
    desk = Desk()
    assert desk.see(bad(NOW)) == []
    assert desk.see(bad(NOW + MINUTE)) == [NEVER_WORKED]
    assert desk.see(bad(NOW + HOUR)) == []
    assert desk.see(good(NOW + 2 * HOUR)) == [(BROKEN_PATTERN, "retracted", f"Feed {NAME} never worked")]
    assert desk.see(good(NOW + 3 * HOUR)) == []


def test_a_feed_that_fails_is_told_after_the_set_time_and_its_recovery_too() -> None:
    desk = Desk(feed(alert_after="2h"))
    assert desk.see(good(NOW)) == []
    assert desk.see(bad(NOW + HOUR)) == []
    assert desk.see(bad(NOW + 2.9 * HOUR)) == []
    assert desk.see(bad(NOW + 3 * HOUR)) == [BROKEN]
    first = Alert.model_validate_json(desk.state.alert or "")
    assert desk.see(good(NOW + 4 * HOUR)) == [(BROKEN_PATTERN, "retracted", f"Feed {NAME} is broken")]
    desk.see(bad(NOW + 5 * HOUR))
    assert desk.see(bad(NOW + 7 * HOUR)) == [BROKEN]
    assert Alert.model_validate_json(desk.state.alert or "").id != first.id


def test_the_next_visit_is_not_later_than_the_alert_would_be() -> None:
    state = walk([good(NOW), bad(NOW + HOUR), bad(NOW + 2 * HOUR)], feed(alert_after="70m"))
    assert state.next_at == NOW + HOUR + 70 * MINUTE
    demanded = walk([good(NOW), bad(NOW + HOUR, 503, retry_after="86400")], feed(alert_after="70m"))
    assert demanded.next_at == NOW + 25 * HOUR


def test_at_once_and_never() -> None:
    desk = Desk(feed(alert_after="at once"))
    assert desk.see(bad(NOW)) == [NEVER_WORKED]
    desk = Desk(feed(alert_after="never"))
    assert desk.see(bad(NOW)) == desk.see(bad(NOW + 1000 * HOUR)) == desk.see(bad(NOW + 1001 * HOUR, 410)) == []


def test_gone_stops_and_is_told_at_once() -> None:
    desk = Desk()
    desk.see(good(NOW))
    assert desk.see(bad(NOW + HOUR, 410)) == [(BROKEN_PATTERN, "firing", f"Feed {NAME} is gone")]
    assert desk.state.gone


def test_one_trouble_takes_the_place_of_another() -> None:
    desk = Desk(feed(alert_after="1h"))
    desk.see(good(NOW))
    desk.see(bad(NOW + HOUR))
    assert desk.see(bad(NOW + 2 * HOUR)) == [BROKEN]
    assert desk.see(bad(NOW + 3 * HOUR, 410)) == [
        (BROKEN_PATTERN, "retracted", f"Feed {NAME} is broken"),
        (BROKEN_PATTERN, "firing", f"Feed {NAME} is gone"),
    ]


def test_a_silent_feed_is_told_until_it_speaks() -> None:
    desk = Desk(feed(silent_after="2d"))
    assert desk.see(good(NOW, article("a", at=NOW - HOUR))) == []
    assert desk.see(Visit(NOW + 46 * HOUR, 304, unchanged=True)) == []
    assert desk.see(Visit(NOW + 47 * HOUR, 304, unchanged=True)) == [
        (SILENT_PATTERN, "firing", f"Feed {NAME} gives nothing new")
    ]
    assert desk.see(Visit(NOW + 48 * HOUR, 304, unchanged=True)) == []
    assert desk.see(good(NOW + 49 * HOUR, article("b"))) == [
        (SILENT_PATTERN, "retracted", f"Feed {NAME} gives nothing new")
    ]


def test_the_same_failure_said_twice_by_a_crash_is_the_same_alert() -> None:
    state = walk([good(NOW), bad(NOW + HOUR)])
    late = after(state, bad(NOW + 8 * HOUR), FEED, 0.0)
    (one,), _ = changes(late, FEED, NOW + 8 * HOUR)
    later = after(state, bad(NOW + 9 * HOUR), FEED, 0.0)
    (two,), _ = changes(later, FEED, NOW + 9 * HOUR)
    assert (one.id, one.sequence) == (two.id, two.sequence)
