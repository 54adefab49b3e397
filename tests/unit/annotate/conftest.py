"""The reader, loaded once, and articles of one sentence for the tests of the annotate step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from topics.annotations import Annotation
from topics.articles import Article
from workers.annotate.reader import Reader

PUBLISHED = datetime(2024, 5, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The reader with the built-in ontology."""
    return Reader.load(model="en_core_web_sm")


def article(text: str, title: str = "", identifier: str = "a1", **more: object) -> Article:
    """An article published on Wednesday 2024-05-15."""
    fields: dict[str, object] = {"published_at": PUBLISHED, "fetched_at": PUBLISHED, "revision": "r", **more}
    return Article.model_validate({"id": identifier, "title": title, "text": text, **fields})


@pytest.fixture
def read(reader: Reader) -> Callable[..., Annotation]:
    """Read one article."""

    def _read(text: str, title: str = "", **more: object) -> Annotation:
        return reader.read([article(text, title, **more)])[0]

    return _read
