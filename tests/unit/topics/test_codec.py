"""Bytes and records: what goes out comes back, and what is wrong is told by a stable name and in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.articles import Article, article_id, canonical_url, event_time, fitted, revision_of
from topics.codec import MAX_REJECT_VALUE_BYTES, DecodeError, TooLargeError, decode, encode, make_reject

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def article(**changes: object) -> Article:
    return Article.model_validate({"id": "a", "revision": "r", "text": "t", "fetched_at": NOW, **changes})


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"])), st.text(alphabet="aä\u202e\x00😀", max_size=50))
def test_any_text_comes_back(text: str, title: str) -> None:
    one = article(text=text, title=title)
    assert decode(Article, encode(one)) == one


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (None, "empty", "empty"),
        (b"", "empty", "empty"),
        (b"{", "not-json", "not JSON: EOF while parsing"),
        (b"\xff", "not-json", "not JSON"),
        (b"[]", "bad-schema", "not Article: record: Input should be an object, found []"),
        (b"{}", "bad-schema", "id: Field required"),
        (b'{"id":"a","revision":"r","text":3,"fetched_at":"2026-03-01T00:00:00Z"}', "bad-schema",
         "text: Input should be a valid string, found 3"),
        (b'{"id":"a","revision":"r","text":"t","fetched_at":"2026-03-01T00:00:00"}', "bad-schema",
         "fetched_at: Input should have timezone info"),
        (b'{"schema_version":2,"entirely":"new"}', "schema-version", "schema_version is 2; this worker reads 1 to 1"),
        (b'{"schema_version":0,"id":"a","revision":"r","text":"t","fetched_at":"2026-03-01T00:00:00Z"}',
         "schema-version", "schema_version is 0"),
        (b" " * 1_000_001, "too-large", "1,000,001 bytes; the limit is 1,000,000"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(value: bytes | None, error: str, words: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(Article, value)
    assert caught.value.error == error
    assert words in caught.value.reason


def test_a_field_of_a_newer_writer_is_dropped_not_refused() -> None:
    value = encode(article()).replace(b'{"schema_version":1', b'{"schema_version":1,"mood":"bright"')
    assert decode(Article, value) == article()


def test_times_are_kept_in_utc() -> None:
    local = datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    assert article(published_at=local).published_at == datetime(2026, 3, 1, 0, tzinfo=UTC)
    assert b'"published_at":"2026-03-01T00:00:00Z"' in encode(article(published_at=local))


def test_a_record_over_the_limit_is_not_sent() -> None:
    with pytest.raises(TooLargeError, match=r"Article of .* bytes exceeds the limit of 1,000,000"):
        encode(article(text="x" * 1_000_000))


def test_a_reject_keeps_its_bytes_and_cuts_only_the_enormous() -> None:
    def reject(value: bytes) -> tuple[bytes | None, bool, int]:
        made = make_reject(step="annotate", topic="t", partition=0, offset=1, key=None, value=value,
                           headers=[("h", b"\xff")], error="e", reason="r", attempts=1, rejected_at=NOW)  # fmt: skip
        return made.original(), made.truncated, made.value_bytes

    assert reject(b"\x00\xff") == (b"\x00\xff", False, 2)
    kept, truncated, size = reject(b"y" * (MAX_REJECT_VALUE_BYTES + 5))
    assert (len(kept or b""), truncated, size) == (MAX_REJECT_VALUE_BYTES, True, MAX_REJECT_VALUE_BYTES + 5)


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTPS://News.Example:443/a?utm_source=x&id=7#top", "https://news.example/a?id=7"),
        ("http://news.example", "http://news.example/"),
        ("http://news.example:8080/a?fbclid=1", "http://news.example:8080/a"),
        ("https://[2001:DB8::1]/x", "https://[2001:db8::1]/x"),
        ("http://host:port/", "http://host:port/"),
    ],
)
def test_canonical_url(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


def test_an_id_is_stable_and_its_sources_do_not_meet() -> None:
    assert article_id(url="https://n.example/a?utm_source=x") == article_id(url="https://n.example/a")
    assert article_id(guid="x") != article_id(url="x")
    assert article_id(title="ab", text="c") != article_id(title="a", text="bc")
    assert revision_of("t", "x") != revision_of("t", "y")


def test_a_time_that_cannot_be_believed_gives_way_to_the_ingest() -> None:
    assert event_time(None, NOW) == (NOW, "fetched")
    assert event_time(NOW + timedelta(minutes=5), NOW) == (NOW + timedelta(minutes=5), "published")
    assert event_time(NOW + timedelta(minutes=5, seconds=1), NOW) == (NOW, "fetched")


def test_a_long_text_is_cut_at_a_sentence_end_and_flagged() -> None:
    long = "A sentence. " * 100
    cut = fitted(article(text=long), 500)
    assert cut.truncated
    assert cut.text.endswith("sentence.")
    assert len(cut.text.encode()) <= 500
    assert fitted(article(text="ü" * 400), 501).text == "ü" * 250
    assert not fitted(article(text="short"), 500).truncated
