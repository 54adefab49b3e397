"""The same text is read once, whoever sends it; what is said of the article stays its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.annotate.conftest import PUBLISHED, article
from topics.annotations import Timing
from workers.annotate.copies import Copies
from workers.annotate.reader import Reader

TEXT = "North Korea fired a ballistic missile into the sea on Tuesday, Seoul's military said."


@pytest.fixture
def fresh(reader: Reader) -> Reader:
    """A reader that remembers nothing yet."""
    return Reader(reader.pipeline, reader.ontology, reader.index, reader.gazetteer)


def test_a_copy_has_its_own_article_and_the_events_of_the_first(fresh: Reader) -> None:
    first = article(TEXT, identifier="a", source="Harbour Wire", tags=("x",))
    copy = article(TEXT, identifier="b", source="Other Post", url="https://other.example/1", revision="r2")
    (one,), (other,) = fresh.read([first]), fresh.read([copy])
    assert fresh.copies.hits == 1
    assert one.events
    assert (other.events, other.entities, other.fingerprint) == (one.events, one.entities, one.fingerprint)
    assert (other.article_id, other.source, other.url, other.revision, other.tags) == (
        "b", "Other Post", "https://other.example/1", "r2", (),
    )  # fmt: skip
    assert other.timing == Timing()


def test_copies_within_a_batch(fresh: Reader) -> None:
    read = fresh.read([article(TEXT, identifier=name) for name in "abc"] + [article("Nothing.", identifier="d")])
    assert [one.article_id for one in read] == list("abcd")
    assert [len(one.events) for one in read] == [1, 1, 1, 0]
    assert fresh.copies.hits == 2


def test_dates_are_counted_from_the_copy_s_own_day(fresh: Reader) -> None:
    text = "Iran launched a missile on May 14."
    (now,) = fresh.read([article(text)])
    after = PUBLISHED + timedelta(days=40)
    (later,) = fresh.read([article(text, published_at=after, fetched_at=after)])
    assert fresh.copies.hits == 0
    assert (now.events[0].status, later.events[0].status) == ("actual", "historical")


def test_the_moment_of_the_copy_counts_not_that_of_the_first(fresh: Reader) -> None:
    late = PUBLISHED + timedelta(hours=3)
    fresh.read([article(TEXT)])
    (copy,) = fresh.read([article(TEXT, published_at=None, fetched_at=late)])
    assert fresh.copies.hits == 1
    assert (copy.event_time, copy.event_time_source) == (late, "fetched")


def test_title_text_and_language_are_told_apart() -> None:
    keys = {
        Copies().key(article(text, title, lang=lang, published_at=datetime(2024, 5, day, tzinfo=UTC)))
        for text, title, lang, day in [
            ("ab", "c", None, 1), ("a", "bc", None, 1), ("b", "ca", None, 1),
            ("ab", "c", "en", 1), ("ab", "c", None, 2),
        ]
    }  # fmt: skip
    assert len(keys) == 5


def test_memory_is_bounded(fresh: Reader) -> None:
    fresh.copies = Copies(capacity=3)
    fresh.read([article(f"Text {i}.", identifier=str(i)) for i in range(10)])
    assert len(fresh.copies) == 3
    fresh.read([article("Text 9.")])
    assert fresh.copies.hits == 1
    fresh.read([article("Text 0.")])
    assert fresh.copies.hits == 1


def test_nothing_is_remembered_without_room(fresh: Reader) -> None:
    fresh.copies = Copies(capacity=0)
    fresh.read([article(TEXT)])
    fresh.read([article(TEXT)])
    assert fresh.copies.hits == 0
