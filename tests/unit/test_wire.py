"""From outcomes to what is sent: answers, refusals, and answers that are too large."""

from __future__ import annotations

from datetime import UTC, datetime

from topics.articles import Article
from topics.codec import decode
from topics.rejects import Reject
from workers.steps import Incoming, Outgoing, Refused
from workers.wire import MAX_REJECT_BYTES, outcome_to_wire

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RECORD = Incoming("ns.articles", 2, 41, b"k", b"{bad", {"trace_id": b"t1", "odd": b"\xff"})


def article(text: str) -> Article:
    return Article(id="ä", revision="r", text=text, fetched_at=NOW)


def test_an_answer_carries_key_version_and_trace() -> None:
    sends, refused = outcome_to_wire("annotate", RECORD, [Outgoing("articles", "ä", article("x"), "t1")], attempts=1)
    assert refused is None
    (sent,) = sends
    assert (sent.kind, sent.key) == ("articles", "ä".encode())
    assert dict(sent.headers) == {"schema_version": b"1", "trace_id": b"t1"}


def test_no_answer_is_an_answer() -> None:
    assert outcome_to_wire("annotate", RECORD, (), attempts=1) == ([], None)


def test_a_refusal_keeps_bytes_position_and_reason() -> None:
    ((kind, key, value, headers),), refused = outcome_to_wire("watch", RECORD, Refused("not-json", "odd"), attempts=3)
    assert refused == Refused("not-json", "odd")
    assert (kind, key) == ("rejects", b"ns.articles/2/41")
    assert ("trace_id", b"t1") in headers
    reject = decode(Reject, value)
    assert reject.original() == b"{bad"
    assert (reject.step, reject.partition, reject.offset, reject.attempts) == ("watch", 2, 41, 3)


def test_an_answer_that_is_too_large_becomes_a_refusal_of_what_it_came_from() -> None:
    outgoing = [Outgoing("articles", "a", article("x" * 1_100_000))]
    (sent,), refused = outcome_to_wire("annotate", RECORD, outgoing, attempts=1)
    assert refused is not None
    assert refused.error == "too-large"
    assert decode(Reject, sent.value).original() == b"{bad"


def test_the_largest_record_that_the_topic_takes_fits_a_reject() -> None:
    record = Incoming("ns.articles", 0, 0, None, b"\xff" * 4_194_304, {})
    (sent,), _ = outcome_to_wire("annotate", record, Refused("not-json", "r" * 9000), attempts=1)
    assert len(sent.value) <= MAX_REJECT_BYTES
