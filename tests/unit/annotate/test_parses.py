"""A sentence that was parsed a while ago is not parsed again, and is read as if it were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from spacy.tokens import Doc

from tests.unit.annotate.conftest import article
from workers.annotate.parses import MAX_TOKENS, Parses
from workers.annotate.pipeline import Pipeline, sentence_docs
from workers.annotate.reader import Reader

LINES = (
    "The ministry said that two rockets had been fired at the port.",
    "Its crew didn't answer, and nobody at Vantaa's yard did, either.",
    "Norland Shells Port, Envoys Say",
)


@pytest.fixture
def pipeline(reader: Reader) -> Pipeline:
    """A pipeline that remembers no parse yet."""
    return replace(reader.pipeline, kept=Parses())


def sentences(pipeline: Pipeline, *texts: str) -> Iterator[Doc]:
    for doc in map(pipeline.nlp.make_doc, texts):
        yield from sentence_docs(pipeline.nlp, doc, [(0, len(doc))])


def told(pipeline: Pipeline, *texts: str) -> list[list[tuple[object, ...]]]:
    return [
        [(w.text, w.tag_, w.pos_, w.lemma_, w.dep_, w.head.i, w.whitespace_) for w in sentence]
        for sentence in pipeline.sentences(sentences(pipeline, *texts))
    ]


def marks(doc: Doc) -> list[tuple[object, ...]]:
    return [(t.text, t.tag_, t.pos_, t.lemma_, t.dep_, t.head.i, t.left_edge.i, t.is_sent_start) for t in doc]


def test_a_repeated_sentence_is_read_as_before(pipeline: Pipeline) -> None:
    first = told(pipeline, *LINES)
    assert pipeline.kept.hits == 0
    assert told(pipeline, *reversed(LINES)) == first[::-1]
    assert pipeline.kept.hits == 3


def test_within_one_batch(pipeline: Pipeline) -> None:
    first, other, again = told(pipeline, LINES[0], LINES[1], LINES[0])
    assert first == again != other
    assert pipeline.kept.hits == 1


def test_its_document_has_the_parse_too(pipeline: Pipeline) -> None:
    one, other = ([s.whole() for s in pipeline.sentences(sentences(pipeline, *LINES))] for _ in range(2))
    assert list(map(marks, one)) == list(map(marks, other))


def test_words_and_spaces_tell_sentences_apart(pipeline: Pipeline) -> None:
    told(pipeline, "He said so.", "he said so.", "He said so .", "He said so. ")
    assert pipeline.kept.hits == 0


def test_a_norm_of_its_own_tells_a_word_apart(pipeline: Pipeline) -> None:
    plain = Doc(pipeline.nlp.vocab, words=["He", "'s", "left"])
    written = Doc(pipeline.nlp.vocab, words=["He", "'s", "left"])
    written[1].norm_ = "has"
    pipeline.sentences([plain])
    pipeline.sentences([written])
    assert pipeline.kept.hits == 0


def test_what_is_kept_outlives_a_memory_zone(pipeline: Pipeline) -> None:
    text = "Qurvex fired on Plonth, the Zandrian navy said."
    with pipeline.nlp.memory_zone():
        first = told(pipeline, text)
    told(pipeline, *LINES)
    with pipeline.nlp.memory_zone():
        assert told(pipeline, text) == first
    assert told(pipeline, text) == first
    assert pipeline.kept.hits == 2


def test_memory_is_bounded_in_number_and_length(pipeline: Pipeline) -> None:
    pipeline.kept.capacity = 2
    told(pipeline, *LINES)
    assert len(pipeline.kept) == 2
    told(pipeline, LINES[1])  # used again, and so outlives the third
    told(pipeline, "It rained.")
    told(pipeline, LINES[1])
    assert (pipeline.kept.hits, len(pipeline.kept)) == (2, 2)
    told(pipeline, "It rained " * MAX_TOKENS)
    told(pipeline, "It rained " * MAX_TOKENS)
    assert (pipeline.kept.hits, len(pipeline.kept)) == (2, 2)


def test_nothing_is_kept_without_room(pipeline: Pipeline) -> None:
    pipeline.kept.capacity = 0
    assert told(pipeline, LINES[0]) == told(pipeline, LINES[0])
    assert (pipeline.kept.hits, len(pipeline.kept)) == (0, 0)


def test_the_reader_counts_them(reader: Reader) -> None:
    line = "Fenland's navy fired a missile at a tanker off Cape Orlow on Monday, its operator said."
    fresh = Reader(reader.pipeline, reader.ontology, reader.index, reader.gazetteer)
    (one,) = fresh.read([article(f"{line} Nobody was hurt.")])
    before = fresh.repeated_sentences
    (other,) = fresh.read([article(f"{line} More was not known.")])
    assert fresh.repeated_sentences == before + 1
    assert one.events == other.events != ()
