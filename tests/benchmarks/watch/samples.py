"""Annotations and patterns to measure with: the sample archive as it is read, again and again at later times, and
patterns by the hundred.
"""

from __future__ import annotations

import base64
import json
import random
import struct
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from topics.annotations import Annotation
from topics.codec import encode
from workers.annotate.reader import Reader
from workers.archives.readers import Malformed, read_paths
from workers.settings import Settings, examples_dir
from workers.watch.event_types import DEFAULT_EVENT_TYPES
from workers.watch.pattern_document import PatternDocument
from workers.watch.pattern_file import load_patterns
from workers.watch.patterns import Pattern, compiled

ARCHIVE = examples_dir() / "archive" / "wire.jsonl"
COUNTRIES = ("KP", "KR", "JP", "US", "RU", "CN", "IR", "IL", "IN", "PK", "VN", "DE", "FR", "GB", "UA", "TR", "EG", "SA")
SPANS = ("6h", "12h", "24h", "48h", "72h")


def read_sample() -> list[Annotation]:
    """The sample archive's annotations, read by the real reader."""
    settings = Settings()
    articles = [one for one in read_paths([str(ARCHIVE)]) if not isinstance(one, Malformed)]
    found = list(
        Reader.load(model=settings.model, ontology=settings.ontology, batch_size=settings.batch_size).read(articles)
    )
    dated = [one for one in found if isinstance(one, Annotation) and one.event_time_source == "published"]
    return [one for one in dated if one.event_time.year == 2026]


def stretched(sample: Sequence[Annotation], number: int, days: float = 60) -> list[bytes]:
    """So many annotations on the wire, evenly over so many days, each an article and a text of its own."""
    dice = random.Random(1)
    start = datetime.fromisoformat("2026-01-01T00:00:00Z")
    plain = [json.loads(encode(one)) for one in sample]
    return [_moved(plain[n % len(plain)], n, start + timedelta(days=days * n / number), dice) for n in range(number)]


def _moved(plain: dict[str, Any], number: int, when: datetime, dice: random.Random) -> bytes:
    minhash = base64.b64encode(struct.pack("<64I", *(dice.getrandbits(32) for _ in range(64)))).decode()
    told = {
        **plain,
        "article_id": f"{plain['article_id']}-{number}",
        "published_at": when.isoformat(),
        "event_time": when.isoformat(),
        "fingerprint": {**plain["fingerprint"], "minhash": minhash},
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def write(lines: Sequence[bytes], file: Path) -> Path:
    """As `tocsin annotate` writes them."""
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file


def patterns(number: int) -> list[Pattern]:
    """The examples first; then pairs and counts of event types, most of them of one country, as desks watch them."""
    found = list(load_patterns([examples_dir() / "patterns"], DEFAULT_EVENT_TYPES).patterns)[:number]
    dice = random.Random(2)
    types = sorted(DEFAULT_EVENT_TYPES.names)
    while len(found) < number:
        first, second = dice.sample(types, 2)
        rules: dict[str, Any] = {}
        if dice.random() < 0.9:
            rules = {first: {"type": first, "actor": [dice.choice(COUNTRIES)]}}
        correlation: dict[str, Any] = {"group-by": ["actor"], "timespan": dice.choice(SPANS)}
        if dice.random() < 0.7 and rules:
            rules[second] = {"type": second, "actor": rules[first]["actor"]}
            correlation |= {"type": "temporal", "rules": [first, second]}
        else:
            correlation |= {"type": "event_count", "rules": [first], "condition": {"gte": dice.choice([3, 5, 8])}}
        document = {"title": "t", "id": f"generated-{len(found)}", "rules": rules, "correlation": correlation}
        context = {"types": DEFAULT_EVENT_TYPES}
        found.append(compiled(PatternDocument.model_validate(document, context=context), DEFAULT_EVENT_TYPES))
    return found
