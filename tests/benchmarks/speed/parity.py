"""The same rules over the whole pipeline, every sentence parsed by spaCy's own components: what differs?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from thinc.api import NumpyOps, set_current_ops

from tests.benchmarks.speed.archives import articles_of
from topics.annotations import Annotation
from workers.annotate.reader import Reader
from workers.annotate.shortcuts import Shortcuts


class _Every(frozenset[str]):
    """All words."""

    def isdisjoint(self, _: object, /) -> bool:
        """Never: whatever is asked for is there."""
        return False


def whole_pipeline() -> Reader:
    """A reader of the same rules without shortcuts and without a sieve."""
    other = Reader.load(model="en_core_web_sm")
    other.pipeline = replace(other.pipeline, shortcuts=Shortcuts())
    other.sieve = None
    other.index = replace(other.index, surfaces=_Every())  # every sentence is parsed
    set_current_ops(NumpyOps())
    for _, component in other.pipeline.nlp.components:
        for layer in component.model.walk() if getattr(component, "model", None) is not None else ():
            layer.ops = NumpyOps()
    return other


def measure(paths: Sequence[Path], *, limit: int | None, show: int) -> int:
    """Print the shares that agree and the differences. Returns 1 if a share is below 0.98."""
    articles = articles_of(paths)
    articles = articles[:: max(1, len(articles) // limit)][:limit] if limit else articles
    reader = Reader.load(model="en_core_web_sm")
    reader.copies.capacity = 0
    whole = whole_pipeline()
    good = True
    differences: list[str] = []
    counts: dict[str, Counter[str]] = {"entities": Counter(), "events": Counter()}
    for start in range(0, len(articles), 64):
        batch = articles[start : start + 64]
        for fast, full in zip(reader.read(batch), whole.read(batch), strict=True):
            for what, count in counts.items():
                ours, theirs = Counter(_answers(fast, what)), Counter(_answers(full, what))
                count["both"] += (ours & theirs).total()
                count["all"] += (ours | theirs).total()
                differences += [f"{what} {full.article_id}: only fast {x}" for x in (ours - theirs)]
                differences += [f"{what} {full.article_id}: only whole {x}" for x in (theirs - ours)]
    for what, count in counts.items():
        share = count["both"] / max(1, count["all"])
        good = good and share >= 0.98
        print(f"{what}: {count['both']} of {count['all']} agree ({share:.4f})")
    for line in differences[:show]:
        print(" ", line)
    return 0 if good else 1


def _answers(annotation: Annotation, what: str) -> list[str]:
    if what == "entities":
        return [f"{e.id} {m.part}:{m.start}-{m.end} {m.text!r}" for e in annotation.entities for m in e.mentions]
    return [
        f"{e.type} {e.status} {e.trigger.text!r} {sorted(a.id for a in e.actor)} > {sorted(t.id for t in e.target)}"
        f" in {e.sentence.text[:100]!r}"
        for e in annotation.events
    ]
