"""Whatever is in a file: an article that can travel, or a reason. Nothing else, and no crash."""

from __future__ import annotations

import gzip
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from topics.articles import Article
from topics.codec import decode
from workers.archives.parsing import NotAnArticle, article_from_json, article_from_text
from workers.archives.readers import Malformed, read_paths
from workers.kafka_client import encoded

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FIELDS = ("id", "title", "text", "published_at", "source", "url", "lang", "tags", "feed", "schema_version")

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
records = st.dictionaries(st.sampled_from(FIELDS), anything | st.text(), max_size=8)
urls = st.text(alphabet="htps:/[]@.%?#&=a1-\\ \n\x7f\u0130", max_size=30)
surrogates = st.text(alphabet=st.characters(min_codepoint=0xD700, max_codepoint=0xE0FF), max_size=5)


def travels(article: Article) -> None:
    whole, value = encoded(article)
    assert decode(Article, value) == whole


@given(records)
@example({"text": "x", "published_at": 1e10})
@example({"text": "x", "published_at": -(10**8)})
def test_any_object_is_an_article_that_can_travel_or_has_a_reason(record: dict[str, Any]) -> None:
    reason = "none"
    try:
        travels(article_from_json(json.dumps(record).encode(), NOW))
    except NotAnArticle as error:
        reason = str(error)
    assert 0 < len(reason.encode("utf-8")) < 800


@given(urls, surrogates)
def test_any_address_and_any_half_character(url: str, odd: str) -> None:
    for record in (
        {"text": "x", "url": url},
        {"text": odd},
        {"text": "x", odd: odd},
        {"text": "x", "published_at": odd},
    ):
        try:
            travels(article_from_json(json.dumps(record).encode(), NOW))
        except NotAnArticle as error:
            str(error).encode("utf-8")


@given(st.binary(max_size=300))
def test_any_bytes_in_any_file(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, raw in (
            ("a.jsonl", content),
            ("b.jsonl.gz", content),
            ("c.jsonl.gz", gzip.compress(content)),
            ("d.jsonl.gz", gzip.compress(content)[: len(content)]),
            ("e.jsonl", b'{"text": "' + content + b'"}\n{"text": "last"}'),
        ):
            (Path(folder) / name).write_bytes(raw)
        found = list(read_paths([folder], clock=lambda: NOW))
    assert all(isinstance(each, (Article, Malformed)) for each in found)
    assert isinstance(found[-1], Article)
    assert found[-1].text == "last"
    for each in found:
        str(each).encode("utf-8")


@given(st.binary(max_size=300))
@example(b"\xff\xfe\x00\xd8")
@example("title\n\n \ud83d".encode("utf-8", "surrogatepass"))
def test_any_bytes_as_a_text_file(content: bytes) -> None:
    try:
        article = article_from_text(content, NOW)
    except NotAnArticle:
        return
    travels(article)
