"""No text holds a reader up: only so much of one is read, and one that still takes too long is refused by itself."""

from __future__ import annotations

import gc
import time

import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from tests.unit.annotate.conftest import article
from topics.annotations import Annotation
from topics.codec import decode, encode
from workers.annotate import reader as reading
from workers.annotate.agent import cpu_limit
from workers.annotate.reader import MAX_CHARACTERS, MAX_PARSED, Reader, TooSlowError, Unread
from workers.annotate.reader_tasks import answer_to
from workers.annotate.words import Sentence, Token
from workers.garbage import all_kept
from workers.settings import Settings

LAUNCH = "North Korea fired a ballistic missile into the sea on Tuesday. "


@pytest.fixture
def fresh(reader: Reader) -> Reader:
    return Reader(reader.pipeline, reader.ontology, reader.index, reader.gazetteer)


def test_the_end_of_a_very_long_text_is_not_read(fresh: Reader) -> None:
    filler = "The weather was fine in the hills again. "
    text = LAUNCH + filler * (MAX_CHARACTERS // len(filler)) + LAUNCH
    (found,) = fresh.read([article(text)])
    assert found.truncated
    assert [event.trigger.start for event in found.events] == [text.index("fired")]


def test_an_article_cut_before_says_so(fresh: Reader) -> None:
    (cut,) = fresh.read([article(LAUNCH, truncated=True)])
    (whole,) = fresh.read([article(LAUNCH + "It fell.")])
    assert (cut.truncated, whole.truncated) == (True, False)


def test_so_many_sentences_are_parsed_and_no_more(fresh: Reader) -> None:
    (found,) = fresh.read([article(LAUNCH * (MAX_PARSED + 50))])
    assert found.truncated
    assert len(found.events) <= MAX_PARSED


@pytest.fixture
def slow(fresh: Reader, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Rules that take their time over everything that names a submarine."""
    rules = reading.read_events

    def dawdle(sentences: object, *rest: object, **more: object) -> object:
        kept = []
        for sentence in sentences:  # type: ignore[attr-defined]  # an iterable of documents
            kept.append(sentence)
            if "submarine" in sentence.text:
                until = time.thread_time() + 0.3
                while time.thread_time() < until:
                    pass
        return rules(kept, *rest, **more)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(reading, "read_events", dawdle)
    fresh.seconds = 0.2
    return fresh


SLOW = "A submarine fired a missile on Monday. " * 3


def test_what_takes_too_long_is_told_and_the_others_are_read(slow: Reader) -> None:
    found = slow.read_each([article(LAUNCH, identifier="a"), article(SLOW, identifier="b"), article("Rain.")])
    assert [type(one) is Unread for one in found] == [False, True, False]
    unread = found[1]
    assert isinstance(unread, Unread)
    assert unread.article_id == "b"
    assert "more than 0.2 s" in unread.reason
    with pytest.raises(TooSlowError, match="article b"):
        slow.read([article(SLOW, identifier="b")])


def test_copies_of_it_are_told_by_their_own_ids(slow: Reader) -> None:
    found = slow.read_each([article(SLOW, identifier=name) for name in "ab"])
    assert [one.article_id for one in found] == ["a", "b"]
    assert all(isinstance(one, Unread) for one in found)


def test_the_process_says_why_there_is_no_annotation(slow: Reader) -> None:
    values = [encode(article(text, identifier=str(i))) for i, text in enumerate([LAUNCH, SLOW])]
    answer, found = answer_to(slow, values)
    good, bad = answer.told
    assert decode(Annotation, found).article_id == good.article_id == "0"
    assert (good.error, bad.error) == (None, "too-slow")
    assert "more than 0.2 s" in bad.reason
    assert answer.events == (("missile_launch", "actual", 1),)


def test_what_was_read_is_freed_without_a_search_for_garbage(fresh: Reader) -> None:
    fresh.read([article(LAUNCH)])
    gc.collect()
    with all_kept():
        fresh.read(
            [article(f"{LAUNCH}Kim said on day {i} that he would fire more.", identifier=str(i)) for i in range(40)]
        )
        assert gc.collect() < 40, "something of each article refers to itself, and its documents wait to be collected"


def test_what_was_parsed_is_gone_at_once(fresh: Reader) -> None:
    articles = [
        article(LAUNCH + "It test-fired a second missile on Friday, Seoul said.", "Iran fires missile, Japan says"),
        article(LAUNCH, "Rebels storm base in Mali"),
    ]
    fresh.read(articles)
    fresh.copies.capacity = 0
    with all_kept():  # nothing is looked through for what refers to itself
        gc.collect()
        fresh.read([one.model_copy(update={"id": "b", "text": one.text + " It fell."}) for one in articles])
        left = [one for one in gc.get_objects() if isinstance(one, Token)]
    assert left == []


def test_a_long_chain_of_words_is_walked() -> None:
    vocab = Vocab()
    count = 5_000
    heads = [max(0, i - 1) for i in range(count)]
    doc = Doc(vocab, words=["of"] * count, heads=heads, deps=["ROOT", *["prep"] * (count - 1)])
    sentence = Sentence.of(doc)
    assert [word.i for word in sentence[0].subtree] == list(range(count))
    assert sentence[-1].left_edge is sentence[-1]
    assert len(sentence[-1].ancestors) == count - 1


def test_the_readers_time_is_over_before_the_watchdogs() -> None:
    assert cpu_limit(Settings()) == 50
    assert cpu_limit(Settings(read_seconds=300, watchdog_seconds=60)) == 30
