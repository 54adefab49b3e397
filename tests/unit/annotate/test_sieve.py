"""The sieve turns away only sentences without events: whatever is read with it is read without it, too."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from spacy.language import Language
from spacy.tokens import Doc

from tests.unit.annotate.conftest import article
from topics.articles import Article
from workers.annotate.lemmas import possible_lemmas
from workers.annotate.ontology_file import load_ontology
from workers.annotate.reader import Reader
from workers.annotate.sieve import Sieve
from workers.annotate.triggers import TriggerIndex

ROOT = Path(__file__).parents[3]
FOLDER = Path(__file__).parent


def texts() -> list[Article]:
    found = [
        article(sentence.get("t", ""), sentence.get("title", ""), identifier=f"{path.name}-{i}")
        for path in sorted(FOLDER.glob("labelled*.yaml"))
        for i, sentence in enumerate(yaml.safe_load(path.read_text("utf-8")))
    ]
    files = [ROOT / "deploy/examples/archive/wire.jsonl"]
    files += sorted((ROOT / "tests/benchmarks/quality/labelled").glob("dev*.jsonl"))
    for path in files:
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            found.append(article(row["text"], row.get("title", ""), identifier=row["id"]))
    return found


@pytest.fixture(scope="module")
def unsieved(reader: Reader) -> Reader:
    plain = Reader(reader.pipeline, reader.ontology, reader.index, reader.gazetteer)
    plain.sieve = None
    return plain


@pytest.mark.parametrize("step", [12, pytest.param(1, marks=pytest.mark.heavy)])
def test_it_loses_no_event(reader: Reader, unsieved: Reader, step: int) -> None:
    assert reader.sieve is not None
    articles = texts()[::step]
    for one, other in zip(reader.read(articles), unsieved.read(articles), strict=True):
        assert one.events == other.events, one.article_id


@pytest.mark.parametrize(
    ("sentence", "held"),
    [
        ("Officials launched a campaign on Monday", False),  # of all that is launched, nothing here
        ("Gunmen launched a missile on Monday", True),
        ("Two MISSILES were being fired", True),
        ("They fired it", True),  # nothing is needed but words of classes: people may be fired, and fire
        ("The sky was blue", False),
    ],
)
def test_words_that_a_trigger_needs(reader: Reader, sentence: str, held: bool) -> None:
    doc = reader.pipeline.nlp.make_doc(sentence)
    assert reader.sieve is not None
    words = frozenset(token.lower_ for token in doc)
    found = reader.sieve.held([token.lower for token in doc], doc.vocab.strings.__getitem__, story=lambda: words)
    assert bool(found) is held


USER_TYPES = """
types:
  yodelling:
    description: what no other type has words for
    triggers:
      - verbs: [yodel]
        until: ["@any"]
      - verbs: ["juggle up"]
      - phrases: [great flimp]
      - verbs: [gargle]
        subject: ["@state", "@military"]
      - nouns: [drumple]
        parties: ["@leader"]
      - pattern: [{LOWER: {IN: [quench, quenched]}}, {POS: DET, OP: "?"}, {LEMMA: sprock}]
        only_in: title
      - verbs: [sneeze]
        not sentence: [football]
"""


@pytest.fixture(scope="module")
def user_sieve(reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> tuple[Sieve, Language]:
    file = tmp_path_factory.mktemp("types") / "yodelling.yaml"
    file.write_text(USER_TYPES, "utf-8")
    pipeline = reader.pipeline
    ontology = load_ontology(file)
    only = replace(ontology, types={"yodelling": ontology["yodelling"]})
    lemmas = possible_lemmas(pipeline.nlp)
    assert lemmas is not None
    return Sieve.build(TriggerIndex.build(only, pipeline.tokenise, {}), lemmas), pipeline.nlp


@pytest.mark.parametrize(
    ("sentence", "classes", "where", "held"),
    [
        ("They yodeled until noon", "", "text", True),
        ("They yodeled at noon", "", "text", False),  # the preposition of a slot must be there
        ("They juggled it all up", "", "text", True),
        ("They juggled one two three four five six up", "", "text", True),
        ("They juggled one two three four five six seven up", "", "text", False),  # too far behind the verb
        ("Up they juggled", "", "text", False),
        ("A great flimp was seen", "", "text", True),
        ("Great was the flimp", "", "text", False),  # a phrase is said in one
        ("They gargled", "", "text", False),
        ("They gargled", "country state", "text", True),
        ("Troops gargled", "", "text", True),  # a noun gives its class without a name
        ("Presidents gargled", "", "text", True),
        ("A drumple was held", "state", "text", False),
        ("A drumple was held", "leader", "text", True),
        ("The two sides held a drumple", "", "text", True),  # who they are may have been said before
        ("Both held a drumple", "", "text", True),
        ("Robots quench the sprocks", "", "title", True),
        ("Robots quench the sprocks", "", "text", False),  # only headlines say it so
        ("Robots quench", "", "title", False),  # each word of a pattern must be there
        ("They sneezed", "", "text", True),
        ("They sneezed at football", "", "text", False),
        ("They sneezed at footballers", "", "text", True),
    ],
)
def test_what_must_stand_around_a_trigger(
    user_sieve: tuple[Sieve, Language], sentence: str, classes: str, where: str, held: bool
) -> None:
    sieve, nlp = user_sieve
    doc = nlp.make_doc(sentence)
    found = sieve.held(
        [token.lower for token in doc],
        doc.vocab.strings.__getitem__,
        lambda: frozenset(classes.split()),
        title=where == "title",
    )
    assert bool(found) is held


def test_a_rule_lemmatizer_makes_no_lemma_that_the_sieve_does_not_expect(reader: Reader) -> None:
    nlp = reader.pipeline.nlp
    lemmas, lemmatizer = possible_lemmas(nlp), nlp.get_pipe("lemmatizer")
    assert lemmas is not None
    words = sorted({token.lower_ for one in texts()[::20] for token in nlp.make_doc(one.text)})
    for pos in ("VERB", "NOUN", "ADJ", "ADV", "AUX", "PROPN", "NUM", "PRON"):
        doc = Doc(nlp.vocab, words=words, pos=[pos] * len(words))
        for token in doc:
            lemma = lemmatizer.lemmatize(token)[0].lower()  # type: ignore[attr-defined]  # it is a rule lemmatizer
            assert lemma in {token.lower_, *lemmas(token.lower_)}, (token.text, pos)
