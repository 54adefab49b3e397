"""The articles that benchmarks read: from any archive, as plain rows, in parts of equal size."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from topics.articles import Article
from workers.archives.readers import Malformed, read_paths

EXAMPLES = Path(__file__).parents[3] / "deploy/examples/archive/wire.jsonl"


def articles_of(paths: Sequence[Path]) -> list[Article]:
    """All articles of the archives."""
    return [record for record in read_paths([str(path) for path in paths]) if not isinstance(record, Malformed)]


def words_of(articles: Sequence[Article]) -> int:
    """Words between spaces, of titles and texts."""
    return sum(len(article.title.split()) + len(article.text.split()) for article in articles)


def parts_of(articles: Sequence[Article], count: int, folder: Path) -> Iterator[tuple[Path, int]]:
    """`count` files with every `count`th article each, and their words."""
    for part in range(count):
        chosen = articles[part::count]
        path = folder / f"part-{part}.jsonl"
        rows = [article.model_dump(mode="json", include={"id", "title", "text", "published_at"}) for article in chosen]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        yield path, words_of(chosen)
