"""No text breaks the reader, puts its words in wrong places, or takes it long."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.annotate.fuzzing import giants, made, mutated, wrong_offsets
from topics.annotations import Annotation
from topics.articles import Article
from workers.annotate.copies import Copies
from workers.annotate.reader import Reader

_SURROGATE = re.compile("[\ud800-\udfff]")

SECONDS = 0.5
"""CPU time for one mutated article of at most some hundred words; a usual one takes a hundredth of it."""

GIANT_SECONDS = 20.0
"""For a text of a megabyte, of which as much is read as ever. Machines of CI are slow and shared."""


@pytest.fixture(scope="module")
def fresh(reader: Reader) -> Reader:
    return Reader(reader.pipeline, reader.ontology, reader.index, reader.gazetteer, copies=Copies(capacity=0))


def check(reader: Reader, articles: Sequence[Article], seconds: float) -> None:
    started = time.process_time()
    read = reader.read_each(articles)
    taken = time.process_time() - started
    for article, annotation in zip(articles, read, strict=True):
        assert isinstance(annotation, Annotation), annotation
        assert not wrong_offsets(article, annotation), article
        if not _SURROGATE.search(article.title + article.text):  # such an article cannot come from a topic or a file
            assert Annotation.model_validate_json(annotation.model_dump_json()) == annotation
    assert taken < seconds * len(articles), f"{taken:.1f} s for {[article.id for article in articles]}"


def fuzz(reader: Reader, count: int, seed: int) -> None:
    batch: list[Article] = []
    for article in mutated(count, seed):
        batch.append(article)
        if len(batch) == 32:
            check(reader, batch, SECONDS)
            batch = []
    if batch:
        check(reader, batch, SECONDS)


def test_some_mutated_news(fresh: Reader) -> None:
    fuzz(fresh, 320, seed=1)


@pytest.mark.heavy
def test_ten_thousand_mutated_articles(fresh: Reader) -> None:
    fuzz(fresh, 10_000, seed=2)


@pytest.mark.heavy
@pytest.mark.parametrize("name", giants())
def test_giants(fresh: Reader, name: str) -> None:
    check(fresh, [made(name, giants()[name])], GIANT_SECONDS)


@pytest.mark.heavy
def test_giants_in_the_title(fresh: Reader) -> None:
    for name, text in giants().items():
        check(fresh, [made(name, "Iran fired a missile.", text[:200_000])], GIANT_SECONDS)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=st.text(max_size=60), text=st.text(max_size=400))
def test_any_characters(fresh: Reader, title: str, text: str) -> None:
    article = made("any", text, title)
    check(fresh, [article, article.model_copy(update={"lang": None})], SECONDS)
