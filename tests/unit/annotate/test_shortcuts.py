"""What is done without spaCy's components is what they would do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc

from tests.unit.annotate.test_sieve import texts
from workers.annotate.encoder import Encoder, Forms
from workers.annotate.memory import RememberedRules
from workers.annotate.mentions import Reading
from workers.annotate.namer import Namer
from workers.annotate.pipeline import Pipeline
from workers.annotate.reader import Reader
from workers.annotate.shortcuts import Shortcuts
from workers.annotate.words import Sentence

ODD = [
    "",
    " ",
    "\n\n",
    "a",
    "3",
    "It didn't. Don't! There's y'all ain't nothin' there 😀",
    "x " * 300,
    "é́ ﬁ ß",
    "Kim " * 40,
]


@pytest.fixture(scope="module")
def plain(reader: Reader) -> Pipeline:
    """The same pipeline with nothing but spaCy's own components."""
    return replace(reader.pipeline, shortcuts=Shortcuts())


@pytest.fixture(scope="module")
def samples() -> list[str]:
    return [*ODD, *(f"{one.title}\n\n{one.text}" for one in texts()[::8])]


def told(doc: Doc) -> list[tuple[object, ...]]:
    return [(t.text, t.tag_, t.pos_, t.lemma_, t.dep_, t.head.i, str(t.morph), t.is_sent_start) for t in doc]


def marks(doc: Doc) -> list[tuple[object, ...]]:
    return [(t.text, t.tag_, t.pos_, t.lemma_, t.dep_, t.head.i) for t in doc]


def test_the_default_model_has_all_shortcuts(reader: Reader) -> None:
    short = reader.pipeline.shortcuts
    assert None not in (short.ends, short.namer, short.vectors, short.rules, short.tagged)


def test_names_and_sentence_ends(reader: Reader, plain: Pipeline, samples: list[str]) -> None:
    for found, wanted in zip(reader.pipeline.names(samples), plain.names(samples), strict=True):
        assert [(s.start, s.end, s.label_) for s in found.ents] == [(s.start, s.end, s.label_) for s in wanted.ents]
        assert [t.is_sent_start for t in found] == [t.is_sent_start for t in wanted]
        assert [t.ent_iob_ for t in found] == [t.ent_iob_ for t in wanted]
        assert Reading("text", found, found.text).named() == [(s.start, s.end, s.label_) for s in wanted.ents]


def test_tags_and_parses(reader: Reader, plain: Pipeline, samples: list[str]) -> None:
    def docs() -> list[Doc]:
        return [plain.nlp.make_doc(text) for text in samples]

    for _ in range(2):  # the second time from memory
        for found, wanted in zip(reader.pipeline.parses(docs()), plain.parses(docs()), strict=True):
            assert told(found) == told(wanted)


def test_sentences_are_the_documents_in_plain_words(reader: Reader, plain: Pipeline, samples: list[str]) -> None:
    def docs() -> list[Doc]:
        return [
            plain.nlp.make_doc(text) for text in [*samples, "You ain't seen it. Let's go! I'm gonna; y'all got ta."]
        ]

    wanted = plain.parses(docs())
    for found in (reader.pipeline.sentences(docs()), reader.pipeline.sentences(docs()), plain.sentences(docs())):
        for sentence, doc in zip(found, wanted, strict=True):
            assert [(*one, word.ent_type_) for word, one in zip(sentence, spoken(sentence), strict=True)] == [
                (*one, token.ent_type_) for token, one in zip(doc, spoken(doc), strict=True)
            ]
            assert [w.text for w in sentence if w.is_punct] == [t.text for t in doc if t.is_punct]
            assert sentence.text == doc.text
            assert marks(sentence.marked()) == marks(doc)
            assert told(sentence.whole()) == told(doc)


def spoken(words: Sentence | Doc) -> list[tuple[object, ...]]:
    """What both kinds of words have."""
    return [
        (w.text, w.lower_, w.whitespace_, w.tag_, w.pos_, w.lemma_, w.dep_, w.head.i, w.left_edge.i, w.is_quote,
         [c.i for c in w.children], [c.i for c in w.rights], [a.i for a in w.ancestors], [t.i for t in w.subtree])
        for w in words
    ]  # fmt: skip


def test_vectors(plain: Pipeline, samples: list[str]) -> None:
    docs = [plain.nlp.make_doc(text) for text in samples]
    model = plain.nlp.get_pipe("tok2vec").model  # type: ignore[attr-defined]  # a trainable component has one
    forms = Forms(capacity=500)  # forgets on the way
    encoder = Encoder.of(model, forms, docs[:3])
    assert encoder is not None
    for _ in range(2):
        for start in range(0, len(docs), 32):
            batch = docs[start : start + 32]
            wanted = np.concatenate([np.asarray(one).reshape(-1, encoder.width) for one in model.predict(batch)])
            np.testing.assert_allclose(encoder(forms.batch(batch)), wanted, rtol=1e-3, atol=1e-4)
    assert forms.generation > 0


def test_other_models_are_left_to_spacy(plain: Pipeline) -> None:
    blank = spacy.blank("en")
    ner = blank.add_pipe("ner", config={"model": {"tok2vec": {"@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None, "width": 96, "depth": 4, "embed_size": 100, "window_size": 2, "maxout_pieces": 3,
        "subword_features": True}}})  # fmt: skip
    ner.add_label("ORG")  # type: ignore[attr-defined]  # a trainable component has labels
    blank.initialize()
    assert Namer.of(ner, Forms(), [blank.make_doc("a b")]) is None
    short = Shortcuts.of(blank)
    assert (short.ends, short.namer, short.vectors, short.rules) == (None, None, None, None)
    ruler = blank.add_pipe("attribute_ruler")
    ruler.add([[{"SHAPE": "Xx"}]], {"POS": "PROPN"})  # type: ignore[attr-defined]  # not Language's type
    assert RememberedRules.of(ruler) is None
    assert Shortcuts.of(plain.nlp).rules is not None
