"""The sieve turns away only sentences without events: whatever is read with it is read without it, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.unit.annotate.conftest import article
from topics.articles import Article
from workers.annotate.reader import Reader

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


def test_it_loses_no_event(reader: Reader, unsieved: Reader) -> None:
    assert reader.sieve is not None
    articles = texts()
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
    found = reader.sieve.held([token.lower for token in doc], doc.vocab.strings.__getitem__)
    assert bool(found) is held
